// All pages below each other in one scroll, as webtoons are drawn. Only pages near the window have
// their picture; the others keep their place.

import { textLayer } from "./texts.js";

const AHEAD = "150% 0px"; // of the window: pictures are asked for this early
const FAR = "500% 0px"; // and let go of this late
const STEP = 0.85;

export class Strip {
  /**
   * @param {HTMLElement} element scrolls
   * @param {import("./comic.js").Comic} comic
   * @param {{settings: () => typeof import("./settings.js").DEFAULTS, isStill: () => boolean, onPlace: () => void, onScroll: (down: boolean) => void}} around
   */
  constructor(element, comic, around) {
    this.element = element;
    this.comic = comic;
    this.around = around;
    this.page = 0;
    /** @type {HTMLElement[]} */
    this.figures = [];
    this.isWaiting = false;
    this.isJumping = false; // the scrolling that comes next is ours
    this.lastTop = 0;
    element.addEventListener("scroll", () => this.scrolled(), { passive: true });
  }

  /** @param {number} page @param {HTMLImageElement | null} first shown already @param {HTMLElement} end what stands below the last page */
  begin(page, first, end) {
    if (!this.figures.length) this.build(page, first, end);
    this.jump(page, null, false);
  }

  build(page, first, end) {
    this.figures = this.comic.outline.map((each, index) => {
      const figure = document.createElement("section");
      figure.className = "strip__page page-sheet";
      figure.dataset.page = String(index);
      figure.setAttribute("aria-label", `Page ${index + 1} of ${this.comic.length}`);
      figure.style.aspectRatio = `${each.width || 700} / ${each.height || 1000}`;
      return figure;
    });
    if (first) {
      first.className = "page-sheet__picture";
      this.figures[page].append(first);
    }
    this.element.replaceChildren(...this.figures, end);
    const watch = (margin, tell) => {
      const observer = new IntersectionObserver((entries) => entries.forEach(tell), { root: this.element, rootMargin: margin });
      for (const figure of this.figures) observer.observe(figure);
    };
    watch(AHEAD, (entry) => entry.isIntersecting && this.fill(/** @type {HTMLElement} */ (entry.target)));
    watch(FAR, (entry) => !entry.isIntersecting && entry.target.replaceChildren());
  }

  /** @param {HTMLElement} figure */
  async fill(figure) {
    const index = Number(figure.dataset.page);
    if (!figure.querySelector("img") && this.comic.outline[index].width) {
      const picture = document.createElement("img");
      picture.className = "page-sheet__picture";
      picture.decoding = "async";
      picture.alt = `Page ${index + 1}`;
      picture.src = this.comic.picture(index, this.comic.width(index, figure.clientWidth * devicePixelRatio * 0.98));
      picture.addEventListener("error", () => figure.classList.add("strip__page--missing"));
      figure.prepend(picture);
    }
    const content = await this.comic.page(index).catch(() => null);
    if (!content || !figure.querySelector("img") || figure.querySelector(".texts")) return;
    const picture = figure.querySelector("img");
    if (content.summary) picture.alt = content.summary;
    figure.append(textLayer(content));
  }

  scrolled() {
    if (this.isWaiting || this.element.hidden) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      const top = this.element.scrollTop;
      if (Math.abs(top - this.lastTop) > 8) {
        if (!this.isJumping) this.around.onScroll(top > this.lastTop);
        this.lastTop = top;
      }
      this.isJumping = false;
      const page = this.pageInView();
      if (page === this.page) return;
      this.page = page;
      this.around.onPlace();
    });
  }

  /** The page at the upper third of the window, by bisection. */
  pageInView() {
    const line = this.element.scrollTop + this.element.clientHeight / 3;
    let [low, high] = [0, this.figures.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.figures[middle].offsetTop <= line) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** @param {number} page @param {number | null} y page pixels from its top @param {boolean} moves */
  jump(page, y, moves) {
    const figure = this.figures[page];
    if (!figure) return;
    const scale = figure.clientWidth / (this.comic.outline[page].width || 700);
    const top = figure.offsetTop + (y === null ? 0 : y * scale - this.element.clientHeight * 0.2);
    this.isJumping = Math.abs(top - this.element.scrollTop) > 1;
    this.element.scrollTo({ top, behavior: moves && !this.around.isStill() ? "smooth" : "instant" });
    this.page = page;
    this.around.onPlace();
  }

  /** @param {1 | -1} step */
  step(step) {
    const behavior = this.around.isStill() ? "instant" : "smooth";
    this.element.scrollBy({ top: step * STEP * this.element.clientHeight, behavior });
  }

  /** @param {1 | -1} step */
  turn(step) {
    this.jump(Math.min(Math.max(this.page + step, 0), this.comic.length - 1), null, true);
  }

  /** Make the column wider or narrower. @param {number} factor */
  widen(factor) {
    const page = this.page;
    const wanted = (this.figures[page]?.clientWidth ?? 800) * factor;
    const most = this.element.clientWidth;
    this.element.style.setProperty("--column", `${Math.round(Math.min(Math.max(wanted, Math.min(280, most)), most))}px`);
    this.jump(page, null, false);
  }
}
