// Boxes and outlines in page pixels: pure functions, nothing of the page is touched.
// A box is [x0, y0, x1, y1]; an outline a list of [x, y].

/** @typedef {[number, number, number, number]} Box */
/** @typedef {[number, number]} Point */

export const LEAST_SIDE = 4;

/** @param {Box} box */
export const width = (box) => box[2] - box[0];
/** @param {Box} box */
export const height = (box) => box[3] - box[1];
/** @param {Box} box */
export const area = (box) => Math.max(0, width(box)) * Math.max(0, height(box));

/**
 * A box with its corners in order, whole pixels, on the page.
 * @param {Box} box
 * @param {{width: number, height: number}} page
 * @returns {Box}
 */
export function tidy(box, page) {
  const clamp = (/** @type {number} */ v, /** @type {number} */ most) => Math.min(Math.max(Math.round(v), 0), most);
  const xs = [clamp(box[0], page.width), clamp(box[2], page.width)].sort((a, b) => a - b);
  const ys = [clamp(box[1], page.height), clamp(box[3], page.height)].sort((a, b) => a - b);
  return [xs[0], ys[0], xs[1], ys[1]];
}

/** @param {Box} box */
export const isUsable = (box) => width(box) >= LEAST_SIDE && height(box) >= LEAST_SIDE;

/**
 * @param {Box} box
 * @param {number} dx
 * @param {number} dy
 * @param {{width: number, height: number}} page
 * @returns {Box} moved, its size kept, on the page
 */
export function moved(box, dx, dy, page) {
  const x = Math.min(Math.max(box[0] + dx, 0), Math.max(0, page.width - width(box)));
  const y = Math.min(Math.max(box[1] + dy, 0), Math.max(0, page.height - height(box)));
  return [x, y, x + width(box), y + height(box)];
}

/**
 * @param {Box[]} boxes at least one
 * @returns {Box} the smallest around all
 */
export function around(boxes) {
  return [
    Math.min(...boxes.map((b) => b[0])),
    Math.min(...boxes.map((b) => b[1])),
    Math.max(...boxes.map((b) => b[2])),
    Math.max(...boxes.map((b) => b[3])),
  ];
}

/**
 * @param {Box} a
 * @param {Box} b
 */
export function shared(a, b) {
  return (
    Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) *
    Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]))
  );
}

/**
 * @param {Box} box
 * @returns {Point[]}
 */
export const corners = (box) => [
  [box[0], box[1]],
  [box[2], box[1]],
  [box[2], box[3]],
  [box[0], box[3]],
];

/**
 * @param {Point[]} points
 * @returns {Box}
 */
export const bounds = (points) => [
  Math.min(...points.map((p) => p[0])),
  Math.min(...points.map((p) => p[1])),
  Math.max(...points.map((p) => p[0])),
  Math.max(...points.map((p) => p[1])),
];

/**
 * The two parts of a panel on both sides of a line. A line that is nearly level or upright cuts a
 * plain box into plain boxes; a slanted one leaves outlines.
 * @param {{box: Box, polygon: Point[] | null}} panel
 * @param {Point} from
 * @param {Point} to
 * @returns {{box: Box, polygon: Point[] | null}[]} one part where the line misses it
 */
export function cut(panel, from, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const slant = Math.min(Math.abs(dx), Math.abs(dy)) / Math.max(Math.abs(dx), Math.abs(dy), 1);
  if (slant < 0.06 && !panel.polygon) {
    return Math.abs(dx) > Math.abs(dy)
      ? cutAcross(panel.box, (from[1] + to[1]) / 2)
      : cutDown(panel.box, (from[0] + to[0]) / 2);
  }
  const outline = panel.polygon ?? corners(panel.box);
  const side = (/** @type {Point} */ p) => dx * (p[1] - from[1]) - dy * (p[0] - from[0]);
  const parts = [1, -1]
    .map((sign) => halfOf(outline, (p) => sign * side(p)))
    .filter((points) => points.length >= 3)
    .map((points) => points.map(([x, y]) => /** @type {Point} */ ([Math.round(x), Math.round(y)])))
    .map((points) => ({ box: bounds(points), polygon: points }))
    .filter((part) => isUsable(part.box));
  return parts.length === 2 ? parts : [panel];
}

/**
 * @param {Box} box
 * @param {number} y
 * @returns {{box: Box, polygon: null}[]}
 */
export function cutAcross(box, y) {
  const at = Math.round(y);
  return pieces(box, [box[0], box[1], box[2], at], [box[0], at, box[2], box[3]]);
}

/**
 * @param {Box} box
 * @param {number} x
 * @returns {{box: Box, polygon: null}[]}
 */
export function cutDown(box, x) {
  const at = Math.round(x);
  return pieces(box, [box[0], box[1], at, box[3]], [at, box[1], box[2], box[3]]);
}

/**
 * @param {Box} whole
 * @param {Box} first
 * @param {Box} second
 */
function pieces(whole, first, second) {
  const parts = isUsable(first) && isUsable(second) ? [first, second] : [whole];
  return parts.map((box) => ({ box, polygon: null }));
}

/**
 * @param {Point[]} outline
 * @param {(p: Point) => number} side positive inside
 */
function halfOf(outline, side) {
  /** @type {Point[]} */
  const kept = [];
  outline.forEach((p, i) => {
    const q = outline[(i + 1) % outline.length];
    const [a, b] = [side(p), side(q)];
    if (a >= 0) kept.push(p);
    if (a * b < 0) kept.push([p[0] + ((q[0] - p[0]) * a) / (a - b), p[1] + ((q[1] - p[1]) * a) / (a - b)]);
  });
  return kept;
}

/**
 * Put the parts of a panel into reading order.
 * @param {{box: Box}[]} parts
 * @param {string} direction ltr, rtl or ttb
 */
export function inOrder(parts, direction) {
  const sign = direction === "rtl" ? -1 : 1;
  return [...parts].sort((a, b) => {
    const overlap = Math.min(a.box[3], b.box[3]) - Math.max(a.box[1], b.box[1]);
    const isBeside = overlap > 0.5 * Math.min(height(a.box), height(b.box));
    return isBeside ? sign * (a.box[0] - b.box[0]) : a.box[1] - b.box[1];
  });
}

/**
 * The panel that holds most of a text's box, or null.
 * @param {Box} box
 * @param {{id: string, box: Box}[]} panels
 */
export function ownerOf(box, panels) {
  let best = null;
  let most = 0;
  for (const panel of panels) {
    const held = shared(box, panel.box);
    if (held > most) [best, most] = [panel, held];
  }
  return best?.id ?? null;
}

/**
 * Whether a point lies in an outline.
 * @param {Point} p
 * @param {Point[]} outline
 */
export function holds(p, outline) {
  let inside = false;
  outline.forEach((a, i) => {
    const b = outline[(i + 1) % outline.length];
    const crosses = a[1] > p[1] !== b[1] > p[1];
    if (crosses && p[0] < ((b[0] - a[0]) * (p[1] - a[1])) / (b[1] - a[1]) + a[0]) inside = !inside;
  });
  return inside;
}
