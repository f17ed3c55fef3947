/**
 * Moving, zooming and choosing on the map: by mouse, by fingers, by keyboard.
 */

/** Pixels between two corners of a drawn area. */
const CORNER_PX = 6;

/** A pointer that moved less than this was a click. */
const CLICK_PX = 4;

const KEY_STEP_PX = 60;
const KEY_ZOOM = 1.4;

/**
 * @typedef {object} Owner
 * @property {import("./viewport.js").Viewport} viewport
 * @property {boolean} isLasso true while dragging draws an area
 * @property {() => void} moved
 * @property {(left: number, top: number) => void} pointed
 * @property {(left: number, top: number) => void} clicked
 * @property {(corners: [number, number][], isDone: boolean) => void} drawn corners in pixels
 * @property {() => void} chosen
 */

/** Listens to one canvas. */
export class Gestures {
  /** @type {Map<number, [number, number]>} */
  #pointers = new Map();
  /** @type {[number, number][]} */
  #line = [];
  /** @type {[number, number]} */
  #start = [0, 0];

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Owner} owner
   */
  constructor(canvas, owner) {
    this.canvas = canvas;
    this.owner = owner;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event, true));
    canvas.addEventListener("pointercancel", (event) => this.#up(event, false));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, place(event));
    this.#start = place(event);
    this.#line = this.owner.isLasso && this.#pointers.size === 1 ? [place(event)] : [];
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    const [left, top] = place(event);
    if (!before) {
      this.owner.pointed(left, top);
      return;
    }
    if (this.#line.length > 0) {
      if (apart(this.#line[this.#line.length - 1], [left, top]) < CORNER_PX) return;
      this.#line.push([left, top]);
      this.owner.drawn(this.#line, false);
      return;
    }
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, other]) => other);
    this.#pointers.set(event.pointerId, [left, top]);
    if (others.length === 1) this.#pinch(before, [left, top], others[0]);
    else this.owner.viewport.move(left - before[0], top - before[1]);
    this.owner.moved();
  }

  /** Two fingers zoom by how far they are apart, and move by their middle. */
  #pinch(before, now, other) {
    const middle = (one) => [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
    const [from, to] = [middle(before), middle(now)];
    this.owner.viewport.zoomBy(apart(now, other) / Math.max(apart(before, other), 1), to[0], to[1]);
    this.owner.viewport.move(to[0] - from[0], to[1] - from[1]);
  }

  #up(event, isDone) {
    const [left, top] = place(event);
    this.#pointers.delete(event.pointerId);
    const line = this.#line;
    this.#line = [];
    if (line.length > 2) this.owner.drawn(line, isDone);
    else if (isDone && apart(this.#start, [left, top]) < CLICK_PX) this.owner.clicked(left, top);
  }

  #wheel(event) {
    event.preventDefault();
    const [left, top] = place(event);
    this.owner.viewport.zoomBy(Math.exp(-event.deltaY / (event.deltaMode === 0 ? 300 : 10)), left, top);
    this.owner.moved();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { viewport } = this.owner;
    const keys = {
      ArrowLeft: () => viewport.move(KEY_STEP_PX, 0),
      ArrowRight: () => viewport.move(-KEY_STEP_PX, 0),
      ArrowUp: () => viewport.move(0, KEY_STEP_PX),
      ArrowDown: () => viewport.move(0, -KEY_STEP_PX),
      "+": () => viewport.zoomBy(KEY_ZOOM),
      "=": () => viewport.zoomBy(KEY_ZOOM),
      "-": () => viewport.zoomBy(1 / KEY_ZOOM),
      Home: () => viewport.showAll(),
      Enter: () => this.owner.chosen(),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    this.owner.moved();
  }
}

/** @returns {[number, number]} pixels within the canvas */
function place(event) {
  return [event.offsetX, event.offsetY];
}

function apart(one, other) {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}
