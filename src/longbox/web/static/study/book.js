// The strips of a book: what is pointed at is shown beside them, a click or Enter reads it there.

import { part } from "../base/base.js";

class Strips {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.bookId = root.dataset.bookId ?? "";
    /** Index from 0 and words of each page. @type {[number, string][]} */
    this.pages = JSON.parse(root.dataset.facts ?? "[]");
    this.field = part(root, "[data-field]");
    this.cursor = part(root, "[data-cursor]");
    this.at = 0;
    if (!this.pages.length) return;
    this.field.addEventListener("pointermove", (event) => this.point(event));
    this.field.addEventListener("click", (event) => {
      this.point(event);
      if (event.pointerType !== "touch") this.open(); // a finger looks first
    });
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("focus", () => this.show(this.at));
    addEventListener("resize", () => this.mark());
  }

  get address() {
    return `/read/${this.bookId}?page=${this.pages[this.at][0] + 1}`;
  }

  /** @param {PointerEvent | MouseEvent} event */
  point(event) {
    const box = this.drawn();
    if (!box || !box.width) return;
    const share = (event.clientX - box.left) / box.width;
    if (share < -0.02 || share > 1.02) return;
    this.show(Math.floor(Math.min(Math.max(share, 0), 0.99999) * this.pages.length));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.pages.length - 1;
    const far = Math.max(1, Math.round(last / 10));
    /** @type {Record<string, number>} */
    const to = {
      ArrowLeft: this.at - 1,
      ArrowDown: this.at - 1,
      ArrowRight: this.at + 1,
      ArrowUp: this.at + 1,
      PageDown: this.at - far,
      PageUp: this.at + far,
      Home: 0,
      End: last,
    };
    if (event.key === "Enter") this.open();
    else if (Object.hasOwn(to, event.key)) this.show(Math.min(Math.max(to[event.key], 0), last));
    else return;
    event.preventDefault();
  }

  /** @param {number} at place among the pages */
  show(at) {
    const isNew = at !== this.at;
    this.at = at;
    this.mark();
    const [index, words] = this.pages[at];
    this.field.setAttribute("aria-valuenow", String(at + 1));
    this.field.setAttribute("aria-valuetext", `page ${index + 1}: ${words}`);
    part(this.root, "[data-look-page]").textContent = `Page ${index + 1}`;
    part(this.root, "[data-look-words]").textContent = words;
    /** @type {HTMLAnchorElement} */ (part(this.root, "[data-look-link]")).href = this.address;
    if (!isNew) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      const picture = /** @type {HTMLImageElement} */ (part(this.root, "[data-look-picture]"));
      picture.alt = `Read page ${index + 1}`;
      picture.src = `/pictures/page/${this.bookId}/${index}/320.webp`;
    }, 60); // not every page that is passed over
  }

  mark() {
    const box = this.drawn();
    if (!box) return;
    const left = box.left - this.field.getBoundingClientRect().left;
    this.cursor.style.left = `${left + ((this.at + 0.5) / this.pages.length) * box.width}px`;
    this.cursor.hidden = false;
  }

  drawn() {
    return this.field.querySelector("svg.strip__drawn")?.getBoundingClientRect();
  }

  open() {
    location.assign(this.address);
  }
}

for (const root of document.querySelectorAll("[data-strips]")) {
  if (root instanceof HTMLElement) new Strips(root);
}
