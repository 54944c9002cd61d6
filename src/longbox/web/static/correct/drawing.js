// The page with everything on it, drawn as SVG. Shapes keep their elements as long as the thing
// they stand for is there, so that the keyboard's focus stays where it is.

import { corners } from "./geometry.js";

/**
 * @typedef {import("./document.js").Doc} Doc
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{
 *   selected: Set<string>, tool: string, direction: string, picked: string[],
 *   shows: {path: boolean, texts: boolean, detector: boolean, model: boolean},
 *   draft: {box?: Box, line?: Point[]} | null, guides: {isUpright: boolean, at: number}[],
 *   isFixed: boolean,
 * }} Look
 */

const SVG = "http://www.w3.org/2000/svg";
const KIND_WORDS = { sound_effect: "sound effect" };
export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
export function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

export const outlinePoints = (/** @type {Point[]} */ outline) => outline.map((p) => p.join(",")).join(" ");

export class Drawing {
  /**
   * @param {SVGSVGElement} svg with a picture in it
   * @param {{width: number, height: number}} page
   * @param {(id: string) => void} onFocus
   */
  constructor(svg, page, onFocus) {
    this.svg = svg;
    this.page = page;
    this.onFocus = onFocus;
    /** @type {Map<string, SVGGElement>} */
    this.shapes = new Map();
    for (const old of svg.querySelectorAll("[data-still]")) old.remove();
    this.layers = Object.fromEntries(
      ["views", "path", "things", "over"].map((name) => [name, svg.appendChild(shape("g", { class: `layer-${name}` }))]),
    );
  }

  /**
   * @param {Doc} doc
   * @param {any} state what the detector and the model saw
   * @param {Look} look
   * @param {number} scale screen pixels a page pixel
   */
  draw(doc, state, look, scale) {
    this.svg.classList.toggle("hides-texts", !look.shows.texts);
    this.#views(state, look, scale);
    this.#path(doc, look, scale);
    this.#things(doc, look, scale);
    this.#over(doc, look, scale);
  }

  /** @param {string} id */
  focus(id) {
    this.shapes.get(id)?.focus({ preventScroll: true });
  }

