// Page pictures, decoded before they are shown, and only as many as a few pages need.

const MOST_KEPT = 10;

export class Pictures {
  /** @param {import("./comic.js").Comic} comic */
  constructor(comic) {
    this.comic = comic;
    /** @type {Map<string, {picture: HTMLImageElement, ready: Promise<HTMLImageElement>}>} */
    this.kept = new Map();
  }

  /**
   * A picture that can be shown in the very frame in which it is put on the page.
   * @param {number} index of the page
   * @param {number} width one of the fixed widths
   * @param {{isUrgent?: boolean}} [options]
   * @returns {Promise<HTMLImageElement>}
   */
  ready(index, width, { isUrgent = false } = {}) {
    const key = `${index}/${width}`;
    const found = this.kept.get(key);
    if (found && !found.picture.isConnected) {
      this.kept.delete(key);
      this.kept.set(key, found);
      return found.ready;
    }
    const picture = document.createElement("img");
    picture.decoding = "sync";
    picture.draggable = false;
    picture.fetchPriority = isUrgent ? "high" : "low";
    picture.src = this.comic.picture(index, width);
    picture.dataset.width = String(width);
    const ready = decoded(picture);
    this.kept.set(key, { picture, ready });
    ready.catch(() => this.kept.delete(key));
    for (const old of [...this.kept.keys()].slice(0, Math.max(this.kept.size - MOST_KEPT, 0))) this.kept.delete(old);
    return ready;
  }
}

/** @param {HTMLImageElement} picture @returns {Promise<HTMLImageElement>} */
async function decoded(picture) {
  try {
    await picture.decode();
  } catch (error) {
    // decode() also fails when it is interrupted; a picture that has come is good.
    if (!(picture.complete && picture.naturalWidth)) throw error;
  }
  return picture;
}
