// The page as lists beside the picture: the same things as fields, for the keyboard and for those
// who cannot see the picture. Rows keep their elements, so that typing is not disturbed.

import { changed, atPlace, without } from "./document.js";
import { tidy, isUsable } from "./geometry.js";

const SIDES = ["left", "top", "right", "bottom"];

/** @param {string} id */
const template = (id) => /** @type {HTMLTemplateElement} */ (document.getElementById(id));

export class Lists {
  /** @param {any} editor */
  constructor(editor) {
    this.editor = editor;
    this.panels = /** @type {HTMLElement} */ (document.getElementById("panel-list"));
    this.texts = /** @type {HTMLElement} */ (document.getElementById("text-list"));
    this.type = /** @type {HTMLSelectElement} */ (document.getElementById("page-type"));
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    this.panels.replaceChildren();
    this.texts.replaceChildren();
    this.type.addEventListener("change", () => editor.do("change the page type", { ...editor.doc, pageType: this.type.value }));
    for (const holder of [this.panels, this.texts]) this.#listen(holder);
  }

  /** @param {any} doc @param {Set<string>} selected @param {boolean} isFixed */
  draw(doc, selected, isFixed) {
    if (document.activeElement !== this.type) this.type.value = doc.pageType;
    this.#fill(this.panels, doc.panels, "panel-row", (row, item, i) => this.#panelRow(row, item, i, doc, isFixed));
    this.#fill(this.texts, doc.texts, "text-row", (row, item, i) => this.#textRow(row, item, i, doc, isFixed));
    const kept = new Set([...doc.panels, ...doc.texts].map((item) => item.id));
    for (const [id, row] of this.rows) {
      if (!kept.has(id)) {
        row.remove();
        this.rows.delete(id);
      } else row.classList.toggle("is-selected", selected.has(id));
    }
    for (const [name, n] of [["panels", doc.panels.length], ["texts", doc.texts.length]]) {
      const count = document.querySelector(`[data-count="${name}"]`);
      if (count) count.textContent = String(n);
    }
  }

  /** Bring a thing's row into sight. @param {string} id @param {boolean} takesFocus */
  reveal(id, takesFocus) {
    const row = this.rows.get(id);
    if (!row) return;
    row.scrollIntoView({ block: "nearest" });
    const field = /** @type {HTMLElement | null} */ (row.querySelector("textarea, [data-field='place']"));
    if (takesFocus) field?.focus();
  }

