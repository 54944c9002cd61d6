// The map page: panes side by side that share colours, filters, what is pointed at and chosen.

import { part, plural, toast } from "../base/base.js";
import { colouring, packed, Palette } from "./colours.js";
import { makeMap } from "./job.js";
import { showLegend } from "./legend.js";
import { Pane } from "./pane.js";
import { NoMapYet, Points } from "./points.js";
import { asCsv, asJson, save, showSelection } from "./selection.js";

class MapPage {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.form = /** @type {HTMLFormElement} */ (part(root, "[data-choice]"));
    this.of = root.dataset.of ?? "panels";
    /** @type {Pane[]} */
    this.panes = [];
    this.palette = new Palette();
    /** Categories that are switched off. @type {Set<string>} */
    this.hidden = new Set();
    /** Keys of chosen points. @type {Set<number>} */
    this.chosen = new Set();
    this.mode = "move";
    this.startForm();
    this.startTools();
    for (const section of root.querySelectorAll("[data-space]")) {
      this.open(/** @type {HTMLElement} */ (section));
    }
    document.addEventListener("longbox:theme", () => this.colour());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.colour());
  }

  get colourBy() {
    return String(new FormData(this.form).get("colour"));
  }

  startForm() {
    this.form.addEventListener("change", (event) => {
      if (event.target instanceof HTMLSelectElement && event.target.name === "colour") {
        this.hidden.clear();
        this.colour();
        const query = new URLSearchParams(location.search);
        query.set("colour", this.colourBy);
        history.replaceState(null, "", `?${query}`);
      } else this.form.requestSubmit();
    });
  }

  startTools() {
    for (const button of this.root.querySelectorAll("[data-mode]")) {
      button.addEventListener("click", () => this.setMode(/** @type {HTMLElement} */ (button).dataset.mode ?? "move"));
    }
    const meanings = { in: (p) => p.zoom(1.6), out: (p) => p.zoom(1 / 1.6), fit: (p) => p.fit() };
    for (const [name, run] of Object.entries(meanings)) {
      part(this.root, `[data-zoom=${name}]`).addEventListener("click", () => {
        for (const pane of this.panes) run(pane.meanings());
      });
    }
    part(this.root, "[data-chosen-clear]").addEventListener("click", () => this.choose([], false));
    part(this.root, "[data-chosen-csv]").addEventListener("click", () => this.export("csv"));
    part(this.root, "[data-chosen-json]").addEventListener("click", () => this.export("json"));
  }

  /** @param {string} mode move, box or lasso */
  setMode(mode) {
    this.mode = mode;
    for (const button of this.root.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.mode === mode));
    }
    this.root.classList.toggle("map--drawing", mode !== "move");
  }

  /** @param {HTMLElement} section */
  async open(section) {
    const space = section.dataset.space ?? "";
    const said = part(section, "[data-said]");
    try {
      const points = await Points.fetch(space, this.of);
      this.opened(section, points);
      said.textContent = describe(points);
      this.offer(section, isStale(points) ? staleness(points) : "", "Make it again");
    } catch (error) {
      if (!(error instanceof NoMapYet)) {
        said.textContent = error instanceof Error ? error.message : String(error);
        return;
      }
      said.textContent = "";
      this.offer(section, `There is no map of this space yet. Making one takes some seconds for a
        thousand ${this.of}, some minutes for a hundred thousand.`, "Make the map");
    }
  }

  /**
   * @param {HTMLElement} section
   * @param {Points} points
   */
  opened(section, points) {
    part(section, "[data-shown]").hidden = false;
    part(section, "[data-empty]").hidden = points.n > 0;
    const pane = new Pane(section, points, {
      hovered: (from, key) => this.hovered(from, key),
      chosen: (keys, isAdded) => this.choose(keys, isAdded),
      toggled: (key) => this.choose([key], true, true),
      mode: () => this.mode,
      isChosen: (key) => this.chosen.has(key),
    });
    this.panes = [...this.panes.filter((other) => other.root !== section), pane];
    this.panes.sort((a, b) => (a.root.compareDocumentPosition(b.root) & 4 ? -1 : 1));
    this.colour();
    section.dataset.ready = String(points.n);
  }

  /**
   * Offer to make a map, or nothing where there is nothing to say.
   * @param {HTMLElement} section
   * @param {string} why
   * @param {string} label
   */
  offer(section, why, label) {
    const box = part(section, "[data-offer]");
    box.hidden = !why;
    part(box, "[data-why]").textContent = why;
    const button = /** @type {HTMLButtonElement | null} */ (box.querySelector("button"));
    if (!button) return; // read-only
    button.textContent = label;
    button.disabled = false;
    button.onclick = () => this.make(section, button);
  }

  /**
   * @param {HTMLElement} section
   * @param {HTMLButtonElement} button
   */
  async make(section, button) {
    const bar = /** @type {HTMLProgressElement} */ (part(section, "progress"));
    button.disabled = true;
    bar.hidden = false;
    try {
      await makeMap(section.dataset.space ?? "", this.of, (fraction, line) => {
        if (fraction === null) bar.removeAttribute("value");
        else bar.value = fraction;
        part(section, "[data-why]").textContent = line;
      });
      await this.open(section);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.offer(section, reason, "Try again");
      toast(reason, { kind: "error" });
    } finally {
      bar.hidden = true;
    }
  }

  /** Colour every pane anew: another feature, theme or filter. */
  colour() {
    const dark = document.documentElement.dataset.theme;
    const isDark = dark ? dark === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    for (const pane of this.panes) {
      const { categories, of } = colouring(pane.points, this.colourBy, this.palette, isDark);
      const colours = categories.map((category) => packed(category.colour));
      const isIn = categories.map((category) => (this.hidden.has(category.key) ? 0 : 1));
      for (let i = 0; i < of.length; i += 1) {
        pane.colours[i] = colours[of[i]];
        pane.isIn[i] = isIn[of[i]];
      }
      showLegend(part(pane.root, "[data-legend]"), categories, this.hidden, (key, isAlone) =>
        this.switch(key, isAlone ? categories.map((category) => category.key) : null),
      );
      pane.arrange();
      pane.list();
    }
  }

  /**
   * Hide or show a category.
   * @param {string} key
   * @param {string[] | null} all to show this one alone: all of its legend
   */
  switch(key, all) {
    if (all) {
      const isAlone = all.every((other) => this.hidden.has(other) !== (other === key));
      this.hidden = new Set(isAlone ? [] : all.filter((other) => other !== key));
    } else if (!this.hidden.delete(key)) this.hidden.add(key);
    const focused = document.activeElement;
    const section = focused?.closest("[data-space]");
    const where = focused instanceof HTMLElement ? focused.dataset.key : undefined;
    this.colour();
    if (section && where !== undefined) {
      /** @type {HTMLElement | null} */ (section.querySelector(`[data-key="${CSS.escape(where)}"]`))?.focus();
    }
  }

  /**
   * Mark what is pointed at in every other map.
   * @param {Pane} from
   * @param {number | null} key
   */
  hovered(from, key) {
    for (const pane of this.panes) {
      if (pane === from) continue;
      pane.tip.hide();
      pane.mark(key === null ? -1 : pane.points.find(key));
    }
  }

  /**
   * Choose points.
   * @param {number[]} keys
   * @param {boolean} isAdded to those chosen before
   * @param {boolean} [isToggled] and away with those that were chosen
   */
  choose(keys, isAdded, isToggled = false) {
    if (!isAdded) this.chosen.clear();
    for (const key of keys) {
      if (isToggled && this.chosen.delete(key)) continue;
      this.chosen.add(key);
    }
    for (const pane of this.panes) {
      pane.isChosen = this.chosen.size ? new Uint8Array(pane.points.n) : null;
      for (const key of this.chosen) {
        const i = pane.points.find(key);
        if (i >= 0 && pane.isChosen) pane.isChosen[i] = 1;
      }
      pane.arrange();
      pane.list();
    }
    const { points, indices } = this.named();
    showSelection(part(document.body, "[data-chosen]"), points, indices, this.chosen.size);
  }

  /** The map that has most of what is chosen, and its points. */
  named() {
    const found = this.panes.map((pane) => ({
      points: pane.points,
      indices: [...this.chosen].map((key) => pane.points.find(key)).filter((i) => i >= 0),
    }));
    found.sort((a, b) => b.indices.length - a.indices.length);
    return found[0] ?? { points: null, indices: [] };
  }

  /** @param {"csv" | "json"} kind */
  export(kind) {
    const { points, indices } = this.named();
    if (!points) return;
    const name = `longbox-${points.about.of}-${indices.length}.${kind}`;
    if (kind === "csv") save(asCsv(points, indices), name, "text/csv;charset=utf-8");
    else save(asJson(points, indices), name, "application/json");
  }
}

