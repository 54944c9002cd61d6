// Where the camera of the guided view stops on a page: a pure function of page, window and settings.
//
// A stop shows one panel as large as the window allows. A panel much larger than the window when it
// is legible (a webtoon's) is several stops from its top to its bottom, each overlapping the last.
// Pages without real panels (covers, advertisements, prose) are one stop: the page as a whole.

/** @typedef {[number, number, number, number]} Box */
/**
 * A stop. `panel` is the panel's order, or null for the page; `part` of `parts` counts from 0; `spot`
 * is what stays bright, in page pixels; the camera centres (x, y) at `scale` CSS pixels a page pixel.
 * @typedef {{panel: number | null, part: number, parts: number, spot: Box, x: number, y: number, scale: number}} Stop
 */

const SHOWN_WHOLE = new Set(["cover", "back_cover", "title", "advertisement", "text_page", "blank", "not_comic"]);
/** A panel that covers this much of its page is the page. */
const NEARLY_ALL = 0.85;
/** A page this much higher than wide is a strip. */
const STRIP_PROPORTION = 2.2;
/** Lettering of a strip is legible when the strip is this wide, CSS pixels. */
const COMFORTABLE_WIDTH = 760;
/** Panels of strips are cut into steps only when showing them whole would shrink them below this. */
const LEAST_SHRINK = 0.75;
/** How much of the window one step moves on. */
const STEP = 0.8;
/** How far lettering may stick out of its panel and still be shown with it, as a share of the page. */
const MOST_STICKING_OUT = 0.12;
const MARGINS = { none: 0.002, small: 0.012, wide: 0.04 };

/**
 * @param {import("./comic.js").PageContent} page
 * @param {{width: number, height: number}} win CSS pixels
 * @param {{zoom: number, margin: "none" | "small" | "wide", looksFirst: boolean, isStrip: boolean}} options
 * @returns {Stop[]} at least one
 */
export function stopsOf(page, win, options) {
  const whole = /** @type {Box} */ ([0, 0, page.width, page.height]);
  const isStrip = options.isStrip || page.height > STRIP_PROPORTION * page.width;
  const panels = realPanels(page);
  if (!panels.length) return steps(null, whole, whole, page, win, { ...options, isStrip });
  const found = panels.flatMap((panel) => {
    const spot = spotOf(panel, page, options.margin);
    return steps(panel.panel, spot, spot, page, win, { ...options, isStrip });
  });
  if (!options.looksFirst || isStrip) return found;
  return [...steps(null, whole, whole, page, win, { ...options, isStrip: false }), ...found];
}

/**
 * The panels that the camera goes to.
 * @param {import("./comic.js").PageContent} page
 */
export function realPanels(page) {
  if (SHOWN_WHOLE.has(page.page_type)) return [];
  const found = page.panels.filter((panel) => !panel.is_whole_page);
  const only = found.length === 1 ? found[0].box : null;
  const area = page.width * page.height;
  if (only && (only[2] - only[0]) * (only[3] - only[1]) > NEARLY_ALL * area) return [];
  return found;
}

/**
 * What stays bright for a panel: its box, its lettering where that sticks out, and a margin.
 * @param {{panel: number, box: Box}} panel
 * @param {import("./comic.js").PageContent} page
 * @param {"none" | "small" | "wide"} margin
 * @returns {Box}
 */
export function spotOf(panel, page, margin) {
  let [x0, y0, x1, y1] = panel.box;
  const outX = MOST_STICKING_OUT * page.width;
  const outY = MOST_STICKING_OUT * Math.min(page.height, 2 * page.width);
  for (const text of page.texts) {
    if (text.panel !== panel.panel) continue;
    x0 = Math.min(x0, Math.max(text.box[0], panel.box[0] - outX));
    y0 = Math.min(y0, Math.max(text.box[1], panel.box[1] - outY));
    x1 = Math.max(x1, Math.min(text.box[2], panel.box[2] + outX));
    y1 = Math.max(y1, Math.min(text.box[3], panel.box[3] + outY));
  }
  const more = MARGINS[margin] * Math.min(page.width, page.height);
  return [Math.max(x0 - more, 0), Math.max(y0 - more, 0), Math.min(x1 + more, page.width), Math.min(y1 + more, page.height)];
}

/** One stop, or several from top to bottom. @returns {Stop[]} */
function steps(panel, spot, rect, page, win, options) {
  const [x0, y0, x1, y1] = rect;
  const [width, height] = [Math.max(x1 - x0, 1), Math.max(y1 - y0, 1)];
  const fit = Math.min(win.width / page.width, win.height / page.height);
  const legible = Math.min(win.width, COMFORTABLE_WIDTH) / page.width;
  const contain = Math.min(win.width / width, win.height / height);
  const most = Math.max(fit * options.zoom, options.isStrip ? legible * 1.6 : 0);
  const x = (x0 + x1) / 2;
  if (options.isStrip && contain < LEAST_SHRINK * legible) {
    const scale = Math.min(win.width / width, legible);
    const seen = win.height / scale;
    const travel = Math.max(height - seen, 0);
    const parts = Math.max(Math.ceil(travel / (seen * STEP)) + 1, 1);
    return Array.from({ length: parts }, (_, part) => {
      const down = parts > 1 ? (travel * part) / (parts - 1) : travel / 2;
      return { panel, part, parts, spot, x, y: y0 + seen / 2 + down, scale };
    });
  }
  return [{ panel, part: 0, parts: 1, spot, x, y: (y0 + y1) / 2, scale: Math.min(contain, most) }];
}

/**
 * Find the stop that shows a panel.
 * @param {Stop[]} stops
 * @param {number | null} panel order
 * @returns {number} its index; 0 when no stop does
 */
export function stopWith(stops, panel) {
  return Math.max(stops.findIndex((stop) => stop.panel === panel), 0);
}
