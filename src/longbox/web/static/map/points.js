// The points of one map: columns of numbers as the server packs them (docs/map.md), and names.

const MAGIC = "LBMAP1\0\0";
const HEADER_AT = 16;
const ALIGNMENT = 8;
const TYPES = {
  float32: Float32Array,
  int32: Int32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
};
// A point's key is a whole number below 2^53: book, page and panel in mixed radix.
const PAGES_AT_MOST = 1 << 20;
const PANELS_AT_MOST = 1 << 10;

/** Numbers for book ids that hold for every map of this visit, so that keys can be compared. */
const bookNumbers = new Map();

/** There is no map of this space yet. */
export class NoMapYet extends Error {}

/**
 * @typedef {{id: string, title: string, series: string | null, year: number | null,
 *   language: string | null}} Book
 */

export class Points {
  /** @param {ArrayBuffer} data as the API gives it */
  constructor(data) {
    const bytes = new Uint8Array(data);
    const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
    if (magic !== MAGIC) throw new Error("the server's answer is no map");
    const length = new DataView(data).getUint32(MAGIC.length, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER_AT, HEADER_AT + length)));
    const start = Math.ceil((HEADER_AT + length) / ALIGNMENT) * ALIGNMENT;
    /** @type {Record<string, any>} */
    const columns = {};
    for (const { name, type, offset, length: n } of header.columns) {
      columns[name] = new TYPES[type](data, start + offset, n);
    }
    this.about = header;
    /** @type {number} */
    this.n = header.n_points;
    /** @type {Book[]} */
    this.books = header.books;
    /** x and y of every point, -1 to 1. @type {Float32Array} */
    this.places = columns.places;
    this.book = columns.book;
    this.page = columns.page;
    this.panel = columns.panel;
    this.text = columns.text;
    this.cluster = columns.cluster;
    this.area = columns.area;
    this.type = columns.type;
    this.flags = columns.flags;
    this.isPages = header.of === "pages";
    this.bookNumbers = this.books.map((book) => numberOf(book.id));
    /** @type {Map<number, number> | null} */
    this.byKey = null;
  }

  /**
   * @param {string} space
   * @param {string} of panels or pages
   * @returns {Promise<Points>}
   * @throws {NoMapYet}
   */
  static async fetch(space, of) {
    const address = `/api/v1/map/${encodeURIComponent(space)}/${encodeURIComponent(of)}/points`;
    const response = await fetch(address);
    if (response.status === 404) throw new NoMapYet(space);
    if (!response.ok) {
      const said = await response.json().catch(() => ({}));
      throw new Error(said.error ?? `the server answered ${response.status}`);
    }
    return new Points(await response.arrayBuffer());
  }

  /**
   * What a point is, the same number in every map.
   * @param {number} i
   */
  key(i) {
    const page = this.bookNumbers[this.book[i]] * PAGES_AT_MOST + this.page[i];
    return page * PANELS_AT_MOST + (this.isPages ? 0 : this.panel[i]);
  }

  /**
   * Which point is a key's, or -1 where this map lacks it.
   * @param {number} key
   */
  find(key) {
    if (!this.byKey) {
      this.byKey = new Map();
      for (let i = 0; i < this.n; i += 1) this.byKey.set(this.key(i), i);
    }
    return this.byKey.get(key) ?? -1;
  }

  /** @param {number} i */
  bookOf(i) {
    return this.books[this.book[i]];
  }

  /** @param {number} i */
  panelId(i) {
    const page = String(this.page[i]).padStart(4, "0");
    return `${this.bookOf(i).id}-${page}-${String(this.panel[i]).padStart(2, "0")}`;
  }

  /** A point in words. @param {number} i */
  name(i) {
    const page = `${this.bookOf(i).title}, page ${this.page[i] + 1}`;
    return this.isPages ? page : `${page}, panel ${this.panel[i] + 1}`;
  }

  /** Where a point leads. @param {number} i */
  address(i) {
    if (this.isPages) return `/read/${this.bookOf(i).id}?page=${this.page[i] + 1}`;
    return `/panel/${this.panelId(i)}`;
  }

  /**
   * Address of a point's picture.
   * @param {number} i
   * @param {number} width one of the server's widths
   */
  picture(i, width) {
    if (this.isPages) return `/pictures/page/${this.bookOf(i).id}/${this.page[i]}/${width}.webp`;
    return `/pictures/panel/${this.panelId(i)}/${width}.webp`;
  }
}

/** @param {string} id */
function numberOf(id) {
  const known = bookNumbers.get(id);
  if (known !== undefined) return known;
  bookNumbers.set(id, bookNumbers.size);
  return bookNumbers.size - 1;
}
