// What is edited: panels, texts and the type of one page, with everything that can be undone.
// A document is never changed, only replaced, so that undoing is going back to an earlier one.

import { inOrder, ownerOf } from "./geometry.js";

/**
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{id: string, box: Box, polygon: Point[] | null}} Panel
 * @typedef {{id: string, box: Box, text: string, kind: string, panel: string | null, isSet?: boolean}} Text
 * @typedef {{panels: Panel[], texts: Text[], pageType: string}} Doc
 */

const MOST_STEPS = 500;
let lastId = 0;

/** @param {string} sort "p" for a panel, "t" for a text */
export const newId = (sort) => `${sort}${++lastId}`;

/**
 * @param {any} state the API's
 * @returns {Doc}
 */
export function documentOf(state) {
  const panels = state.panels.map((/** @type {any} */ p) => ({ id: newId("p"), box: p.box, polygon: p.polygon }));
  const texts = state.texts.map((/** @type {any} */ t) => ({
    id: newId("t"),
    box: t.box,
    text: t.text,
    kind: t.kind,
    panel: t.panel === null ? null : (panels[t.panel]?.id ?? null),
  }));
  return { panels, texts, pageType: state.page_type };
}

/** @param {Doc} doc */
export const panelsValue = (doc) => doc.panels.map(({ box, polygon }) => ({ box, polygon }));

/** @param {Doc} doc */
export function textsValue(doc) {
  const places = new Map(doc.panels.map((p, i) => [p.id, i]));
  return doc.texts.map(({ box, text, kind, panel }) => ({
    box,
    text,
    kind,
    panel: panel === null ? null : (places.get(panel) ?? null),
  }));
}

/**
 * What a document says, field by field, as text that can be compared. Which panel a text is in
 * counts only where a person chose it: else it follows from the boxes, and moving a panel would
 * look as if the lettering had been read anew.
 * @param {Doc} doc
 */
export const fieldsOf = (doc) => ({
  panels: JSON.stringify(panelsValue(doc)),
  texts: JSON.stringify(textsValue(doc).map((t, i) => (doc.texts[i].isSet ? t : { ...t, panel: null }))),
  page_type: doc.pageType,
});

/** The steps of one page, back and forth. */
export class History {
  /** @param {Doc} doc */
  constructor(doc) {
    this.doc = doc;
    /** @type {{doc: Doc, label: string}[]} */
    this.past = [];
    /** @type {{doc: Doc, label: string}[]} */
    this.future = [];
    this.key = "";
    this.at = 0;
  }

  /**
   * @param {string} label what is done, as in "undo: draw a panel"
   * @param {Doc} doc
   * @param {string} [key] steps of one key that follow each other quickly are one step
   */
  do(label, doc, key = "") {
    const now = performance.now();
    const goesOn = key !== "" && key === this.key && now - this.at < 900 && this.past.length > 0;
    if (!goesOn) this.past.push({ doc: this.doc, label });
    if (this.past.length > MOST_STEPS) this.past.shift();
    [this.key, this.at] = [key, now];
    this.future = [];
    this.doc = doc;
  }

  /** @returns {string} what was undone; empty where there was nothing */
  undo() {
    const step = this.past.pop();
    if (!step) return "";
    this.future.push({ doc: this.doc, label: step.label });
    this.doc = step.doc;
    this.key = "";
    return step.label;
  }

  /** @returns {string} what was done again */
  redo() {
    const step = this.future.pop();
    if (!step) return "";
    this.past.push({ doc: this.doc, label: step.label });
    this.doc = step.doc;
    this.key = "";
    return step.label;
  }

  /** Take another document without a step: what the library says now. @param {Doc} doc */
  adopt(doc) {
    this.doc = doc;
    this.key = "";
  }
}

// ---- changes; each returns a new document

/**
 * @param {Doc} doc
 * @param {string} id
 * @param {Partial<Panel & Text>} change
 * @returns {Doc}
 */
export function changed(doc, id, change) {
  const apply = (/** @type {any} */ item) => (item.id === id ? { ...item, ...change } : item);
  return { ...doc, panels: doc.panels.map(apply), texts: doc.texts.map(apply) };
}

/**
 * @param {Doc} doc
 * @param {Set<string>} ids
 * @returns {Doc}
 */
export function without(doc, ids) {
  const texts = doc.texts.filter((t) => !ids.has(t.id));
  return {
    ...doc,
    panels: doc.panels.filter((p) => !ids.has(p.id)),
    texts: texts.map((t) => (t.panel !== null && ids.has(t.panel) ? { ...t, panel: null } : t)),
  };
}

/**
 * Add a panel where it belongs in reading order; texts that nobody owns go to it.
 * @param {Doc} doc
 * @param {Panel} panel
 * @param {string} direction
 * @returns {Doc}
 */
export function withPanel(doc, panel, direction) {
  let at = doc.panels.findIndex((p) => inOrder([panel, p], direction)[0] === panel);
  if (at < 0) at = doc.panels.length;
  const panels = [...doc.panels.slice(0, at), panel, ...doc.panels.slice(at)];
  return { ...doc, panels, texts: homed(doc.texts, panels, (t) => t.panel === null) };
}

/**
 * Put others in the place of a panel; its texts go to the part that holds them.
 * @param {Doc} doc
 * @param {string} id
 * @param {{box: Box, polygon: Point[] | null}[]} parts
 * @param {string} direction
 * @returns {{doc: Doc, ids: string[]}}
 */
export function replaced(doc, id, parts, direction) {
  const made = inOrder(parts, direction).map((part) => ({ ...part, id: newId("p") }));
  const panels = doc.panels.flatMap((p) => (p.id === id ? made : [p]));
  const texts = homed(doc.texts, made, (t) => t.panel === id);
  return { doc: { ...doc, panels, texts }, ids: made.map((p) => p.id) };
}

/**
 * Make one panel of several, in the place of the first.
 * @param {Doc} doc
 * @param {Set<string>} ids
 * @param {Box} box
 * @returns {{doc: Doc, id: string}}
 */
export function merged(doc, ids, box) {
  const first = doc.panels.findIndex((p) => ids.has(p.id));
  const panel = { id: newId("p"), box, polygon: null };
  const panels = doc.panels.flatMap((p, i) => (i === first ? [panel] : ids.has(p.id) ? [] : [p]));
  const texts = doc.texts.map((t) => (t.panel !== null && ids.has(t.panel) ? { ...t, panel: panel.id } : t));
  return { doc: { ...doc, panels, texts }, id: panel.id };
}

/**
 * @template {{id: string}} T
 * @param {T[]} items
 * @param {string} id
 * @param {number} place from 0
 * @returns {T[]}
 */
export function atPlace(items, id, place) {
  const item = items.find((each) => each.id === id);
  if (!item) return items;
  const others = items.filter((each) => each.id !== id);
  const at = Math.min(Math.max(place, 0), others.length);
  return [...others.slice(0, at), item, ...others.slice(at)];
}

/**
 * @param {Text[]} texts
 * @param {Panel[]} panels
 * @param {(text: Text) => boolean} isHomeless
 */
function homed(texts, panels, isHomeless) {
  return texts.map((t) => (isHomeless(t) ? { ...t, panel: ownerOf(t.box, panels) } : t));
}
