// A frame over a picture: drawn, moved and resized with mouse, finger or keys.
"use strict";

const LEAST = 0.03;
const STEP = 0.02;

/** @typedef {{x0: number, y0: number, x1: number, y1: number}} Frame fractions of the picture */

/**
 * Let somebody choose a part of a picture.
 * @param {string} address of the picture
 * @param {number[] | null} now the part that is chosen
 * @returns {Promise<number[] | null | undefined>} x0, y0, x1, y1; null for all of it; undefined when they gave up
 */
export function chooseRegion(address, now) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("region"));
  const stage = /** @type {HTMLElement} */ (dialog.querySelector("[data-stage]"));
  const shape = /** @type {HTMLElement} */ (dialog.querySelector("[data-frame]"));
  const picture = /** @type {HTMLImageElement} */ (dialog.querySelector("[data-region-picture]"));
  const ending = new AbortController();
  const { signal } = ending;
  const [x0, y0, x1, y1] = now ?? [0.1, 0.1, 0.9, 0.9];
  /** @type {Frame} */
  let frame = { x0, y0, x1, y1 };

  /** @param {Frame} next */
  const set = (next) => {
    frame = next;
    shape.style.left = `${frame.x0 * 100}%`;
    shape.style.top = `${frame.y0 * 100}%`;
    shape.style.width = `${(frame.x1 - frame.x0) * 100}%`;
    shape.style.height = `${(frame.y1 - frame.y0) * 100}%`;
    shape.setAttribute("aria-label", `Part of the picture: from ${percent(frame.x0)} to ${percent(frame.x1)} across, ${percent(frame.y0)} to ${percent(frame.y1)} down`);
  };

  listenToPointer(stage, () => frame, set, signal);
  shape.addEventListener("keydown", (event) => {
    const next = moved(frame, event);
    if (!next) return;
    event.preventDefault();
    set(next);
  }, { signal });
  picture.src = address;
  set(frame);
  dialog.showModal();
  shape.focus();

  return new Promise((resolve) => {
    /** @param {number[] | null | undefined} answer */
    const finish = (answer) => {
      ending.abort();
      dialog.close();
      resolve(answer);
    };
    const on = (/** @type {string} */ name, /** @type {() => void} */ run) =>
      dialog.querySelector(`[data-region-${name}]`)?.addEventListener("click", run, { signal });
    on("go", () => finish([frame.x0, frame.y0, frame.x1, frame.y1]));
    on("all", () => finish(null));
    on("cancel", () => finish(undefined));
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      finish(undefined);
    }, { signal });
  });
}

/** @param {number} fraction */
function percent(fraction) {
  return `${Math.round(fraction * 100)} %`;
}

/** @param {number} value */
function within(value) {
  return Math.min(1, Math.max(0, value));
}

/**
 * What a key makes of a frame: arrows move it, with Shift they move its lower right corner.
 * @param {Frame} frame
 * @param {KeyboardEvent} event
 * @returns {Frame | null}
 */
function moved(frame, event) {
  const steps = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
  const by = Object.hasOwn(steps, event.key) ? steps[/** @type {keyof typeof steps} */ (event.key)] : null;
  if (!by) return null;
  const [dx, dy] = by;
  if (event.shiftKey) {
    return { ...frame, x1: Math.max(frame.x0 + LEAST, within(frame.x1 + dx)), y1: Math.max(frame.y0 + LEAST, within(frame.y1 + dy)) };
  }
  return shifted(frame, dx, dy);
}

/**
 * @param {Frame} frame
 * @param {number} dx
 * @param {number} dy
 * @returns {Frame}
 */
function shifted(frame, dx, dy) {
  const x = Math.min(Math.max(dx, -frame.x0), 1 - frame.x1);
  const y = Math.min(Math.max(dy, -frame.y0), 1 - frame.y1);
  return { x0: frame.x0 + x, y0: frame.y0 + y, x1: frame.x1 + x, y1: frame.y1 + y };
}

/**
 * Draw a new frame, move the one there is, or pull at its corners.
 * @param {HTMLElement} stage
 * @param {() => Frame} get
 * @param {(frame: Frame) => void} set
 * @param {AbortSignal} signal
 */
function listenToPointer(stage, get, set, signal) {
  /** @type {((x: number, y: number) => void) | null} */
  let drag = null;
  const place = (/** @type {PointerEvent} */ event) => {
    const box = stage.getBoundingClientRect();
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !(event.target instanceof Element)) return;
    const [x, y] = place(event);
    const corner = event.target.closest("[data-corner]")?.getAttribute("data-corner");
    drag = corner ? pull(get(), corner, set) : event.target.closest("[data-frame]") ? carry(get(), x, y, set) : draw(x, y, set);
    stage.setPointerCapture(event.pointerId);
    event.preventDefault();
  }, { signal });
  stage.addEventListener("pointermove", (event) => {
    if (drag) drag(...(/** @type {[number, number]} */ (place(event))));
  }, { signal });
  for (const name of ["pointerup", "pointercancel"]) {
    stage.addEventListener(name, () => {
      drag = null;
    }, { signal });
  }
}

/**
 * @param {Frame} frame
 * @param {string} corner
 * @param {(frame: Frame) => void} set
 */
function pull(frame, corner, set) {
  return (/** @type {number} */ x, /** @type {number} */ y) => {
    const next = { ...frame };
    if (corner.includes("w")) next.x0 = Math.min(x, frame.x1 - LEAST);
    else next.x1 = Math.max(x, frame.x0 + LEAST);
    if (corner.includes("n")) next.y0 = Math.min(y, frame.y1 - LEAST);
    else next.y1 = Math.max(y, frame.y0 + LEAST);
    set(next);
  };
}

/**
 * @param {Frame} frame
 * @param {number} startX
 * @param {number} startY
 * @param {(frame: Frame) => void} set
 */
function carry(frame, startX, startY, set) {
  return (/** @type {number} */ x, /** @type {number} */ y) => set(shifted(frame, x - startX, y - startY));
}

/**
 * @param {number} startX
 * @param {number} startY
 * @param {(frame: Frame) => void} set
 */
function draw(startX, startY, set) {
  return (/** @type {number} */ x, /** @type {number} */ y) => {
    const x0 = Math.min(Math.min(startX, x), 1 - LEAST);
    const y0 = Math.min(Math.min(startY, y), 1 - LEAST);
    set({ x0, y0, x1: Math.max(Math.max(startX, x), x0 + LEAST), y1: Math.max(Math.max(startY, y), y0 + LEAST) });
  };
}
