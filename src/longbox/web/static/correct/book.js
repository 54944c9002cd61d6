// The dialog about the book as a whole: its names, its language, the way it is read.

import { Refused, ask, toast } from "../base/base.js";

const FIELDS = ["direction", "language", "title", "series"];

/**
 * @param {import("./saving.js").Saver} saver its state's `book` is kept present
 * @param {(job: string | null) => void} onSaved
 */
export function listenToBook(saver, onSaved) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("book"));
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  document.querySelector('[data-part="open-book"]')?.addEventListener("click", () => dialog.showModal());
  form.addEventListener("submit", async (event) => {
    if (/** @type {SubmitEvent} */ (event).submitter?.getAttribute("value") !== "save") return;
    event.preventDefault();
    const { book } = saver.state;
    const change = changeOf(form, book);
    if (!Object.keys(change).length) return dialog.close();
    try {
      const headers = { "If-Match": `"${book.revision}"` };
      const answer = await ask(`/books/${book.book_id}/correction`, { method: "PUT", json: change, headers });
      saver.state = { ...saver.state, book: answer.book };
      dialog.close();
      onSaved(answer.job_id);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const present = error.status === 409 ? /** @type {any} */ (error.body)?.present : null;
      if (!present) return void toast(error.message, { kind: "error" });
      saver.state = { ...saver.state, book: present };
      showTheirs(form, present);
      toast("Somebody else changed this book in the meantime; what it says now stands beside yours. Save again to keep yours.", { kind: "error", keep: 12_000 });
    }
    return undefined;
  });
}

/** What was typed and differs. @param {HTMLFormElement} form @param {any} book */
function changeOf(form, book) {
  const typed = new FormData(form);
  const change = /** @type {Record<string, string>} */ ({});
  for (const name of FIELDS) {
    const value = String(typed.get(name) ?? "").trim();
    if (value && value !== (book[name] ?? "")) change[name] = value;
  }
  return change;
}

/** @param {HTMLFormElement} form @param {any} present */
function showTheirs(form, present) {
  for (const name of FIELDS) {
    const line = form.querySelector(`[data-theirs="${name}"]`);
    const field = /** @type {HTMLInputElement | null} */ (form.elements.namedItem(name));
    if (line && field) line.textContent = field.value.trim() === (present[name] ?? "") ? "" : `now: ${present[name] ?? "nothing"}`;
  }
}
