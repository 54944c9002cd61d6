// Taking back what was said of a book; the list is loaded anew afterwards.

import { Refused, ask, toast } from "../base/base.js";

const page = /** @type {HTMLElement} */ (document.querySelector("[data-book]"));

/** @param {HTMLButtonElement} button */
async function takeBack(button) {
  // Asked twice, in the button itself: the second press does it.
  if (button.dataset.sure !== "yes") {
    button.dataset.sure = "yes";
    button.textContent = "Really take it back?";
    setTimeout(() => {
      button.dataset.sure = "";
      button.textContent = button.dataset.field ? "Take back" : "Take everything back";
    }, 5000);
    return;
  }
  const { field, page: index } = button.dataset;
  const what = { field: field ?? null, page_index: index === undefined ? null : Number(index) };
  button.disabled = true;
  try {
    await ask(`/books/${page.dataset.book}/corrections/take-back`, { method: "POST", json: what });
    location.reload();
  } catch (error) {
    button.disabled = false;
    if (!(error instanceof Refused)) throw error;
    toast(error.message, { kind: "error" });
  }
}

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-take-back]"))) {
  button.hidden = false;
  button.setAttribute("aria-description", button.dataset.what ?? "");
  button.addEventListener("click", () => takeBack(button));
}
