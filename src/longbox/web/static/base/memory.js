// What this browser remembers. Storage may be switched off, full, or hold what makes no sense: then
// nothing is remembered, and the page goes on.

/**
 * @param {string} key
 * @param {"localStorage" | "sessionStorage"} [where] the second forgets with the tab
 * @returns {any} what is kept as JSON; null for nothing
 */
export function recall(key, where = "localStorage") {
  try {
    return JSON.parse(window[where].getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {unknown} value JSON; null forgets
 * @param {"localStorage" | "sessionStorage"} [where]
 */
export function keep(key, value, where = "localStorage") {
  try {
    if (value === null) window[where].removeItem(key);
    else window[where].setItem(key, JSON.stringify(value));
  } catch {
    // It holds for this page only.
  }
}

/**
 * @param {string} key
 * @returns {Record<string, any>} the record that is kept; an empty one for anything else
 */
export function recallRecord(key) {
  const found = recall(key);
  return found && typeof found === "object" && !Array.isArray(found) ? found : {};
}
