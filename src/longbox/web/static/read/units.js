// What is shown together: single pages, or pairs as they face each other in a printed book.

/** @typedef {{width: number, height: number, type: string, isSpread: boolean, bookmark: string}} OutlinePage */

const SKIPPED = new Set(["advertisement", "preview"]);
/** A page this much wider than high is two pages already, or a strip: it stands alone. */
const LANDSCAPE = 1.1;

/**
 * Group pages, in reading order.
 * @param {OutlinePage[]} pages
 * @param {boolean} inPairs
 * @returns {number[][]} page indices; the page that is read first comes first
 */
export function unitsOf(pages, inPairs) {
  if (!inPairs) return pages.map((_, index) => [index]);
  const units = [];
  let waiting = -1;
  pages.forEach((page, index) => {
    const isAlone = index === 0 || page.isSpread || page.width > LANDSCAPE * page.height || !page.width;
    if (isAlone) {
      if (waiting >= 0) units.push([waiting]);
      waiting = -1;
      units.push([index]);
    } else if (waiting >= 0) {
      units.push([waiting, index]);
      waiting = -1;
    } else {
      waiting = index;
    }
  });
  if (waiting >= 0) units.push([waiting]);
  return units;
}

/**
 * Find the unit that a page is in.
 * @param {number[][]} units
 * @param {number} page
 */
export function unitWith(units, page) {
  return Math.max(units.findIndex((unit) => unit.includes(page)), 0);
}

/**
 * Find the next unit in a direction, passing over advertisements where that is wished.
 * @param {number[][]} units
 * @param {number} from
 * @param {1 | -1} step
 * @param {OutlinePage[]} pages
 * @param {boolean} skipsAds
 * @returns {number} -1 before the first and units.length behind the last
 */
export function nextUnit(units, from, step, pages, skipsAds) {
  let at = from + step;
  while (skipsAds && units[at]?.every((index) => SKIPPED.has(pages[index].type))) at += step;
  return Math.max(Math.min(at, units.length), -1);
}
