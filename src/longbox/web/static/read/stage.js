// Page, spread and guided view: leaves that follow one another, and the camera's way over them.
//
// The leaf before and the leaf behind the one that is shown are built and decoded ahead. Where one is
// not ready, the old one stays until it is: the window is never blank.

import { kept, zoomedAt } from "./geometry.js";
import { Leaf } from "./leaf.js";
import { realPanels, spotOf, stopsOf, stopWith } from "./stops.js";
import { nextUnit, unitsOf, unitWith } from "./units.js";

const TURN_MS = 220;
const TURN_SHIFT = 0.04; // of the window's width
const MOST_ZOOM = 8;
const PAN = 0.85; // of the window, a step
const EASE = "cubic-bezier(0.2, 0, 0, 1)";

/** @typedef {"first" | "last" | number | null} Landing a panel's order, or an end of the page */

export class Stage {
  /**
   * @param {HTMLElement} element
   * @param {import("./comic.js").Comic} comic
   * @param {import("./pictures.js").Pictures} pictures
   * @param {{settings: () => typeof import("./settings.js").DEFAULTS, isStill: () => boolean, onPlace: () => void, onEnd: () => void, onBusy: (isBusy: boolean) => void}} around
   */
  constructor(element, comic, pictures, around) {
    this.element = element;
    this.comic = comic;
    this.pictures = pictures;
    this.around = around;
    this.view = "page";
    /** @type {number[][]} */
    this.units = [];
    this.at = 0;
    /** @type {Leaf | null} */
    this.leaf = null;
    /** @type {Map<number, Leaf>} */
    this.leaves = new Map();
    /** @type {import("./stops.js").Stop[]} */
    this.stops = [];
    this.stop = 0;
    this.isFree = false; // somebody zoomed or moved by hand
    this.ticket = 0;
    this.wanted = 0;
    new ResizeObserver(() => this.fitAgain()).observe(element);
  }

  get win() {
    return { width: Math.max(this.element.clientWidth, 1), height: Math.max(this.element.clientHeight, 1) };
  }

  get isGuided() {
    return this.view === "guided";
  }

  /** The page that is read: of two, the first. */
  get page() {
    return this.units[this.at]?.[0] ?? 0;
  }

  /** The panel that the camera is on, or null. */
  get panel() {
    return this.isGuided ? (this.stops[this.stop]?.panel ?? null) : null;
  }

  /** Begin with a view at a page. @param {string} view @param {number} page @param {Landing} landing @param {HTMLImageElement | null} first shown already */
  async begin(view, page, landing, first = null) {
    this.view = view;
    this.units = unitsOf(this.comic.outline, view === "spread" && !this.comic.isStrip);
    for (const leaf of this.leaves.values()) if (leaf !== this.leaf) leaf.element.remove();
    const before = this.leaf;
    this.leaves.clear();
    this.leaf = null;
    const at = unitWith(this.units, page);
    if (first) {
      const leaf = this.leafAt(at);
      leaf.adopt(page, first);
      this.arrange(leaf, landing);
      leaf.show(true); // it was seen already: it must not go while its neighbour is awaited
    }
    await this.go(at, landing, 0, before);
  }

  leafAt(at) {
    let leaf = this.leaves.get(at);
    if (!leaf) {
      leaf = new Leaf(this.comic, this.pictures, this.units[at]);
      leaf.layout(this.win);
      this.leaves.set(at, leaf);
      this.element.append(leaf.element);
    }
    return leaf;
  }

  /**
   * Go to a unit.
   * @param {number} at
   * @param {Landing} landing
   * @param {number} step 1 forward, -1 back, 0 neither
   * @param {Leaf | null} before the leaf that is shown until then
   */
  async go(at, landing, step, before = this.leaf) {
    const ticket = ++this.ticket;
    this.wanted = at;
    const leaf = this.leafAt(at);
    if (!leaf.isReady) {
      const slow = setTimeout(() => this.around.onBusy(true), 150);
      await leaf.load(this.zoomNeeded(leaf), true).catch(() => null);
      clearTimeout(slow);
      if (ticket !== this.ticket) return;
      this.around.onBusy(false);
    }
    this.put(at, leaf, landing, step, before);
  }

  /** How much larger than laid out the pictures of a leaf will be shown. @param {Leaf} leaf */
  zoomNeeded(leaf) {
    if (!this.isGuided) return this.home(leaf).zoom;
    const content = this.comic.known(leaf.unit[0]);
    if (!content) return 2;
    const scale = Math.max(...stopsOf(content, this.win, this.stopOptions()).map((stop) => stop.scale));
    return scale / leaf.pages.get(leaf.unit[0]).scale;
  }

  stopOptions() {
    const { zoom, margin, look } = this.around.settings();
    return { zoom: Number(zoom) || 3, margin, looksFirst: look, isStrip: this.comic.isStrip };
  }

  put(at, leaf, landing, step, before) {
    this.at = at;
    this.leaf = leaf;
    this.isFree = false;
    this.arrange(leaf, landing);
    leaf.show(true);
    if (before && before !== leaf) this.replace(before, leaf, step);
    this.around.onPlace();
    leaf.sharpen(this.zoomNeeded(leaf));
    setTimeout(() => this.prepare(), 30);
  }

