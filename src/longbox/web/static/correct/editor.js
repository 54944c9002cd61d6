// The editor of one page: what is chosen, which tool is in hand, and every change that can be made.

import { toast } from "../base/base.js";
import { History, changed, documentOf, merged, newId, replaced, withPanel, without } from "./document.js";
import { Drawing } from "./drawing.js";
import { around, cut, cutAcross, cutDown, moved, ownerOf, shared, tidy, isUsable } from "./geometry.js";
import { Lists, placed } from "./lists.js";
import { PagePicture } from "./picture.js";
import { Viewport } from "./viewport.js";

/**
 * @typedef {import("./document.js").Doc} Doc
 * @typedef {import("./geometry.js").Box} Box
 */

const SNAP = 7; // screen pixels

export class Editor {
  /**
   * @param {HTMLElement} stage
   * @param {any} state the API's
   * @param {boolean} isFixed nothing can be changed here
   */
  constructor(stage, state, isFixed) {
    // A page that cannot be read has no size.
    this.page = { width: state.width || 1, height: state.height || 1 };
    this.state = state;
    this.history = new History(documentOf(state));
    /** @type {Doc | null} */
    this.live = null;
    this.isPanning = false;
    this.isGathering = false;
    this.onChange = () => {};
    /** @type {import("./drawing.js").Look} */
    this.look = {
      selected: new Set(),
      tool: "select",
      direction: state.book.direction,
      picked: [],
      shows: { path: true, texts: true, detector: false, model: false },
      draft: null,
      guides: [],
      isFixed,
    };
    const svg = /** @type {SVGSVGElement} */ (stage.querySelector("svg"));
    this.drawing = new Drawing(svg, this.page, (id) => {
      if (!this.look.selected.has(id)) this.select([id], { from: "page", focuses: false });
      const item = this.find(id);
      if (item) this.view.reveal(item.box);
    });
    this.view = new Viewport(svg, this.page);
    this.lists = new Lists(this);
    this.view.onChange = () => this.#soon();
    this.#loadPicture(svg);
    this.draw();
  }

  /** @returns {Doc} */
  get doc() {
    return this.live ?? this.history.doc;
  }

  /** @param {string} id */
  find(id) {
    return [...this.doc.panels, ...this.doc.texts].find((item) => item.id === id) ?? null;
  }

  /** The chosen panels in reading order. */
  get chosenPanels() {
    return this.doc.panels.filter((p) => this.look.selected.has(p.id));
  }

  draw() {
    this.drawing.draw(this.doc, this.state, this.look, this.view.scale);
    this.lists.draw(this.doc, this.look.selected, this.look.isFixed);
    this.onChange();
  }

