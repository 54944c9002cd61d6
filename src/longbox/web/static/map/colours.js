// What points are coloured by: categories with names, counts and colours.

const SHOWN = 14;
/** Sixteen colours that differ in hue and lightness, on paper and in the dark. */
const CATEGORIES = [
  "#c8442c", "#2f74c0", "#3c9a57", "#d4941a", "#8a5cc0", "#16a0a0", "#d4588f", "#7d8c26",
  "#9a6240", "#5f86ea", "#e07a5f", "#4fb286", "#b05fae", "#a98b2d", "#4a7f96", "#e0699c",
];
const OTHERS = "#948b80";
const NONE = "#aaa197";
/** From little to much; in the dark the other way round. */
const LITTLE_TO_MUCH = ["#e3c08b", "#dd9c5e", "#d2743f", "#b94d33", "#8e2f33", "#5e1f35"];
const IN_THE_DARK = ["#5a4a73", "#7d548c", "#a9608f", "#d37583", "#f09a72", "#fbcf7f"];
const TEXT_STEPS = [0, 20, 60, 120, 240];
const AREA_STEPS = [0.05, 0.1, 0.2, 0.4, 0.8];

/**
 * @typedef {{key: string, name: string, colour: string, n: number}} Category
 * @typedef {{categories: Category[], of: Uint16Array}} Colouring of: a point's category
 */

/** Gives the same book or series the same colour in every map. */
export class Palette {
  constructor() {
    /** @type {Map<string, string>} */
    this.given = new Map();
  }

  /** @param {string} key */
  colour(key) {
    const known = this.given.get(key);
    if (known) return known;
    const next = CATEGORIES[this.given.size % CATEGORIES.length];
    this.given.set(key, next);
    return next;
  }
}

/**
 * Sort points into categories.
 * @param {import("./points.js").Points} points
 * @param {string} by book, series, type, language, year, text, area, flags or cluster
 * @param {Palette} palette
 * @param {boolean} isDark
 * @returns {Colouring}
 */
export function colouring(points, by, palette, isDark) {
  if (by === "text") return stepped(points, points.text, textNames(), 1, TEXT_STEPS, isDark);
  if (by === "area") return stepped(points, points.area, areaNames(), 1 / 255, AREA_STEPS, isDark);
  return named(points, namer(points, by), palette);
}

/**
 * @param {import("./points.js").Points} points
 * @param {string} by
 * @returns {(i: number) => [string, string]} key and name of a point's category
 */
function namer(points, by) {
  const { page_types: types, page_flags: flags, space } = points.about;
  const book = (/** @type {number} */ i) => points.bookOf(i);
  const orNone = (/** @type {string | number | null} */ value) =>
    /** @type {[string, string]} */ (value === null || value === "" ? ["", "not known"] : [String(value), String(value)]);
  switch (by) {
    case "book":
      return (i) => [book(i).id, book(i).title];
    case "series":
      return (i) => orNone(book(i).series);
    case "type":
      return (i) => [types[points.type[i]], types[points.type[i]].replaceAll("_", " ")];
    case "language":
      return (i) => orNone(book(i).language);
    case "year":
      return (i) => orNone(book(i).year);
    case "flags": {
      const names = Array.from({ length: 256 }, (_, bits) => flagNames(flags, bits));
      return (i) => [String(points.flags[i]), names[points.flags[i]]];
    }
    default:
      // Clusters of two spaces have nothing to do with each other.
      return (i) => [`${space} ${points.cluster[i]}`, `cluster ${points.cluster[i] + 1}`];
  }
}

/**
 * @param {import("./points.js").Points} points
 * @param {(i: number) => [string, string]} nameOf
 * @param {Palette} palette
 * @returns {Colouring}
 */
function named(points, nameOf, palette) {
  /** @type {Map<string, {key: string, name: string, n: number}>} */
  const found = new Map();
  const keys = new Array(points.n);
  for (let i = 0; i < points.n; i += 1) {
    const [key, name] = nameOf(i);
    keys[i] = key;
    const entry = found.get(key);
    if (entry) entry.n += 1;
    else found.set(key, { key, name, n: 1 });
  }
  const sorted = [...found.values()].sort((a, b) => b.n - a.n || (a.key < b.key ? -1 : 1));
  const shown = sorted.length > SHOWN + 1 ? sorted.slice(0, SHOWN) : sorted;
  const categories = shown.map((entry) => ({ ...entry, colour: colourOf(entry.key, palette) }));
  const left = sorted.slice(shown.length);
  if (left.length) {
    const n = left.reduce((sum, entry) => sum + entry.n, 0);
    categories.push({ key: "\0others", name: `${left.length} others`, n, colour: OTHERS });
  }
  const places = new Map(shown.map((entry, at) => [entry.key, at]));
  return { categories, of: Uint16Array.from(keys, (key) => places.get(key) ?? shown.length) };
}

/**
 * @param {string} key
 * @param {Palette} palette
 */
function colourOf(key, palette) {
  const cluster = /^[a-z]+ (\d+)$/.exec(key);
  if (cluster) return CATEGORIES[Number(cluster[1]) % CATEGORIES.length];
  return key === "" || key === "0" ? NONE : palette.colour(key);
}

/**
 * @param {import("./points.js").Points} points
 * @param {ArrayLike<number>} values
 * @param {string[]} names
 * @param {number} unit what one of the values means
 * @param {number[]} steps a category goes up to its step, the last has none
 * @param {boolean} isDark
 * @returns {Colouring}
 */
function stepped(points, values, names, unit, steps, isDark) {
  const colours = isDark ? IN_THE_DARK : LITTLE_TO_MUCH;
  const counts = new Array(names.length).fill(0);
  const of = new Uint16Array(points.n);
  for (let i = 0; i < points.n; i += 1) {
    const value = values[i] * unit;
    const step = steps.findIndex((limit) => value <= limit);
    of[i] = step < 0 ? steps.length : step;
    counts[of[i]] += 1;
  }
  const categories = names.map((name, at) => ({ key: `${at}`, name, colour: colours[at], n: counts[at] }));
  return { categories, of };
}

function textNames() {
  const upTo = TEXT_STEPS.slice(1).map((step, at) => `${TEXT_STEPS[at] + 1} to ${step} characters`);
  return ["no lettering", ...upTo, `more than ${TEXT_STEPS.at(-1)}`];
}

function areaNames() {
  const percent = (/** @type {number} */ share) => `${Math.round(share * 100)} %`;
  const upTo = AREA_STEPS.slice(1).map((s, at) => `${percent(AREA_STEPS[at])} to ${percent(s)} of the page`);
  return [`up to ${percent(AREA_STEPS[0])} of the page`, ...upTo, `more than ${percent(AREA_STEPS.at(-1) ?? 1)}`];
}

/**
 * @param {string[]} flags
 * @param {number} bits
 */
function flagNames(flags, bits) {
  const set = flags.filter((_, bit) => bits & (1 << bit));
  return set.length ? set.map((flag) => flag.replaceAll("_", " ")).join(", ") : "no flag";
}

/** A colour of "#rrggbb" as a canvas keeps it. @param {string} text */
export function packed(text) {
  const value = Number.parseInt(text.slice(1), 16);
  const [r, g, b] = [value >>> 16, (value >>> 8) & 0xff, value & 0xff];
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}
