// Mouse, pen and fingers on the page: choose, move, size, draw, cut, put in order, pan and pinch.

import { HANDLES } from "./drawing.js";
import { holds, moved, tidy, isUsable, area } from "./geometry.js";

/**
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Point} Point
 */

const GRIP = { mouse: 11, pen: 14, touch: 24 }; // screen pixels around a handle
const SLACK = 4; // screen pixels that are no movement yet

/**
 * The thing at a point: the smallest that holds it, texts before panels.
 * @param {import("./document.js").Doc} doc
 * @param {Point} p
 * @param {boolean} withTexts
 */
export function thingAt(doc, p, withTexts) {
  const inBox = (/** @type {{box: Box}} */ t) => p[0] >= t.box[0] && p[0] <= t.box[2] && p[1] >= t.box[1] && p[1] <= t.box[3];
  const smallest = (/** @type {any[]} */ found) => found.sort((a, b) => area(a.box) - area(b.box))[0] ?? null;
  const text = withTexts ? smallest(doc.texts.filter(inBox)) : null;
  if (text) return text;
  return smallest(doc.panels.filter((panel) => inBox(panel) && (!panel.polygon || holds(p, panel.polygon))));
}

/**
 * @param {any} editor
 * @param {HTMLElement} surface
 */
export function listenToPointers(editor, surface) {
  /** @type {Map<number, PointerEvent>} */
  const down = new Map();
  /** @type {any} */
  let gesture = null;

  surface.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    surface.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event);
    if (down.size === 2) {
      gesture?.cancel?.();
      gesture = pinch(editor, down);
      return;
    }
    event.preventDefault();
    gesture = begin(editor, event);
  });
  surface.addEventListener("pointermove", (event) => {
    if (!down.has(event.pointerId)) {
      if (!down.size) surface.style.cursor = cursorAt(editor, event);
      return;
    }
    down.set(event.pointerId, event);
    gesture?.move?.(event, down);
  });
  const end = (/** @type {PointerEvent} */ event) => {
    if (!down.delete(event.pointerId)) return;
    if (event.type === "pointercancel") gesture?.cancel?.();
    else gesture?.end?.(event);
    gesture = null;
  };
  surface.addEventListener("pointerup", end);
  surface.addEventListener("pointercancel", end);
  surface.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 24 : 1;
      if (event.ctrlKey || event.metaKey) editor.view.zoom(Math.exp(-event.deltaY * unit * 0.0035), event.clientX, event.clientY);
      else if (event.shiftKey) editor.view.pan(-event.deltaY * unit, 0);
      else editor.view.pan(-event.deltaX * unit, -event.deltaY * unit);
    },
    { passive: false },
  );
  surface.addEventListener("dblclick", (event) => {
    const thing = thingAt(editor.doc, editor.view.toPage(event), editor.look.shows.texts);
    if (thing) editor.edit(thing.id);
  });
}

/** @param {any} editor @param {PointerEvent} event */
function begin(editor, event) {
  const { look } = editor;
  if (event.button === 1 || editor.isPanning || look.tool === "pan") return pan(editor, event);
  const start = editor.view.toPage(event);
  if (look.tool === "order") return pick(editor, start);
  if (!look.isFixed && (look.tool === "panel" || look.tool === "text")) return drawBox(editor, start, look.tool);
  if (!look.isFixed && look.tool === "line") return drawLine(editor, start);
  const grip = handleAt(editor, event, start);
  if (grip) return size(editor, grip);
  const thing = thingAt(editor.doc, start, look.shows.texts);
  if (!thing) {
    if (!event.shiftKey) editor.select([]);
    return pan(editor, event);
  }
  const adds = event.shiftKey || event.ctrlKey || event.metaKey || editor.isGathering;
  const isChosen = look.selected.has(thing.id);
  if (adds) {
    editor.select(isChosen ? [...look.selected].filter((id) => id !== thing.id) : [...look.selected, thing.id]);
    return null;
  }
  // A finger on a panel that is not chosen pans, so that a page can be read by touch.
  if (event.pointerType === "touch" && !isChosen) return tapOrPan(editor, event, thing.id);
  editor.select([thing.id]);
  return look.isFixed ? pan(editor, event) : carry(editor, thing, event, start);
}

/** @param {any} editor @param {PointerEvent} event */
function pan(editor, event) {
  let last = event;
  return {
    move(/** @type {PointerEvent} */ now) {
      editor.view.pan(now.clientX - last.clientX, now.clientY - last.clientY);
      last = now;
    },
  };
}

/** @param {any} editor @param {PointerEvent} event @param {string} id */
function tapOrPan(editor, event, id) {
  const panning = pan(editor, event);
  let hasMoved = false;
  return {
    move(/** @type {PointerEvent} */ now) {
      hasMoved ||= Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY) > 2 * SLACK;
      if (hasMoved) panning.move(now);
    },
    end() {
      if (!hasMoved) editor.select([id]);
    },
  };
}

/** @param {any} editor @param {Map<number, PointerEvent>} down */
function pinch(editor, down) {
  const spread = () => {
    const [a, b] = [...down.values()];
    return {
      far: Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY)),
      x: (a.clientX + b.clientX) / 2,
      y: (a.clientY + b.clientY) / 2,
    };
  };
  let last = spread();
  return {
    move() {
      if (down.size < 2) return;
      const now = spread();
      editor.view.pan(now.x - last.x, now.y - last.y);
      editor.view.zoom(now.far / last.far, now.x, now.y);
      last = now;
    },
  };
}

