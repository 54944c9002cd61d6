// Pictures whose comic file is gone, or that cannot be drawn, leave an empty frame, no broken sign.

const FRAMED = ".cover__picture, .leaf__picture, .book__picture, .reading__picture";

/** @param {EventTarget | null} picture */
function leaveFrame(picture) {
  if (picture instanceof HTMLImageElement && picture.matches(FRAMED)) picture.classList.add("is-lost");
}

document.addEventListener("error", (event) => leaveFrame(event.target), true);
for (const picture of document.querySelectorAll(FRAMED)) {
  if (picture instanceof HTMLImageElement && picture.complete && picture.naturalWidth === 0 && picture.loading !== "lazy") {
    leaveFrame(picture);
  }
}
