// Turning with a finger on the picture: the page follows it, and the neighbour comes along.

const TURN_MS = 220;
const SPRING_MS = 180;
const EASE = "cubic-bezier(0.2, 0, 0, 1)";
const STIFF = 0.35; // how far a page follows that has no neighbour ready
const FAR = 0.28; // of the window's width: let go there, a page turns
const FAST = 0.35; // CSS pixels a millisecond: a flick turns too

export class Swipe {
  /** @param {import("./stage.js").Stage} stage */
  constructor(stage) {
    this.stage = stage;
  }

  /** Follow a finger sideways: the neighbour comes along. @param {number} dx */
  follow(dx) {
    const { leaf, win } = this.stage;
    if (!leaf) return;
    const step = this.stepOf(dx);
    const isInside = this.stage.isGuided && this.stage.stops[this.stage.stop + step];
    const at = this.stage.neighbour(step);
    const next = isInside ? null : this.stage.leaves.get(at);
    const isReady = Boolean(next?.isReady);
    for (const other of this.stage.leaves.values()) if (other !== leaf && other !== next) other.show(false);
    leaf.element.style.transform = `translateX(${isReady ? dx : dx * STIFF}px)`;
    if (!isReady || !next) return;
    if (next.element.classList.contains("leaf--waiting")) {
      const saved = { stops: this.stage.stops, stop: this.stage.stop };
      this.stage.arrange(next, step > 0 ? "first" : "last");
      Object.assign(this.stage, saved);
      next.show(true);
      next.element.inert = true;
    }
    next.element.style.transform = `translateX(${dx - Math.sign(dx) * win.width}px)`;
  }

  stepOf(dx) {
    return /** @type {1 | -1} */ ((this.stage.comic.direction === "rtl" ? dx : -dx) > 0 ? 1 : -1);
  }

  /** The finger let go. @param {number} dx @param {number} speed CSS pixels a millisecond */
  letGo(dx, speed) {
    const { leaf, win } = this.stage;
    if (!leaf) return;
    const step = this.stepOf(dx);
    const isMeant = Math.abs(dx) > FAR * win.width || (Math.abs(speed) > FAST && Math.sign(speed) === Math.sign(dx) && Math.abs(dx) > 24);
    const at = this.stage.neighbour(step);
    const isInside = this.stage.isGuided && Boolean(this.stage.stops[this.stage.stop + step]);
    const next = isInside ? null : (this.stage.leaves.get(at) ?? null);
    if (isMeant && next?.isReady) this.slide(leaf, next, at, step, dx);
    else {
      this.spring(leaf, next);
      if (isMeant) this.stage.step(step);
    }
  }

  slide(leaf, next, at, step, dx) {
    const way = Math.sign(dx) * this.stage.win.width;
    const from = [leaf.element.style.transform, next.element.style.transform];
    for (const each of [leaf, next]) each.element.style.transform = "";
    this.stage.ticket++;
    this.stage.wanted = at;
    this.stage.put(at, next, step > 0 ? "first" : "last", 0, null);
    leaf.element.inert = true;
    const end = () => this.stage.leaf !== leaf && leaf.show(false);
    if (this.stage.around.isStill()) {
      end();
      return;
    }
    const options = { duration: TURN_MS, easing: EASE };
    next.element.animate([{ transform: from[1] }, { transform: "none" }], options);
    leaf.element.animate([{ transform: from[0] }, { transform: `translateX(${way}px)` }], options).finished.then(end, end);
  }

  spring(leaf, next) {
    const from = leaf.element.style.transform;
    leaf.element.style.transform = "";
    if (next) {
      next.element.style.transform = "";
      next.show(false);
    }
    if (!this.stage.around.isStill()) leaf.element.animate([{ transform: from }, { transform: "none" }], { duration: SPRING_MS, easing: EASE });
  }
}
