// The camera's arithmetic. A view is what the middle of the window looks at: a point of the sheet
// (x, y, in the sheet's own CSS pixels) and how many times its size the sheet is shown (zoom).

/** @typedef {{x: number, y: number, zoom: number}} View */
/** @typedef {{width: number, height: number}} Size */

/** @param {View} view @param {Size} win @returns {string} a CSS transform; its origin is the top left corner */
export function transformOf(view, win) {
  const x = win.width / 2 - view.x * view.zoom;
  const y = win.height / 2 - view.y * view.zoom;
  return `translate(${x.toFixed(2)}px, ${y.toFixed(2)}px) scale(${view.zoom.toFixed(5)})`;
}

/** Where a point of the sheet is in the window. @param {View} view @param {Size} win */
export function toWindow(view, win, x, y) {
  return { x: win.width / 2 + (x - view.x) * view.zoom, y: win.height / 2 + (y - view.y) * view.zoom };
}

/** Which point of the sheet is at a place of the window. @param {View} view @param {Size} win */
export function toSheet(view, win, x, y) {
  return { x: view.x + (x - win.width / 2) / view.zoom, y: view.y + (y - win.height / 2) / view.zoom };
}

/** Keep a view from leaving the sheet: what fits is centred. @param {View} view @param {Size} sheet @param {Size} win @returns {View} */
export function kept(view, sheet, win) {
  return {
    x: keptAlong(view.x, sheet.width, win.width / view.zoom),
    y: keptAlong(view.y, sheet.height, win.height / view.zoom),
    zoom: view.zoom,
  };
}

function keptAlong(at, size, seen) {
  if (size <= seen) return size / 2;
  return Math.min(Math.max(at, seen / 2), size - seen / 2);
}

/** Zoom by a factor so that the place of the window under the fingers stays. @param {View} view @param {Size} win @returns {View} */
export function zoomedAt(view, win, factor, atX, atY) {
  const held = toSheet(view, win, atX, atY);
  const zoom = view.zoom * factor;
  return { x: held.x - (atX - win.width / 2) / zoom, y: held.y - (atY - win.height / 2) / zoom, zoom };
}
