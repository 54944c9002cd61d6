// Where somebody stopped reading, as the reader keeps it in this browser.

const KEY = "longbox.reading.v1";

/** @typedef {{page: number, panel: number | null, at: number}} Place page and panel count from 0 */

/** @returns {Record<string, Place>} what is kept, without what makes no sense */
export function places() {
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
  if (typeof kept !== "object" || kept === null) return {};
  return Object.fromEntries(
    Object.entries(kept).filter(
      ([id, place]) => /^[0-9a-f]{16}$/.test(id) && Number.isInteger(place?.page) && place.page >= 0,
    ),
  );
}

/** @param {string} bookId */
export function forget(bookId) {
  const kept = places();
  delete kept[bookId];
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Storage is switched off: there was nothing to forget.
  }
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
