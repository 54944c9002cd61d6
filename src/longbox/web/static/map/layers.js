// What is drawn of a map, back to front: points that are filtered out, the quiet ones, the chosen.
//
// Made anew when colours, filters or the selection change, never while the map moves. Within a
// layer points come in an order without meaning, so that no book lies over all others.

const SEED = 20240917;

/** How far a colour goes towards the paper, of 256. */
const OUT = 226;
const QUIET = 190;

export class Layers {
  /** @param {import("./points.js").Points} points */
  constructor(points) {
    this.points = points;
    this.order = shuffled(points.n);
    this.n = points.n;
    this.xs = new Float32Array(points.n);
    this.ys = new Float32Array(points.n);
    this.colours = new Uint32Array(points.n);
  }

  /**
   * @param {Uint32Array} colours one a point, ABGR
   * @param {Uint8Array} isIn 1 for points that no filter hides
   * @param {Uint8Array | null} isChosen 1 for selected points; null without a selection
   * @param {number} paper ABGR
   */
  arrange(colours, isIn, isChosen, paper) {
    const { places } = this.points;
    let at = 0;
    const place = (/** @type {number} */ i, /** @type {number} */ colour) => {
      this.xs[at] = places[2 * i];
      this.ys[at] = places[2 * i + 1];
      this.colours[at] = colour;
      at += 1;
    };
    for (const i of this.order) if (!isIn[i]) place(i, mixed(colours[i], paper, OUT));
    for (const i of this.order) {
      if (isIn[i] && isChosen && !isChosen[i]) place(i, mixed(colours[i], paper, QUIET));
    }
    for (const i of this.order) if (isIn[i] && (!isChosen || isChosen[i])) place(i, colours[i]);
  }
}

/**
 * Return whole numbers below n in an order that looks like chance and is always the same.
 * @param {number} n
 */
function shuffled(n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let state = SEED;
  for (let i = n - 1; i > 0; i -= 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Return a colour that is so much of 256 on its way to another one.
 * @param {number} from ABGR
 * @param {number} to
 * @param {number} share
 */
export function mixed(from, to, share) {
  let found = 0xff;
  for (const shift of [16, 8, 0]) {
    const a = (from >>> shift) & 0xff;
    const b = (to >>> shift) & 0xff;
    found = found * 256 + Math.round(a + ((b - a) * share) / 256);
  }
  return found >>> 0;
}
