// The bars above and below: they leave by themselves, and come with the mouse at an edge, a tap in
// the middle, a key, or the focus.

const LINGER_MS = 2600;
const EDGE = 90; // CSS pixels from the top or bottom

export class Bars {
  /**
   * @param {import("./comic.js").Comic} comic
   * @param {{onJump: (page: number) => void, onTurn: (step: 1 | -1) => void}} on
   */
  constructor(comic, on) {
    this.comic = comic;
    this.bars = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-bar]")]);
    this.slider = /** @type {HTMLInputElement} */ (document.querySelector("[data-slider]"));
    this.bubble = /** @type {HTMLElement} */ (document.querySelector("[data-bubble]"));
    this.place = /** @type {HTMLElement} */ (document.querySelector("[data-place]"));
    this.timer = 0;
    this.listen(on);
    this.show();
  }

  get areShown() {
    return !document.body.classList.contains("bars-away");
  }

  listen(on) {
    document.addEventListener("pointermove", (event) => {
      const isAtEdge = event.clientY < EDGE || event.clientY > innerHeight - EDGE;
      if (event.pointerType === "mouse" && isAtEdge) this.show();
    });
    for (const bar of this.bars) {
      bar.addEventListener("focusin", () => this.show());
      bar.addEventListener("pointerdown", () => this.show());
    }
    this.slider.addEventListener("input", () => this.preview(Number(this.slider.value) - 1));
    this.slider.addEventListener("change", () => {
      this.bubble.hidden = true;
      on.onJump(Number(this.slider.value) - 1);
    });
    this.slider.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") this.preview(this.pageUnder(event));
    });
    for (const gone of ["pointerleave", "blur"]) this.slider.addEventListener(gone, () => (this.bubble.hidden = true));
    for (const link of document.querySelectorAll("[data-turn]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        on.onTurn(/** @type {1 | -1} */ (Number(/** @type {HTMLElement} */ (link).dataset.turn)));
      });
    }
  }

  show() {
    document.body.classList.remove("bars-away");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.leave(), LINGER_MS);
  }

  get areUsed() {
    const isHeld = this.bars.some((bar) => bar.matches(":hover") || bar.querySelector(":focus-visible"));
    return isHeld || document.querySelector("dialog[open], [data-drawer='find']:not([hidden])") !== null;
  }

  /** Their time is over. */
  leave() {
    if (this.areUsed) this.show();
    else this.hide();
  }

  /** Somebody reads on: the picture is wanted, not the bars. */
  giveWay() {
    if (!this.areUsed) this.hide();
  }

  hide() {
    clearTimeout(this.timer);
    this.bubble.hidden = true;
    document.body.classList.add("bars-away");
  }

  toggle() {
    if (this.areShown) this.hide();
    else this.show();
  }

  /** @param {number} page @param {string} more what else there is to say of the place */
  say(page, more) {
    this.slider.value = String(page + 1);
    this.slider.setAttribute("aria-valuetext", `Page ${page + 1} of ${this.comic.length}`);
    this.place.textContent = `Page ${page + 1} of ${this.comic.length}${more ? ` · ${more}` : ""}`;
  }

  pageUnder(event) {
    const { left, width } = this.slider.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - left) / width, 0), 1);
    const way = this.comic.direction === "rtl" ? 1 - share : share;
    return Math.round(way * (this.comic.length - 1));
  }

  /** @param {number} page */
  preview(page) {
    const each = this.comic.outline[page];
    const picture = /** @type {HTMLImageElement} */ (this.bubble.querySelector("img"));
    const words = /** @type {HTMLElement} */ (this.bubble.querySelector("[data-bubble-words]"));
    picture.hidden = !each.width;
    if (each.width) {
      picture.src = this.comic.picture(page, 160);
      picture.height = Math.min(Math.round((120 * each.height) / each.width), 200);
    }
    words.textContent = `${page + 1} · ${typeName(each.type)}`;
    const share = this.comic.length > 1 ? page / (this.comic.length - 1) : 0;
    const way = this.comic.direction === "rtl" ? 1 - share : share;
    this.bubble.style.left = `calc(${(100 * way).toFixed(2)}% + ${((0.5 - way) * 20).toFixed(1)}px)`;
    this.bubble.hidden = false;
  }
}

const TYPES = {
  cover: "Cover",
  story: "Story",
  splash: "Full page",
  title: "Title",
  text_page: "Text",
  advertisement: "Advertisement",
  preview: "Preview",
  back_cover: "Back cover",
  blank: "Blank",
  not_comic: "Not a comic",
};

/** What people call a type of page. @param {string} type */
export function typeName(type) {
  return TYPES[type] ?? type;
}
