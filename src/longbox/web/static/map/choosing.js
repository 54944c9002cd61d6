// Which points lie in a shape that was drawn over a map.

/**
 * Return the points inside a closed line, by counting how often a ray crosses it.
 * @param {Float32Array} places x and y of every point
 * @param {ArrayLike<number>} line x and y of its corners; it closes by itself
 * @returns {number[]} indices, rising
 */
export function inside(places, line) {
  const n = line.length / 2;
  if (n < 3) return [];
  const [left, top, right, bottom] = boundsOf(line);
  const found = [];
  for (let i = 0; i < places.length / 2; i += 1) {
    const x = places[2 * i];
    const y = places[2 * i + 1];
    if (x < left || x > right || y < top || y > bottom) continue;
    let isInside = false;
    for (let a = 0, b = n - 1; a < n; b = a, a += 1) {
      const ay = line[2 * a + 1];
      const by = line[2 * b + 1];
      if (ay > y === by > y) continue;
      const ax = line[2 * a];
      if (x < ((line[2 * b] - ax) * (y - ay)) / (by - ay) + ax) isInside = !isInside;
    }
    if (isInside) found.push(i);
  }
  return found;
}

/**
 * Return the points in a rectangle, its edges among them.
 * @param {Float32Array} places
 * @param {[number, number, number, number]} box left, top, right, bottom
 */
export function within(places, [left, top, right, bottom]) {
  const found = [];
  for (let i = 0; i < places.length / 2; i += 1) {
    const x = places[2 * i];
    const y = places[2 * i + 1];
    if (x >= left && x <= right && y >= top && y <= bottom) found.push(i);
  }
  return found;
}

/**
 * @param {ArrayLike<number>} line
 * @returns {[number, number, number, number]}
 */
function boundsOf(line) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let k = 0; k < line.length; k += 2) {
    left = Math.min(left, line[k]);
    right = Math.max(right, line[k]);
    top = Math.min(top, line[k + 1]);
    bottom = Math.max(bottom, line[k + 1]);
  }
  return [left, top, right, bottom];
}
