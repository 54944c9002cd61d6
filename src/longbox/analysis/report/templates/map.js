// The interactive maps of a report. Without it, the drawn map stands in its place.
"use strict";

for (const root of document.querySelectorAll("[data-map]")) startMap(root);

function startMap(root) {
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const n = data.x.length;
  if (!n) return;
  const hidden = new Set();
  const shown = new Set(data.shown);
  const stage = make("div", "stage");
  const canvas = make("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label",
    `Map of ${n} ${data.unit}. Arrow keys go from point to point, plus and minus zoom.`);
  const card = make("div", "tip");
  card.setAttribute("role", "status");
  card.hidden = true;
  stage.append(canvas, card);
  const legend = make("div", "legend");
  data.clusters.forEach((cluster, number) => legend.append(toggle(cluster, number)));
  if (data.cluster.some((number) => number < 0)) {
    legend.append(toggle({ name: "of no cluster", colour: "#c9c1b3", n: 0 }, -1));
  }
  const tools = make("div", "tools");
  for (const [words, label, act] of [
    ["+", "Zoom in", () => zoom(1.5)],
    ["−", "Zoom out", () => zoom(1 / 1.5)],
    ["whole", "Show the whole map", () => { view = { ...whole }; draw(); }],
  ]) {
    const button = make("button", "", words);
    button.type = "button";
    button.setAttribute("aria-label", label);
    button.addEventListener("click", act);
    tools.append(button);
  }
  stage.append(tools);
  const drawn = root.querySelector("[data-drawn]");
  root.insertBefore(stage, drawn);
  root.insertBefore(legend, drawn);
  root.classList.add("is-live");

  const edges = [Math.min(...data.x), Math.max(...data.x), Math.min(...data.y), Math.max(...data.y)];
  const whole = { x: (edges[0] + edges[1]) / 2, y: (edges[2] + edges[3]) / 2, scale: 1 };
  let view = { ...whole };
  let chosen = -1;
  let isPinned = false;
  let held = null;

  new ResizeObserver(draw).observe(canvas);
  canvas.addEventListener("pointerdown", (event) => {
    held = { x: event.clientX, y: event.clientY, view: { ...view }, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (held) {
      const dx = event.clientX - held.x;
      const dy = event.clientY - held.y;
      if (Math.hypot(dx, dy) > 4) held.moved = true;
      if (!held.moved) return;
      const unit = perPixel();
      view.x = held.view.x - dx * unit;
      view.y = held.view.y - dy * unit;
      draw();
    } else if (!isPinned) {
      choose(nearest(event, 14));
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    if (held && !held.moved) {
      const at = nearest(event, 16);
      isPinned = at >= 0;
      choose(at);
    }
    held = null;
  });
  canvas.addEventListener("pointerleave", () => { if (!isPinned) choose(-1); });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.01));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key in ways) { isPinned = true; choose(next(...ways[event.key])); }
    else if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "Escape") { isPinned = false; choose(-1); }
    else return;
    event.preventDefault();
  });

  function toggle(cluster, number) {
    const button = make("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    const dot = make("i");
    dot.style.background = cluster.colour;
    button.append(dot, number < 0 ? cluster.name : `${number + 1}  ${cluster.name}`);
    if (cluster.n) button.append(make("small", "", cluster.n.toLocaleString("en")));
    button.addEventListener("click", () => {
      if (hidden.has(number)) hidden.delete(number);
      else hidden.add(number);
      button.setAttribute("aria-pressed", String(!hidden.has(number)));
      if (chosen >= 0 && hidden.has(data.cluster[chosen])) choose(-1);
      draw();
    });
    return button;
  }

  function perPixel() {
    const wide = (edges[1] - edges[0] + 200) / Math.max(1, canvas.clientWidth - 80);
    const high = (edges[3] - edges[2] + 200) / Math.max(1, canvas.clientHeight - 80);
    return Math.max(wide, high) / view.scale;
  }
  function screenX(x) { return (x - view.x) / perPixel() + canvas.clientWidth / 2; }
  function screenY(y) { return (y - view.y) / perPixel() + canvas.clientHeight / 2; }
  function zoom(by) { view.scale = Math.min(40, Math.max(0.8, view.scale * by)); draw(); }

  function draw() {
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const size = Math.max(1.4, Math.min(5, 70 / Math.sqrt(n)) * Math.sqrt(view.scale));
    for (let at = 0; at < n; at++) {
      if (hidden.has(data.cluster[at])) continue;
      const [x, y] = [screenX(data.x[at]), screenY(data.y[at])];
      if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
      pen.fillStyle = colour(data.cluster[at]);
      pen.globalAlpha = 0.8;
      pen.beginPath();
      pen.arc(x, y, size, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
    pen.font = "600 12px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    data.clusters.forEach((cluster, number) => {
      if (hidden.has(number)) return;
      const [x, y] = [screenX(cluster.x), screenY(cluster.y)];
      pen.fillStyle = "#fffdf8";
      pen.strokeStyle = cluster.colour;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x, y, 10, 0, 7);
      pen.fill();
      pen.stroke();
      pen.fillStyle = "#1d1a16";
      pen.fillText(String(number + 1), x, y + 0.5);
    });
    if (chosen >= 0) {
      pen.strokeStyle = "#1d1a16";
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(screenX(data.x[chosen]), screenY(data.y[chosen]), size + 3, 0, 7);
      pen.stroke();
      placeCard();
    }
  }

  function colour(number) { return number < 0 ? "#c9c1b3" : data.clusters[number].colour; }

  function nearest(event, reach) {
    const box = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let [best, found] = [reach * reach, -1];
    for (let at = 0; at < n; at++) {
      if (hidden.has(data.cluster[at])) continue;
      const away = (screenX(data.x[at]) - px) ** 2 + (screenY(data.y[at]) - py) ** 2;
      if (away < best) [best, found] = [away, at];
    }
    return found;
  }

  // The nearest point in a direction; the first one is the nearest to the middle.
  function next(dx, dy) {
    const from = chosen >= 0 ? [data.x[chosen], data.y[chosen]] : [view.x, view.y];
    let [best, found] = [Infinity, chosen];
    for (let at = 0; at < n; at++) {
      if (at === chosen || hidden.has(data.cluster[at])) continue;
      const [x, y] = [data.x[at] - from[0], data.y[at] - from[1]];
      const along = x * dx + y * dy;
      const aside = Math.abs(x * dy) + Math.abs(y * dx);
      if (chosen >= 0 && along <= 0) continue;
      const away = Math.abs(along) + 2 * aside;
      if (away < best) [best, found] = [away, at];
    }
    return found;
  }

  function choose(at) {
    if (at === chosen) return;
    chosen = at;
    card.hidden = at < 0;
    card.replaceChildren();
    if (at >= 0) fill(at);
    draw();
  }

  function fill(at) {
    const row = data.row[at];
    const [title, book] = data.books[data.book[at]];
    const source = shown.has(row)
      ? document.querySelector(`img[data-row="${data.unit}-${row}"]`)?.src
      : data.pictures[row];
    if (source) {
      const picture = make("img");
      picture.src = source;
      picture.alt = "";
      picture.addEventListener("load", placeCard);
      card.append(picture);
    }
    const where = data.unit === "panels"
      ? `page ${data.page[at]}, panel ${data.panel[at]}` : `page ${data.page[at]}`;
    const name = make(data.address ? "a" : "strong", "", title);
    if (data.address) name.href = `${data.address}/read/${encodeURIComponent(book)}?page=${data.page[at]}`;
    const number = data.cluster[at];
    const cluster = number < 0 ? "of no cluster" : `${number + 1}  ${data.clusters[number].name}`;
    card.append(name, make("span", "", where), make("span", "faint", cluster));
    placeCard();
  }

  function placeCard() {
    if (chosen < 0) return;
    const [x, y] = [screenX(data.x[chosen]), screenY(data.y[chosen])];
    const isRight = x > canvas.clientWidth / 2;
    const isLow = y > canvas.clientHeight / 2;
    card.style.left = isRight ? "" : `${x + 16}px`;
    card.style.right = isRight ? `${canvas.clientWidth - x + 16}px` : "";
    card.style.top = isLow ? "" : `${Math.max(4, y - 10)}px`;
    card.style.bottom = isLow ? `${Math.max(4, canvas.clientHeight - y - 10)}px` : "";
  }

  draw();
}

function make(name, className = "", words = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (words) made.textContent = words;
  return made;
}
