// Saving: only what differs is sent, on the revision that it was made on. Who was slower is shown
// both states and chooses; nothing is overwritten without a word.

import { ask, Refused } from "../base/base.js";
import { documentOf, fieldsOf, panelsValue, textsValue } from "./document.js";

/** @typedef {import("./document.js").Doc} Doc */

const FIELDS = /** @type {const} */ (["panels", "texts", "page_type"]);

export class Saver {
  /**
   * @param {any} state the API's
   * @param {Doc} doc made of it
   */
  constructor(state, doc) {
    this.state = state;
    this.base = fieldsOf(doc);
    /** What the stages say, where nobody said anything yet: saving it again is taking back. */
    this.origin = /** @type {Record<string, string>} */ ({});
    this.#learn(state, this.base);
  }

  get address() {
    return `/books/${this.state.book_id}/pages/${this.state.page_index}/correction`;
  }

  /** @param {Doc} doc */
  isDirty(doc) {
    const now = fieldsOf(doc);
    return FIELDS.some((field) => now[field] !== this.base[field]);
  }

  /**
   * @param {Doc} doc
   * @param {{review?: string, forget?: string[], always?: string[]}} [also]
   * @returns what is to be sent
   */
  change(doc, { review, forget = [], always = [] } = {}) {
    const now = fieldsOf(doc);
    const said = new Set(this.state.corrected);
    /** @type {Record<string, any>} */
    const change = {};
    const takeBack = forget.filter((field) => said.has(field));
    for (const field of FIELDS) {
      if (now[field] === this.base[field] && !always.includes(field)) continue;
      if (this.origin[field] === now[field] && !always.includes(field)) {
        if (said.has(field)) takeBack.push(field);
      } else change[field] = this.#value(field, doc);
    }
    // Texts that people gave name panels by number, so they go with the panels.
    if (change.panels && said.has("texts") && !takeBack.includes("texts")) change.texts = textsValue(doc);
    if (takeBack.length) change.take_back = takeBack;
    if (review) change.review = review;
    return change;
  }

  /**
   * @param {Doc} doc
   * @param {Record<string, any>} change
   * @param {string} [revision] the present one, where somebody chose to overrule it
   * @returns {Promise<{job: string | null}>}
   * @throws {Refused} 409 with `body.present`: somebody else was faster
   */
  async send(doc, change, revision = this.state.revision) {
    const sent = fieldsOf(doc);
    const answer = await ask(this.address, { method: "PUT", json: change, headers: { "If-Match": `"${revision}"` } });
    this.state = answer.page;
    this.base = sent;
    return { job: answer.job_id };
  }

  /** @returns {Promise<any>} the state as it is now */
  fetch() {
    return ask(this.address);
  }

  /**
   * Take a state of the library as what is edited from now on.
   * @param {any} state
   * @returns {Doc}
   */
  adopt(state) {
    const doc = documentOf(state);
    this.state = state;
    this.base = fieldsOf(doc);
    this.#learn(state, this.base);
    return doc;
  }

  /** @param {any} state @param {Record<string, string>} fields */
  #learn(state, fields) {
    for (const field of FIELDS) {
      if (!state.corrected.includes(field) && !state.waiting.includes(field)) this.origin[field] = fields[field];
    }
  }

  /** @param {string} field @param {Doc} doc */
  #value(field, doc) {
    if (field === "panels") return panelsValue(doc);
    return field === "texts" ? textsValue(doc) : doc.pageType;
  }
}

/**
 * Follow a job until it has ended.
 * @param {string} jobId
 * @param {(job: any) => void} tell
 * @param {AbortSignal} signal
 */
export async function followJob(jobId, tell, signal) {
  let wait = 700;
  while (!signal.aborted) {
    try {
      const job = await ask(`/jobs/${jobId}`, { signal });
      tell(job);
      if (["done", "failed", "stopped"].includes(job.state)) return;
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return;
      if (!(error instanceof Refused)) return;
    }
    await new Promise((go) => setTimeout(go, wait));
    wait = Math.min(wait * 1.25, 4000);
  }
}
