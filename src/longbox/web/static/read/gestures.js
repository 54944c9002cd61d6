// Fingers, pen and mouse on the stage, as taps, drags, pinches and wheel steps.
//
// A mouse that goes down on lettering selects it, so that is no drag. A finger drags everywhere;
// holding it still on lettering selects, which the browser does by itself.

const SLOP = 8; // CSS pixels that a finger may tremble
const TAP_MS = 500;
const DOUBLE_MS = 240;
const DOUBLE_APART = 40;
const WHEEL_STEP = 60;
const WHEEL_REST_MS = 260;

/**
 * @typedef {object} Gestures
 * @property {(x: number, y: number, isTouch: boolean) => void} tap
 * @property {(x: number, y: number, isTouch: boolean) => boolean} waitsForSecond whether a tap here may be the first of two
 * @property {(x: number, y: number) => void} doubleTap
 * @property {(isTouch: boolean) => void} dragStart
 * @property {(dx: number, dy: number) => void} drag
 * @property {(dx: number, dy: number, vx: number, vy: number) => void} dragEnd
 * @property {(factor: number, x: number, y: number) => void} zoom
 * @property {(dx: number, dy: number) => boolean} wheelPan whether the wheel moved something
 * @property {(step: 1 | -1) => void} wheelStep
 */

/** @param {HTMLElement} element @param {Gestures} on */
export function listenTo(element, on) {
  const fingers = new Fingers(element, on);
  element.addEventListener("pointerdown", (event) => fingers.down(event));
  element.addEventListener("pointermove", (event) => fingers.move(event));
  element.addEventListener("pointerup", (event) => fingers.up(event));
  element.addEventListener("pointercancel", (event) => fingers.cancel(event));
  element.addEventListener("wheel", wheelReader(on), { passive: false });
}

class Fingers {
  /** @param {HTMLElement} element @param {Gestures} on */
  constructor(element, on) {
    this.element = element;
    this.on = on;
    /** @type {Map<number, {x: number, y: number}>} */
    this.held = new Map();
    /** @type {{x: number, y: number, at: number, isDrag: boolean, isTouch: boolean, mayDrag: boolean} | null} */
    this.start = null;
    this.spread = 0;
    this.trail = [];
    /** @type {{x: number, y: number, timer: number} | null} */
    this.tapped = null;
  }

  /** @param {PointerEvent} event */
  down(event) {
    const target = /** @type {Element} */ (event.target);
    if (event.button !== 0 || target.closest("a, button, input")) return;
    this.held.set(event.pointerId, at(event));
    if (this.held.size === 2) {
      this.endDrag();
      this.start = null;
      this.spread = this.apart();
      return;
    }
    const isTouch = event.pointerType !== "mouse";
    const mayDrag = isTouch || !target.closest(".text");
    this.start = { ...at(event), at: event.timeStamp, isDrag: false, isTouch, mayDrag };
    this.trail = [{ ...at(event), at: event.timeStamp }];
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (!this.held.has(event.pointerId)) return;
    this.held.set(event.pointerId, at(event));
    if (this.held.size === 2) {
      this.pinch();
      return;
    }
    const { start } = this;
    if (!start?.mayDrag) return;
    const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
    if (!start.isDrag && Math.hypot(dx, dy) > SLOP && !hasSelection()) {
      start.isDrag = true;
      this.element.setPointerCapture(event.pointerId);
      this.on.dragStart(start.isTouch);
    }
    if (!start.isDrag) return;
    this.trail.push({ ...at(event), at: event.timeStamp });
    if (this.trail.length > 6) this.trail.shift();
    this.on.drag(dx, dy);
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (!this.held.delete(event.pointerId)) return;
    const { start } = this;
    if (!start) return;
    if (start.isDrag) this.endDrag();
    else if (event.timeStamp - start.at < TAP_MS && Math.hypot(event.clientX - start.x, event.clientY - start.y) <= SLOP) this.tap(start);
    this.start = null;
  }

  /** @param {PointerEvent} event */
  cancel(event) {
    this.held.delete(event.pointerId);
    this.endDrag();
    this.start = null;
  }

  endDrag() {
    const { start } = this;
    if (!start?.isDrag) return;
    start.isDrag = false;
    const [first, last] = [this.trail[0], this.trail[this.trail.length - 1]];
    const time = Math.max(last.at - first.at, 1);
    this.on.dragEnd(last.x - start.x, last.y - start.y, (last.x - first.x) / time, (last.y - first.y) / time);
  }

  tap({ x, y, isTouch }) {
    if (hasSelection()) {
      getSelection()?.removeAllRanges();
      return;
    }
    const before = this.tapped;
    this.tapped = null;
    if (before) {
      clearTimeout(before.timer);
      if (Math.hypot(before.x - x, before.y - y) < DOUBLE_APART) {
        this.on.doubleTap(x, y);
        return;
      }
      this.on.tap(before.x, before.y, isTouch);
    }
    if (!this.on.waitsForSecond(x, y, isTouch)) {
      this.on.tap(x, y, isTouch);
      return;
    }
    const timer = setTimeout(() => {
      this.tapped = null;
      this.on.tap(x, y, isTouch);
    }, DOUBLE_MS);
    this.tapped = { x, y, timer };
  }

  apart() {
    const [a, b] = [...this.held.values()];
    return Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1);
  }

  pinch() {
    const [a, b] = [...this.held.values()];
    const apart = this.apart();
    this.on.zoom(apart / this.spread, (a.x + b.x) / 2, (a.y + b.y) / 2);
    this.spread = apart;
  }
}

/** @param {PointerEvent} event */
function at(event) {
  return { x: event.clientX, y: event.clientY };
}

function hasSelection() {
  return getSelection()?.isCollapsed === false;
}

/** @param {Gestures} on @returns {(event: WheelEvent) => void} */
function wheelReader(on) {
  let gathered = 0;
  let restedAt = 0;
  return (event) => {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 20 : 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.ctrlKey) {
      on.zoom(Math.exp(-dy / 300), event.clientX, event.clientY);
      return;
    }
    if (on.wheelPan(dx, dy)) {
      restedAt = event.timeStamp + WHEEL_REST_MS;
      return;
    }
    if (event.timeStamp < restedAt) return;
    gathered = Math.sign(gathered) === Math.sign(dy) ? gathered + dy : dy;
    if (Math.abs(gathered) < WHEEL_STEP) return;
    on.wheelStep(gathered > 0 ? 1 : -1);
    gathered = 0;
    restedAt = event.timeStamp + WHEEL_REST_MS;
  };
}
