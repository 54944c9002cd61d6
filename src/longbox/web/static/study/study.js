// Questions and answers of the study: forms become jobs, and a job that is done leads to its answer.

import { Refused, ask, toast } from "../base/base.js";
import { watchJob } from "../jobs/live.js";

/** Jobs of this page, and the study that each of them makes; "" for the report. @type {Map<string, string>} */
const asked = new Map();

/**
 * Put a form's controls into a question: "options.method" is the method of the options.
 * @param {HTMLFormElement} form
 * @returns {Record<string, any>}
 */
function questionOf(form) {
  /** @type {Record<string, any>} */
  const question = {};
  for (const control of form.elements) {
    const value = valueOf(control);
    if (value === undefined) continue;
    const path = /** @type {HTMLInputElement} */ (control).name.split(".");
    const name = path.pop() ?? "";
    let place = question;
    for (const step of path) place = place[step] ??= {};
    if (control.hasAttribute("value") && isTick(control)) (place[name] ??= []).push(value);
    else place[name] = value;
  }
  return question;
}

/** @param {string} said */
const namesIn = (said) => said.split(",").map((name) => name.trim()).filter(Boolean);

/**
 * Read "magic + night - 2 castle" as weights and names.
 * @param {string} said
 * @returns {[number, string][]}
 */
function termsIn(said) {
  const signed = ` + ${said}`.split(/\s+([+\-−])\s+/).slice(1);
  /** @type {[number, string][]} */
  const terms = [];
  for (let i = 0; i + 1 < signed.length; i += 2) {
    const weighted = /^(\d+(?:\.\d+)?)[:\s]\s*(.+)$/.exec(signed[i + 1].trim());
    const weight = weighted ? Number(weighted[1]) : 1;
    const name = (weighted ? weighted[2] : signed[i + 1]).trim();
    if (name) terms.push([signed[i] === "+" ? weight : -weight, name]);
  }
  return terms;
}

/** How fields with several names in them are read. @type {Record<string, (said: string) => any>} */
const READERS = {
  names: namesIn,
  trio: (said) => [namesIn(said)],
  sum: (said) => [termsIn(said)],
};

/** @param {Element} control */
const isTick = (control) => control instanceof HTMLInputElement && control.type === "checkbox";

/**
 * What a control adds to a question; nothing where it is left as usual.
 * @param {Element} control
 * @returns {string | number | boolean | string[] | undefined}
 */
function valueOf(control) {
  if (control instanceof HTMLSelectElement) return control.name ? control.value : undefined;
  if (control instanceof HTMLTextAreaElement) {
    return control.value.split("\n").map((line) => line.trim()).filter(Boolean);
  }
  if (!(control instanceof HTMLInputElement) || !control.name) return undefined;
  if (control.type === "checkbox") {
    if (!control.checked) return undefined;
    return control.hasAttribute("value") ? control.value : true;
  }
  const said = control.value.trim();
  if (!said) return undefined;
  const read = READERS[control.dataset.reads ?? ""];
  if (read) return read(said);
  return control.type === "number" ? Number(control.value) : control.value.trim();
}

/**
 * Ask for a study.
 * @param {string} kind
 * @param {unknown} question
 * @param {HTMLButtonElement | null} button
 */
async function start(kind, question, button) {
  if (button) button.disabled = true;
  try {
    const { study_id: studyId, job } = await ask("/studies", {
      method: "POST",
      json: { kind, asked: question },
    });
    asked.set(job.job_id, studyId);
    watchJob(job);
    const jobs = document.querySelector(".study__jobs");
    jobs?.scrollIntoView({ block: "nearest" });
    toast("Asked. The answer opens here when it is there; you may leave meanwhile.");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(error.message, { kind: "error", keep: 12_000 });
  } finally {
    if (button) button.disabled = false;
  }
}

/** @param {HTMLFormElement} form */
async function startReport(form) {
  const units = [...form.querySelectorAll("input[name=units]:checked")].map(
    (box) => /** @type {HTMLInputElement} */ (box).value,
  );
  const compared = form.querySelector("input[name=with_ablation]:checked") !== null;
  try {
    const job = await ask("/report", { method: "POST", json: { units, with_ablation: compared } });
    asked.set(job.job_id, "");
    watchJob(job);
    toast("Asked. It takes minutes; this page shows it when it is made.");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(error.message, { kind: "error", keep: 12_000 });
  }
}

/** @param {HTMLElement} button */
async function forget(button) {
  const studyId = button.dataset.forget ?? "";
  try {
    await ask(`/studies/${studyId}`, { method: "DELETE" });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(error.message, { kind: "error" });
    return;
  }
  const row = button.closest(".kept__one");
  if (!row) {
    location.assign("/study");
    return;
  }
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  toast("Deleted. Asking again brings it back.");
  const focus = next?.querySelector("[data-forget]") ?? document.getElementById("main");
  if (focus instanceof HTMLElement) focus.focus();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement)) return;
  if (!form.dataset.ask && !form.hasAttribute("data-ask-report")) return;
  event.preventDefault();
  if (!form.dataset.ask) startReport(form);
  else start(form.dataset.ask, questionOf(form), form.querySelector("button[type=submit]"));
});

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const again = target?.closest("[data-again]");
  const gone = target?.closest("[data-forget]");
  if (again instanceof HTMLButtonElement) {
    start(again.dataset.kind ?? "", JSON.parse(again.dataset.asked ?? "{}"), again);
  } else if (gone instanceof HTMLElement) forget(gone);
});

document.addEventListener("longbox:job", (event) => {
  const job = /** @type {CustomEvent} */ (event).detail;
  const studyId = asked.get(job.job_id);
  if (studyId === undefined || job.state !== "done") return;
  if (studyId) location.assign(`/study/${studyId}`);
  else location.reload();
});

/** Ideas that were written stay where they are, until others are written. */
for (const box of document.querySelectorAll("textarea[data-remember]")) {
  if (!(box instanceof HTMLTextAreaElement)) continue;
  const key = box.dataset.remember ?? "";
  try {
    const before = localStorage.getItem(key);
    if (before && !box.value) box.value = before;
    else if (before && box.value && !before.includes(box.value)) box.value = `${before.trimEnd()}\n${box.value}`;
    box.addEventListener("input", () => localStorage.setItem(key, box.value.slice(0, 20_000)));
    if (box.value) localStorage.setItem(key, box.value.slice(0, 20_000));
  } catch {
    // Without a memory each visit begins empty.
  }
}

// A picture whose comic is gone leaves an empty frame.
document.addEventListener(
  "error",
  (event) => {
    const picture = event.target;
    if (picture instanceof HTMLImageElement && picture.matches(".exhibit__picture")) {
      picture.classList.add("is-lost");
    }
  },
  true,
);
