// The keyboard of the editor. Letters act where nobody is typing; Ctrl+Enter saves from anywhere.

import { isTyping } from "../base/base.js";

const STEPS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
});
const TYPED_TOGETHER_MS = 700;

/**
 * @param {any} editor
 * @param {Record<string, () => void>} actions by key: what is not the editor's own
 */
export function listenToKeys(editor, actions) {
  let digits = "";
  let typedAt = 0;
  /** @type {string[]} chosen with Shift and space, while the focus goes on */
  const gathered = [];

  /** @param {KeyboardEvent} event */
  const withControl = (event) => {
    const key = event.key.toLowerCase();
    const isUndo = key === "z" && !event.shiftKey;
    const isRedo = (key === "z" && event.shiftKey) || key === "y";
    if (key === "enter" || key === "s") {
      event.preventDefault();
      actions.Enter?.();
    } else if ((isUndo || isRedo) && !editor.look.isFixed) {
      // In a field too: what was typed there is a step like any other.
      event.preventDefault();
      if (isUndo) editor.undo();
      else editor.redo();
    } else if (key === "a" && !isTyping(event)) {
      event.preventDefault();
      editor.select(editor.doc.panels.map((/** @type {any} */ p) => p.id));
    }
  };

  /** @param {KeyboardEvent} event @param {[number, number]} step */
  const arrow = (event, [dx, dy]) => {
    if (event.target instanceof HTMLElement && event.target.closest("[role=toolbar], dialog")) return;
    if (event.altKey && !editor.look.selected.size) return; // the browser's own: back and forth
    event.preventDefault();
    const n = event.shiftKey ? 10 : 1;
    if (editor.look.selected.size && !editor.look.isFixed) editor.nudge(dx * n, dy * n, event.altKey);
    else editor.view.pan(-dx * n * 12, -dy * n * 12);
  };

  /** @param {string} digit */
  const number = (digit) => {
    const now = performance.now();
    digits = now - typedAt < TYPED_TOGETHER_MS ? digits + digit : digit;
    typedAt = now;
    const [id] = editor.look.selected;
    if (editor.look.selected.size === 1 && Number(digits) > 0) editor.place(id, Number(digits) - 1);
  };

  const own = /** @type {Record<string, (event: KeyboardEvent) => void>} */ ({
    Delete: () => editor.remove(),
    Backspace: () => editor.remove(),
    m: () => editor.merge(),
    s: () => editor.split(),
    h: () => editor.split(true),
    v: () => editor.split(false),
    u: () => editor.undo(),
    U: () => editor.redo(),
    b: () => editor.take("panel"),
    t: () => editor.take("text"),
    k: () => editor.take("line"),
    o: () => editor.take(editor.look.tool === "order" ? "select" : "order"),
    Escape: () => (editor.look.tool === "select" ? editor.select([]) : editor.take("select")),
    "+": () => editor.view.zoom(1.3),
    "=": () => editor.view.zoom(1.3),
    "-": () => editor.view.zoom(1 / 1.3),
    f: () => editor.view.fit(),
    e: () => editor.look.selected.size === 1 && editor.edit([...editor.look.selected][0]),
  });
  const harmless = new Set(["Escape", "+", "=", "-", "f", "e"]);

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey) return withControl(event);
    if (event.key === "Escape" && isTyping(event)) {
      /** @type {HTMLElement} */ (event.target).blur();
      return undefined;
    }
    if (isTyping(event)) return undefined;
    if (event.key in STEPS) return arrow(event, STEPS[event.key]);
    if (event.altKey) return undefined;
    const onShape = event.target instanceof SVGElement;
    const onButton = event.target instanceof HTMLElement && event.target.closest("button, a, summary");
    if (event.key === " ") return onButton ? undefined : space(event, onShape);
    if (event.key === "Enter") {
      if (!onButton) {
        event.preventDefault();
        actions.Enter?.();
      }
      return undefined;
    }
    if (/^[0-9]$/.test(event.key)) return editor.look.isFixed ? undefined : number(event.key);
    const run = Object.hasOwn(own, event.key) && (!editor.look.isFixed || harmless.has(event.key)) ? own[event.key] : undefined;
    if (run) {
      event.preventDefault();
      if (event.key === "Escape" || event.key === "m") gathered.length = 0;
      return run(event);
    }
    if (Object.hasOwn(actions, event.key)) {
      event.preventDefault();
      actions[event.key]();
    }
    return undefined;
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") editor.isPanning = false;
  });

  /** Shift+space on a shape adds it to what is chosen; space elsewhere pans. @param {KeyboardEvent} event @param {boolean} onShape */
  function space(event, onShape) {
    event.preventDefault();
    if (!onShape || !event.shiftKey) {
      editor.isPanning = !onShape;
      return;
    }
    const id = /** @type {SVGElement} */ (event.target).dataset.id ?? "";
    if (gathered.includes(id)) gathered.splice(gathered.indexOf(id), 1);
    else gathered.push(id);
    editor.select([...gathered], { focuses: false });
  }
}
