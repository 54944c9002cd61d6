// What the picture of the page tells about edges and gutters: grey values of a small copy.

/** @typedef {import("./geometry.js").Box} Box */

const LONGEST = 4_000_000; // pixels looked at

/**
 * Grey values of a page, read once; answers where edges and gutters are, in page pixels.
 */
export class PagePicture {
  /**
   * @param {HTMLImageElement} image loaded, of this server
   * @param {{width: number, height: number}} page
   */
  constructor(image, page) {
    const shrink = Math.min(1, 900 / image.naturalWidth, Math.sqrt(LONGEST / (image.naturalWidth * image.naturalHeight)));
    this.w = Math.max(1, Math.round(image.naturalWidth * shrink));
    this.h = Math.max(1, Math.round(image.naturalHeight * shrink));
    this.fx = this.w / page.width;
    this.fy = this.h / page.height;
    const canvas = document.createElement("canvas");
    canvas.width = this.w;
    canvas.height = this.h;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    this.grey = new Uint8Array(this.w * this.h);
    if (!context) return;
    context.drawImage(image, 0, 0, this.w, this.h);
    const { data } = context.getImageData(0, 0, this.w, this.h);
    for (let i = 0; i < this.grey.length; i++) {
      this.grey[i] = (data[4 * i] * 77 + data[4 * i + 1] * 150 + data[4 * i + 2] * 29) >> 8;
    }
  }

  /**
   * The strongest straight edge near a line, or null where there is none worth snapping to.
   * @param {boolean} isUpright the line is x = at, from y = start to y = end; else lying
   * @param {number} at
   * @param {number} start
   * @param {number} end
   * @param {number} reach page pixels to both sides
   */
  edgeNear(isUpright, at, start, end, reach) {
    const [along, across] = isUpright ? [this.fy, this.fx] : [this.fx, this.fy];
    const least = Math.max(1, Math.floor((at - reach) * across));
    const most = Math.min((isUpright ? this.w : this.h) - 1, Math.ceil((at + reach) * across));
    const from = Math.max(0, Math.floor(Math.min(start, end) * along));
    const to = Math.min(isUpright ? this.h : this.w, Math.ceil(Math.max(start, end) * along));
    if (to - from < 4) return null;
    let [best, strength] = [-1, 26]; // mean step in grey below which it is texture, not a border
    for (let line = least; line <= most; line++) {
      const step = this.#step(isUpright, line, from, to) - Math.abs(line / across - at) * 0.05;
      if (step > strength) [best, strength] = [line, step];
    }
    return best < 0 ? null : best / across;
  }

  /**
   * Where a panel can best be cut: the most even row or column of its middle, if one is a gutter.
   * @param {Box} box
   * @returns {{isAcross: boolean, at: number, evenness: number}} cut at y = at (isAcross), or x = at
   */
  gutterOf(box) {
    const found = [true, false].map((isAcross) => ({ isAcross, ...this.#evenest(box, isAcross) }));
    const [across, down] = found;
    if (Math.abs(across.evenness - down.evenness) > 3) return across.evenness < down.evenness ? across : down;
    return box[3] - box[1] >= box[2] - box[0] ? across : down;
  }

  /**
   * The same in one direction.
   * @param {Box} box
   * @param {boolean} isAcross
   */
  gutterAlong(box, isAcross) {
    return { isAcross, ...this.#evenest(box, isAcross) };
  }

  /**
   * @param {Box} box
   * @param {boolean} isAcross
   */
  #evenest(box, isAcross) {
    const [start, end] = isAcross ? [box[1], box[3]] : [box[0], box[2]];
    const [across, along] = isAcross ? [this.fy, this.fx] : [this.fx, this.fy];
    const [lo, hi] = isAcross ? [box[0], box[2]] : [box[1], box[3]];
    const inset = (hi - lo) * 0.06;
    const from = Math.floor((lo + inset) * along);
    const to = Math.ceil((hi - inset) * along);
    const middle = (start + end) / 2;
    const lines = [];
    const first = Math.ceil((start + 0.15 * (end - start)) * across);
    const last = Math.floor((end - 0.15 * (end - start)) * across);
    for (let line = first; line <= last; line++) lines.push(this.#spread(!isAcross, line, from, to));
    if (!lines.length) return { at: middle, evenness: 255 };
    const least = Math.min(...lines);
    if (least > 18) return { at: middle, evenness: least }; // no gutter: the middle
    // The middle of the widest run of lines as even as the best one.
    let [bestAt, bestLong, run] = [0, 0, 0];
    lines.forEach((value, i) => {
      run = value <= least + 4 ? run + 1 : 0;
      if (run > bestLong) [bestAt, bestLong] = [i - run / 2 + 0.5, run];
    });
    return { at: (first + bestAt) / across, evenness: least };
  }

  /**
   * @param {boolean} isUpright
   * @param {number} line
   * @param {number} from
   * @param {number} to
   */
  #step(isUpright, line, from, to) {
    let sum = 0;
    const stride = Math.max(1, Math.floor((to - from) / 400));
    let n = 0;
    for (let i = from; i < to; i += stride, n++) {
      const here = isUpright ? i * this.w + line : line * this.w + i;
      sum += Math.abs(this.grey[here] - this.grey[here - (isUpright ? 1 : this.w)]);
    }
    return n ? sum / n : 0;
  }

  /**
   * Mean distance of a line's grey values from their mean.
   * @param {boolean} isUpright
   * @param {number} line
   * @param {number} from
   * @param {number} to
   */
  #spread(isUpright, line, from, to) {
    const values = [];
    const stride = Math.max(1, Math.floor((to - from) / 300));
    for (let i = from; i < to; i += stride) values.push(this.grey[isUpright ? i * this.w + line : line * this.w + i]);
    if (!values.length) return 255;
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return values.reduce((a, b) => a + Math.abs(b - mean), 0) / values.length;
  }
}
