/**
 * The points of the map, with a grid that finds those of a place quickly.
 */

/** Cells of the grid along each side: some ten points a cell for 100,000. */
const CELLS = 100;

/** Points in two dimensions, each an image of the index. */
export class Points {
  /** @param {import("../client/types.js").MapData} map */
  constructor(map) {
    this.images = map.images;
    this.x = Float32Array.from(map.points, ([x]) => x);
    this.y = Float32Array.from(map.points, ([, y]) => y);
    this.bounds = boundsOf(this.x, this.y);
    this.#fillGrid();
  }

  get length() {
    return this.images.length;
  }

  /** Sorts the points by cell: those of cell c are `order[starts[c] .. starts[c + 1]]`. */
  #fillGrid() {
    this.starts = new Uint32Array(CELLS * CELLS + 1);
    const cells = Uint16Array.from(this.x, (_, point) => this.#column(this.x[point]) + CELLS * this.#row(this.y[point]));
    for (const cell of cells) this.starts[cell + 1] += 1;
    for (let cell = 0; cell < CELLS * CELLS; cell += 1) this.starts[cell + 1] += this.starts[cell];
    this.order = new Uint32Array(this.length);
    const next = this.starts.slice();
    cells.forEach((cell, point) => {
      this.order[next[cell]] = point;
      next[cell] += 1;
    });
  }

  #column(x) {
    return cellOf(x, this.bounds.left, this.bounds.right);
  }

  #row(y) {
    return cellOf(y, this.bounds.top, this.bounds.bottom);
  }

  /**
   * The points of a rectangle.
   * @param {{left: number, top: number, right: number, bottom: number}} area
   * @param {number} most stops after so many
   * @returns {number[]}
   */
  inside(area, most = Infinity) {
    const found = [];
    const lastColumn = this.#column(area.right);
    for (let row = this.#row(area.top); row <= this.#row(area.bottom); row += 1) {
      for (let at = this.starts[row * CELLS + this.#column(area.left)]; at < this.starts[row * CELLS + lastColumn + 1]; at += 1) {
        const point = this.order[at];
        const isInside = this.x[point] >= area.left && this.x[point] <= area.right && this.y[point] >= area.top && this.y[point] <= area.bottom;
        if (isInside) found.push(point);
        if (found.length >= most) return found;
      }
    }
    return found;
  }

  /** The point nearest to a place within a radius; -1 where there is none. */
  nearest(x, y, radius) {
    let best = -1;
    let least = radius * radius;
    for (const point of this.inside({ left: x - radius, top: y - radius, right: x + radius, bottom: y + radius })) {
      const square = (this.x[point] - x) ** 2 + (this.y[point] - y) ** 2;
      if (square <= least) [best, least] = [point, square];
    }
    return best;
  }

  /**
   * The points within an area.
   * @param {[number, number][]} corners
   * @returns {number[]}
   */
  within(corners) {
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    const around = { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
    return this.inside(around).filter((point) => isWithin(this.x[point], this.y[point], corners));
  }
}

function cellOf(value, low, high) {
  return Math.min(Math.max(Math.floor((CELLS * (value - low)) / (high - low)), 0), CELLS - 1);
}

/** The rectangle around all points, never empty. */
function boundsOf(xs, ys) {
  const bounds = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  xs.forEach((x, point) => {
    bounds.left = Math.min(bounds.left, x);
    bounds.right = Math.max(bounds.right, x);
    bounds.top = Math.min(bounds.top, ys[point]);
    bounds.bottom = Math.max(bounds.bottom, ys[point]);
  });
  if (!(bounds.right > bounds.left)) [bounds.left, bounds.right] = [(bounds.left || 0) - 1, (bounds.left || 0) + 1];
  if (!(bounds.bottom > bounds.top)) [bounds.top, bounds.bottom] = [(bounds.top || 0) - 1, (bounds.top || 0) + 1];
  return bounds;
}

/** Whether a place lies within an area: a ray from it crosses the outline an odd number of times. */
export function isWithin(x, y, corners) {
  let isInside = false;
  corners.forEach(([x1, y1], place) => {
    const [x2, y2] = corners[(place + 1) % corners.length];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) isInside = !isInside;
  });
  return isInside;
}