  /**
   * @param {HTMLElement} holder
   * @param {any[]} items
   * @param {string} name
   * @param {(row: HTMLElement, item: any, place: number) => void} fill
   */
  #fill(holder, items, name, fill) {
    items.forEach((item, i) => {
      let row = this.rows.get(item.id);
      if (!row) {
        row = /** @type {HTMLElement} */ (template(name).content.firstElementChild?.cloneNode(true));
        row.dataset.id = item.id;
        for (const field of row.querySelectorAll("[data-field]")) field.id = `${item.id}-${field.getAttribute("data-field")}`;
        this.rows.set(item.id, row);
      }
      if (holder.children[i] !== row) {
        const focused = document.activeElement;
        holder.insertBefore(row, holder.children[i] ?? null);
        if (focused instanceof HTMLElement && row.contains(focused)) focused.focus({ preventScroll: true });
      }
      fill(/** @type {HTMLElement} */ (row), item, i);
    });
  }

  /** @param {HTMLElement} row @param {any} item @param {number} i @param {any} doc @param {boolean} isFixed */
  #panelRow(row, item, i, doc, isFixed) {
    const name = `Panel ${i + 1}`;
    setText(row, "[data-name]", String(i + 1));
    setText(row, "[data-size]", `${Math.round(item.box[2] - item.box[0])} × ${Math.round(item.box[3] - item.box[1])}`);
    row.querySelector("[data-polygon]")?.toggleAttribute("hidden", !item.polygon);
    setField(row, "place", String(i + 1), `${name}: place in the reading order`, isFixed);
    SIDES.forEach((side, k) => setField(row, side, String(Math.round(item.box[k])), `${name}: ${side}, pixels`, isFixed));
    nameButtons(row, name, isFixed, i === 0, i === doc.panels.length - 1);
  }

  /** @param {HTMLElement} row @param {any} item @param {number} i @param {any} doc @param {boolean} isFixed */
  #textRow(row, item, i, doc, isFixed) {
    const name = `Text ${i + 1}`;
    setText(row, "[data-name]", String(i + 1));
    setField(row, "text", item.text, name, isFixed);
    setField(row, "kind", item.kind, `${name}: kind`, isFixed);
    const choice = /** @type {HTMLSelectElement} */ (row.querySelector("[data-field='panel']"));
    const wanted = doc.panels.map((/** @type {any} */ p) => p.id).join();
    if (choice.dataset.panels !== wanted) {
      choice.dataset.panels = wanted;
      choice.replaceChildren(new Option("no panel", ""), ...doc.panels.map((/** @type {any} */ p, /** @type {number} */ k) => new Option(`panel ${k + 1}`, p.id)));
      choice.value = item.panel ?? "";
    }
    setField(row, "panel", item.panel ?? "", `${name}: its panel`, isFixed);
    SIDES.forEach((side, k) => setField(row, side, String(Math.round(item.box[k])), `${name}: ${side}, pixels`, isFixed));
    nameButtons(row, name, isFixed, i === 0, i === doc.texts.length - 1);
    fitHeight(/** @type {HTMLTextAreaElement} */ (row.querySelector("textarea")));
  }

  /** @param {HTMLElement} holder */
  #listen(holder) {
    const idOf = (/** @type {Event} */ event) =>
      /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("[data-id]"))?.dataset.id ?? "";
    holder.addEventListener("focusin", (event) => {
      const id = idOf(event);
      if (id && !this.editor.look.selected.has(id)) this.editor.select([id], { from: "list" });
    });
    holder.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest("[data-do]");
      const id = idOf(event);
      if (button instanceof HTMLElement && id) this.#act(id, button.dataset.do ?? "");
      else if (id && !(event.target instanceof HTMLElement && event.target.closest("input, select, textarea"))) this.editor.select([id], { from: "list" });
    });
    holder.addEventListener("input", (event) => {
      if (event.target instanceof HTMLTextAreaElement) {
        fitHeight(event.target);
        const id = idOf(event);
        this.editor.do("change a text", changed(this.editor.doc, id, { text: event.target.value }), `text ${id}`);
      }
    });
    holder.addEventListener("change", (event) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) this.#set(idOf(event), event.target);
    });
    holder.addEventListener("pointerdown", (event) => {
      const grip = /** @type {HTMLElement} */ (event.target).closest("[data-grip]");
      if (grip instanceof HTMLElement && !this.editor.look.isFixed) this.#drag(idOf(event), grip, event);
    });
  }

  /** @param {string} id @param {HTMLInputElement | HTMLSelectElement} field */
  #set(id, field) {
    const { editor } = this;
    const name = field.dataset.field ?? "";
    const item = editor.find(id);
    if (!item) return;
    if (name === "place") editor.place(id, Number(field.value) - 1);
    else if (name === "kind") editor.do("change a kind", changed(editor.doc, id, { kind: field.value }));
    else if (name === "panel") editor.do("change a text's panel", changed(editor.doc, id, { panel: field.value || null, isSet: true }));
    else if (SIDES.includes(name)) {
      const box = [...item.box];
      box[SIDES.indexOf(name)] = Number(field.value);
      const tidied = tidy(/** @type {any} */ (box), editor.page);
      if (Number.isFinite(Number(field.value)) && isUsable(tidied)) editor.do("change a number", changed(editor.doc, id, { box: tidied, polygon: null }));
      else editor.draw();
    }
  }

  /** @param {string} id @param {string} what */
  #act(id, what) {
    const { editor } = this;
    const list = editor.doc.panels.some((/** @type {any} */ p) => p.id === id) ? editor.doc.panels : editor.doc.texts;
    const at = list.findIndex((/** @type {any} */ item) => item.id === id);
    if (what === "delete") {
      const next = list[at + 1] ?? list[at - 1];
      editor.do("delete", without(editor.doc, new Set([id])));
      if (next) this.rows.get(next.id)?.querySelector("button")?.focus();
    } else if (what === "up" || what === "down") editor.place(id, at + (what === "up" ? -1 : 1));
    else if (what === "select") editor.select([id], { from: "list" });
    else if (what === "numbers") this.rows.get(id)?.classList.toggle("shows-numbers");
  }

  /**
   * Drag a row to another place in its list.
   * @param {string} id
   * @param {HTMLElement} grip
   * @param {PointerEvent} event
   */
  #drag(id, grip, event) {
    event.preventDefault();
    const row = this.rows.get(id);
    const holder = row?.parentElement;
    if (!row || !holder) return;
    grip.setPointerCapture(event.pointerId);
    row.classList.add("is-dragged");
    const move = (/** @type {PointerEvent} */ now) => {
      const others = [...holder.children].filter((each) => each !== row);
      const after = others.find((each) => {
        const frame = each.getBoundingClientRect();
        return now.clientY < frame.top + frame.height / 2;
      });
      if (row.nextElementSibling !== (after ?? null)) holder.insertBefore(row, after ?? null);
    };
    const end = () => {
      grip.removeEventListener("pointermove", move);
      row.classList.remove("is-dragged");
      this.editor.place(id, [...holder.children].indexOf(row));
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", end, { once: true });
  }
}

