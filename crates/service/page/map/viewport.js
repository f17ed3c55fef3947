/**
 * The part of the map that is seen: from places of the map to pixels of the canvas, and back.
 */

/** Empty space around the whole map, as a share of the canvas. */
const MARGIN = 0.06;

/** How much larger than the whole map a part of it can be shown. */
const LARGEST_ZOOM = 400;

/** Where the reader looks and how near. */
export class Viewport {
  /** @param {{left: number, right: number, top: number, bottom: number}} bounds of the points */
  constructor(bounds) {
    this.bounds = bounds;
    this.width = 1;
    this.height = 1;
    this.zoom = 1;
    this.x = (bounds.left + bounds.right) / 2;
    this.y = (bounds.top + bounds.bottom) / 2;
  }

  /** Pixels for one unit of the map. */
  get scale() {
    const { left, right, top, bottom } = this.bounds;
    const whole = Math.min(this.width / (right - left), this.height / (bottom - top)) * (1 - 2 * MARGIN);
    return whole * this.zoom;
  }

  resize(width, height) {
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
  }

  /** @returns {[number, number]} pixels of a place */
  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  /** @returns {[number, number]} the place under a pixel */
  toMap(left, top) {
    return [(left - this.width / 2) / this.scale + this.x, (top - this.height / 2) / this.scale + this.y];
  }

  /** The rectangle of the map that is seen. */
  get area() {
    const [left, top] = this.toMap(0, 0);
    const [right, bottom] = this.toMap(this.width, this.height);
    return { left, top, right, bottom };
  }

  /** Moves by pixels; the middle of the canvas stays on the map. */
  move(dx, dy) {
    this.x = Math.min(Math.max(this.x - dx / this.scale, this.bounds.left), this.bounds.right);
    this.y = Math.min(Math.max(this.y - dy / this.scale, this.bounds.top), this.bounds.bottom);
  }

  /** Zooms by a factor around a pixel, which shows the same place before and after. */
  zoomBy(factor, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.toMap(left, top);
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), LARGEST_ZOOM);
    const [after, afterTop] = this.toScreen(x, y);
    this.move(left - after, top - afterTop);
  }

  /** Shows the whole map. */
  showAll() {
    this.zoom = 1;
    this.x = (this.bounds.left + this.bounds.right) / 2;
    this.y = (this.bounds.top + this.bounds.bottom) / 2;
  }
}
