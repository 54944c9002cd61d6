// A leaf: what the window shows at once (one page, or two that face each other), under one camera.
//
// Pages are laid out at the size at which they fit the window; the camera is one CSS transform on
// all of them. What is not in the light is dimmed by a shade that lies in the window, not on the
// page: a sheet with a hole that moves as the camera does. A leaf is built, and its pictures are
// decoded, before it is shown.

import { transformOf, toWindow } from "./geometry.js";
import { textLayer } from "./texts.js";

/** @typedef {import("./geometry.js").View} View */
/** @typedef {import("./geometry.js").Size} Size */

const TALL = 2.2; // a page this much higher than wide is laid out by its width
const TALL_WIDTH = 760;
const EDGE_SIDE = 40; // a page is looked at this small to find the colour of its edge
const UNREADABLE = { width: 700, height: 1000 };

export class Leaf {
  /**
   * @param {import("./comic.js").Comic} comic
   * @param {import("./pictures.js").Pictures} pictures
   * @param {number[]} unit page indices, the one that is read first first
   */
  constructor(comic, pictures, unit) {
    this.comic = comic;
    this.pictures = pictures;
    this.unit = unit;
    this.isReady = false;
    /** @type {Promise<void> | null} */
    this.ready = null;
    /** @type {Size} */
    this.sheet = { width: 1, height: 1 };
    /** @type {Size} */
    this.win = { width: 1, height: 1 };
    /** @type {View} */
    this.view = { x: 0, y: 0, zoom: 1 };
    /** @type {{x: number, y: number, width: number, height: number} | null} */
    this.lit = null;
    this.element = made("div", "leaf leaf--waiting");
    this.element.inert = true;
    this.camera = made("div", "camera");
    this.shade = made("div", "shade");
    this.element.append(this.camera, this.shade);
    /** @type {Map<number, {element: HTMLElement, x: number, scale: number}>} */
    this.pages = new Map(unit.map((index) => [index, { element: this.pageElement(index), x: 0, scale: 1 }]));
    for (const { element } of this.pages.values()) this.camera.append(element);
  }

  pageElement(index) {
    const element = made("section", "page-sheet");
    element.dataset.page = String(index);
    element.setAttribute("aria-label", `Page ${index + 1} of ${this.comic.length}`);
    return element;
  }

  size(index) {
    const page = this.comic.outline[index];
    return page.width && page.height ? page : UNREADABLE;
  }

  /** Lay the pages out for a window. @param {Size} win */
  layout(win) {
    this.win = win;
    const proportions = this.unit.map((index) => this.size(index).width / this.size(index).height);
    const together = proportions.reduce((sum, each) => sum + each, 0);
    let height = Math.min(win.height, win.width / together);
    if (this.unit.length === 1 && 1 / together > TALL) height = Math.min(win.width, TALL_WIDTH) / together;
    this.sheet = { width: height * together, height };
    // The page that is read first is on the right in books read from right to left.
    const shown = this.comic.direction === "rtl" ? [...this.unit].reverse() : this.unit;
    let x = 0;
    for (const index of shown) {
      const page = this.pages.get(index);
      const width = (height * this.size(index).width) / this.size(index).height;
      page.x = x;
      page.scale = height / this.size(index).height;
      page.element.style.left = `${x}px`;
      page.element.style.width = `${width}px`;
      page.element.style.height = `${height}px`;
      x += width;
    }
    this.camera.style.width = `${this.sheet.width}px`;
    this.camera.style.height = `${height}px`;
  }

  /**
   * Have everything ready: pictures decoded, words in their places.
   * @param {number} zoom how many times the laid out size the pictures will be shown
   * @param {boolean} isUrgent
   * @returns {Promise<void>}
   */
  load(zoom, isUrgent = false) {
    this.ready ??= Promise.all(this.unit.map((index) => this.loadPage(index, zoom, isUrgent))).then(() => {
      this.isReady = true;
    });
    return this.ready;
  }

  async loadPage(index, zoom, isUrgent) {
    const page = this.pages.get(index);
    const words = this.comic.page(index).then((content) => this.addWords(index, content));
    if (!this.comic.outline[index].width) {
      page.element.append(unreadable("This page could not be read."));
      return words;
    }
    if (!page.element.querySelector("img")) await this.addPicture(index, zoom, isUrgent);
    return words;
  }

  async addPicture(index, zoom, isUrgent) {
    const { element } = this.pages.get(index);
    try {
      const picture = await this.pictures.ready(index, this.widthFor(index, zoom), { isUrgent });
      element.querySelector(".unreadable")?.remove();
      element.prepend(this.named(index, picture));
      this.takeEdgeColour(picture);
    } catch {
      this.offerAgain(index, element);
    }
  }

  offerAgain(index, element) {
    const note = unreadable("The picture of this page did not come.");
    const again = made("button", "button");
    again.type = "button";
    again.textContent = "Try again";
    again.addEventListener("click", () => {
      note.remove();
      this.addPicture(index, 1, true);
    });
    note.append(again);
    element.prepend(note);
  }