  /** @param {any} state @param {Look} look @param {number} scale */
  #views(state, look, scale) {
    /** @type {SVGElement[]} */
    const made = [];
    if (look.shows.detector && state.detector) {
      state.detector.forEach((/** @type {Box} */ box) => made.push(frame(box, "view view--detector", 3 / scale)));
    }
    if (look.shows.model && state.model) {
      for (const panel of state.model.panels) {
        if (!panel.box) continue;
        made.push(frame(panel.box, "view view--model", -3 / scale));
        made.push(label(panel.box, `${panel.number}`, "view__number", scale));
      }
    }
    this.layers.views.replaceChildren(...made);
  }

  /** @param {Doc} doc @param {Look} look @param {number} scale */
  #path(doc, look, scale) {
    if (!look.shows.path || doc.panels.length < 2) return this.layers.path.replaceChildren();
    const middles = doc.panels.map(({ box }) => /** @type {Point} */ ([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]));
    const lines = ["path path--under", "path"].map((name) => shape("polyline", { points: outlinePoints(middles), class: name }));
    const dots = middles.map(([x, y], i) =>
      shape("circle", { cx: x, cy: y, r: (i ? 3.5 : 6) / scale, class: i ? "path__dot" : "path__start" }),
    );
    return this.layers.path.replaceChildren(...lines, ...dots);
  }

  /** @param {Doc} doc @param {Look} look @param {number} scale */
  #things(doc, look, scale) {
    const holder = this.layers.things;
    const focused = document.activeElement;
    const wanted = [];
    doc.panels.forEach((panel, i) => {
      const g = this.#shape(panel.id, "panel");
      const place = look.tool === "order" ? look.picked.indexOf(panel.id) + 1 : i + 1;
      g.setAttribute("aria-label", `Panel ${i + 1} of ${doc.panels.length}, ${said(panel.box)}`);
      this.#mark(g, panel.id, look);
      g.replaceChildren(
        shape("polygon", { points: outlinePoints(panel.polygon ?? corners(panel.box)), class: "panel__outline" }),
        ...badge(panel.box, place ? String(place) : "·", look.direction, scale, this.page),
      );
      wanted.push(g);
    });
    doc.texts.forEach((text, i) => {
      const g = this.#shape(text.id, "text");
      const kind = /** @type {Record<string, string>} */ (KIND_WORDS)[text.kind] ?? text.kind;
      g.setAttribute("aria-label", `Text ${i + 1}, ${kind}: ${text.text.slice(0, 80)}`);
      this.#mark(g, text.id, look);
      g.replaceChildren(frame(text.box, `text__frame text__frame--${text.kind}`, 0));
      wanted.push(g);
    });
    const kept = new Set(wanted);
    for (const [id, g] of this.shapes) {
      if (!kept.has(g)) {
        g.remove();
        this.shapes.delete(id);
      }
    }
    wanted.forEach((g, i) => {
      if (holder.children[i] !== g) holder.insertBefore(g, holder.children[i] ?? null);
    });
    // Moving an element in the tree takes its focus away.
    if (focused instanceof SVGElement && kept.has(/** @type {SVGGElement} */ (focused))) {
      if (document.activeElement !== focused) focused.focus({ preventScroll: true });
    }
  }

  /** @param {Doc} doc @param {Look} look @param {number} scale */
  #over(doc, look, scale) {
    /** @type {SVGElement[]} */
    const made = look.guides.map(({ isUpright, at }) =>
      shape("line", {
        class: "guide",
        x1: isUpright ? at : 0,
        x2: isUpright ? at : this.page.width,
        y1: isUpright ? 0 : at,
        y2: isUpright ? this.page.height : at,
      }),
    );
    if (look.draft?.box) made.push(frame(look.draft.box, "draft", 0));
    if (look.draft?.line) made.push(shape("polyline", { points: outlinePoints(look.draft.line), class: "draft draft--line" }));
    const one = look.selected.size === 1 ? [...look.selected][0] : "";
    const item = [...doc.panels, ...doc.texts].find((each) => each.id === one);
    if (item && !look.isFixed && look.tool === "select") made.push(...handles(item.box, scale));
    this.layers.over.replaceChildren(...made);
  }

  /** @param {string} id @param {string} sort */
  #shape(id, sort) {
    let g = this.shapes.get(id);
    if (!g) {
      g = /** @type {SVGGElement} */ (shape("g", { class: sort, tabindex: 0, role: "button", "data-id": id }));
      g.addEventListener("focus", () => this.onFocus(id));
      this.shapes.set(id, g);
    }
    return g;
  }

  /** @param {SVGGElement} g @param {string} id @param {Look} look */
  #mark(g, id, look) {
    g.setAttribute("aria-pressed", String(look.selected.has(id)));
    g.classList.toggle("is-selected", look.selected.has(id));
    g.classList.toggle("is-picked", look.picked.includes(id));
  }
}

/** @param {Box} box */
const said = (box) => {
  const [x, y, x1, y1] = box.map(Math.round);
  return `${x1 - x} by ${y1 - y} at ${x}, ${y}`;
};

/**
 * @param {Box} box
 * @param {string} name
 * @param {number} inset so that frames on the same edge are both seen
 */
function frame(box, name, inset) {
  return shape("rect", {
    x: box[0] + inset,
    y: box[1] + inset,
    width: Math.max(1, box[2] - box[0] - 2 * inset),
    height: Math.max(1, box[3] - box[1] - 2 * inset),
    class: name,
  });
}

/** @param {Box} box @param {string} words @param {string} name @param {number} scale */
function label(box, words, name, scale) {
  const made = shape("text", { x: box[2] - 8 / scale, y: box[3] - 8 / scale, class: name, "font-size": 15 / scale });
  made.textContent = words;
  return made;
}

/**
 * @param {Box} box
 * @param {string} words
 * @param {string} direction
 * @param {number} scale
 * @param {{width: number}} page
 */
function badge(box, words, direction, scale, page) {
  const r = 13 / scale;
  const reach = Math.min(r * 1.35, (box[2] - box[0]) / 2);
  const x = direction === "rtl" ? Math.min(box[2], page.width) - reach : Math.max(box[0], 0) + reach;
  const y = Math.max(box[1], 0) + Math.min(r * 1.35, (box[3] - box[1]) / 2);
  const number = shape("text", { x, y, class: "badge-number", "font-size": 14 / scale, dy: "0.35em" });
  number.textContent = words;
  return [shape("circle", { cx: x, cy: y, r, class: "badge-circle" }), number];
}

/** @param {Box} box @param {number} scale */
function handles(box, scale) {
  const [mx, my] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  return HANDLES.flatMap((name) => {
    const x = name.includes("w") ? box[0] : name.includes("e") ? box[2] : mx;
    const y = name.includes("n") ? box[1] : name.includes("s") ? box[3] : my;
    return [shape("circle", { cx: x, cy: y, r: 6 / scale, class: "handle" })];
  });
}
