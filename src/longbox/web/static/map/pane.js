// One map of the page: its canvas, what lies over it, and the list of what is seen.

import { part } from "../base/base.js";
import KDBush from "../vendor/kdbush-4.1.0/kdbush.js";
import { Camera } from "./camera.js";
import { inside, within } from "./choosing.js";
import { packed } from "./colours.js";
import { Gestures } from "./gestures.js";
import { Layers } from "./layers.js";
import { listInView } from "./list.js";
import { Raster } from "./raster.js";
import { Tip } from "./tip.js";

const RESTS_AFTER_MS = 140;
const NEAR = { mouse: 8, touch: 22 }; // CSS pixels
const FEW = 8000; // so few points are drawn smoothly while they move too
const SHARPEST = 2; // pixels a CSS pixel

/**
 * @typedef {{
 *   hovered: (pane: Pane, key: number | null) => void,
 *   chosen: (keys: number[], isAdded: boolean) => void,
 *   toggled: (key: number) => void,
 *   mode: () => string,
 *   isChosen: (key: number) => boolean,
 * }} Owner what a pane tells the page
 */

export class Pane {
  /**
   * @param {HTMLElement} root
   * @param {import("./points.js").Points} points
   * @param {Owner} owner
   */
  constructor(root, points, owner) {
    this.root = root;
    this.points = points;
    this.owner = owner;
    this.field = part(root, "[data-field]");
    this.ring = part(root, "[data-ring]");
    this.outline = part(root, "[data-outline]");
    this.camera = new Camera(points.places);
    this.raster = new Raster(/** @type {HTMLCanvasElement} */ (part(root, "canvas")));
    this.layers = new Layers(points);
    this.tree = treeOf(points.places);
    this.tip = new Tip(part(root, "[data-tip]"));
    this.colours = new Uint32Array(points.n).fill(0xff000000);
    this.isIn = new Uint8Array(points.n).fill(1);
    /** @type {Uint8Array | null} */
    this.isChosen = null;
    this.focus = -1;
    this.paper = 0xffffffff;
    this.isMoving = false;
    this.isAsked = false;
    /** Frames drawn so far: for measuring. */
    this.nFrames = 0;
    this.rest = 0;
    new Gestures(this.field, owner.mode, this.meanings());
    new ResizeObserver(() => this.measure()).observe(this.field);
    part(root, "[data-list]").addEventListener("toggle", () => this.list());
    this.measure();
  }

  /** @returns {import("./gestures.js").Meanings} */
  meanings() {
    return {
      pan: (dx, dy) => this.moved(() => this.camera.pan(dx, dy)),
      zoom: (factor, x, y) => this.moved(() => this.camera.zoomAt(factor, x, y)),
      fit: () => this.moved(() => this.camera.fit()),
      hover: (x, y) => this.hover(x, y),
      leave: () => this.leave(),
      tap: (x, y, event) => this.tap(x, y, event),
      draw: (line, isBox) => this.outline.setAttribute("d", outlineOf(line, isBox)),
      drawn: (line, isBox, isAdded) => this.choose(line, isBox, isAdded),
      key: (key) => this.key(key),
    };
  }

  measure() {
    const { width, height } = this.field.getBoundingClientRect();
    this.camera.resize(width, height);
    this.draw();
  }

