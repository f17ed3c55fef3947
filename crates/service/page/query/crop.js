/**
 * Choosing a motif: a rectangle on the picture, by pointer, by keyboard or by numbers.
 */

import { button, element } from "../dom.js";
import { number, t } from "../language.js";

/** @typedef {[number, number, number, number]} Region left, top, width, height as shares of the picture */

/** A motif is at least this share of the picture's width and height. */
const LEAST = 0.02;

/** What an arrow key moves, as a share of the picture. */
const STEP = 0.01;

/** The motif that is offered first. */
const OFFERED = /** @type {Region} */ ([0.2, 0.2, 0.6, 0.6]);

/** The corners by which the rectangle is drawn larger: how much of a move goes to left, top, width and height. */
const CORNERS = { "top-left": [1, 1, -1, -1], "top-right": [0, 1, 1, -1], "bottom-left": [1, 0, -1, 1], "bottom-right": [0, 0, 1, 1] };

const FIELDS = ["left", "top", "width", "height"];

/**
 * Asks for a motif.
 * @param {string} address of the picture
 * @param {Region | null} region chosen before
 * @returns {Promise<Region | null | undefined>} the motif, null for the whole picture, undefined where the reader gave up
 */
export function chooseMotif(address, region) {
  return new Promise((resolve) => new CropDialog(address, region ?? OFFERED, resolve).open());
}

class CropDialog {
  constructor(address, region, resolve) {
    this.region = region;
    this.result = undefined;
    this.picture = element("img", { src: address, alt: "", draggable: "false" });
    this.corners = Object.entries(CORNERS).map(([name, moves]) => {
      const corner = element("span", { class: `corner ${name}` });
      corner.addEventListener("pointerdown", (event) => this.#drag(event, (dx, dy, from) => resized(from, moves, dx, dy)));
      return corner;
    });
    this.frame = element("div", { class: "crop-frame", tabindex: 0, role: "group", "aria-label": t("crop.frame"), "aria-describedby": "crop-help" }, ...this.corners);
    this.stage = element("div", { class: "crop-stage" }, this.picture, this.frame);
    this.fields = FIELDS.map((name, place) => this.#field(name, place));
    this.dialog = this.#dialog(resolve);
    this.frame.addEventListener("keydown", (event) => this.#key(event));
    this.frame.addEventListener("pointerdown", (event) => this.#drag(event, (dx, dy, from) => moved(from, dx, dy)));
    this.picture.addEventListener("pointerdown", (event) => this.#draw(event));
  }

  open() {
    document.body.append(this.dialog);
    this.#show(this.region);
    this.dialog.showModal();
    this.frame.focus();
  }

  #dialog(resolve) {
    const close = (result) => () => {
      this.result = result();
      this.dialog.close();
    };
    const dialog = element(
      "dialog",
      { class: "dialog crop", "aria-labelledby": "crop-title" },
      element(
        "header",
        {},
        element("h2", { id: "crop-title" }, t("crop.title")),
        button({ icon: "close", text: t("dialog.close"), quiet: true, onclick: close(() => undefined) }),
      ),
      element("p", { id: "crop-help", class: "soft" }, t("crop.help")),
      this.stage,
      element("fieldset", { class: "crop-numbers" }, element("legend", {}, t("crop.numbers")), ...this.fields),
      element(
        "footer",
        {},
        button({ text: t("crop.whole"), onclick: close(() => null) }),
        button({ icon: "crop", text: t("crop.use"), class: "primary", onclick: close(() => this.region) }),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(this.result);
    });
    return dialog;
  }

  #field(name, place) {
    const input = element("input", { type: "number", min: 0, max: 100, step: 1 });
    input.addEventListener("change", () => {
      const region = /** @type {Region} */ ([...this.region]);
      region[place] = Number(input.value) / 100;
      this.#show(fitted(region));
    });
    return element("label", {}, t(`crop.${name}`), input);
  }

  #show(region) {
    this.region = region;
    const style = this.frame.style;
    FIELDS.forEach((name, place) => style.setProperty(name, `${100 * region[place]}%`));
    this.fields.forEach((label, place) => {
      label.querySelector("input").value = String(Math.round(100 * region[place]));
    });
    const [left, top, width, height] = region.map((share) => number(100 * share));
    this.frame.setAttribute("aria-label", `${t("crop.frame")}: ${t("crop.spoken", { left, top, width, height })}`);
  }

  /** Follows the pointer from where it went down; `change` makes the new region of the old one and the way. */
  #drag(event, change) {
    event.preventDefault();
    event.stopPropagation();
    const from = this.region;
    const box = this.stage.getBoundingClientRect();
    const target = /** @type {Element} */ (event.currentTarget);
    target.setPointerCapture(event.pointerId);
    const follow = (move) => this.#show(change((move.clientX - event.clientX) / box.width, (move.clientY - event.clientY) / box.height, from));
    target.addEventListener("pointermove", follow);
    target.addEventListener("lostpointercapture", () => target.removeEventListener("pointermove", follow), { once: true });
    this.frame.focus();
  }

  /** Draws a new rectangle from where the pointer went down. */
  #draw(event) {
    const box = this.stage.getBoundingClientRect();
    const left = (event.clientX - box.left) / box.width;
    const top = (event.clientY - box.top) / box.height;
    this.#drag(event, (dx, dy) => {
      const [x, y] = [inside(left + dx), inside(top + dy)];
      return fitted([Math.min(left, x), Math.min(top, y), Math.abs(x - left), Math.abs(y - top)]);
    });
  }

  #key(event) {
    const ways = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    const [dx, dy] = way;
    this.#show(event.shiftKey ? resized(this.region, CORNERS["bottom-right"], dx, dy) : moved(this.region, dx, dy));
  }
}

function inside(share) {
  return Math.min(Math.max(share, 0), 1);
}

/** @returns {Region} the region moved, within the picture */
function moved([left, top, width, height], dx, dy) {
  return [Math.min(inside(left + dx), 1 - width), Math.min(inside(top + dy), 1 - height), width, height];
}

/** @returns {Region} the region with a corner moved, within the picture; the opposite corner stays */
function resized([left, top, width, height], [onLeft, onTop, onWidth, onHeight], dx, dy) {
  const right = left + width;
  const bottom = top + height;
  const newLeft = onLeft ? Math.min(inside(left + dx), right - LEAST) : left;
  const newTop = onTop ? Math.min(inside(top + dy), bottom - LEAST) : top;
  const newRight = onLeft || onWidth === 0 ? right : Math.max(inside(right + dx), left + LEAST);
  const newBottom = onTop || onHeight === 0 ? bottom : Math.max(inside(bottom + dy), top + LEAST);
  return [newLeft, newTop, newRight - newLeft, newBottom - newTop];
}

/** @returns {Region} a rectangle that lies within the picture and is not too small */
function fitted([left, top, width, height]) {
  const size = [Math.min(Math.max(width, LEAST), 1), Math.min(Math.max(height, LEAST), 1)];
  return [Math.min(inside(left), 1 - size[0]), Math.min(inside(top), 1 - size[1]), size[0], size[1]];
}
