// Where somebody is in which book: the reader keeps it, the shelf and a book's page lead back to it.
//
// `longbox.reading.v1` is {book id: {page, panel, at}}; page and panel count from 0, panel is null
// outside the guided view, at is milliseconds since 1970.

import { keep, recallRecord } from "./memory.js";

const KEY = "longbox.reading.v1";
const MOST_BOOKS = 500;

/** @typedef {{page: number, panel: number | null, at: number}} Place */

/** @returns {Record<string, Place>} by book id, without what makes no sense */
export function places() {
  return Object.fromEntries(
    Object.entries(recallRecord(KEY)).filter(
      ([id, place]) => /^[0-9a-f]{16}$/.test(id) && Number.isInteger(place?.page) && place.page >= 0,
    ),
  );
}

/** @param {string} bookId @param {number} page from 0 @param {number | null} panel from 0 */
export function rememberPlace(bookId, page, panel) {
  const books = { ...recallRecord(KEY), [bookId]: { page, panel, at: Date.now() } };
  const newest = Object.entries(books).sort((a, b) => (b[1]?.at ?? 0) - (a[1]?.at ?? 0));
  keep(KEY, Object.fromEntries(newest.slice(0, MOST_BOOKS)));
}

/** @param {string} bookId */
export function forgetPlace(bookId) {
  const { [bookId]: _, ...others } = places();
  keep(KEY, others);
}

/**
 * Return where reading goes on.
 * @param {string} bookId
 * @param {Place} place
 */
export function readAddress(bookId, place) {
  const query = new URLSearchParams({ page: String(place.page + 1) });
  if (Number.isInteger(place.panel)) {
    query.set("view", "guided");
    query.set("panel", String(Number(place.panel) + 1));
  }
  return `/read/${bookId}?${query}`;
}