  /** Point a leaf's camera where a landing says. */
  arrange(leaf, landing) {
    const content = this.isGuided ? this.comic.known(leaf.unit[0]) : null;
    this.stops = content ? stopsOf(content, this.win, this.stopOptions()) : [];
    this.stop = 0;
    if (landing === "last") this.stop = Math.max(this.stops.length - 1, 0);
    else if (typeof landing === "number") this.stop = stopWith(this.stops, landing);
    if (this.stops.length) this.lookAtStop(leaf, false);
    else {
      leaf.light(null);
      leaf.look(this.home(leaf, landing === "last"), false);
    }
  }

  replace(before, leaf, step) {
    const end = () => {
      before.show(false);
      if (![...this.leaves.values()].includes(before)) before.element.remove();
    };
    leaf.element.style.zIndex = "2";
    before.element.style.zIndex = "1";
    before.element.inert = true;
    if (this.around.isStill() || step === 0) {
      end();
      return;
    }
    const side = (this.comic.direction === "rtl" ? -step : step) * TURN_SHIFT * this.win.width;
    const moved = this.comic.isStrip ? `translateY(${step * 24}px)` : `translateX(${side}px)`;
    const frames = [{ opacity: 0, transform: moved }, { opacity: 1, transform: "none" }];
    const turning = leaf.element.animate(frames, { duration: TURN_MS, easing: EASE });
    turning.currentTime = 16; // the first frame already shows it
    turning.finished.then(() => this.leaf !== before && end(), () => null);
  }

  /** Build the neighbours, and let go of what is far; but not while the first picture is awaited. */
  async prepare() {
    const { leaf: current } = this;
    await current?.settled();
    if (this.leaf !== current) return;
    const near = [this.at, this.neighbour(1), this.neighbour(-1)].filter((at) => at >= 0 && at < this.units.length);
    for (const [at, leaf] of this.leaves) {
      if (near.includes(at) || leaf === this.leaf || at === this.wanted) continue;
      leaf.element.remove();
      this.leaves.delete(at);
    }
    for (const at of near) {
      const leaf = this.leafAt(at);
      const index = leaf.unit[0];
      this.comic.page(index).then(() => leaf.load(this.zoomNeeded(leaf))).catch(() => null);
    }
  }

  neighbour(step) {
    return nextUnit(this.units, this.at, step, this.comic.outline, this.around.settings().skip);
  }

  /** The view that a leaf begins with outside the guided view. @returns {import("./geometry.js").View} */
  home(leaf, atEnd = false) {
    const { sheet } = leaf;
    const win = this.win;
    const whole = Math.min(win.width / sheet.width, win.height / sheet.height);
    const scale = leaf.pages.get(leaf.unit[0]).scale;
    const zooms = { whole, width: win.width / sheet.width, height: win.height / sheet.height, original: 1 / scale };
    const zoom = zooms[this.around.settings().fit] ?? whole;
    const isLeftFirst = (this.comic.direction === "rtl") === atEnd;
    return kept({ x: isLeftFirst ? 0 : sheet.width, y: atEnd ? sheet.height : 0, zoom }, sheet, win);
  }

  lookAtStop(leaf, moves) {
    const stop = this.stops[this.stop];
    const index = leaf.unit[0];
    const { x, scale } = leaf.pages.get(index);
    leaf.light(stop.panel === null ? null : leaf.onSheet(index, stop.spot));
    leaf.look({ x: x + stop.x * scale, y: stop.y * scale, zoom: stop.scale / scale }, moves && !this.around.isStill());
    this.isFree = false;
  }

  /** Forward or back: by panel in the guided view, else through what is larger than the window, then by page. @param {1 | -1} step */
  step(step) {
    if (!this.leaf) return;
    if (this.isGuided && this.ticket && this.wanted === this.at) {
      const next = this.stop + step;
      if (this.isFree && this.stops[this.stop]) {
        this.lookAtStop(this.leaf, true);
        return;
      }
      if (this.stops[next]) {
        this.stop = next;
        this.lookAtStop(this.leaf, true);
        this.around.onPlace();
        return;
      }
    } else if (this.panOn(step)) return;
    this.turn(step, step > 0 ? "first" : "last");
  }

  /** To the next or previous leaf. @param {1 | -1} step @param {Landing} landing */
  turn(step, landing = "first") {
    const from = this.wanted;
    const at = nextUnit(this.units, from, step, this.comic.outline, this.around.settings().skip);
    if (at >= this.units.length) this.around.onEnd();
    else if (at >= 0) this.go(at, landing, step);
  }

  /** To a page. @param {number} page @param {Landing} landing */
  jump(page, landing = "first") {
    const at = unitWith(this.units, page);
    if (at === this.at && this.leaf && this.wanted === at) {
      if (this.stops.length) {
        this.stop = landing === "last" ? this.stops.length - 1 : typeof landing === "number" ? stopWith(this.stops, landing) : 0;
        this.lookAtStop(this.leaf, true);
      } else this.leaf.look(this.home(this.leaf), !this.around.isStill());
      this.isFree = false;
      this.around.onPlace();
      return Promise.resolve();
    }
    return this.go(at, landing, Math.sign(at - this.at));
  }