/** @param {any} editor @param {Point} start */
function pick(editor, start) {
  const thing = thingAt(editor.doc, start, false);
  if (thing) editor.pickNext(thing.id);
  return null;
}

/** @param {any} editor @param {Point} start @param {string} sort */
function drawBox(editor, start, sort) {
  /** @type {Box | null} */
  let box = null;
  return {
    move(/** @type {PointerEvent} */ now) {
      const end = editor.view.toPage(now);
      const raw = tidy([start[0], start[1], end[0], end[1]], editor.page);
      box = now.altKey ? raw : editor.snapped(raw, ["w", "n", "e", "s"], new Set());
      editor.preview({ box });
    },
    end() {
      editor.preview(null);
      if (box && isUsable(box)) editor.add(sort, box);
    },
    cancel: () => editor.preview(null),
  };
}

/** @param {any} editor @param {Point} start */
function drawLine(editor, start) {
  /** @type {Point} */
  let end = start;
  return {
    move(/** @type {PointerEvent} */ now) {
      end = editor.view.toPage(now);
      if (now.shiftKey) end = Math.abs(end[0] - start[0]) > Math.abs(end[1] - start[1]) ? [end[0], start[1]] : [start[0], end[1]];
      editor.preview({ line: [start, end] });
    },
    end() {
      editor.preview(null);
      editor.cutAlong(start, end);
    },
    cancel: () => editor.preview(null),
  };
}

/**
 * Move what is chosen.
 * @param {any} editor
 * @param {any} thing
 * @param {PointerEvent} event
 * @param {Point} start
 */
function carry(editor, thing, event, start) {
  let hasMoved = false;
  return {
    move(/** @type {PointerEvent} */ now) {
      hasMoved ||= Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY) > SLACK;
      if (!hasMoved) return;
      const at = editor.view.toPage(now);
      const box = moved(thing.box, Math.round(at[0] - start[0]), Math.round(at[1] - start[1]), editor.page);
      editor.shape(thing.id, box, "move");
    },
    end() {
      editor.settle(thing.id);
    },
    cancel: () => editor.drop(),
  };
}

/** @param {any} editor @param {{id: string, name: string, box: Box}} grip */
function size(editor, grip) {
  return {
    move(/** @type {PointerEvent} */ now) {
      const [x, y] = editor.view.toPage(now);
      const { name } = grip;
      const raw = tidy(
        [
          name.includes("w") ? Math.min(x, grip.box[2] - 4) : grip.box[0],
          name.includes("n") ? Math.min(y, grip.box[3] - 4) : grip.box[1],
          name.includes("e") ? Math.max(x, grip.box[0] + 4) : grip.box[2],
          name.includes("s") ? Math.max(y, grip.box[1] + 4) : grip.box[3],
        ],
        editor.page,
      );
      const box = now.altKey ? raw : editor.snapped(raw, [...name], new Set([grip.id]));
      editor.shape(grip.id, box, "size");
    },
    end() {
      editor.settle(grip.id);
    },
    cancel: () => editor.drop(),
  };
}

/** @param {any} editor @param {PointerEvent} event @param {Point} p */
function handleAt(editor, event, p) {
  const { look } = editor;
  if (look.isFixed || look.tool !== "select" || look.selected.size !== 1) return null;
  const id = [...look.selected][0];
  const item = editor.find(id);
  if (!item) return null;
  const reach = (GRIP[/** @type {"mouse"} */ (event.pointerType)] ?? GRIP.mouse) / editor.view.scale;
  const [x0, y0, x1, y1] = item.box;
  let best = null;
  let least = reach;
  for (const name of HANDLES) {
    const x = name.includes("w") ? x0 : name.includes("e") ? x1 : (x0 + x1) / 2;
    const y = name.includes("n") ? y0 : name.includes("s") ? y1 : (y0 + y1) / 2;
    const far = Math.hypot(p[0] - x, p[1] - y);
    if (far < least) [best, least] = [name, far];
  }
  best ??= edgeAt(p, item.box, reach * 0.6);
  return best ? { id, name: best, box: item.box } : null;
}

/** A border can be dragged anywhere. @param {Point} p @param {Box} box @param {number} reach */
function edgeAt([x, y], [x0, y0, x1, y1], reach) {
  const beside = y > y0 - reach && y < y1 + reach;
  const between = x > x0 - reach && x < x1 + reach;
  if (beside && Math.abs(x - x0) < reach) return "w";
  if (beside && Math.abs(x - x1) < reach) return "e";
  if (between && Math.abs(y - y0) < reach) return "n";
  if (between && Math.abs(y - y1) < reach) return "s";
  return null;
}

/** @param {any} editor @param {PointerEvent} event */
function cursorAt(editor, event) {
  const { look } = editor;
  if (editor.isPanning || look.tool === "pan") return "grab";
  if (look.tool === "panel" || look.tool === "text" || look.tool === "line") return "crosshair";
  const p = editor.view.toPage(event);
  const grip = handleAt(editor, event, p);
  if (grip) return `${grip.name}-resize`;
  const thing = thingAt(editor.doc, p, look.shows.texts);
  if (!thing) return "default";
  return look.selected.has(thing.id) && look.tool === "select" && !look.isFixed ? "move" : "pointer";
}
