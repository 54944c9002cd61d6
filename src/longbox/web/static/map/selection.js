// What was chosen on the maps: pictures of it, and ways out: a search, a list, a file.

import { part, plural } from "../base/base.js";

const PICTURED = 48;
const BOOKS_IN_A_SEARCH = 40;
const POINTS_IN_AN_IDEA = 120; // more make too long an address
const DANGEROUS = /^[=+\-@\t\r]/; // a spreadsheet would calculate it

/**
 * Show the selection.
 * @param {HTMLElement} root
 * @param {import("./points.js").Points | null} points the map that names its points
 * @param {number[]} chosen indices into the map
 * @param {number} n of keys that are chosen, on this map or another
 */
export function showSelection(root, points, chosen, n) {
  root.hidden = n === 0;
  if (!points) return;
  const noun = points.isPages ? "page" : "panel";
  const books = [...new Set(chosen.map((i) => points.bookOf(i).id))];
  const inBooks = plural(books.length, "book");
  part(root, "[data-chosen-said]").textContent =
    `${plural(n, noun)} of ${inBooks} selected`;
  const search = /** @type {HTMLAnchorElement} */ (part(root, "[data-chosen-search]"));
  search.hidden = books.length === 0 || books.length > BOOKS_IN_A_SEARCH;
  search.href = `/search?${books.map((id) => `book=${id}`).join("&")}`;
  search.textContent = books.length === 1 ? "Search in this book" : `Search in these ${inBooks}`;
  const idea = /** @type {HTMLAnchorElement} */ (part(root, "[data-chosen-idea]"));
  idea.hidden = chosen.length === 0 || chosen.length > POINTS_IN_AN_IDEA;
  const ids = chosen.map((i) => points.panelId(i)).join(",");
  idea.href = `/study?concept=${encodeURIComponent(`selection = panel:${ids}`)}#concepts`;
  part(root, "[data-chosen-pictures]").replaceChildren(
    ...chosen.slice(0, PICTURED).map((i) => picture(points, i)),
  );
  part(root, "[data-chosen-more]").textContent =
    chosen.length > PICTURED ? `and ${(chosen.length - PICTURED).toLocaleString("en")} more` : "";
}

/**
 * @param {import("./points.js").Points} points
 * @param {number} i
 */
function picture(points, i) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = points.address(i);
  const image = document.createElement("img");
  image.src = points.picture(i, 320);
  image.alt = points.name(i);
  image.loading = "lazy";
  image.className = "picture";
  link.append(image);
  item.append(link);
  return item;
}

/**
 * What is known of chosen points; pages and panels count from 0, as in the API.
 * @param {import("./points.js").Points} points
 * @param {number[]} chosen
 */
export function rowsOf(points, chosen) {
  const { page_types: types } = points.about;
  return chosen.map((i) => ({
    ...(points.isPages ? {} : { panel_id: points.panelId(i) }),
    book_id: points.bookOf(i).id,
    title: points.bookOf(i).title,
    page_index: points.page[i],
    ...(points.isPages ? {} : { panel: points.panel[i] }),
    page_type: types[points.type[i]],
    cluster: points.cluster[i],
    x: Number(points.places[2 * i].toFixed(5)),
    y: Number(points.places[2 * i + 1].toFixed(5)),
  }));
}

/**
 * @param {import("./points.js").Points} points
 * @param {number[]} chosen
 */
export function asJson(points, chosen) {
  const { space, of, made_at: madeAt } = points.about;
  return JSON.stringify({ space, of, made_at: madeAt, points: rowsOf(points, chosen) }, null, 1);
}

/**
 * @param {import("./points.js").Points} points
 * @param {number[]} chosen
 */
export function asCsv(points, chosen) {
  const rows = rowsOf(points, chosen);
  const names = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => Object.values(row).map(cell).join(","));
  return [names.join(","), ...lines, ""].join("\r\n");
}

/** @param {unknown} value */
function cell(value) {
  const text = typeof value === "string" && DANGEROUS.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Let the browser save a text as a file.
 * @param {string} text
 * @param {string} name
 * @param {string} type
 */
export function save(text, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
