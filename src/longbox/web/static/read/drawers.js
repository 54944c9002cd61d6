// What slides in: contents, this page, settings, help. Their markup comes with the page.

import { toast } from "../base/base.js";
import { typeName } from "./bars.js";
import { wordsOf } from "./texts.js";

/** @param {string} name */
export function drawer(name) {
  return /** @type {HTMLElement} */ (document.querySelector(`[data-drawer="${name}"]`));
}

/** Open the dialog of a name. @param {string} name */
export function openDrawer(name) {
  const found = drawer(name);
  for (const other of /** @type {NodeListOf<HTMLDialogElement>} */ (document.querySelectorAll("dialog[open]"))) other.close();
  if (found instanceof HTMLDialogElement) found.showModal();
}

export function listenToDrawers() {
  for (const dialog of /** @type {NodeListOf<HTMLDialogElement>} */ (document.querySelectorAll("dialog[data-drawer]"))) {
    dialog.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      if (target === dialog || target.closest("[data-close-drawer]")) dialog.close();
    });
  }
}

/**
 * Fill the contents: stretches of pages of one type, bookmarks, and all pages small.
 * @param {import("./comic.js").Comic} comic
 * @param {(page: number) => void} jump
 */
export function fillContents(comic, jump) {
  const sections = document.querySelector("[data-sections]");
  const thumbs = document.querySelector("[data-thumbs]");
  if (!sections || !thumbs || thumbs.children.length) return;
  for (const { first, last, type, name } of sectionsOf(comic.outline)) {
    const pages = first === last ? `${first + 1}` : `${first + 1}–${last + 1}`;
    const item = document.createElement("li");
    const button = wayTo(first, jump);
    button.className = type === "advertisement" || type === "preview" ? "sections__way sections__way--quiet" : "sections__way";
    button.append(span("", name), span("quiet numbers", pages));
    item.append(button);
    sections.append(item);
  }
  comic.outline.forEach((page, index) => {
    const item = document.createElement("li");
    const button = wayTo(index, jump);
    button.className = "thumbs__way";
    button.dataset.thumb = String(index);
    button.setAttribute("aria-label", `Page ${index + 1}, ${typeName(page.type)}`);
    if (page.width) button.append(thumb(comic, index));
    button.append(span("numbers", String(index + 1)));
    item.append(button);
    thumbs.append(item);
  });
}

/** Show which page is read. @param {number} page */
export function markThumb(page) {
  document.querySelector("[data-thumb][aria-current]")?.removeAttribute("aria-current");
  const found = document.querySelector(`[data-thumb="${page}"]`);
  found?.setAttribute("aria-current", "page");
  found?.scrollIntoView({ block: "center" });
}

/** @param {import("./units.js").OutlinePage[]} outline */
export function sectionsOf(outline) {
  const found = [];
  outline.forEach((page, index) => {
    const type = page.type === "splash" ? "story" : page.type;
    const before = found[found.length - 1];
    if (page.bookmark) found.push({ first: index, last: index, type, name: page.bookmark });
    else if (before && before.type === type) before.last = index;
    else found.push({ first: index, last: index, type, name: typeName(type) });
  });
  return found;
}

function wayTo(page, jump) {
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", () => {
    /** @type {HTMLDialogElement | null} */ (button.closest("dialog"))?.close();
    jump(page);
  });
  return button;
}

function thumb(comic, index) {
  const { width, height } = comic.outline[index];
  const picture = document.createElement("img");
  picture.loading = "lazy";
  picture.alt = "";
  picture.width = 90;
  picture.height = Math.min(Math.round((90 * height) / width), 180);
  picture.src = comic.picture(index, 160);
  return picture;
}

function span(className, words) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = words;
  return element;
}

/**
 * Say what the drawer "this page" is about.
 * @param {import("./comic.js").Comic} comic
 * @param {import("./comic.js").PageContent} page
 * @param {number | null} panel order
 */
export function fillMore(comic, page, panel) {
  const root = drawer("more");
  const number = page.page_index + 1;
  const whole = `Page ${number} of ${comic.length}`;
  root.querySelector("[data-more-place]").textContent = panel === null ? whole : `${whole}, panel ${panel + 1} of ${page.panels.length}`;
  const like = /** @type {HTMLAnchorElement} */ (root.querySelector("[data-like]"));
  const id = panel === null ? null : page.panels.find((each) => each.panel === panel)?.panel_id;
  like.closest("li").hidden = !id;
  if (id) like.href = `/panel/${id}`;
  const known = panel === null ? page.panels.filter((each) => each.panel_id) : [];
  const list = root.querySelector("[data-more-panels]");
  list.replaceChildren(...known.map((each) => wayToPanel(comic, each, page.panels.length)));
  for (const title of root.querySelectorAll("[data-more-panels-title]")) title.toggleAttribute("hidden", !known.length);
  const correct = /** @type {HTMLAnchorElement | null} */ (root.querySelector("[data-correct]"));
  if (correct) correct.href = `/correct/${comic.id}/${number}`;
  const words = wordsOf(page, panel);
  root.querySelector("[data-more-words]").replaceChildren(...words.split("\n").filter(Boolean).map((line) => {
    const paragraph = document.createElement("p");
    paragraph.textContent = line;
    return paragraph;
  }));
  /** @type {HTMLElement} */ (root.querySelector("[data-more-words-title]")).hidden = !words;
  const copy = /** @type {HTMLButtonElement} */ (root.querySelector("[data-copy]"));
  copy.disabled = !words;
  copy.onclick = async () => {
    try {
      await navigator.clipboard.writeText(words);
      toast("copied");
    } catch {
      toast("the browser did not let this page copy; select the words instead", { kind: "error" });
    }
  };
}

/** A panel in small, as the way to its own page. */
function wayToPanel(comic, panel, count) {
  const item = document.createElement("li");
  const way = document.createElement("a");
  way.href = `/panel/${panel.panel_id}`;
  const picture = document.createElement("img");
  picture.loading = "lazy";
  picture.alt = `Panel ${panel.panel + 1} of ${count}`;
  const [x0, y0, x1, y1] = panel.box;
  picture.height = 72;
  picture.width = Math.min(Math.max(Math.round((72 * (x1 - x0)) / Math.max(y1 - y0, 1)), 24), 260);
  picture.src = comic.crop(panel.panel_id, 160);
  way.append(picture);
  item.append(way);
  return item;
}

/**
 * Let the settings form show and change settings.
 * @param {typeof import("./settings.js").DEFAULTS} settings
 * @param {(name: string, value: string | boolean) => void} change
 */
export function listenToSettings(settings, change) {
  const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-settings]"));
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input"))) {
    const value = settings[input.name];
    input.checked = input.type === "radio" ? input.value === value : Boolean(value);
    input.addEventListener("change", () => change(input.name, input.type === "radio" ? input.value : input.checked));
  }
}
