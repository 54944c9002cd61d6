// What a point is: its picture, where it is from, what is written in it.

import { ask } from "../base/base.js";

const WIDTH = 240;
const GAP = 14;
const ASKS_AFTER_MS = 120;
const KEPT = 200;

/** What the server said of panels, by id. @type {Map<string, any>} */
const looks = new Map();

export class Tip {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.link = /** @type {HTMLAnchorElement} */ (root.querySelector("a"));
    this.picture = /** @type {HTMLImageElement} */ (root.querySelector("img"));
    this.name = /** @type {HTMLElement} */ (root.querySelector("[data-name]"));
    this.words = /** @type {HTMLElement} */ (root.querySelector("[data-words]"));
    this.timer = 0;
    this.panel = "";
    this.isPinned = false;
    root.addEventListener("pointerenter", () => {
      this.isPinned = true;
    });
    root.addEventListener("pointerleave", () => {
      this.isPinned = false;
    });
    this.picture.addEventListener("error", () => this.picture.toggleAttribute("hidden", true));
  }

  hide() {
    clearTimeout(this.timer);
    this.isPinned = false;
    this.root.hidden = true;
  }

  /**
   * @param {import("./points.js").Points} points
   * @param {number} i
   * @param {[number, number]} place CSS pixels in the field
   * @param {import("./camera.js").Camera} camera
   */
  show(points, i, [x, y], camera) {
    clearTimeout(this.timer);
    this.panel = points.panelId(i);
    this.link.href = points.address(i);
    this.name.textContent = points.name(i);
    this.words.textContent = "";
    this.picture.toggleAttribute("hidden", false);
    this.picture.src = points.picture(i, 320);
    this.root.hidden = false;
    const left = x > camera.width / 2 ? Math.max(0, x - WIDTH - GAP) : Math.min(x + GAP, camera.width - WIDTH);
    this.root.style.left = `${Math.max(0, left)}px`;
    this.root.style.top = y > camera.height / 2 ? "auto" : `${y + GAP}px`;
    this.root.style.bottom = y > camera.height / 2 ? `${camera.height - y + GAP}px` : "auto";
    this.timer = setTimeout(() => this.fill(this.panel, points.isPages), ASKS_AFTER_MS);
  }

  /**
   * @param {string} panel
   * @param {boolean} isPage whose first panel's lettering would say too little
   */
  async fill(panel, isPage) {
    if (isPage) return;
    let look = looks.get(panel);
    if (!look) {
      look = await ask(`/map/look/${panel}`).catch(() => null);
      if (!look) return;
      if (looks.size >= KEPT) looks.clear();
      looks.set(panel, look);
    }
    if (this.panel === panel) this.words.textContent = look.text;
  }
}
