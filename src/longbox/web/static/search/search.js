// The search page without reloading: asks for what changes, keeps the address, goes back and forth.
"use strict";

import { NO_ANSWER, Refused, ask, askPart, onKeys, reasonIn, toast } from "../base/base.js";
import { startHits } from "./hits.js";
import { startPictures } from "./pictures.js";

const WAIT_BEFORE_SAYING_MS = 120;
const TYPING_PAUSE_MS = 250;

const form = /** @type {HTMLFormElement} */ (document.getElementById("search-form"));
const field = /** @type {HTMLInputElement} */ (document.getElementById("q"));
const root = document.documentElement;

/** @type {AbortController | null} */
let asked = null;
/** The search that is on the page; going to a place on it changes the address too. */
let present = location.pathname + location.search;

/**
 * Say something to who cannot see it.
 * @param {string} text
 */
function say(text) {
  const line = document.getElementById("search-say");
  if (line) line.textContent = text;
}

const hits = startHits({ say, go: (address) => void go(address) });

/** @param {boolean} isWaiting */
function setWaiting(isWaiting) {
  root.classList.toggle("is-waiting", isWaiting);
  document.getElementById("search-part")?.setAttribute("aria-busy", String(isWaiting));
}

/** What the address of the present form is, without what is as usual. */
function formAddress() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value.trim() !== "") query.append(name, value);
  }
  for (const slider of sliders()) {
    if (Math.abs(Number(slider.value) - Number(slider.dataset.usual)) < 1e-6) query.delete(slider.name);
    else query.set(slider.name, String(Math.round(Number(slider.value) * 100) / 100));
  }
  const said = query.toString();
  return said ? `/search?${said}` : "/search";
}

/** @returns {NodeListOf<HTMLInputElement>} */
function sliders() {
  return document.querySelectorAll("#narrow-body input[type=range]");
}

/** Keep what a person has before them in the history, so that going back finds it again. */
function remember() {
  history.replaceState({ shown: hits.count(), y: scrollY }, "");
}

/**
 * Show another search.
 * @param {string} address of its page
 * @param {{isBack?: boolean, shown?: number, y?: number, keepScroll?: boolean}} [how]
 */
async function go(address, { isBack = false, shown = 0, y = 0, keepScroll = false } = {}) {
  const url = new URL(address, location.href);
  const wanted = new URL(url);
  wanted.pathname = "/search/part";
  if (shown) wanted.searchParams.set("shown", String(shown));
  asked?.abort();
  const own = (asked = new AbortController());
  if (!isBack) remember();
  const waiting = setTimeout(() => setWaiting(true), WAIT_BEFORE_SAYING_MS);
  try {
    const { part, response } = await askPart(wanted, own.signal);
    if (own.signal.aborted) return;
    const terms = part.getElementById("search-terms");
    if (!terms) throw new Refused(response.status, reasonIn(part), null);
    const canonical = terms.dataset.address ?? url.pathname + url.search;
    if (!isBack) {
      const isSame = canonical === location.pathname + location.search;
      history[isSame ? "replaceState" : "pushState"]({ shown: 0, y: 0 }, "", canonical);
    }
    present = location.pathname + location.search;
    show(part, terms);
    if (isBack || !keepScroll) scrollTo({ top: y, behavior: "instant" });
    remember();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    toast(error instanceof Refused ? error.message : NO_ANSWER, { kind: "error" });
  } finally {
    clearTimeout(waiting);
    if (asked === own) setWaiting(false);
  }
}

/**
 * Put an answer in place of what is shown, leaving open what is open and the focus where it is.
 * @param {Document} part
 * @param {HTMLElement} terms
 */
function show(part, terms) {
  const open = new Set([...document.querySelectorAll("#narrow-body details[open]")].map((each) => each.id));
  const closed = new Set([...document.querySelectorAll("#narrow-body details:not([open])")].map((each) => each.id));
  const scrolled = new Map([...document.querySelectorAll("#narrow-body .group__list")].map((each) => [each.closest("details")?.id, each.scrollTop]));
  const focus = keyOf(document.activeElement);
  for (const note of document.querySelectorAll(".search__note")) note.remove();
  for (const note of part.querySelectorAll(".search__note")) document.getElementById("search-terms")?.after(document.importNode(note, true));
  for (const id of ["search-terms", "narrow-body", "found"]) {
    const next = part.getElementById(id);
    if (next) document.getElementById(id)?.replaceWith(document.importNode(next, true));
  }
  for (const details of document.querySelectorAll("#narrow-body details")) {
    if (!(details instanceof HTMLDetailsElement)) continue;
    if (open.has(details.id)) details.open = true;
    else if (closed.has(details.id)) details.open = false;
    const list = details.querySelector(".group__list");
    if (list) list.scrollTop = scrolled.get(details.id) ?? 0;
  }
  if (document.activeElement === document.body && focus) elementOf(focus)?.focus({ preventScroll: true });
  const typed = terms.dataset.query ?? "";
  if (field.value.trim() !== typed) field.value = typed;
  field.placeholder = document.querySelector("[data-with]") ? "add words" : "the cat steals the potion";
  const heading = terms.dataset.heading;
  document.title = `${heading ? `${heading} · ` : ""}Search · Longbox`;
  ready();
  say(document.querySelector("[data-say]")?.textContent?.trim() ?? "");
}

