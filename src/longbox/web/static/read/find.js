// Search inside the book: a list beside the pages; choosing a hit goes there and marks it.

import { ask } from "../base/base.js";

const PAUSE_MS = 180;

export class BookSearch {
  /**
   * @param {import("./comic.js").Comic} comic
   * @param {(hit: {page_index: number, panel: number | null, text_index: number}) => void} choose
   */
  constructor(comic, choose) {
    this.comic = comic;
    this.choose = choose;
    this.element = /** @type {HTMLElement} */ (document.querySelector('[data-drawer="find"]'));
    this.words = /** @type {HTMLInputElement} */ (this.element.querySelector("[data-find-words]"));
    this.said = /** @type {HTMLElement} */ (this.element.querySelector("[data-find-said]"));
    this.list = /** @type {HTMLElement} */ (this.element.querySelector("[data-find-hits]"));
    this.library = /** @type {HTMLAnchorElement} */ (this.element.querySelector("[data-find-library]"));
    this.timer = 0;
    /** @type {AbortController | null} */
    this.asking = null;
    this.words.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.look(), PAUSE_MS);
    });
    this.element.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(this.timer);
      this.look();
    });
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.querySelector("[data-close-drawer]").addEventListener("click", () => this.close());
  }

  get isOpen() {
    return !this.element.hidden;
  }

  open() {
    this.element.hidden = false;
    this.words.focus();
    this.words.select();
  }

  close() {
    this.element.hidden = true;
    document.dispatchEvent(new CustomEvent("longbox:find-closed"));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.close();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const ways = /** @type {HTMLElement[]} */ ([...this.list.querySelectorAll("button")]);
    const at = ways.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    event.stopPropagation();
    if (next < 0) this.words.focus();
    else ways[Math.min(next, ways.length - 1)]?.focus();
  }

  async look() {
    const sought = this.words.value.trim();
    this.asking?.abort();
    this.library.href = `/search?${new URLSearchParams({ q: sought })}`;
    if (!sought) {
      this.list.replaceChildren();
      this.said.textContent = `Looks through the lettering of all ${this.comic.length} pages.`;
      return;
    }
    this.asking = new AbortController();
    try {
      const found = await ask(`/books/${this.comic.id}/words?${new URLSearchParams({ q: sought })}`, { signal: this.asking.signal });
      this.show(found);
    } catch (error) {
      if (!(error instanceof DOMException)) this.said.textContent = /** @type {Error} */ (error).message;
    }
  }

  show({ total, hits }) {
    const more = total > hits.length ? `; the first ${hits.length} are listed` : "";
    this.said.textContent = total ? `${total} ${total === 1 ? "place" : "places"}${more}` : "Nothing in this book says that.";
    this.list.replaceChildren(...hits.map((hit) => this.item(hit)));
  }

  item(hit) {
    const item = document.createElement("li");
    const way = document.createElement("button");
    way.type = "button";
    way.className = "hits__way";
    const picture = document.createElement("img");
    picture.alt = "";
    picture.loading = "lazy";
    picture.width = 88;
    picture.height = 66;
    picture.src = hit.panel_id ? this.comic.crop(hit.panel_id, 160) : this.comic.picture(hit.page_index, 160);
    const words = document.createElement("span");
    words.className = "hits__words";
    for (const piece of hit.pieces) {
      const part = document.createElement(piece.is_match ? "mark" : "span");
      part.textContent = piece.text;
      words.append(part);
    }
    const place = document.createElement("span");
    place.className = "quiet small numbers";
    place.textContent = `Page ${hit.page_index + 1}`;
    words.append(place);
    way.append(picture, words);
    way.addEventListener("click", () => {
      for (const old of this.list.querySelectorAll("[aria-current]")) old.removeAttribute("aria-current");
      way.setAttribute("aria-current", "true");
      this.choose(hit);
    });
    item.append(way);
    return item;
  }
}
