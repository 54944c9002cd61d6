// The book that is read: sizes of all pages at once, what is on them in parts as they are needed.

import { ask } from "../base/base.js";

/** @typedef {{panel: number, panel_id: string | null, box: [number, number, number, number], is_whole_page: boolean, description: string}} PanelContent */
/** @typedef {{box: [number, number, number, number], text: string, kind: string, panel: number | null, is_vertical: boolean, language: string | null}} TextContent */
/** @typedef {{page_index: number, width: number, height: number, page_type: string, is_spread: boolean, is_corrected: boolean, summary: string, panels: PanelContent[], texts: TextContent[]}} PageContent */

const PART = 16; // pages asked for at once
const WIDTHS = [320, 640, 1280, 1920];

export class Comic {
  /** @param {any} data what the page came with */
  constructor(data) {
    this.id = /** @type {string} */ (data.book_id);
    this.title = /** @type {string} */ (data.title);
    this.direction = /** @type {"ltr" | "rtl" | "ttb"} */ (data.direction);
    /** @type {import("./units.js").OutlinePage[]} */
    this.outline = data.outline.map(([width, height, type, isSpread, bookmark]) => ({ width, height, type, isSpread: Boolean(isSpread), bookmark }));
    /** @type {Map<number, PageContent>} */
    this.contents = new Map(data.pages.map((page) => [page.page_index, page]));
    /** @type {Map<number, Promise<void>>} */
    this.parts = new Map();
  }

  get length() {
    return this.outline.length;
  }

  get isStrip() {
    return this.direction === "ttb";
  }

  /** What is on a page, when that has come already. @param {number} index */
  known(index) {
    return this.contents.get(index) ?? null;
  }

  /** @param {number} index @returns {Promise<PageContent>} */
  async page(index) {
    if (!this.contents.has(index)) await this.part(Math.floor(index / PART));
    const found = this.contents.get(index);
    if (!found) throw new Error(`page ${index + 1} is not in this book`);
    return found;
  }

  /** @param {number} number */
  part(number) {
    let asked = this.parts.get(number);
    if (!asked) {
      asked = ask(`/books/${this.id}/reading?from=${number * PART}&to=${(number + 1) * PART}`).then((answer) => {
        for (const page of answer.pages) this.contents.set(page.page_index, page);
      });
      asked.catch(() => this.parts.delete(number));
      this.parts.set(number, asked);
    }
    return asked;
  }

  /** The narrowest width on offer that is wide enough. @param {number} index @param {number} wanted device pixels */
  width(index, wanted) {
    const enough = Math.min(wanted, this.outline[index].width);
    return WIDTHS.find((width) => width >= enough) ?? WIDTHS[WIDTHS.length - 1];
  }

  /** @param {number} index @param {number} width one of the fixed widths */
  picture(index, width) {
    return `/pictures/page/${this.id}/${index}/${width}.webp`;
  }

  /** @param {string} panelId @param {number} width */
  crop(panelId, width) {
    return `/pictures/panel/${panelId}/${width}.webp`;
  }

  /** @param {number} index @param {string} view @param {number | null} panel order from 0 */
  address(index, view, panel) {
    const query = new URLSearchParams({ page: String(index + 1), view });
    if (panel !== null) query.set("panel", String(panel + 1));
    return `/read/${this.id}?${query}`;
  }
}
