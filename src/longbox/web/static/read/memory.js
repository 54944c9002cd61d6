// What this browser remembers: how somebody likes to read, and where they are in which book.
//
// `longbox.reading.v1` is {book id: {page, panel, at}}; page and panel count from 0, panel is null
// outside the guided view, at is milliseconds since 1970. The shelf reads it too.

const SETTINGS = "longbox.reader.v1";
const READING = "longbox.reading.v1";
const MOST_BOOKS = 500;

export const DEFAULTS = Object.freeze({
  fit: "whole",
  background: "theme",
  margin: "small",
  zoom: "3",
  dim: "medium",
  motion: true,
  look: false,
  skip: false,
  words: false,
  letters: true,
  pagedView: "page",
  stripView: "strip",
});

function read(key) {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {}; // switched off, or somebody else's
  }
}

function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Switched off or full: it holds for this page only.
  }
}

/** @returns {typeof DEFAULTS} what was chosen; anything strange is as by default */
export function readSettings() {
  const found = read(SETTINGS);
  const settings = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS)) {
    if (typeof found[key] === typeof DEFAULTS[key]) settings[key] = found[key];
  }
  return settings;
}

/** @param {typeof DEFAULTS} settings */
export function writeSettings(settings) {
  write(SETTINGS, settings);
}

/** @param {string} bookId @returns {{page: number, panel: number | null, at: number} | null} */
export function placeIn(bookId) {
  const found = Object.hasOwn(read(READING), bookId) ? read(READING)[bookId] : null;
  return found && Number.isInteger(found.page) && found.page >= 0 ? found : null;
}

/** @param {string} bookId @param {number} page from 0 @param {number | null} panel from 0 */
export function rememberPlace(bookId, page, panel) {
  const books = read(READING);
  books[bookId] = { page, panel, at: Date.now() };
  const newest = Object.entries(books).sort((a, b) => (b[1]?.at ?? 0) - (a[1]?.at ?? 0));
  write(READING, Object.fromEntries(newest.slice(0, MOST_BOOKS)));
}
