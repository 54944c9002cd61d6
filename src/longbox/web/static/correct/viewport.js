// Which part of the page is shown: zoom and pan through the picture's viewBox.

const MOST_ZOOM = 12; // screen pixels a page pixel

export class Viewport {
  /**
   * @param {SVGSVGElement} svg
   * @param {{width: number, height: number}} page
   */
  constructor(svg, page) {
    this.svg = svg;
    this.page = page;
    this.x = 0;
    this.y = 0;
    this.scale = 1; // screen pixels a page pixel
    this.isFitted = true;
    this.onChange = () => {};
    new ResizeObserver(() => (this.isFitted ? this.fit() : this.#apply())).observe(svg);
    this.fit();
  }

  get size() {
    const { clientWidth, clientHeight } = this.svg.parentElement ?? this.svg;
    return { width: Math.max(1, clientWidth), height: Math.max(1, clientHeight) };
  }

  /** Show the whole page; of a long strip its width. */
  fit() {
    const { width, height } = this.size;
    const margin = Math.min(24, width * 0.03);
    const byWidth = (width - 2 * margin) / this.page.width;
    const byHeight = (height - 2 * margin) / this.page.height;
    this.scale = byHeight < byWidth * 0.35 ? Math.min(byWidth, 1) : Math.min(byWidth, byHeight);
    this.x = (this.page.width - width / this.scale) / 2;
    this.y = byHeight < byWidth * 0.35 ? -margin / this.scale : (this.page.height - height / this.scale) / 2;
    this.isFitted = true;
    this.#apply();
  }

  /**
   * @param {number} factor
   * @param {number} [clientX] the point that stays where it is; the middle without
   * @param {number} [clientY]
   */
  zoom(factor, clientX, clientY) {
    const frame = this.svg.getBoundingClientRect();
    const px = clientX === undefined ? frame.width / 2 : clientX - frame.left;
    const py = clientY === undefined ? frame.height / 2 : clientY - frame.top;
    const least = 0.5 * Math.min(this.size.width / this.page.width, this.size.height / this.page.height);
    const next = Math.min(MOST_ZOOM, Math.max(least, this.scale * factor));
    this.x += px / this.scale - px / next;
    this.y += py / this.scale - py / next;
    this.scale = next;
    this.isFitted = false;
    this.#apply();
  }

  /** @param {number} dx screen pixels @param {number} dy */
  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.isFitted = false;
    this.#apply();
  }

  /**
   * Make sure that a box can be seen.
   * @param {import("./geometry.js").Box} box
   */
  reveal(box) {
    const { width, height } = this.size;
    const [w, h] = [width / this.scale, height / this.scale];
    const before = [this.x, this.y];
    if (box[2] - box[0] < w) this.x = Math.min(Math.max(this.x, box[2] - w), box[0]);
    if (box[3] - box[1] < h) this.y = Math.min(Math.max(this.y, box[3] - h), box[1]);
    else if (box[1] > this.y + h || box[3] < this.y) this.y = box[1];
    if (this.x !== before[0] || this.y !== before[1]) {
      this.isFitted = false;
      this.#apply();
    }
  }

  /**
   * @param {{clientX: number, clientY: number}} event
   * @returns {[number, number]} page pixels
   */
  toPage(event) {
    const frame = this.svg.getBoundingClientRect();
    return [this.x + (event.clientX - frame.left) / this.scale, this.y + (event.clientY - frame.top) / this.scale];
  }

  #apply() {
    const { width, height } = this.size;
    const [w, h] = [width / this.scale, height / this.scale];
    // Some of the page always stays in sight.
    const [mx, my] = [Math.min(w, this.page.width) * 0.15, Math.min(h, this.page.height) * 0.15];
    this.x = Math.min(Math.max(this.x, mx - w), this.page.width - mx);
    this.y = Math.min(Math.max(this.y, my - h), this.page.height - my);
    this.svg.setAttribute("viewBox", `${this.x} ${this.y} ${w} ${h}`);
    this.onChange();
  }
}
