// A book's page: reading goes on where it stopped.

import { places, readAddress } from "../base/places.js";
import "./pictures.js";

const book = document.querySelector("[data-book-id]");
const place = book instanceof HTMLElement ? places()[book.dataset.bookId ?? ""] : undefined;
const link = document.querySelector("[data-read]");
if (book instanceof HTMLElement && place && place.page > 0 && link instanceof HTMLAnchorElement) {
  link.href = readAddress(book.dataset.bookId ?? "", place);
  link.textContent = `Read on, page ${place.page + 1}`;
}