/** @param {Points} points */
function isStale(points) {
  return points.about.n_books_new > 0 || points.about.n_books_changed > 0;
}

/** @param {Points} points */
function staleness({ about }) {
  const said = [];
  if (about.n_books_new) said.push(`${plural(about.n_books_new, "book")} came since and are not on this map.`);
  if (about.n_books_changed) said.push(`${plural(about.n_books_changed, "book")} changed or went; their points are left out.`);
  return said.join(" ");
}

/** @param {Points} points */
function describe({ about, n }) {
  const count = (/** @type {number} */ value) => value.toLocaleString("en");
  const all = n < about.n_known ? `${count(n)} of ${count(about.n_known)} ${about.of}` : `${count(n)} ${about.of}`;
  const vector = about.of === "pages" ? ` by ${about.vector_of === "strip" ? "strip vectors" : "the mean of their panels"}` : "";
  const how = about.method === "pca" ? ", too few for UMAP: two widest directions" : "";
  const fitted = about.n_fitted < n ? `, laid out on ${count(about.n_fitted)}, the rest placed among them` : "";
  return `${all}${vector}${how}${fitted}`;
}

const root = document.querySelector("[data-map]");
if (root instanceof HTMLElement) {
  const made = new MapPage(root);
  // For measuring from outside; nothing of the page reads it.
  Object.defineProperty(root, "mapPage", { value: made });
}
