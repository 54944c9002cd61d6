// Keys, fingers, mouse and wheel: what each does in the reader.

import { isTyping, onKeys } from "../base/base.js";
import { listenTo } from "./gestures.js";
import { Swipe } from "./swipe.js";

const SIDE = 0.3; // of the window's width: a tap there turns

/**
 * Keys, direction-aware. Single letters can be switched off: voice input may type them by mistake.
 * @param {import("./reader.js").Reader} reader
 */
export function listenToKeys(reader) {
  const scroll = (event, step) => {
    event.preventDefault();
    reader.step(step);
  };
  const keys = {
    ArrowRight: () => reader.sideways(1),
    ArrowLeft: () => reader.sideways(-1),
    ArrowDown: (event) => reader.view !== "strip" && scroll(event, 1),
    ArrowUp: (event) => reader.view !== "strip" && scroll(event, -1),
    " ": (event) => isOnControl(event) || scroll(event, event.shiftKey ? -1 : 1),
    PageDown: (event) => (event.preventDefault(), reader.turn(1)),
    PageUp: (event) => (event.preventDefault(), reader.turn(-1)),
    Home: (event) => (event.preventDefault(), reader.jump(0)),
    End: (event) => (event.preventDefault(), reader.jump(reader.comic.length - 1, "last")),
    g: () => reader.chooseView(reader.view === "guided" ? reader.beforeGuided : "guided"),
    1: () => reader.chooseView("page"),
    2: () => reader.chooseView("spread"),
    3: () => reader.chooseView("strip"),
    f: () => reader.fullscreen(),
    t: () => reader.change("words", !reader.settings.words),
    b: () => reader.bars.toggle(),
    c: () => reader.open("contents"),
    s: () => reader.open("settings"),
    "/": (event) => (event.preventDefault(), reader.open("find")),
    "?": () => reader.open("help"),
    "+": () => reader.zoom(1.25),
    "=": () => reader.zoom(1.25),
    "-": () => reader.zoom(0.8),
    0: () => reader.view !== "strip" && reader.stage.unzoom(),
  };
  onKeys(Object.fromEntries(Object.entries(keys).map(([key, run]) => [key, (event) => isHeard(reader, key) && run(event)])));
  document.addEventListener("pointerdown", () => reader.root.classList.remove("reader--tabbing"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab") reader.root.classList.add("reader--tabbing");
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    if (isTyping(event) && !(/** @type {HTMLInputElement} */ (event.target).type === "range")) return;
    reader.escape();
  });
}

/** @param {import("./reader.js").Reader} reader */
export function listenToFingers(reader) {
  const { stage } = reader;
  const swipe = new Swipe(stage);
  let held = stage.leaf?.view;
  let isLook = false;
  const zone = (x) => (x < SIDE * stage.win.width ? -1 : x > (1 - SIDE) * stage.win.width ? 1 : 0);
  listenTo(reader.stageElement, {
    tap: (x) => {
      const side = zone(x);
      if (side === 0) reader.bars.toggle();
      else reader.sidewaysTap(side);
    },
    waitsForSecond: (x, y, isTouch) => zone(x) === 0 || (isTouch && reader.view !== "guided"),
    doubleTap: (x, y) => stage.zoomToPanel(x, y),
    dragStart: () => {
      held = stage.leaf?.view;
      isLook = stage.isLarge;
    },
    drag: (dx, dy) => (isLook ? stage.drag(held, dx, dy) : swipe.follow(reader.along(dx, dy))),
    dragEnd: (dx, dy, vx, vy) => !isLook && swipe.letGo(reader.along(dx, dy), reader.along(vx, vy)),
    zoom: (factor, x, y) => stage.zoomBy(factor, x, y),
    wheelPan: (dx, dy) => {
      if (!stage.isLarge || !stage.leaf) return false;
      const before = stage.leaf.view;
      stage.drag(before, -dx, -dy);
      return before.x !== stage.leaf.view.x || before.y !== stage.leaf.view.y;
    },
    wheelStep: (step) => reader.step(step),
  });
  reader.stripElement.addEventListener("click", (event) => {
    const isControl = /** @type {Element} */ (event.target).closest("a, button");
    if (!isControl && getSelection()?.isCollapsed !== false) reader.bars.toggle();
  });
}

/** Whether a key means the pages: not behind a dialog, and letters only where they are wanted as shortcuts. */
function isHeard(reader, key) {
  if (document.querySelector("dialog[open]")) return false;
  return key === " " || key.length > 1 || reader.settings.letters;
}

/** Whether a key would press what has the focus. @param {KeyboardEvent} event */
function isOnControl(event) {
  return event.target instanceof Element && event.target.closest("button, a, summary, [role=button]") !== null;
}
