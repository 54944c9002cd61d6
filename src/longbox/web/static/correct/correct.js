// The page where a page is put right: editor, saving, votes, the way through the queue.

import { Refused, ask, toast } from "../base/base.js";
import { keep, recall } from "../base/memory.js";
import { listenToBook } from "./book.js";
import { chooseBetween } from "./conflict.js";
import { newId } from "./document.js";
import { Editor } from "./editor.js";
import { isUsable, ownerOf, tidy } from "./geometry.js";
import { listenToKeys } from "./keys.js";
import { listenToPointers } from "./pointing.js";
import { Saver, followJob } from "./saving.js";

const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
const isFixed = stage.hasAttribute("data-fixed");
const queue = stage.dataset.queue ?? "";
const first = JSON.parse(stage.dataset.state ?? "{}");
const VOTED = "longbox.voted.v1";
const GOES_ON = "longbox.goes-on.v2";
const VERDICTS = /** @type {Record<string, string>} */ ({
  right: "right as it is",
  detector: "the detector is right",
  model: "the model is right",
  both_wrong: "both are wrong",
});

const editor = new Editor(stage, first, isFixed);
const saver = new Saver(first, editor.doc);
let isSaving = false;
let following = new AbortController();

/** @param {string} name */
const part = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-part="${name}"]`));
const buttons = (/** @type {string} */ name) => /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(`[data-${name}]`));

// ---- what the bar says

/** @param {string} words @param {string} [mood] */
function sayState(words, mood = "") {
  const line = part("state");
  line.textContent = words;
  line.dataset.mood = mood;
}

function sayWhatIsSaved() {
  const { state } = saver;
  if (state.waiting.length) sayState("Taken back; Longbox looks again in a moment", "busy");
  else if (!state.corrected.length) sayState("As Longbox sees it");
  else if (state.book.is_taken_over) sayState("Saved, and in search", "good");
  else sayState("Saved; will be in search in a moment", "busy");
}

function refresh() {
  const isDirty = saver.isDirty(editor.doc);
  document.body.classList.toggle("is-dirty", isDirty);
  for (const button of buttons("save")) button.disabled = !isDirty || isSaving;
  for (const button of buttons("undo")) button.disabled = !editor.history.past.length;
  for (const button of buttons("redo")) button.disabled = !editor.history.future.length;
  for (const button of buttons("tool")) button.setAttribute("aria-pressed", String(button.dataset.tool === editor.look.tool));
  const n = editor.chosenPanels.length;
  for (const button of buttons("needs")) button.disabled = n < Number(button.dataset.needs) || isFixed;
  for (const button of buttons("delete")) button.disabled = !editor.look.selected.size || isFixed;
  for (const button of buttons("verdict")) button.setAttribute("aria-pressed", String(button.dataset.verdict === saver.state.verdict));
  if (isDirty) sayState("Not saved yet", "dirty");
  else if (part("state").dataset.mood === "dirty") sayWhatIsSaved();
  stage.dataset.mode = editor.look.tool;
}
editor.onChange = refresh;

// ---- saving

/**
 * @param {{review?: string, forget?: string[], always?: string[]}} [also]
 * @returns {Promise<boolean>} whether it is on the disk
 */
async function save(also = {}) {
  if (isFixed || isSaving) return false;
  const doc = editor.doc;
  const change = saver.change(doc, also);
  if (!Object.keys(change).length) {
    editor.say("There is nothing to save");
    return true;
  }
  isSaving = true;
  refresh();
  sayState("Saving", "busy");
  try {
    return await sendOrChoose(doc, change);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    sayState("Not saved", "bad");
    toast(error.message, { kind: "error" });
    return false;
  } finally {
    isSaving = false;
    refresh();
  }
}

/** @param {any} doc @param {Record<string, any>} change */
async function sendOrChoose(doc, change) {
  let revision = saver.state.revision;
  for (;;) {
    try {
      const isOverruled = revision !== saver.state.revision;
      const { job } = await saver.send(doc, change, revision);
      // What was not mine to say is theirs from now on.
      if (isOverruled) editor.adopt(saver.adopt(saver.state), saver.state);
      afterSave(job);
      return true;
    } catch (error) {
      const present = error instanceof Refused && error.status === 409 ? /** @type {any} */ (error.body)?.present : null;
      if (!present) throw error;
      const chosen = await chooseBetween(doc, present, part("picture")?.getAttribute("href") ?? "");
      if (chosen === "mine") revision = present.revision;
      else {
        if (chosen === "theirs") {
          editor.do("take theirs", saver.adopt(present));
          editor.adopt(editor.doc, present);
          sayWhatIsSaved();
          editor.say("What the other person saved is shown now; undo brings yours back");
        }
        return false;
      }
    }
  }
}

/** @param {string | null} job */
function afterSave(job) {
  editor.state = saver.state;
  sayWhatIsSaved();
  editor.say("Saved");
  drawViews();
  if (!job) return;
  following.abort();
  following = new AbortController();
  followJob(job, heard, following.signal);
}

/** @param {any} job */
function heard(job) {
  if (job.state === "done") return takeOver();
  if (job.state === "failed" || job.state === "stopped") {
    sayState("Saved; not in search yet", "bad");
    return toast(`Saved, but it could not be taken into search: ${job.outcome}`, { kind: "error" });
  }
  if (!saver.isDirty(editor.doc)) sayState(job.state === "running" ? `Saved; into search: ${job.now || "working"}` : "Saved; will be in search in a moment", "busy");
  return undefined;
}

/** The library has taken it over: show what it says now, unless somebody is in the middle of it. */
async function takeOver() {
  const now = await saver.fetch().catch(() => null);
  if (!now || saver.isDirty(editor.doc) || editor.live) return;
  const before = JSON.stringify([saver.state.panels, saver.state.texts, saver.state.page_type].map(plain));
  const after = JSON.stringify([now.panels, now.texts, now.page_type].map(plain));
  if (before === after) {
    saver.state = now;
    editor.state = now;
  } else editor.adopt(saver.adopt(now), now);
  drawViews();
  sayWhatIsSaved();
  refresh();
}

/** What can be seen of a state's part, without how sure anybody was. @param {any} value */
const plain = (value) => (Array.isArray(value) ? value.map(({ confidence: _c, source: _s, ...rest }) => rest) : value);

// ---- votes

/** @param {string} verdict */
async function vote(verdict) {
  if (isFixed) return;
  const { state } = saver;
  if (state.verdict === verdict && !saver.isDirty(editor.doc)) {
    if (await save({ forget: ["review"] })) editor.say("The verdict is taken back");
    return;
  }
  const always = [];
  if (verdict === "detector") {
    if (!state.detector) return editor.say("What the detector saw is not known any more; take the panels back to let it look again");
    usePanels(state.detector, "take the detector's panels");
  } else if (verdict === "model") {
    const seen = modelBoxes();
    if (!seen.length) return editor.say("The model gave no boxes for this page");
    usePanels(seen, "take the model's panels");
    always.push("panels");
  }
  if (!(await save({ review: verdict, always }))) return;
  editor.say(`Kept: ${VERDICTS[verdict]}`);
  if (verdict === "both_wrong") return toast("Now put it right; Enter saves, and Y says that it is right.");
  if (queue && part("goes-on") instanceof HTMLInputElement && /** @type {HTMLInputElement} */ (part("goes-on")).checked) {
    keep(VOTED, { book: state.book_id, page: state.page_index, verdict, title: state.book.shown_title, hasPanels: verdict === "model" }, "sessionStorage");
    await goToNext();
  }
  return undefined;
}

function modelBoxes() {
  const seen = saver.state.model?.panels.filter((/** @type {any} */ p) => p.box) ?? [];
  return [...seen].sort((a, b) => a.number - b.number).map((p) => tidy(p.box, editor.page)).filter(isUsable);
}

/** @param {any[]} boxes @param {string} label */
function usePanels(boxes, label) {
  const now = JSON.stringify(editor.doc.panels.map((p) => p.box));
  if (now === JSON.stringify(boxes)) return;
  const panels = boxes.map((box) => ({ id: newId("p"), box, polygon: null }));
  const texts = editor.doc.texts.map((t) => ({ ...t, panel: ownerOf(t.box, panels) }));
  editor.do(label, { ...editor.doc, panels, texts });
}

/** Say what was voted on the page before, and let it be taken back from here. */
function offerToTakeBack() {
  const voted = recall(VOTED, "sessionStorage");
  keep(VOTED, null, "sessionStorage");
  if (!voted) return;
  toast(`Page ${voted.page + 1} of ${voted.title}: ${VERDICTS[voted.verdict]}`, {
    keep: 10_000,
    action: { label: "Undo", run: () => takeBack(voted) },
  });
}

/** @param {any} voted */
async function takeBack(voted) {
  const address = `/books/${voted.book}/pages/${voted.page}/correction`;
  try {
    const { revision } = await ask(address);
    const fields = voted.hasPanels ? ["review", "panels"] : ["review"];
    await ask(address, { method: "PUT", json: { take_back: fields }, headers: { "If-Match": `"${revision}"` } });
    location.assign(`/correct/${voted.book}/${voted.page + 1}?queue=${queue || "all"}`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(error.message, { kind: "error" });
  }
}

// ---- the way through the queue

let next = /** @type {Promise<any> | null} */ (null);

function askForNext() {
  const { book_id: book, page_index: page } = saver.state;
  const reason = queue && queue !== "all" ? `&reason=${queue}` : "";
  return ask(`/review/next?book_id=${book}&page_index=${page}${reason}`);
}

async function goToNext() {
  if (saver.isDirty(editor.doc) && !(await save())) return;
  try {
    const { item } = await (next ?? askForNext());
    if (item) location.assign(`/correct/${item.book_id}/${item.page_index + 1}?queue=${queue || "all"}`);
    else toast("Nothing is left to review here.");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(error.message, { kind: "error" });
  }
}

async function showProgress() {
  if (!queue) return;
  next = askForNext();
  const answer = await next.catch(() => null);
  if (!answer) {
    next = null;
    return;
  }
  const meter = /** @type {HTMLProgressElement} */ (part("progress"));
  meter.max = Math.max(1, answer.total);
  meter.value = answer.reviewed;
  part("progress-words").textContent = `${answer.reviewed.toLocaleString("en")} of ${answer.total.toLocaleString("en")} reviewed`;
  if (!answer.item) return;
  // Its picture is there before it is asked for.
  new Image().src = `/pictures/page/${answer.item.book_id}/${answer.item.page_index}/1280.webp`;
}

// ---- what the detector and the model saw

function drawViews() {
  const { detector, model } = saver.state;
  const hasBoxes = model?.panels.some((/** @type {any} */ p) => p.box) ?? false;
  part("votes").hidden = isFixed;
  for (const button of buttons("verdict")) {
    if (button.dataset.verdict === "model") button.hidden = !hasBoxes;
    if (button.dataset.verdict === "both_wrong") button.hidden = !hasBoxes;
    if (button.dataset.verdict === "detector") {
      button.hidden = !hasBoxes;
      button.disabled = !detector;
    }
  }
  part("views").hidden = !hasBoxes;
  const list = part("disagreements");
  list.replaceChildren(...(model?.disagreements ?? []).slice(0, 12).map((/** @type {string} */ line) => Object.assign(document.createElement("li"), { textContent: line })));
  list.hidden = !list.children.length;
  part("unfit").hidden = !model || model.is_fitting || saver.state.corrected.includes("panels");
  editor.draw();
}

// ---- buttons

function listenToButtons() {
  const on = (/** @type {string} */ name, /** @type {(button: HTMLButtonElement) => void} */ run) => {
    for (const button of buttons(name)) button.addEventListener("click", () => run(button));
  };
  on("save", () => save());
  on("undo", () => editor.undo());
  on("redo", () => editor.redo());
  on("tool", (button) => editor.take(button.dataset.tool ?? "select"));
  on("verdict", (button) => vote(button.dataset.verdict ?? ""));
  on("delete", () => editor.remove());
  on("next", () => goToNext());
  on("act", (button) => {
    const run = /** @type {Record<string, () => void>} */ ({
      merge: () => editor.merge(),
      split: () => editor.split(),
      "zoom-in": () => editor.view.zoom(1.3),
      "zoom-out": () => editor.view.zoom(1 / 1.3),
      fit: () => editor.view.fit(),
      help: openHelp,
    });
    run[button.dataset.act ?? ""]?.();
  });
  on("gather", (button) => {
    editor.isGathering = !editor.isGathering;
    button.setAttribute("aria-pressed", String(editor.isGathering));
  });
  for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[data-shows]"))) {
    const name = /** @type {"path"} */ (box.dataset.shows);
    editor.look.shows[name] = box.checked;
    box.addEventListener("change", () => {
      editor.look.shows[name] = box.checked;
      editor.draw();
    });
  }
  const goesOn = part("goes-on");
  if (goesOn instanceof HTMLInputElement) {
    goesOn.checked = recall(GOES_ON) !== false;
    goesOn.addEventListener("change", () => keep(GOES_ON, goesOn.checked));
  }
}

function openHelp() {
  /** @type {HTMLDialogElement} */ (document.getElementById("keys")).showModal();
}

/** @param {string} rel */
const follow = (rel) => /** @type {HTMLAnchorElement | null} */ (document.querySelector(`a[rel="${rel}"]`))?.click();

addEventListener("beforeunload", (event) => {
  if (!isFixed && saver.isDirty(editor.doc) && !isSaving) event.preventDefault();
});
listenToButtons();
listenToBook(saver, (job) => {
  editor.look.direction = saver.state.book.direction;
  part("title").textContent = saver.state.book.shown_title;
  afterSave(job);
});
listenToPointers(editor, stage);
listenToKeys(editor, {
  Enter: () => save(),
  n: () => goToNext(),
  y: () => vote("right"),
  d: () => vote("detector"),
  l: () => vote("model"),
  x: () => vote("both_wrong"),
  "?": openHelp,
  "[": () => follow("prev"),
  "]": () => follow("next"),
});
sayWhatIsSaved();
drawViews();
refresh();
showProgress();
offerToTakeBack();
stage.dataset.ready = "yes";
