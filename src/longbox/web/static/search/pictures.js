// Pictures to search with: dropped, pasted or chosen, and the part of one that is meant.
"use strict";

import { Refused, ask, toast } from "../base/base.js";
import { chooseRegion } from "./region.js";

const MOST_TERMS = 12;

/**
 * @param {{field: HTMLInputElement, address: () => string, go: (address: string) => void}} page
 */
export function startPictures({ field, address, go }) {
  const chooser = document.querySelector("[data-picture-file]");
  if (!(chooser instanceof HTMLInputElement)) return;

  /** @param {Blob} picture */
  async function take(picture) {
    if (!picture.type.startsWith("image/")) {
      toast("that is not a picture; drop an image file, or a copied picture", { kind: "error" });
      return;
    }
    document.documentElement.classList.add("is-waiting");
    try {
      const sent = await ask("/pictures", { method: "POST", body: picture, headers: { "Content-Type": picture.type } });
      go(withTerm(address(), `picture:${sent.id}`));
    } catch (error) {
      document.documentElement.classList.remove("is-waiting");
      if (!(error instanceof Refused)) throw error;
      toast(error.message, { kind: "error" });
    }
  }

  chooser.addEventListener("change", () => {
    const picture = chooser.files?.[0];
    chooser.value = "";
    if (picture) void take(picture);
  });
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-choose]")) chooser.click();
    const part = target?.closest("[data-region]");
    if (part instanceof HTMLElement) void choosePart(part, address, go);
  });
  document.addEventListener("paste", (event) => {
    const picture = pictureOf(event.clipboardData);
    if (!picture) return;
    event.preventDefault();
    void take(picture);
  });
  startDropping(take);
  field.setAttribute("aria-describedby", "ask-hint");
}

/**
 * @param {string} address
 * @param {string} term
 */
function withTerm(address, term) {
  const url = new URL(address, location.href);
  if (url.searchParams.getAll("with").length >= MOST_TERMS) {
    toast(`a search takes ${MOST_TERMS} panels and pictures; remove one first`, { kind: "error" });
  } else url.searchParams.append("with", term);
  return url.pathname + url.search;
}

/**
 * Ask which part of a picture is meant, and search with it.
 * @param {HTMLElement} button of the chip
 * @param {() => string} address
 * @param {(address: string) => void} go
 */
async function choosePart(button, address, go) {
  const { picture = "", pictureId, now = "", region } = button.dataset;
  const chosen = await chooseRegion(picture, now ? now.split(",").map(Number) : null);
  if (chosen === undefined) return;
  const url = new URL(address(), location.href);
  const terms = url.searchParams.getAll("with");
  const before = terms[Number(region)] ?? "";
  const sign = before.slice(0, before.indexOf("picture:"));
  terms[Number(region)] = `${sign}picture:${pictureId}${chosen ? `@${chosen.map((n) => n.toFixed(4)).join(",")}` : ""}`;
  url.searchParams.delete("with");
  for (const term of terms) url.searchParams.append("with", term);
  go(url.pathname + url.search);
}

/**
 * @param {DataTransfer | null} data
 * @returns {File | undefined}
 */
function pictureOf(data) {
  return [...(data?.files ?? [])].find((file) => file.type.startsWith("image/"));
}

/** @param {(picture: Blob) => Promise<void>} take */
function startDropping(take) {
  const veil = document.querySelector("[data-veil]");
  let depth = 0;
  const hasFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  const show = (/** @type {boolean} */ isShown) => veil?.toggleAttribute("hidden", !isShown);
  document.addEventListener("dragenter", (event) => {
    if (!hasFile(event)) return;
    depth += 1;
    show(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!hasFile(event)) return;
    depth = Math.max(0, depth - 1);
    show(depth > 0);
  });
  document.addEventListener("dragover", (event) => {
    if (hasFile(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    depth = 0;
    show(false);
    const picture = pictureOf(event.dataTransfer) ?? event.dataTransfer?.files[0];
    if (picture) void take(picture);
  });
}
