// Which part of a map is seen, and how large.

const CLOSEST = 400;
const FARTHEST = 0.5;
const MARGIN = 0.94;

export class Camera {
  /** @param {Float32Array} places x and y of all that is to fit */
  constructor(places) {
    [this.reachX, this.reachY] = reachOf(places);
    this.x = 0;
    this.y = 0;
    /** 1 shows the whole map. */
    this.zoom = 1;
    this.width = 1;
    this.height = 1;
  }

  /** CSS pixels of one unit of the map. */
  get scale() {
    const fitting = Math.min(this.width / this.reachX, this.height / this.reachY);
    return (fitting / 2) * MARGIN * this.zoom;
  }

  /**
   * @param {number} width CSS pixels
   * @param {number} height
   */
  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
  }

  fit() {
    this.x = 0;
    this.y = 0;
    this.zoom = 1;
  }

  /**
   * Move what is seen by CSS pixels.
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.x = clamp(this.x - dx / this.scale, -1.2, 1.2);
    this.y = clamp(this.y - dy / this.scale, -1.2, 1.2);
  }

  /**
   * Come nearer, keeping what lies under a place of the screen where it is.
   * @param {number} factor
   * @param {number} px CSS pixels from the left
   * @param {number} py from the top
   */
  zoomAt(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toMap(px, py);
    this.zoom = clamp(this.zoom * factor, FARTHEST, CLOSEST);
    this.x = clamp(x - (px - this.width / 2) / this.scale, -1.2, 1.2);
    this.y = clamp(y - (py - this.height / 2) / this.scale, -1.2, 1.2);
  }

  /**
   * @param {number} px
   * @param {number} py
   * @returns {[number, number]}
   */
  toMap(px, py) {
    const { scale } = this;
    return [this.x + (px - this.width / 2) / scale, this.y + (py - this.height / 2) / scale];
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]}
   */
  toScreen(x, y) {
    const { scale } = this;
    return [(x - this.x) * scale + this.width / 2, (y - this.y) * scale + this.height / 2];
  }
}

/**
 * How far points lie from the middle, across and down; not nothing, though all lie in one place.
 * @param {Float32Array} places
 */
function reachOf(places) {
  let [x, y] = [0.05, 0.05];
  for (let k = 0; k < places.length; k += 2) {
    x = Math.max(x, Math.abs(places[k]));
    y = Math.max(y, Math.abs(places[k + 1]));
  }
  return [x, y];
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