  #soon() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.drawing.draw(this.doc, this.state, this.look, this.view.scale);
    });
  }

  // ---- choosing

  /**
   * @param {string[]} ids
   * @param {{from?: "page" | "list", focuses?: boolean}} [how]
   */
  select(ids, { from = "page", focuses = true } = {}) {
    this.look.selected = new Set(ids);
    this.draw();
    const only = ids.length === 1 ? ids[0] : "";
    if (!only) return;
    if (from === "page") {
      this.lists.reveal(only, false);
      if (focuses) this.drawing.focus(only);
    } else {
      const item = this.find(only);
      if (item) this.view.reveal(item.box);
    }
  }

  /** Go to the field of a thing. @param {string} id */
  edit(id) {
    this.select([id]);
    this.lists.reveal(id, true);
  }

  /** @param {string} tool */
  take(tool) {
    if (this.look.isFixed && !["select", "pan"].includes(tool)) return;
    if (this.look.tool === "order" && tool !== "order") this.#endOrder();
    this.look.tool = tool;
    this.look.picked = [];
    if (tool !== "select") this.look.selected = new Set(tool === "line" ? this.look.selected : []);
    this.draw();
  }

  // ---- changing; each is one step that can be undone

  /** @param {string} label @param {Doc} doc @param {string} [key] */
  do(label, doc, key = "") {
    if (this.look.isFixed) return;
    this.live = null;
    this.history.do(label, doc, key);
    this.#keepChoice();
    this.draw();
  }

  undo() {
    const label = this.history.undo();
    this.#keepChoice();
    this.draw();
    this.say(label ? `Undone: ${label}` : "Nothing to undo");
    return label !== "";
  }

  redo() {
    const label = this.history.redo();
    this.#keepChoice();
    this.draw();
    this.say(label ? `Done again: ${label}` : "Nothing to do again");
  }

  /** Take a document as the library says it. @param {Doc} doc @param {any} state */
  adopt(doc, state) {
    this.state = state;
    this.look.direction = state.book.direction;
    this.history.adopt(doc);
    this.#keepChoice();
    this.draw();
  }

  /** While dragging: show, do not keep. @param {string} id @param {Box} box @param {"move" | "size"} how */
  shape(id, box, how) {
    const item = /** @type {any} */ (this.history.doc.panels.find((p) => p.id === id) ?? this.find(id));
    let polygon = null;
    if (how === "move" && item.polygon) {
      const [dx, dy] = [box[0] - item.box[0], box[1] - item.box[1]];
      polygon = item.polygon.map((/** @type {number[]} */ p) => [p[0] + dx, p[1] + dy]);
    }
    this.live = changed(this.history.doc, id, "polygon" in item ? { box, polygon } : { box });
    this.#soon();
  }

  /** Keep what was dragged. @param {string} id */
  settle(id) {
    const { live } = this;
    this.look.guides = [];
    this.live = null;
    if (live && JSON.stringify(live) !== JSON.stringify(this.history.doc)) this.do("drag", this.#housed(live, id));
    else this.draw();
  }

  drop() {
    this.live = null;
    this.look.guides = [];
    this.draw();
  }

  /** @param {any} draft */
  preview(draft) {
    this.look.draft = draft;
    if (!draft) this.look.guides = [];
    this.#soon();
  }

  /** @param {string} sort @param {Box} box */
  add(sort, box) {
    const id = newId(sort === "text" ? "t" : "p");
    if (sort === "text") {
      const text = { id, box, text: "", kind: "dialogue", panel: ownerOf(box, this.doc.panels) };
      this.do("draw a text", { ...this.doc, texts: [...this.doc.texts, text] });
      this.take("select");
      this.edit(id);
    } else {
      this.do("draw a panel", withPanel(this.doc, { id, box, polygon: null }, this.look.direction));
      this.look.selected = new Set([id]);
      this.draw();
    }
  }

  remove() {
    const { selected } = this.look;
    if (!selected.size) return;
    const all = [...this.doc.panels, ...this.doc.texts];
    const at = all.findIndex((item) => selected.has(item.id));
    const n = selected.size;
    this.do(n === 1 ? "delete" : `delete ${n} things`, without(this.doc, selected));
    const left = [...this.doc.panels, ...this.doc.texts];
    if (left.length) this.select([left[Math.min(at, left.length - 1)].id]);
  }

  merge() {
    const chosen = this.chosenPanels;
    if (chosen.length < 2) return this.say("Choose two panels or more to merge them: Shift and click, or Shift and space");
    const { doc, id } = merged(this.doc, new Set(chosen.map((p) => p.id)), around(chosen.map((p) => p.box)));
    this.do(`merge ${chosen.length} panels`, doc);
    return this.select([id]);
  }

  /** Cut the chosen panel at its gutter. @param {boolean | null} isAcross null: whichever is clearer */
  split(isAcross = null) {
    const [panel] = this.chosenPanels;
    if (!panel) return this.say("Choose a panel to split it");
    const [x0, y0, x1, y1] = panel.box;
    const isTall = y1 - y0 >= x1 - x0;
    const middle = { isAcross: isAcross ?? isTall, at: (isAcross ?? isTall) ? (y0 + y1) / 2 : (x0 + x1) / 2 };
    const found = (isAcross === null ? this.picture?.gutterOf(panel.box) : this.picture?.gutterAlong(panel.box, isAcross)) ?? middle;
    const from = /** @type {[number, number]} */ (found.isAcross ? [x0, found.at] : [found.at, y0]);
    const to = /** @type {[number, number]} */ (found.isAcross ? [x1, found.at] : [found.at, y1]);
    const parts = panel.polygon ? cut(panel, from, to) : found.isAcross ? cutAcross(panel.box, found.at) : cutDown(panel.box, found.at);
    return this.#replace(panel.id, parts);
  }

  /** @param {[number, number]} from @param {[number, number]} to */
  cutAlong(from, to) {
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) * this.view.scale < 12) return;
    const box = tidy([from[0], from[1], to[0], to[1]], this.page);
    const reach = /** @type {Box} */ ([box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1]);
    const hit = this.chosenPanels[0] ?? [...this.doc.panels].sort((a, b) => shared(b.box, reach) - shared(a.box, reach))[0];
    if (!hit || !shared(hit.box, reach)) return this.say("The line crosses no panel");
    return this.#replace(hit.id, cut(hit, from, to));
  }

  /** @param {string} id @param {number} place from 0 */
  place(id, place) {
    const doc = Number.isFinite(place) ? placed(this.doc, id, Math.round(place)) : this.doc;
    const key = (/** @type {Doc} */ d) => [...d.panels, ...d.texts].map((item) => item.id).join();
    if (key(doc) === key(this.doc)) return this.draw();
    return this.do("change the order", doc);
  }

  /** Order mode: this one is next. @param {string} id */
  pickNext(id) {
    const { look } = this;
    look.picked = look.picked.includes(id) ? look.picked.filter((each) => each !== id) : [...look.picked, id];
    if (look.picked.length === this.doc.panels.length) this.take("select");
    else this.draw();
  }

  #endOrder() {
    const { picked } = this.look;
    if (!picked.length) return;
    const rest = this.doc.panels.filter((p) => !picked.includes(p.id));
    const first = picked.map((id) => this.doc.panels.find((p) => p.id === id)).filter((p) => p !== undefined);
    const panels = [...first, ...rest];
    this.look.picked = [];
    if (panels.some((p, i) => p.id !== this.doc.panels[i].id)) this.do("change the order", { ...this.doc, panels });
  }

  /**
   * Move or size what is chosen by pixels.
   * @param {number} dx
   * @param {number} dy
   * @param {boolean} sizes
   */
  nudge(dx, dy, sizes) {
    let { doc } = this;
    for (const id of this.look.selected) {
      const item = /** @type {any} */ (this.find(id));
      if (!item) continue;
      const [x0, y0, x1, y1] = item.box;
      const box = sizes ? tidy([x0, y0, Math.max(x0 + 4, x1 + dx), Math.max(y0 + 4, y1 + dy)], this.page) : moved(item.box, dx, dy, this.page);
      const shift = sizes ? null : (item.polygon?.map((/** @type {number[]} */ p) => [p[0] + box[0] - x0, p[1] + box[1] - y0]) ?? null);
      if (isUsable(box)) doc = changed(doc, id, "polygon" in item ? { box, polygon: shift } : { box });
    }
    this.do(sizes ? "size" : "move", doc, `${sizes ? "size" : "move"} ${[...this.look.selected].join()}`);
  }

  /**
   * A box whose sides lie on edges nearby: of other boxes, of the page, of the picture.
   * @param {Box} box
   * @param {string[]} sides of w, n, e, s: those that move
   * @param {Set<string>} besides
   * @returns {Box}
   */
  snapped(box, sides, besides) {
    const reach = SNAP / this.view.scale;
    const others = this.doc.panels.filter((p) => !besides.has(p.id)).map((p) => p.box);
    const made = /** @type {Box} */ ([...box]);
    this.look.guides = [];
    for (const side of sides) {
      const isUpright = side === "w" || side === "e";
      const k = { w: 0, n: 1, e: 2, s: 3 }[side] ?? 0;
      const lines = [0, isUpright ? this.page.width : this.page.height, ...others.flatMap((b) => (isUpright ? [b[0], b[2]] : [b[1], b[3]]))];
      const near = lines.reduce((best, line) => (Math.abs(line - box[k]) < Math.abs(best - box[k]) ? line : best), Infinity);
      const [start, end] = isUpright ? [box[1], box[3]] : [box[0], box[2]];
      const at = Math.abs(near - box[k]) <= reach ? near : (this.picture?.edgeNear(isUpright, box[k], start, end, reach) ?? null);
      if (at === null) continue;
      made[k] = Math.round(at);
      this.look.guides.push({ isUpright, at: made[k] });
    }
    const tidied = tidy(made, this.page);
    return isUsable(tidied) ? tidied : box;
  }

  /** Say something in the bar and to a screen reader. @param {string} words */
  say(words) {
    const line = document.getElementById("editor-says");
    if (line) line.textContent = words;
  }

  /** @param {string} id @param {{box: Box, polygon: any}[]} parts */
  #replace(id, parts) {
    if (parts.length < 2) return this.say("The panel cannot be split there");
    const { doc, ids } = replaced(this.doc, id, parts, this.look.direction);
    this.do("split a panel", doc);
    return this.select(ids);
  }

  /** A text that was dragged out of its panel goes to the one it lies in. @param {Doc} doc @param {string} id */
  #housed(doc, id) {
    const text = doc.texts.find((t) => t.id === id);
    const own = text && doc.panels.find((p) => p.id === text.panel);
    if (!text || (own && shared(own.box, text.box) > 0)) return doc;
    return changed(doc, id, { panel: ownerOf(text.box, doc.panels) });
  }

  #keepChoice() {
    const there = new Set([...this.doc.panels, ...this.doc.texts].map((item) => item.id));
    this.look.selected = new Set([...this.look.selected].filter((id) => there.has(id)));
  }

  /** @param {SVGSVGElement} svg */
  #loadPicture(svg) {
    const href = svg.querySelector("image")?.getAttribute("href");
    if (!href) return;
    const image = new Image();
    image.addEventListener("load", () => {
      this.picture = new PagePicture(image, this.page);
    });
    image.addEventListener("error", () => toast("the page's picture cannot be shown; is its file still there?", { kind: "error" }));
    image.src = href;
  }
}
