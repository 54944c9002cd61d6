// The reader: one book in the whole window. Joins the stage (page, spread, guided view) or the strip
// with bars, keys, fingers, the address and what the browser remembers.

import { part, toast } from "../base/base.js";
import { places, rememberPlace } from "../base/places.js";
import { Bars } from "./bars.js";
import { Comic } from "./comic.js";
import { listenToFingers, listenToKeys } from "./controls.js";
import { drawer, fillContents, fillMore, listenToDrawers, listenToSettings, markThumb, openDrawer } from "./drawers.js";
import { BookSearch } from "./find.js";
import { Pictures } from "./pictures.js";
import { readSettings, writeSettings } from "./settings.js";
import { Stage } from "./stage.js";
import { Strip } from "./strip.js";
import { markText, wordsOf } from "./texts.js";

const REMEMBER_MS = 400;
const VIEWS = ["page", "spread", "strip", "guided"];
const NAMES = { page: "Single page", spread: "Two pages", strip: "Strip", guided: "Guided view" };

export class Reader {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.comic = new Comic(JSON.parse(root.dataset.book ?? "{}"));
    this.settings = readSettings();
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    const around = {
      settings: () => this.settings,
      isStill: () => this.still.matches || !this.settings.motion,
      onPlace: () => this.placed(),
      onEnd: () => this.end(true),
      onBusy: (isBusy) => this.root.classList.toggle("reader--busy", isBusy),
      onScroll: (isDown) => isDown && this.bars.hide(),
    };
    this.stageElement = part(root, "[data-stage]");
    this.stripElement = part(root, "[data-strip]");
    this.endElement = part(root, "[data-end]");
    this.said = part(root, "[data-said]");
    this.stage = new Stage(this.stageElement, this.comic, new Pictures(this.comic), around);
    this.strip = new Strip(this.stripElement, this.comic, around);
    this.bars = new Bars(this.comic, { onJump: (page) => this.jump(page), onTurn: (step) => this.step(step) });
    this.search = new BookSearch(this.comic, (hit) => this.showHit(hit));
    this.view = "";
    this.beforeGuided = this.comic.isStrip ? "strip" : "page";
    this.timer = 0;
    /** @type {(() => void) | null} */
    this.whenPlaced = null;
  }

  async start() {
    const { dataset } = this.root;
    const page = Number(dataset.page);
    const panel = dataset.panel ? Number(dataset.panel) - 1 : null;
    this.applySettings();
    this.listen();
    const liked = this.comic.isStrip ? this.settings.stripView : this.settings.pagedView;
    const view = dataset.viewAsked ? dataset.view : VIEWS.includes(liked) ? liked : dataset.view;
    const offered = dataset.start ? (places()[this.comic.id] ?? null) : null;
    await this.setView(view ?? "page", page, panel);
    part(this.root, "[data-transcript]").remove();
    if (panel !== null && view !== "guided") this.pointOut(page, panel);
    this.focus();
    if (offered && offered.page > 0 && offered.page < this.comic.length) this.offerPlace(offered);
    this.root.dataset.ready = "yes";
  }

  offerPlace({ page, panel }) {
    const run = () => this.jump(page, panel ?? "first");
    toast(`You were on page ${page + 1}.`, { action: { label: "Go on there", run }, keep: 12000 });
  }

  get page() {
    return this.view === "strip" ? this.strip.page : this.stage.page;
  }

  get panel() {
    return this.view === "strip" ? null : this.stage.panel;
  }

  /** @param {string} view @param {number} page @param {import("./stage.js").Landing} panel */
  async setView(view, page = this.page, panel = this.panel) {
    if (!VIEWS.includes(view)) return;
    const first = /** @type {HTMLImageElement | null} */ (this.root.querySelector("[data-first]"));
    first?.removeAttribute("data-first");
    if (view !== "guided") this.beforeGuided = view;
    this.end(false);
    this.view = view;
    this.root.dataset.view = view;
    for (const button of document.querySelectorAll("[data-view-button]")) {
      button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.viewButton === view));
    }
    this.stageElement.hidden = false; // measures itself; the strip lies over it until it shows something
    if (view === "strip") {
      this.stripElement.hidden = false;
      this.strip.begin(page, first, this.endElement);
    } else {
      this.root.append(this.endElement);
      if (view === "guided") await this.comic.page(page).catch(() => null);
      await this.stage.begin(view, page, panel, first);
    }
    // Another view may have been chosen meanwhile.
    this.stageElement.hidden = this.view === "strip";
    this.stripElement.hidden = this.view !== "strip";
  }

  /** Choose a view, and begin with it next time. */
  chooseView(view) {
    this.change(this.comic.isStrip ? "stripView" : "pagedView", view);
    this.setView(view).then(() => this.focus());
    toast(NAMES[view], { keep: 1200 });
  }

  focus() {
    const target = this.view === "strip" ? this.stripElement : this.stageElement;
    if (!this.search.isOpen) target.focus({ preventScroll: true });
  }

  /** One step on or back, as the view has it. @param {1 | -1} step */
  step(step) {
    this.bars.giveWay();
    if (!this.endElement.hidden && this.view !== "strip") {
      if (step < 0) this.end(false);
      return;
    }
    if (this.view === "strip") this.strip.step(step);
    else this.stage.step(step);
  }

  /** A page on or back. @param {1 | -1} step */
  turn(step) {
    this.bars.giveWay();
    if (!this.endElement.hidden && this.view !== "strip") {
      if (step < 0) this.end(false);
    } else if (this.view === "strip") this.strip.turn(step);
    else this.stage.turn(step, "first");
  }

  /** Towards a side of the window: in books read from right to left, left is on. @param {1 | -1} side */
  sideways(side) {
    const step = /** @type {1 | -1} */ (this.comic.direction === "rtl" ? -side : side);
    if (this.view === "guided") this.step(step);
    else this.turn(step);
  }

  /** @param {number} page @param {import("./stage.js").Landing} landing */
  async jump(page, landing = "first") {
    this.end(false);
    if (this.view !== "strip") return this.stage.jump(page, landing);
    const content = typeof landing === "number" ? await this.comic.page(page) : null;
    const panel = content?.panels.find((each) => each.panel === landing);
    return this.strip.jump(page, panel ? panel.box[1] : null, false);
  }

  async showHit(hit) {
    const content = await this.comic.page(hit.page_index);
    if (this.view === "strip") this.strip.jump(hit.page_index, content.texts[hit.text_index].box[1], true);
    else await this.jump(hit.page_index, hit.panel ?? "first");
    const root = await this.sheetOf(hit.page_index);
    if (root) markText(root, hit.text_index);
    if (matchMedia("(max-width: 48rem)").matches) this.search.close();
  }

  /** The element of a page, when its words are on it. @param {number} page */
  async sheetOf(page) {
    for (let tries = 0; tries < 40; tries++) {
      const found = this.root.querySelector(`.leaf:not(.leaf--waiting) [data-page="${page}"], .strip:not([hidden]) [data-page="${page}"]`);
      if (found?.querySelector(".texts")) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return null;
  }

  /** Show for a moment where a panel is. */
  async pointOut(page, panel) {
    if (this.view === "strip") await this.jump(page, panel);
    const sheet = await this.sheetOf(page);
    const content = await this.comic.page(page);
    const found = content.panels.find((each) => each.panel === panel);
    if (!sheet || !found) return;
    const ring = document.createElement("div");
    ring.className = "ring";
    const [x0, y0, x1, y1] = found.box;
    ring.style.left = `${(100 * x0) / content.width}%`;
    ring.style.top = `${(100 * y0) / content.height}%`;
    ring.style.width = `${(100 * (x1 - x0)) / content.width}%`;
    ring.style.height = `${(100 * (y1 - y0)) / content.height}%`;
    sheet.append(ring);
    setTimeout(() => ring.remove(), 2600);
  }

  /** Show or put away what comes behind the last page. @param {boolean} isShown */
  end(isShown) {
    const isStrip = this.view === "strip";
    this.endElement.hidden = !isShown && !isStrip;
    this.stageElement.inert = isShown && !isStrip;
    if (isShown && !isStrip) this.endElement.focus();
    else if (this.endElement.contains(document.activeElement)) this.focus();
  }

  /** The place changed: say so in the bars, to screen readers, in the address, and remember it. */
  placed() {
    const { page, panel } = this;
    const content = this.comic.known(page);
    const second = this.view === "spread" ? this.stage.units[this.stage.at]?.[1] : undefined;
    const count = content?.panels.length ?? 0;
    const where = panel === null ? "" : `panel ${panel + 1} of ${count}`;
    this.bars.say(page, second === undefined ? where : `and ${second + 1}`);
    if (this.view !== "strip") {
      const words = panel !== null && content ? wordsOf(content, panel) : "";
      this.said.textContent = `Page ${page + 1}${where ? `, ${where}` : ""}. ${words}`;
    }
    markText(this.root, -1);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.remember(), REMEMBER_MS);
    this.whenPlaced?.();
  }

  remember() {
    clearTimeout(this.timer);
    const { page, panel } = this;
    rememberPlace(this.comic.id, page, panel);
    const address = this.comic.address(page, this.view, panel);
    if (address !== location.pathname + location.search) history.replaceState(history.state, "", address);
    document.title = `${this.comic.title} · page ${page + 1} · Longbox`;
  }

  change(name, value) {
    this.settings = { ...this.settings, [name]: value };
    writeSettings(this.settings);
    this.applySettings();
  }

  applySettings() {
    const { background, dim, words } = this.settings;
    this.root.dataset.background = background;
    this.root.dataset.dim = dim;
    this.root.classList.toggle("reader--words", words);
    for (const button of document.querySelectorAll("[data-words]")) button.setAttribute("aria-pressed", String(words));
    this.stage.fitAgain();
  }

  close() {
    const isOurs = document.referrer.startsWith(`${location.origin}/`) && !document.referrer.includes("/read/");
    if (isOurs && history.length > 1) history.back();
    else location.assign(this.root.dataset.close ?? "/");
  }

  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch(() => toast("this browser has no full screen here"));
  }

  openMore() {
    const { page, panel } = this;
    this.comic.page(page).then((content) => {
      fillMore(this.comic, content, panel);
      openDrawer("more");
    });
  }

  openContents() {
    fillContents(this.comic, (page) => this.jump(page));
    openDrawer("contents");
    markThumb(this.page);
  }

  /** @param {string} name */
  open(name) {
    if (name === "find") {
      for (const dialog of /** @type {NodeListOf<HTMLDialogElement>} */ (document.querySelectorAll("dialog[open]"))) dialog.close();
      document.body.classList.add("finding");
      this.search.open();
    } else if (name === "contents") this.openContents();
    else if (name === "more") this.openMore();
    else openDrawer(name);
  }

  escape() {
    if (this.search.isOpen) this.search.close();
    else if (!this.endElement.hidden && this.view !== "strip") this.end(false);
    else if (this.view === "strip" || !this.stage.unzoom()) this.close();
  }

  zoom(factor) {
    if (this.view === "strip") this.strip.widen(factor);
    else this.stage.zoomBy(factor, this.stage.win.width / 2, this.stage.win.height / 2, true);
  }

  listen() {
    listenToDrawers();
    listenToSettings(this.settings, (name, value) => this.change(name, value));
    this.listenToButtons();
    listenToKeys(this);
    listenToFingers(this);
    addEventListener("pagehide", () => this.remember());
    document.addEventListener("longbox:find-closed", () => {
      document.body.classList.remove("finding");
      markText(this.root, -1);
      this.focus();
    });
    document.addEventListener("fullscreenchange", () => {
      for (const button of document.querySelectorAll("[data-fullscreen]")) button.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
    });
  }

  listenToButtons() {
    on("[data-open]", (element) => this.open(element.dataset.open ?? ""));
    on("[data-view-button]", (element) => this.chooseView(element.dataset.viewButton ?? "page"));
    on("[data-words]", () => this.change("words", !this.settings.words));
    on("[data-fullscreen]", () => this.fullscreen());
    on("[data-again]", () => this.jump(0));
  }

  sidewaysTap(side) {
    const step = /** @type {1 | -1} */ (this.comic.direction === "rtl" ? -side : side);
    this.step(step);
  }

  /** What a drag goes along the pages: sideways; for strips and from panel to panel also up and down. */
  along(dx, dy) {
    const mayBeUp = this.comic.isStrip || this.view === "guided";
    if (!mayBeUp || Math.abs(dx) >= Math.abs(dy)) return dx;
    return this.comic.direction === "rtl" ? -dy : dy;
  }
}

/** @param {string} selector @param {(element: HTMLElement) => void} run */
function on(selector, run) {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector))) {
    element.addEventListener("click", () => run(element));
  }
}

const root = document.querySelector("[data-reader]");
if (root instanceof HTMLElement) new Reader(root).start();