/**
 * Name the control that has the focus, so that its successor can be found.
 * @param {Element | null} element
 */
function keyOf(element) {
  if (!element?.closest("#search-part")) return null;
  if (element instanceof HTMLInputElement) return { name: element.name, value: element.type === "range" ? null : element.value };
  const label = element.textContent?.trim();
  return label ? { text: label, tag: element.tagName } : null;
}

/**
 * @param {{name?: string, value?: string | null, text?: string, tag?: string}} key
 * @returns {HTMLElement | undefined}
 */
function elementOf(key) {
  const all = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#search-part :is(a, button, summary, input)"));
  return [...all].find((each) =>
    each instanceof HTMLInputElement
      ? each.name === key.name && (key.value === null || each.value === key.value)
      : each.tagName === key.tag && each.textContent?.trim() === key.text,
  );
}

/** Make what was just put on the page work. */
function ready() {
  for (const each of document.querySelectorAll("[data-choose], [data-region]")) each.removeAttribute("hidden");
  hits.watch();
}

function startForm() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void go(formAddress());
    if (matchMedia("(pointer: coarse)").matches) field.blur();
  });
  let pause = 0;
  const soon = () => {
    clearTimeout(pause);
    pause = setTimeout(() => void go(formAddress(), { keepScroll: true }), TYPING_PAUSE_MS);
  };
  document.addEventListener("input", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || input.type !== "range" || !input.closest("#narrow-body")) return;
    const output = input.closest(".weigh")?.querySelector("output");
    if (output) output.textContent = String(Math.round(Number(input.value) * 10) / 10);
  });
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || !input.closest("#narrow-body")) return;
    if (input.type !== "range") return void go(formAddress(), { keepScroll: true });
    input.value = String(snapped(input));
    soon();
  });
}

/**
 * A slider that is let go near its usual place means that place.
 * @param {HTMLInputElement} slider
 */
function snapped(slider) {
  const value = Math.round(Number(slider.value) * 10) / 10;
  const usual = Number(slider.dataset.usual);
  return Math.abs(value - usual) < 0.08 ? usual : value;
}

function startLinks() {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-reset-weights]")) {
      for (const slider of sliders()) slider.value = slider.dataset.usual ?? slider.value;
      void go(formAddress(), { keepScroll: true });
      return;
    }
    const link = target?.closest("a[data-stay]");
    if (!(link instanceof HTMLAnchorElement)) {
      if (target?.closest("a[href]")) remember();
      return;
    }
    event.preventDefault();
    void go(link.href);
  });
}

function startHistory() {
  history.scrollRestoration = "manual";
  addEventListener("popstate", (event) => {
    if (location.pathname !== "/search" || location.pathname + location.search === present) return;
    const { shown = 0, y = 0 } = event.state ?? {};
    void go(location.href, { isBack: true, shown, y });
  });
  let pause = 0;
  addEventListener("scroll", () => {
    clearTimeout(pause);
    pause = setTimeout(remember, 150);
  }, { passive: true });
  addEventListener("pagehide", remember);
}

/** Come back to where somebody was who went to another page, or reloaded this one. */
async function restore() {
  const { shown = 0, y = 0 } = history.state ?? {};
  if (shown > hits.count()) await go(location.href, { isBack: true, shown, y });
  else if (y) scrollTo({ top: y, behavior: "instant" });
}

function startSaving() {
  document.addEventListener("submit", (event) => {
    const sent = event.target;
    if (!(sent instanceof HTMLFormElement)) return;
    if (sent.hasAttribute("data-save")) {
      event.preventDefault();
      void save(sent);
    } else if (sent.dataset.forget) {
      event.preventDefault();
      void forget(sent, sent.dataset.forget);
    }
  });
}

/** @param {HTMLFormElement} sent */
async function save(sent) {
  const given = new FormData(sent);
  try {
    const made = await ask("/saved-searches", { method: "POST", json: { name: given.get("name"), query: given.get("query") } });
    sent.closest("details")?.removeAttribute("open");
    toast(`Saved “${made.name}”. It is on the empty search page.`);
  } catch (error) {
    if (error instanceof Refused) toast(error.message, { kind: "error" });
    else throw error;
  }
}

/**
 * @param {HTMLFormElement} sent
 * @param {string} id
 */
async function forget(sent, id) {
  try {
    await ask(`/saved-searches/${id}`, { method: "DELETE" });
    sent.closest("li")?.remove();
    say("Forgotten");
  } catch (error) {
    if (error instanceof Refused) toast(error.message, { kind: "error" });
    else throw error;
  }
}

root.classList.add("is-live");
startForm();
startLinks();
startHistory();
startSaving();
startPictures({ field, address: formAddress, go: (address) => void go(address) });
onKeys({
  "/": (event) => {
    event.preventDefault();
    field.focus();
    field.select();
  },
});
ready();
void restore();
