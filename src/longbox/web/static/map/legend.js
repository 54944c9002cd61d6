// Which colour means what, how many points have it, and switches that hide them.

/**
 * Fill a pane's legend.
 * @param {HTMLElement} root the list
 * @param {import("./colours.js").Category[]} categories
 * @param {Set<string>} hidden keys of the categories that are switched off
 * @param {(key: string, isAlone: boolean) => void} switched isAlone: show this one only
 */
export function showLegend(root, categories, hidden, switched) {
  root.replaceChildren(
    ...categories.filter((c) => c.n > 0).map((category) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "map-key";
      button.title = "Click to hide or show, double-click for this one alone";
      button.setAttribute("aria-pressed", String(!hidden.has(category.key)));
      const name = document.createElement("span");
      name.className = "map-key__name";
      name.textContent = category.name;
      const count = document.createElement("span");
      count.className = "map-key__count numbers";
      count.textContent = category.n.toLocaleString("en");
      button.append(swatch(category.colour), name, count);
      button.dataset.key = category.key;
      button.addEventListener("click", () => switched(category.key, false));
      button.addEventListener("dblclick", () => switched(category.key, true));
      item.append(button);
      return item;
    }),
  );
}

/** @param {string} colour */
function swatch(colour) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 10 10");
  picture.setAttribute("width", "12");
  picture.setAttribute("height", "12");
  picture.setAttribute("aria-hidden", "true");
  const disc = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  disc.setAttribute("cx", "5");
  disc.setAttribute("cy", "5");
  disc.setAttribute("r", "5");
  disc.setAttribute("fill", colour);
  picture.append(disc);
  return picture;
}
