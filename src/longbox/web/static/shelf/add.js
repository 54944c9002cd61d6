// Adding a folder: the job is started here, and followed where its card is.

import { Refused } from "../base/base.js";
import { startJob } from "../jobs/live.js";

const form = document.querySelector("[data-add]");
const field = document.getElementById("add-path");
const refused = document.getElementById("add-refused");
const toShelf = document.querySelector("[data-add-shelf]");

async function read() {
  if (!(field instanceof HTMLInputElement) || !refused) return;
  refused.textContent = "";
  field.removeAttribute("aria-invalid");
  try {
    await startJob("index", { paths: field.value.trim() ? [field.value.trim()] : [] });
    if (toShelf instanceof HTMLElement) toShelf.hidden = false;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refused.textContent = error.message;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }
}

form?.querySelector("[data-add-read]")?.addEventListener("click", read);