  /** @param {() => void} change of the camera */
  moved(change) {
    change();
    this.isMoving = true;
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.settle(), RESTS_AFTER_MS);
    this.tip.hide();
    this.draw();
  }

  settle() {
    this.isMoving = false;
    this.draw();
    this.list();
    if (document.activeElement === this.field) this.focusMiddle();
    this.field.dispatchEvent(new CustomEvent("map:rest", { bubbles: true }));
  }

  /** Draw in the next frame, once. */
  draw() {
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      this.nFrames += 1;
      const isFine = !this.isMoving || this.points.n <= FEW;
      const density = isFine ? Math.min(devicePixelRatio, SHARPEST) : 1;
      const radius = this.radius();
      this.raster.draw(this.layers, this.camera, { density, radius, paper: this.paper, isFine });
      this.placeRing();
    });
  }

  /** How large a point is, CSS pixels: larger where there are few, and when people come near. */
  radius() {
    const base = Math.min(4.5, Math.max(1.1, 110 / Math.sqrt(this.points.n + 1)));
    return Math.round(Math.min(7, base * Math.max(1, this.camera.zoom) ** 0.35) * 2) / 2;
  }

  /** Take new colours, filters or a new selection. */
  arrange() {
    const ground = getComputedStyle(this.field).getPropertyValue("--surface").trim();
    this.paper = packed(/^#[0-9a-f]{6}$/i.test(ground) ? ground : "#ffffff");
    this.layers.arrange(this.colours, this.isIn, this.isChosen, this.paper);
    this.draw();
  }

  /**
   * The point nearest to a place of the screen that no filter hides, or -1.
   * @param {number} x CSS pixels
   * @param {number} y
   * @param {number} reach CSS pixels
   */
  nearest(x, y, reach) {
    const [mx, my] = this.camera.toMap(x, y);
    const { places } = this.points;
    let best = -1;
    let least = Infinity;
    for (const i of this.tree.within(mx, my, (reach + this.radius()) / this.camera.scale)) {
      const far = (places[2 * i] - mx) ** 2 + (places[2 * i + 1] - my) ** 2;
      if (this.isIn[i] && far < least) [best, least] = [i, far];
    }
    return best;
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  hover(x, y) {
    if (this.isMoving) return;
    const i = this.nearest(x, y, NEAR.mouse);
    if (i === this.focus) return;
    this.show(i);
    this.owner.hovered(this, i < 0 ? null : this.points.key(i));
  }

  leave() {
    if (this.tip.isPinned) return;
    this.show(-1);
    this.owner.hovered(this, null);
  }

  /**
   * Mark a point and show what it is.
   * @param {number} i or -1 for none
   */
  show(i) {
    this.mark(i);
    if (i < 0) this.tip.hide();
    else this.tip.show(this.points, i, this.screenOf(i), this.camera);
  }

  /** Mark a point, as one that is pointed at in another map. @param {number} i */
  mark(i) {
    this.focus = i;
    this.field.classList.toggle("map-field--over", i >= 0);
    this.placeRing();
  }

  placeRing() {
    this.ring.toggleAttribute("hidden", this.focus < 0);
    this.ring.setAttribute("visibility", this.focus < 0 ? "hidden" : "visible");
    if (this.focus < 0) return;
    const [x, y] = this.screenOf(this.focus);
    this.ring.setAttribute("cx", x.toFixed(1));
    this.ring.setAttribute("cy", y.toFixed(1));
    this.ring.setAttribute("r", String(this.radius() + 4));
  }

  /** @param {number} i */
  screenOf(i) {
    const { places } = this.points;
    return this.camera.toScreen(places[2 * i], places[2 * i + 1]);
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {PointerEvent} event
   */
  tap(x, y, event) {
    const isTouch = event.pointerType === "touch";
    const i = this.nearest(x, y, isTouch ? NEAR.touch : NEAR.mouse);
    if (i < 0) {
      this.show(-1);
      return;
    }
    if (event.shiftKey || this.owner.mode() !== "move") this.owner.toggled(this.points.key(i));
    else if (isTouch) {
      this.show(i); // a finger cannot hover: the first tap shows, the picture leads on
      this.owner.hovered(this, this.points.key(i));
    } else if (event.ctrlKey || event.metaKey) open(this.points.address(i), "_blank", "noopener");
    else location.assign(this.points.address(i));
  }

  /**
   * @param {number[]} line CSS pixels
   * @param {boolean} isBox
   * @param {boolean} isAdded
   */
  choose(line, isBox, isAdded) {
    const corners = [];
    for (let k = 0; k < line.length; k += 2) corners.push(...this.camera.toMap(line[k], line[k + 1]));
    const [x0, y0, x1, y1] = corners;
    const { places } = this.points;
    const found = isBox
      ? within(places, [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)])
      : inside(places, corners);
    this.owner.chosen(found.filter((i) => this.isIn[i]).map((i) => this.points.key(i)), isAdded);
  }

  /** The points that are seen and not filtered out. @returns {number[]} */
  inView() {
    const [left, top] = this.camera.toMap(0, 0);
    const [right, bottom] = this.camera.toMap(this.camera.width, this.camera.height);
    return this.tree.range(left, top, right, bottom).filter((/** @type {number} */ i) => this.isIn[i]);
  }

  list() {
    listInView(this.root, this);
  }

  focusMiddle() {
    const { width, height } = this.camera;
    const i = this.nearest(width / 2, height / 2, Math.hypot(width, height) / 2);
    this.show(i);
    this.owner.hovered(this, i < 0 ? null : this.points.key(i));
    part(this.root, "[data-spoken]").textContent = i < 0 ? "no point here" : this.points.name(i);
  }

  /** @param {string} key @returns {boolean} whether it meant something */
  key(key) {
    if (key === "Enter" && this.focus >= 0) location.assign(this.points.address(this.focus));
    else if (key === " " && this.focus >= 0) this.owner.toggled(this.points.key(this.focus));
    else if (key === "a") this.owner.chosen(this.inView().map((i) => this.points.key(i)), false);
    else if (key === "Escape") this.owner.chosen([], false);
    else return false;
    return true;
  }
}

/** @param {Float32Array} places */
function treeOf(places) {
  const tree = new KDBush(places.length / 2, 64, Float32Array);
  for (let k = 0; k < places.length; k += 2) tree.add(places[k], places[k + 1]);
  return tree.finish();
}

/**
 * @param {number[]} line
 * @param {boolean} isBox
 */
function outlineOf(line, isBox) {
  if (line.length < 4) return "";
  if (isBox) return `M${line[0]},${line[1]}H${line[2]}V${line[3]}H${line[0]}Z`;
  let path = "";
  for (let k = 0; k < line.length; k += 2) path += `${k ? "L" : "M"}${line[k]},${line[k + 1]}`;
  return `${path}Z`;
}