  /** Take over a picture that is shown already. @param {HTMLImageElement} picture */
  adopt(index, picture) {
    picture.classList.remove("first");
    picture.draggable = false;
    this.pages.get(index).element.prepend(this.named(index, picture));
    this.takeEdgeColour(picture);
  }

  /** When all its pictures have come, or will not. */
  async settled() {
    await Promise.allSettled([...this.element.querySelectorAll("img")].map((picture) => picture.decode()));
  }

  named(index, picture) {
    picture.alt = this.comic.known(index)?.summary || `Page ${index + 1}`;
    picture.className = "page-sheet__picture";
    return picture;
  }

  addWords(index, content) {
    const { element } = this.pages.get(index);
    element.querySelector(".texts")?.remove();
    element.append(textLayer(content));
    const picture = element.querySelector("img");
    if (picture) this.named(index, picture);
  }

  widthFor(index, zoom) {
    const { element } = this.pages.get(index);
    return this.comic.width(index, Number.parseFloat(element.style.width) * zoom * devicePixelRatio * 0.98);
  }

  /** Put larger pictures in the place of those shown, once they are decoded. @param {number} zoom */
  async sharpen(zoom) {
    for (const [index, { element }] of this.pages) {
      const old = element.querySelector("img");
      const wanted = this.widthFor(index, zoom);
      if (!old || Number(old.dataset.width || widthIn(old.currentSrc)) >= wanted) continue;
      const better = await this.pictures.ready(index, wanted).catch(() => null);
      if (better && element.contains(old)) old.replaceWith(this.named(index, better));
    }
  }

  /** Colour the space around a page as the page's own edge. @param {HTMLImageElement} picture */
  takeEdgeColour(picture) {
    if (!picture.complete || !picture.naturalWidth) return;
    const side = EDGE_SIDE;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0, side, side);
    const { data } = context.getImageData(0, 0, side, side);
    const border = [...Array(side * side).keys()].filter((at) => {
      const [row, column] = [Math.floor(at / side), at % side];
      return row === 0 || column === 0 || row === side - 1 || column === side - 1;
    });
    const [red, green, blue] = [0, 1, 2].map((channel) => {
      const values = border.map((at) => data[4 * at + channel]).sort((one, other) => one - other);
      return values[values.length >> 1];
    });
    this.element.style.setProperty("--edge", `rgb(${red} ${green} ${blue})`);
  }

  /** A box of a page, in the sheet's pixels. @param {number} index @param {[number, number, number, number]} box */
  onSheet(index, [x0, y0, x1, y1]) {
    const { x, scale } = this.pages.get(index);
    return { x: x + x0 * scale, y: y0 * scale, width: (x1 - x0) * scale, height: (y1 - y0) * scale };
  }

  /** The page and its pixel at a place of the window, or null beside the pages. */
  pageAt(atX, atY) {
    const x = this.view.x + (atX - this.win.width / 2) / this.view.zoom;
    const y = this.view.y + (atY - this.win.height / 2) / this.view.zoom;
    for (const [index, page] of this.pages) {
      const width = this.size(index).width * page.scale;
      const isOn = x >= page.x && x < page.x + width && y >= 0 && y < this.sheet.height;
      if (isOn) return { index, x: (x - page.x) / page.scale, y: y / page.scale };
    }
    return null;
  }

  /** Point the camera. @param {View} view @param {boolean} moves smoothly, or at once */
  look(view, moves) {
    this.view = view;
    this.element.classList.toggle("leaf--moving", moves);
    this.camera.style.transform = transformOf(view, this.win);
    this.cutLight();
  }

  /** Leave only a part of the sheet in the light, or all of it. */
  light(part) {
    this.lit = part;
    this.cutLight();
  }

  cutLight() {
    this.shade.classList.toggle("shade--on", this.lit !== null);
    const part = this.lit ?? { x: 0, y: 0, width: this.sheet.width, height: this.sheet.height };
    const from = toWindow(this.view, this.win, part.x, part.y);
    const to = toWindow(this.view, this.win, part.x + part.width, part.y + part.height);
    const [x0, y0, x1, y1] = [from.x, from.y, to.x, to.y].map((value) => `${value.toFixed(2)}px`);
    this.shade.style.clipPath = `polygon(evenodd, 0px 0px, 100% 0px, 100% 100%, 0px 100%, 0px 0px, ${x0} ${y0}, ${x0} ${y1}, ${x1} ${y1}, ${x1} ${y0}, ${x0} ${y0})`;
  }

  /** Show it or let it wait unseen. @param {boolean} isShown */
  show(isShown) {
    this.element.classList.toggle("leaf--waiting", !isShown);
    this.element.inert = !isShown;
  }
}

function made(name, className) {
  const element = document.createElement(name);
  element.className = className;
  return element;
}

function unreadable(words) {
  const note = made("div", "unreadable");
  const line = made("p", "");
  line.textContent = words;
  note.append(line);
  return note;
}

/** The width that a picture's address names. @param {string} address */
function widthIn(address) {
  return Number(/\/(\d+)\.webp/.exec(address)?.[1] ?? 0);
}
