// The panel page: keys to move along the book, and the filmstrip at the panel.

import { onKeys } from "../base/base.js";

/** @type {HTMLElement | null} */
const article = document.querySelector("[data-panel]");

/**
 * Follow one of the addresses that the page names; nothing where it names none.
 * @param {string} name such as "next"
 */
function go(name) {
  const address = article?.dataset[name];
  if (address) location.assign(address);
}

/** Bring the panel itself to the middle of the strip of its neighbours. */
function centreStrip() {
  const strip = document.querySelector(".filmstrip");
  const here = strip?.querySelector('[aria-current="true"]');
  if (!(strip instanceof HTMLElement) || !(here instanceof HTMLElement)) return;
  const middle = here.getBoundingClientRect().left + here.offsetWidth / 2;
  strip.scrollLeft += middle - (strip.getBoundingClientRect().left + strip.offsetWidth / 2);
}

const isRightToLeft = article?.dataset.direction === "rtl";
onKeys({
  ArrowLeft: () => go(isRightToLeft ? "next" : "previous"),
  ArrowRight: () => go(isRightToLeft ? "previous" : "next"),
  r: () => go("read"),
  c: () => go("correct"),
});
centreStrip();
addEventListener("load", centreStrip);
