/**
 * Painting the map: all points as small discs, written pixel by pixel, which takes some milliseconds for 100,000; pictures in
 * place of points where there is room for them; the chosen area.
 */

import { pixelOf } from "./palette.js";

/** Side of a picture on the map, and the least space between two, in pixels. */
const PICTURE_PX = 64;
const SPACE_PX = 76;

/** Pictures are shown when no more points than this are seen. */
const PICTURES_UP_TO = 600;

/** The most pictures that are kept for coming back. */
const KEPT_PICTURES = 400;

/** How much of a point's colour is left when another class is looked at. */
const DIMMED = 60;

/** Draws on one canvas. */
export class Painter {
  /** @type {Map<string, HTMLImageElement>} */
  #pictures = new Map();

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./points.js").Points} points
   * @param {(image: string) => string} addressOf of a picture
   * @param {() => void} arrived called when a picture is there
   */
  constructor(canvas, points, addressOf, arrived) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.points = points;
    this.addressOf = addressOf;
    this.arrived = arrived;
  }

  /**
   * @param {import("./viewport.js").Viewport} viewport
   * @param {{pixels: Uint32Array, ranks: Int16Array, looked: number | null, corners: [number, number][] | null, pointed: number, line: string, marked: boolean}} scene
   * `pixels` has the colour of every rank and, last, of unknown; `looked` is the rank that is not dimmed
   */
  paint(viewport, scene) {
    const ratio = Math.min(devicePixelRatio, 2);
    this.#fit(viewport, ratio);
    this.#discs(viewport, scene, ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#thumbnails(viewport, scene);
    if (scene.corners) this.#outline(viewport, scene);
    if (scene.pointed >= 0) this.#ring(viewport, scene);
    if (scene.marked) this.#cross(viewport, scene);
  }

  #fit(viewport, ratio) {
    const [width, height] = [Math.round(viewport.width * ratio), Math.round(viewport.height * ratio)];
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.image = this.context.createImageData(width, height);
    this.buffer = new Uint32Array(this.image.data.buffer);
  }

  #discs(viewport, { pixels, ranks, looked }, ratio) {
    const { width, height } = this.canvas;
    const { x, y } = this.points;
    const radius = pointRadius(x.length, viewport.zoom) * ratio;
    const spans = disc(radius);
    const scale = viewport.scale * ratio;
    const [left, top] = [width / 2 - viewport.x * scale, height / 2 - viewport.y * scale];
    const unknown = pixels.length - 1;
    // Bytes of a pixel lie in memory as red, green, blue, opacity: clearing the last one dims it.
    const dimmed = pixels.map((pixel) => withOpacity(pixel, DIMMED));
    this.buffer.fill(0);
    // What is looked at is painted last, above all others.
    for (const above of looked === null ? [true] : [false, true]) {
      for (let point = 0; point < x.length; point += 1) {
        const rank = ranks[point] < 0 ? unknown : Math.min(ranks[point], unknown - 1);
        const isLooked = looked === null || ranks[point] === looked;
        if (isLooked !== above) continue;
        const [column, row] = [Math.round(x[point] * scale + left), Math.round(y[point] * scale + top)];
        if (column < -radius || row < -radius || column > width + radius || row > height + radius) continue;
        const pixel = isLooked ? pixels[rank] : dimmed[rank];
        for (const [dy, half] of spans) {
          const line = row + dy;
          if (line < 0 || line >= height) continue;
          this.buffer.fill(pixel, line * width + Math.max(column - half, 0), line * width + Math.min(column + half + 1, width));
        }
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }

  /** Pictures of some of the points that are seen, not more than there is room for. */
  #thumbnails(viewport, { ranks, looked }) {
    const seen = this.points.inside(viewport.area, PICTURES_UP_TO + 1);
    if (seen.length > PICTURES_UP_TO) return;
    const taken = new Set();
    for (const point of seen) {
      if (looked !== null && ranks[point] !== looked) continue;
      const [left, top] = viewport.toScreen(this.points.x[point], this.points.y[point]);
      const cells = [Math.floor(left / SPACE_PX), Math.floor(top / SPACE_PX)];
      const around = [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => `${cells[0] + dx},${cells[1] + dy}`));
      if (around.some((cell) => taken.has(cell))) continue;
      taken.add(`${cells[0]},${cells[1]}`);
      this.#thumbnail(this.points.images[point], left, top);
    }
  }

  #thumbnail(image, left, top) {
    const picture = this.#picture(image);
    if (!picture.complete || picture.naturalWidth === 0) return;
    const shrink = PICTURE_PX / Math.max(picture.naturalWidth, picture.naturalHeight);
    const [width, height] = [picture.naturalWidth * shrink, picture.naturalHeight * shrink];
    this.context.fillStyle = "#fff";
    this.context.shadowColor = "#0006";
    this.context.shadowBlur = 5;
    this.context.fillRect(left - width / 2 - 2, top - height / 2 - 2, width + 4, height + 4);
    this.context.shadowBlur = 0;
    this.context.drawImage(picture, left - width / 2, top - height / 2, width, height);
  }

  #picture(image) {
    let picture = this.#pictures.get(image);
    if (!picture) {
      picture = new Image();
      picture.addEventListener("load", this.arrived);
      picture.src = this.addressOf(image);
      if (this.#pictures.size >= KEPT_PICTURES) this.#pictures.delete(this.#pictures.keys().next().value);
      this.#pictures.set(image, picture);
    }
    return picture;
  }

  #outline(viewport, { corners, line }) {
    this.context.beginPath();
    corners.forEach(([x, y]) => this.context.lineTo(...viewport.toScreen(x, y)));
    this.context.closePath();
    this.context.fillStyle = line;
    this.context.globalAlpha = 0.12;
    this.context.fill("evenodd");
    this.context.globalAlpha = 1;
    this.context.strokeStyle = line;
    this.context.lineWidth = 2;
    this.context.stroke();
  }

  #ring(viewport, { pointed, line }) {
    const [left, top] = viewport.toScreen(this.points.x[pointed], this.points.y[pointed]);
    this.context.beginPath();
    this.context.arc(left, top, 9, 0, 2 * Math.PI);
    this.context.strokeStyle = line;
    this.context.lineWidth = 2.5;
    this.context.stroke();
  }

  /** The circle in the middle that Enter chooses. */
  #cross(viewport, { line }) {
    this.context.beginPath();
    this.context.arc(viewport.width / 2, viewport.height / 2, chosenRadius(viewport), 0, 2 * Math.PI);
    this.context.strokeStyle = line;
    this.context.setLineDash([5, 5]);
    this.context.lineWidth = 1.5;
    this.context.stroke();
    this.context.setLineDash([]);
  }
}

/** Radius of a point in pixels: the more points, the smaller; the nearer the reader looks, the larger. */
function pointRadius(points, zoom) {
  const whole = points > 20_000 ? 1 : points > 4_000 ? 1.7 : 2.8;
  return Math.min(whole * Math.sqrt(Math.sqrt(zoom)), 6);
}

/** Radius of the circle that the keyboard chooses, in pixels. */
export function chosenRadius(viewport) {
  return Math.min(viewport.width, viewport.height) / 6;
}

/** The rows of a disc: the row, and half of its width. */
function disc(radius) {
  const rows = [];
  for (let dy = -Math.floor(radius); dy <= radius; dy += 1) rows.push([dy, Math.floor(Math.sqrt(radius * radius - dy * dy))]);
  return rows;
}

function withOpacity(pixel, opacity) {
  const bytes = new Uint8Array(Uint32Array.of(pixel).buffer);
  bytes[3] = opacity;
  return new Uint32Array(bytes.buffer)[0];
}

/** The pixels of colours, for a scene. */
export function pixelsOf(colours) {
  return Uint32Array.from(colours, (colour) => pixelOf(colour));
}
