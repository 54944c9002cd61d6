// Mouse, touch, wheel and keys over a map become what people mean: pan, zoom, draw, point, choose.

const TAP_AT_MOST = 6; // CSS pixels that a finger may slip
const KEY_STEP = 60; // CSS pixels
const KEY_ZOOM = 1.4;
const LINE_STEP = 3; // CSS pixels between corners of a lasso

/**
 * @typedef {{
 *   pan: (dx: number, dy: number) => void,
 *   zoom: (factor: number, x?: number, y?: number) => void,
 *   fit: () => void,
 *   hover: (x: number, y: number) => void,
 *   leave: () => void,
 *   tap: (x: number, y: number, event: PointerEvent) => void,
 *   draw: (line: number[], isBox: boolean) => void,
 *   drawn: (line: number[], isBox: boolean, isAdded: boolean) => void,
 *   key: (key: string) => boolean,
 * }} Meanings line: x and y of corners in CSS pixels; of a box, two corners
 */

export class Gestures {
  /**
   * @param {HTMLElement} field
   * @param {() => string} mode move, box or lasso
   * @param {Meanings} meanings
   */
  constructor(field, mode, meanings) {
    this.field = field;
    this.mode = mode;
    this.meanings = meanings;
    /** Fingers, pens and the mouse that are down. @type {Map<number, {x: number, y: number}>} */
    this.down = new Map();
    /** @type {number[] | null} */
    this.line = null;
    this.isBox = false;
    this.slipped = 0;
    field.addEventListener("pointerdown", (event) => this.press(event));
    field.addEventListener("pointermove", (event) => this.move(event));
    field.addEventListener("pointerup", (event) => this.release(event));
    field.addEventListener("pointercancel", (event) => this.cancel(event));
    field.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") this.meanings.leave(); // a lifted finger leaves too
    });
    field.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    field.addEventListener("keydown", (event) => this.pressKey(event));
  }

  /** @param {MouseEvent} event */
  place(event) {
    const box = this.field.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0 || isControl(event.target)) return;
    const at = this.place(event);
    this.field.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, at);
    this.slipped = this.down.size > 1 ? Infinity : 0;
    const mode = event.shiftKey && this.mode() === "move" ? "box" : this.mode();
    this.isBox = mode === "box";
    this.line = mode !== "move" && this.down.size === 1 ? [at.x, at.y] : null;
    if (this.down.size > 1) this.meanings.draw([], false);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const at = this.place(event);
    const before = this.down.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch" && !isControl(event.target)) this.meanings.hover(at.x, at.y);
      return;
    }
    this.slipped += Math.hypot(at.x - before.x, at.y - before.y);
    if (this.down.size === 2) this.pinch(event.pointerId, before, at);
    else if (this.line) this.extend(at);
    else if (this.slipped > TAP_AT_MOST) this.meanings.pan(at.x - before.x, at.y - before.y);
    this.down.set(event.pointerId, at);
  }

  /**
   * @param {number} moved
   * @param {{x: number, y: number}} before
   * @param {{x: number, y: number}} at
   */
  pinch(moved, before, at) {
    const other = [...this.down].find(([id]) => id !== moved)?.[1];
    if (!other) return;
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(at.x - other.x, at.y - other.y);
    this.meanings.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
    if (was > 1) this.meanings.zoom(is / was, (at.x + other.x) / 2, (at.y + other.y) / 2);
  }

  /** @param {{x: number, y: number}} at */
  extend(at) {
    const line = this.line ?? [];
    if (this.isBox) this.line = [line[0], line[1], at.x, at.y];
    else if (Math.hypot(at.x - (line.at(-2) ?? 0), at.y - (line.at(-1) ?? 0)) >= LINE_STEP) line.push(at.x, at.y);
    if (this.slipped > TAP_AT_MOST) this.meanings.draw(this.line ?? [], this.isBox);
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (!this.down.delete(event.pointerId)) return;
    const { line } = this;
    const at = this.place(event);
    if (this.slipped <= TAP_AT_MOST) this.meanings.tap(at.x, at.y, event);
    else if (line && line.length >= 4) this.meanings.drawn(line, this.isBox, event.shiftKey || event.ctrlKey);
    this.line = null;
    this.meanings.draw([], false);
  }

  /** @param {PointerEvent} event */
  cancel(event) {
    this.down.delete(event.pointerId);
    this.line = null;
    this.meanings.draw([], false);
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const { x, y } = this.place(event);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 33 : event.deltaY;
    this.meanings.zoom(Math.exp(-Math.max(-120, Math.min(120, lines)) / 260), x, y);
  }

  /** @param {KeyboardEvent} event */
  pressKey(event) {
    if (event.target !== this.field || event.ctrlKey || event.metaKey || event.altKey) return;
    const { meanings } = this;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => meanings.pan(KEY_STEP, 0),
      ArrowRight: () => meanings.pan(-KEY_STEP, 0),
      ArrowUp: () => meanings.pan(0, KEY_STEP),
      ArrowDown: () => meanings.pan(0, -KEY_STEP),
      "+": () => meanings.zoom(KEY_ZOOM),
      "=": () => meanings.zoom(KEY_ZOOM),
      "-": () => meanings.zoom(1 / KEY_ZOOM),
      0: () => meanings.fit(),
    };
    const run = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    if (run) run();
    if (meanings.key(event.key) || run) event.preventDefault();
  }
}

/** @param {EventTarget | null} target */
function isControl(target) {
  return target instanceof Element && target.closest("a, button, input, summary") !== null;
}
