// The points that are seen, as a list: the map for those who do not see it or use no pointer.

const LISTED = 60;

/**
 * List the points in view, those nearest to the middle first; nothing while the list is closed.
 * @param {HTMLElement} root
 * @param {import("./pane.js").Pane} pane
 */
export function listInView(root, pane) {
  const details = /** @type {HTMLDetailsElement} */ (root.querySelector("[data-list]"));
  if (!details.open) return;
  const seen = pane.inView();
  const { places } = pane.points;
  const far = (/** @type {number} */ i) =>
    (places[2 * i] - pane.camera.x) ** 2 + (places[2 * i + 1] - pane.camera.y) ** 2;
  const nearest = seen.sort((a, b) => far(a) - far(b)).slice(0, LISTED);
  const said = /** @type {HTMLElement} */ (root.querySelector("[data-list-said]"));
  said.textContent =
    seen.length > LISTED
      ? `The ${LISTED} nearest to the middle of ${seen.length.toLocaleString("en")} in view.`
      : `${seen.length} in view.`;
  const list = /** @type {HTMLElement} */ (root.querySelector("[data-listed]"));
  list.replaceChildren(...nearest.map((i) => entry(pane, i)));
}

/**
 * @param {import("./pane.js").Pane} pane
 * @param {number} i
 */
function entry(pane, i) {
  const { points } = pane;
  const item = document.createElement("li");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = pane.owner.isChosen(points.key(i));
  box.setAttribute("aria-label", `select ${points.name(i)}`);
  box.addEventListener("change", () => pane.owner.toggled(points.key(i)));
  const link = document.createElement("a");
  link.href = points.address(i);
  link.textContent = points.name(i);
  link.addEventListener("focus", () => {
    pane.mark(i);
    pane.owner.hovered(pane, points.key(i));
  });
  item.append(box, link);
  return item;
}
