// The hits: more of them when the end comes near, from one to the next by keys, their menus.
"use strict";

import { askPart, isTyping, reasonIn, toast } from "../base/base.js";

const AHEAD_PX = 900;

/**
 * @param {{say: (text: string) => void, go: (address: string) => void}} page
 * @returns {{watch: () => void, count: () => number}}
 */
export function startHits({ say, go }) {
  let isAsking = false;
  const seen = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void more();
    },
    { rootMargin: `0px 0px ${AHEAD_PX}px 0px` },
  );

  function link() {
    const found = document.querySelector("#found-end [data-more]");
    return found instanceof HTMLAnchorElement ? found : null;
  }

  async function more() {
    const at = link();
    const list = document.getElementById("hits");
    if (!at || !list || isAsking) return;
    isAsking = true;
    const url = new URL(at.href);
    url.pathname = "/search/more";
    try {
      const { part, response } = await askPart(url);
      const items = part.querySelectorAll("[data-hit]");
      if (!response.ok) throw new Error(reasonIn(part));
      if (link() !== at) return; // another search is shown by now
      const known = new Set([...list.querySelectorAll("[data-panel]")].map((hit) => hit.getAttribute("data-panel")));
      for (const item of items) {
        if (!known.has(item.getAttribute("data-panel")) || !item.hasAttribute("data-panel")) list.append(document.importNode(item, true));
      }
      const next = part.querySelector("[data-more]");
      if (next) at.replaceWith(document.importNode(next, true));
      else at.replaceWith(end());
      say(`${items.length} more; ${count()} are shown`);
      watch();
    } catch (error) {
      seen.disconnect(); // the link stays: it asks again when it is clicked
      toast(error instanceof Error ? error.message : String(error), { kind: "error" });
    } finally {
      isAsking = false;
    }
  }

  function watch() {
    seen.disconnect();
    const at = link();
    if (at) seen.observe(at);
  }

  function count() {
    return document.querySelectorAll("#hits > [data-hit]").length;
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-more]") && event.button === 0 && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      void more();
    }
    closeMenus(target?.closest("[data-menu]") ?? null);
  });
  startKeys(go);
  startMenus();
  return { watch, count };
}

function end() {
  const line = document.createElement("p");
  line.className = "quiet";
  line.textContent = "That is all.";
  return line;
}

/** @returns {HTMLAnchorElement[]} */
function opens() {
  return [...document.querySelectorAll("#hits [data-open]")].filter((each) => each instanceof HTMLAnchorElement);
}

/** @param {(address: string) => void} go */
function startKeys(go) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (document.querySelector("dialog[open], :popover-open")) return;
    const here = document.activeElement?.closest("[data-hit]") ?? null;
    const isInMenu = document.activeElement?.closest("[data-menu][open]");
    if (event.key === "j" || (event.key === "ArrowRight" && here && !isInMenu)) step(event, here, 1);
    else if (event.key === "k" || (event.key === "ArrowLeft" && here && !isInMenu)) step(event, here, -1);
    else if (event.key === "ArrowDown" && here && !isInMenu) stepRow(event, here, 1);
    else if (event.key === "ArrowUp" && here && !isInMenu) stepRow(event, here, -1);
    else if (event.key === "r" && here) follow(here.querySelector("[data-read]"), (address) => location.assign(address));
    else if (event.key === "l" && here) follow(here.querySelector("[data-like]"), go);
  });
}

/**
 * @param {Element | null} link
 * @param {(address: string) => void} to
 */
function follow(link, to) {
  if (link instanceof HTMLAnchorElement) to(link.href);
}

/**
 * @param {KeyboardEvent} event
 * @param {Element | null} here
 * @param {number} by
 */
function step(event, here, by) {
  const all = opens();
  if (!all.length) return;
  event.preventDefault();
  const at = here ? all.findIndex((each) => here.contains(each)) + by : 0;
  reach(all[Math.min(Math.max(at, 0), all.length - 1)]);
}

/**
 * Go to the hit below or above that lies nearest.
 * @param {KeyboardEvent} event
 * @param {Element} here
 * @param {number} by
 */
function stepRow(event, here, by) {
  const from = here.getBoundingClientRect();
  const middle = (from.left + from.right) / 2;
  /** @type {{link: HTMLAnchorElement, cost: number} | null} */
  let best = null;
  for (const link of opens()) {
    const box = link.getBoundingClientRect();
    const away = by > 0 ? box.top - from.bottom : from.top - box.bottom;
    if (away < -1 || here.contains(link)) continue;
    const cost = away * 3 + Math.abs((box.left + box.right) / 2 - middle);
    if (!best || cost < best.cost) best = { link, cost };
  }
  if (!best) return;
  event.preventDefault();
  reach(best.link);
}

/** @param {HTMLAnchorElement | undefined} link */
function reach(link) {
  link?.focus({ preventScroll: true });
  link?.closest("[data-hit]")?.scrollIntoView({ block: "nearest" });
}

/** @param {Element | null} but */
function closeMenus(but) {
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (menu !== but) menu.removeAttribute("open");
}

function startMenus() {
  document.addEventListener("keydown", (event) => {
    const open = document.querySelector("[data-menu][open]");
    if (event.key !== "Escape" || !open) return;
    open.removeAttribute("open");
    open.querySelector("summary")?.focus();
  });
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLDetailsElement) || !menu.open || !menu.hasAttribute("data-menu")) return;
    menu.classList.remove("menu--left");
    const body = menu.querySelector(".menu__body")?.getBoundingClientRect();
    if (body && body.left < 8) menu.classList.add("menu--left");
  }, true);
}
