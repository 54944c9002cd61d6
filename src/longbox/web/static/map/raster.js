// Draws the points of a map into a canvas, by the processor.
//
// Every point is a small disc that is written straight into the pixels of an ImageData. For a
// hundred thousand points this takes some milliseconds on one core, with or without a graphics
// card; WebGL without one needs eighty (docs/map.md has the figures). While the map moves discs
// are plain and the canvas has one pixel a CSS pixel; at rest they are smooth and sharp.

/** Discs are blended at rest: how much of a pixel a disc takes at most, of 256. */
const STRENGTH = 218;

export class Raster {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser cannot draw");
    this.context = context;
    /** @type {ImageData | null} */
    this.image = null;
    this.pixels = new Uint32Array(0);
    /** @type {Disc} */
    this.disc = makeDisc(1);
  }

  /**
   * @param {import("./layers.js").Layers} layers what is drawn, back to front
   * @param {import("./camera.js").Camera} camera
   * @param {{density: number, radius: number, paper: number, isFine: boolean}} how pixels a CSS
   *   pixel, a disc's radius in CSS pixels, the background (ABGR), smooth discs
   */
  draw(layers, camera, { density, radius, paper, isFine }) {
    const image = this.fitted(Math.round(camera.width * density), Math.round(camera.height * density));
    const size = radius * density;
    if (this.disc.radius !== size) this.disc = makeDisc(size);
    this.pixels.fill(paper);
    const { width, height } = image;
    const scale = camera.scale * density;
    const at = { scale, x: width / 2 - camera.x * scale, y: height / 2 - camera.y * scale };
    (isFine ? paintFine : paintPlain)(this.pixels, width, height, layers, at, this.disc);
    this.context.putImageData(image, 0, 0);
  }

  /**
   * Return an image of a size; the canvas gets the same.
   * @param {number} width
   * @param {number} height
   */
  fitted(width, height) {
    if (this.image && this.image.width === width && this.image.height === height) return this.image;
    this.canvas.width = width;
    this.canvas.height = height;
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    return this.image;
  }
}

/**
 * @typedef {{radius: number, reach: number, dx: Int32Array, dy: Int32Array, share: Uint16Array}}
 *   Disc the pixels of a disc around its middle, and how much of each it covers, of 256
 */

/**
 * @param {number} radius pixels
 * @returns {Disc}
 */
export function makeDisc(radius) {
  const reach = Math.ceil(radius);
  const found = [];
  for (let y = -reach; y <= reach; y += 1) {
    for (let x = -reach; x <= reach; x += 1) {
      const covered = Math.min(Math.max(radius + 0.5 - Math.hypot(x, y), 0), 1);
      if (covered > 0) found.push([x, y, Math.round(covered * 256)]);
    }
  }
  return {
    radius,
    reach,
    dx: Int32Array.from(found, (pixel) => pixel[0]),
    dy: Int32Array.from(found, (pixel) => pixel[1]),
    share: Uint16Array.from(found, (pixel) => pixel[2]),
  };
}

/**
 * @param {Uint32Array} pixels
 * @param {number} width
 * @param {number} height
 * @param {import("./layers.js").Layers} layers
 * @param {{scale: number, x: number, y: number}} at
 * @param {Disc} disc
 */
function paintPlain(pixels, width, height, layers, at, disc) {
  const steps = [];
  for (let k = 0; k < disc.share.length; k += 1) {
    if (disc.share[k] >= 128) steps.push(disc.dy[k] * width + disc.dx[k]);
  }
  const offsets = Int32Array.from(steps);
  const { xs, ys, colours, n } = layers;
  const { scale, x: left, y: top } = at;
  const { reach } = disc;
  const right = width - reach - 1;
  const bottom = height - reach - 1;
  for (let i = 0; i < n; i += 1) {
    const x = (xs[i] * scale + left) | 0;
    const y = (ys[i] * scale + top) | 0;
    if (x < reach || y < reach || x > right || y > bottom) continue;
    const middle = y * width + x;
    const colour = colours[i];
    for (let k = 0; k < offsets.length; k += 1) pixels[middle + offsets[k]] = colour;
  }
}

/**
 * As paintPlain, with smooth edges that let a little shine through.
 * @param {Uint32Array} pixels
 * @param {number} width
 * @param {number} height
 * @param {import("./layers.js").Layers} layers
 * @param {{scale: number, x: number, y: number}} at
 * @param {Disc} disc
 */
function paintFine(pixels, width, height, layers, at, disc) {
  const offsets = Int32Array.from(disc.dx, (dx, k) => disc.dy[k] * width + dx);
  const shares = Uint16Array.from(disc.share, (share) => (share * STRENGTH) >> 8);
  const { xs, ys, colours, n } = layers;
  const { scale, x: left, y: top } = at;
  const { reach } = disc;
  const right = width - reach - 1;
  const bottom = height - reach - 1;
  for (let i = 0; i < n; i += 1) {
    const x = (xs[i] * scale + left) | 0;
    const y = (ys[i] * scale + top) | 0;
    if (x < reach || y < reach || x > right || y > bottom) continue;
    const middle = y * width + x;
    const redBlue = colours[i] & 0xff00ff;
    const green = colours[i] & 0x00ff00;
    for (let k = 0; k < offsets.length; k += 1) {
      const share = shares[k];
      const rest = 256 - share;
      const under = pixels[middle + offsets[k]];
      const rb = ((redBlue * share + (under & 0xff00ff) * rest) >>> 8) & 0xff00ff;
      const g = ((green * share + (under & 0x00ff00) * rest) >>> 8) & 0x00ff00;
      pixels[middle + offsets[k]] = 0xff000000 | rb | g;
    }
  }
}