/** @param {any} doc @param {string} id @param {number} place */
export function placed(doc, id, place) {
  const isPanel = doc.panels.some((/** @type {any} */ p) => p.id === id);
  return isPanel ? { ...doc, panels: atPlace(doc.panels, id, place) } : { ...doc, texts: atPlace(doc.texts, id, place) };
}

/** @param {HTMLElement} row @param {string} where @param {string} words */
function setText(row, where, words) {
  const found = row.querySelector(where);
  if (found && found.textContent !== words) found.textContent = words;
}

/** @param {HTMLElement} row @param {string} name @param {string} value @param {string} label @param {boolean} isFixed */
function setField(row, name, value, label, isFixed) {
  const field = /** @type {HTMLInputElement | null} */ (row.querySelector(`[data-field="${name}"]`));
  if (!field) return;
  if (field.value !== value && (document.activeElement !== field || field.tagName !== "TEXTAREA")) field.value = value;
  if (document.activeElement === field && field.tagName === "TEXTAREA" && field.value !== value) field.value = value;
  field.setAttribute("aria-label", label);
  field.disabled = isFixed;
}

/** @param {HTMLElement} row @param {string} name @param {boolean} isFixed @param {boolean} isFirst @param {boolean} isLast */
function nameButtons(row, name, isFixed, isFirst, isLast) {
  const words = /** @type {Record<string, string>} */ ({
    delete: `Delete ${name.toLowerCase()}`,
    up: `${name} earlier`,
    down: `${name} later`,
    select: name,
    numbers: `${name}: numbers`,
  });
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (row.querySelectorAll("[data-do]"))) {
    const what = button.dataset.do ?? "";
    button.setAttribute("aria-label", words[what] ?? what);
    if (what === "up") button.disabled = isFirst || isFixed;
    else if (what === "down") button.disabled = isLast || isFixed;
    else if (what === "delete") button.disabled = isFixed;
  }
}

/** @param {HTMLTextAreaElement} field */
function fitHeight(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 320)}px`;
}
