// The shelf: books that somebody is reading stand first, and new books appear while they are read.

import { ask, Refused } from "../base/base.js";
import { forgetPlace, places, readAddress } from "../base/places.js";
import "./pictures.js";

const MOST_SHOWN = 12;
const LOOK_EVERY_MS = 4000;
let lookedAt = 0;

async function showReading() {
  const section = document.querySelector("[data-reading]");
  const template = section?.querySelector("template");
  const row = section?.querySelector(".reading__row");
  if (!(section instanceof HTMLElement) || !template || !row) return;
  const kept = places();
  const ids = Object.keys(kept)
    .sort((a, b) => Number(kept[b].at) - Number(kept[a].at) || 0)
    .slice(0, MOST_SHOWN);
  if (!ids.length) return;
  const query = new URLSearchParams(ids.map((id) => ["book_id", id]));
  const found = await ask(`/books?${query}`);
  const books = new Map(found.books.map((/** @type {any} */ book) => [book.book_id, book]));
  for (const id of ids) {
    const book = books.get(id);
    if (book) row.append(readingCard(template, book, kept[id], section));
  }
  section.hidden = row.childElementCount === 0;
}

/**
 * @param {HTMLTemplateElement} template
 * @param {any} book
 * @param {import("../base/places.js").Place} place
 * @param {HTMLElement} section
 */
function readingCard(template, book, place, section) {
  const copy = document.importNode(template.content, true);
  const card = /** @type {HTMLElement} */ (copy.firstElementChild);
  const find = (/** @type {string} */ name) => /** @type {any} */ (card.querySelector(`.reading__${name}`));
  find("link").href = readAddress(book.book_id, place);
  const page = Math.min(place.page, Math.max(0, book.n_pages - 1));
  find("picture").src = `/pictures/page/${book.book_id}/${page}/160.webp`;
  find("title").textContent = book.title;
  find("place").textContent = `page ${page + 1} of ${book.n_pages}`;
  find("bar").value = book.n_pages > 1 ? page / (book.n_pages - 1) : 1;
  const button = find("forget");
  button.setAttribute("aria-label", `Take ${book.title} off this row`);
  button.addEventListener("click", () => {
    forgetPlace(book.book_id);
    card.remove();
    section.hidden = !section.querySelector(".reading__book");
  });
  return card;
}

/** Show new books, unless somebody has scrolled on or stands among them with the keyboard. */
async function showNewBooks() {
  const books = document.getElementById("books");
  if (!books) {
    const found = await ask("/books?limit=1");
    if (found.total > 0) location.reload();
    return;
  }
  const isFurther = new URLSearchParams(location.search).has("offset") || scrollY > innerHeight;
  if (isFurther || books.contains(document.activeElement)) return;
  const { htmx } = /** @type {any} */ (window);
  await htmx?.ajax("GET", location.pathname + location.search, { target: "#books", swap: "innerHTML" });
}

/** @param {Event} event */
async function onJob(event) {
  const job = /** @type {CustomEvent} */ (event).detail;
  if (!["index", "apply_corrections", "sync"].includes(job.kind)) return;
  const isOver = job.state !== "queued" && job.state !== "running";
  const now = Date.now();
  if (job.state === "queued" || (!isOver && now - lookedAt < LOOK_EVERY_MS)) return;
  lookedAt = now;
  try {
    await showNewBooks();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}

document.addEventListener("longbox:job", onJob);
showReading().catch((error) => {
  if (!(error instanceof Refused)) throw error;
});