  /** Move over a sheet that is larger than the window. @returns {boolean} whether there was anywhere to go */
  panOn(step) {
    const { leaf, win } = this;
    const seen = { width: win.width / leaf.view.zoom, height: win.height / leaf.view.zoom };
    const down = kept({ ...leaf.view, y: leaf.view.y + step * PAN * seen.height }, leaf.sheet, win);
    if (Math.abs(down.y - leaf.view.y) > 2) return this.panTo(down);
    const side = this.comic.direction === "rtl" ? -step : step;
    const across = kept({ ...leaf.view, x: leaf.view.x + side * PAN * seen.width, y: step > 0 ? 0 : leaf.sheet.height }, leaf.sheet, win);
    return Math.abs(across.x - leaf.view.x) > 2 && this.panTo(across);
  }

  panTo(view) {
    this.leaf.look(view, !this.around.isStill());
    return true;
  }

  /** Move by hand. @param {number} dx CSS pixels @param {number} dy */
  drag(from, dx, dy) {
    const view = { x: from.x - dx / from.zoom, y: from.y - dy / from.zoom, zoom: from.zoom };
    this.isFree = true;
    this.leaf.look(this.isGuided && !this.isLarge ? view : kept(view, this.leaf.sheet, this.win), false);
  }

  /** Whether the sheet is larger than the window, so that dragging looks around. */
  get isLarge() {
    const { leaf, win } = this;
    if (!leaf) return false;
    if (this.isGuided && !this.isFree) return false;
    return leaf.sheet.width * leaf.view.zoom > win.width + 2 || leaf.sheet.height * leaf.view.zoom > win.height + 2;
  }

  /** Zoom around a place of the window. @param {number} factor */
  zoomBy(factor, atX, atY, moves = false) {
    const { leaf, win } = this;
    if (!leaf) return;
    const least = Math.min(this.home(leaf).zoom, win.width / leaf.sheet.width, win.height / leaf.sheet.height);
    const zoom = Math.min(Math.max(leaf.view.zoom * factor, least), MOST_ZOOM * Math.max(least, 0.5));
    this.isFree = true;
    const view = zoomedAt(leaf.view, win, zoom / leaf.view.zoom, atX, atY);
    leaf.look(kept(view, leaf.sheet, win), moves && !this.around.isStill());
    leaf.sharpen(zoom);
  }

  /** Back to how the view shows a page by itself. @returns {boolean} whether anything changed */
  unzoom() {
    const { leaf } = this;
    if (!leaf || !this.isFree) return false;
    if (this.stops.length) this.lookAtStop(leaf, true);
    else leaf.look(this.home(leaf), !this.around.isStill());
    this.isFree = false;
    return true;
  }

  /** Look closely at the panel at a place of the window, or back. */
  async zoomToPanel(atX, atY) {
    const { leaf } = this;
    if (!leaf || this.unzoom()) return;
    const found = leaf.pageAt(atX, atY);
    if (!found) return;
    const content = await this.comic.page(found.index);
    const panel = panelAt(content, found.x, found.y);
    if (panel && this.isGuided) {
      this.stop = stopWith(this.stops, panel.panel);
      this.lookAtStop(leaf, true);
      this.around.onPlace();
      return;
    }
    if (!panel) {
      this.zoomBy(2, atX, atY, true);
      return;
    }
    const part = leaf.onSheet(found.index, spotOf(panel, content, this.around.settings().margin));
    const most = this.home(leaf).zoom * Math.max(Number(this.around.settings().zoom) || 3, 2);
    const zoom = Math.min(this.win.width / part.width, this.win.height / part.height, most);
    this.isFree = true;
    leaf.look({ x: part.x + part.width / 2, y: part.y + part.height / 2, zoom }, !this.around.isStill());
    leaf.sharpen(zoom);
  }

  /** The window changed its size, or a setting how things fit. */
  fitAgain() {
    if (!this.leaf || this.element.hidden) return;
    const panel = this.stops[this.stop]?.panel ?? null;
    const part = this.stops[this.stop]?.part ?? 0;
    for (const leaf of this.leaves.values()) leaf.layout(this.win);
    this.arrange(this.leaf, panel);
    if (this.stops[this.stop + part]?.panel === panel) this.stop += part;
    if (this.stops.length) this.lookAtStop(this.leaf, false);
    this.leaf.sharpen(this.zoomNeeded(this.leaf));
  }
}

/** The smallest panel at a pixel of a page. @param {import("./comic.js").PageContent} page */
export function panelAt(page, x, y) {
  const found = realPanels(page).filter(({ box }) => x >= box[0] && x < box[2] && y >= box[1] && y < box[3]);
  const area = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);
  return found.sort((a, b) => area(a) - area(b))[0] ?? null;
}
