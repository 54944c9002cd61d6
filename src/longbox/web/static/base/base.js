// What every page has: theme, keyboard shortcuts, short notices, and asking the API.

/**
 * Show a short notice that a screen reader says too; it goes by itself.
 * @param {string} text
 * @param {{kind?: "note" | "error", action?: {label: string, run: () => void}, keep?: number}} [options]
 */
export function toast(text, { kind = "note", action, keep = 6000 } = {}) {
  const box = document.createElement("div");
  box.className = `toast toast--${kind}`;
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "toast__action";
    button.textContent = action.label;
    button.addEventListener("click", () => {
      box.remove();
      action.run();
    });
    box.append(button);
  }
  document.getElementById("toasts")?.append(box);
  setTimeout(() => box.remove(), keep);
  return box;
}

export const NO_ANSWER = "the server does not answer; is `longbox serve` still running?";

/** What the server refused, with its status and its one line. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} reason
   * @param {unknown} body
   */
  constructor(status, reason, body) {
    super(reason);
    this.status = status;
    this.body = body;
  }
}

/**
 * Ask the API.
 * @param {string} address below /api/v1
 * @param {{method?: string, json?: unknown, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the answer's JSON, or null for an empty one
 * @throws {Refused} with the server's reason
 */
export async function ask(address, { method = "GET", json, body, headers = {}, signal } = {}) {
  const sent = json === undefined ? body : JSON.stringify(json);
  if (json !== undefined) headers = { ...headers, "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(`/api/v1${address}`, { method, body: sent, headers, signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(0, NO_ANSWER, null);
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    answer = null;
  }
  if (!response.ok) throw new Refused(response.status, answer?.error ?? response.statusText, answer);
  return answer;
}

/**
 * Ask for a part of a page, as HTML.
 * @param {URL} address
 * @param {AbortSignal} [signal]
 * @returns {Promise<{part: Document, response: Response}>} also where it was refused: `reasonIn`
 */
export async function askPart(address, signal) {
  const response = await fetch(address, { signal, headers: { "HX-Request": "true" } });
  return { part: new DOMParser().parseFromString(await response.text(), "text/html"), response };
}

/**
 * The one line that a page of a refusal says.
 * @param {Document} page
 */
export function reasonIn(page) {
  return page.querySelector("main p")?.textContent ?? "that did not work";
}

/**
 * Whether a key press belongs to something that is being typed into.
 * @param {KeyboardEvent} event
 */
export function isTyping(event) {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/**
 * Call a function for a key, unless somebody types or holds Ctrl, Alt or Meta.
 * @param {Record<string, (event: KeyboardEvent) => void>} keys by `event.key`
 * @returns {() => void} stops listening
 */
export function onKeys(keys) {
  const listen = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const run = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
    if (run) run(event);
  };
  document.addEventListener("keydown", listen);
  return () => document.removeEventListener("keydown", listen);
}

/**
 * The part of a page that its script cannot do without.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function part(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (found);
}

/**
 * @param {number} n
 * @param {string} noun
 * @returns {string} "1 page", "2,000 pages"
 */
export function plural(n, noun) {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function startThemeToggle() {
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    const say = () => button.setAttribute("aria-pressed", String(isDark()));
    say();
    button.addEventListener("click", () => {
      const next = isDark() ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      try {
        localStorage.setItem("longbox.theme.v1", next);
      } catch {
        // Holds for this page only.
      }
      say();
      document.dispatchEvent(new CustomEvent("longbox:theme", { detail: next }));
    });
  }
}

function startShortcuts() {
  onKeys({
    "/": (event) => {
      const field = document.querySelector('[data-shortcut="/"]');
      if (field instanceof HTMLInputElement) {
        event.preventDefault();
        field.focus();
        field.select();
      }
    },
  });
}

function sayFailedRequests() {
  document.addEventListener("htmx:responseError", (event) => {
    const xhr = /** @type {CustomEvent} */ (event).detail.xhr;
    toast(reasonIn(new DOMParser().parseFromString(xhr.responseText, "text/html")), { kind: "error" });
  });
  document.addEventListener("htmx:sendError", () => toast(NO_ANSWER, { kind: "error" }));
}

startThemeToggle();
startShortcuts();
sayFailedRequests();
