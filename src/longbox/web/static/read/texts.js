// The lettering as text over the picture: to be selected, copied, translated and read aloud.
//
// Each panel is a group with a name, in reading order, its texts where they are on the page. Sizes are
// in cqw, shares of the page's width, so the layer follows every zoom without being made again.

const KINDS = { dialogue: "", caption: "Caption", sound_effect: "Sound", prose: "Text", other: "Sign" };

/**
 * @param {import("./comic.js").PageContent} page
 * @returns {HTMLElement} a layer for an element that is as large as the page
 */
export function textLayer(page) {
  const layer = document.createElement("div");
  layer.className = "texts";
  const loose = page.texts.map((text, index) => ({ text, index })).filter(({ text }) => text.panel === null);
  for (const panel of page.panels) {
    const group = groupNamed(`Panel ${panel.panel + 1} of ${page.panels.length}`, panel.description);
    page.texts.forEach((text, index) => {
      if (text.panel === panel.panel) group.append(textElement(text, index, page));
    });
    layer.append(group);
  }
  if (loose.length) {
    const group = groupNamed("Outside the panels", "");
    for (const { text, index } of loose) group.append(textElement(text, index, page));
    layer.append(group);
  }
  return layer;
}

function groupNamed(name, description) {
  const group = document.createElement("div");
  group.className = "texts__panel";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", description ? `${name}. ${description}` : name);
  return group;
}

/** @param {import("./comic.js").TextContent} text @param {number} index @param {import("./comic.js").PageContent} page */
function textElement(text, index, page) {
  const [x0, y0, x1, y1] = text.box;
  const element = document.createElement("p");
  element.className = `text text--${text.kind}`;
  element.dataset.text = String(index);
  if (text.language) element.lang = text.language;
  if (text.is_vertical) element.classList.add("text--vertical");
  const kind = KINDS[text.kind];
  if (kind) {
    const word = document.createElement("span");
    word.className = "visually-hidden text__kind";
    word.textContent = `${kind}: `;
    element.append(word);
  }
  element.append(text.text);
  const percent = (value, whole) => `${((100 * value) / Math.max(whole, 1)).toFixed(3)}%`;
  element.style.left = percent(x0, page.width);
  element.style.top = percent(y0, page.height);
  element.style.width = percent(x1 - x0, page.width);
  element.style.height = percent(y1 - y0, page.height);
  element.style.fontSize = `${((100 * fittedSize(text)) / Math.max(page.width, 1)).toFixed(3)}cqw`;
  return element;
}

/** How large letters are that fill a box, in page pixels: from its area, its sides and its words. */
export function fittedSize(text) {
  const width = Math.max(text.box[2] - text.box[0], 1);
  const height = Math.max(text.box[3] - text.box[1], 1);
  const [along, across] = text.is_vertical ? [height, width] : [width, height];
  const letters = [...text.text.trim()];
  const wide = letters.filter((letter) => /[\u1100-\u11ff\u2e80-\ud7af\uf900-\ufaff\uff00-\uff60]/u.test(letter)).length;
  const ems = Math.max(wide + (letters.length - wide) * 0.56, 1);
  const leading = 1.12;
  const filled = Math.sqrt((along * across) / (ems * leading));
  const lines = Math.max(Math.floor(across / (filled * leading)), 1);
  const longest = Math.max(...text.text.split(/\s+/).map((word) => word.length), 1) * (wide ? 0.2 : 0.56);
  const byLines = lines === 1 ? along / ems : filled * 0.96;
  return Math.max(Math.min(byLines, across / leading, along / longest), 4);
}

/** The words of a panel, or of the page, one text a line. @param {import("./comic.js").PageContent} page @param {number | null} panel */
export function wordsOf(page, panel) {
  const texts = page.texts.filter((text) => panel === null || text.panel === panel);
  return texts.map((text) => text.text).join("\n");
}

/** Mark one text of a page as the one that was looked for. @param {ParentNode} root @param {number} index @param {boolean} isMarked */
export function markText(root, index, isMarked = true) {
  for (const old of document.querySelectorAll(".text--found")) old.classList.remove("text--found");
  const found = root.querySelector(`[data-text="${index}"]`);
  if (isMarked) found?.classList.add("text--found");
  return found;
}
