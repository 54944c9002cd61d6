// Somebody else put the same page right: both are shown, and whoever was later chooses.

import { plural } from "../base/base.js";
import { documentOf, fieldsOf } from "./document.js";
import { outlinePoints, shape } from "./drawing.js";
import { corners } from "./geometry.js";

const WORDS = { panels: "panels", texts: "texts", page_type: "the page type" };

/**
 * @param {import("./document.js").Doc} mine
 * @param {any} present the state that the library has
 * @param {string} picture address of the page's picture
 * @returns {Promise<"mine" | "theirs" | "later">}
 */
export function chooseBetween(mine, present, picture) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("conflict"));
  const theirs = documentOf(present);
  const [a, b] = [fieldsOf(mine), fieldsOf(theirs)];
  const differing = /** @type {("panels" | "texts" | "page_type")[]} */ (["panels", "texts", "page_type"]).filter((f) => a[f] !== b[f]);
  const what = dialog.querySelector("[data-differs]");
  if (what) {
    what.textContent = differing.length
      ? `The two differ in ${differing.map((f) => WORDS[f]).join(", ")}.`
      : "The two say the same of panels, texts and type; only a verdict was added.";
  }
  dialog.querySelector("[data-mine]")?.replaceChildren(sketch(mine, present, picture), counts(mine));
  dialog.querySelector("[data-theirs]")?.replaceChildren(sketch(theirs, present, picture), counts(theirs));
  return new Promise((choose) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => choose(/** @type {any} */ (dialog.returnValue || "later")), { once: true });
    dialog.showModal();
  });
}

/** @param {import("./document.js").Doc} doc */
function counts(doc) {
  const line = document.createElement("p");
  line.className = "small quiet";
  line.textContent = `${plural(doc.panels.length, "panel")}, ${plural(doc.texts.length, "text")}, ${doc.pageType.replace("_", " ")}`;
  return line;
}

/**
 * @param {import("./document.js").Doc} doc
 * @param {{width: number, height: number}} page
 * @param {string} picture
 */
function sketch(doc, page, picture) {
  const svg = shape("svg", {
    viewBox: `0 0 ${page.width} ${page.height}`,
    class: "sketch",
    role: "img",
    "aria-label": plural(doc.panels.length, "panel"),
  });
  svg.append(shape("image", { href: picture, width: page.width, height: page.height }));
  doc.panels.forEach((panel, i) => {
    const outline = shape("polygon", { points: outlinePoints(panel.polygon ?? corners(panel.box)) });
    const number = shape("text", {
      x: (panel.box[0] + panel.box[2]) / 2,
      y: (panel.box[1] + panel.box[3]) / 2,
      "font-size": page.width / 9,
    });
    number.textContent = String(i + 1);
    svg.append(outline, number);
  });
  return svg;
}
