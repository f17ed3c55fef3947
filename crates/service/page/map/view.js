/**
 * The map: all works in two dimensions, those that are alike close together.
 */

import { announce, button, element, refill } from "../dom.js";
import { className, number, t, variableText } from "../language.js";
import { startingFrom } from "../state/state.js";
import { ChosenWorks } from "./chosen.js";
import { Colouring } from "./colouring.js";
import { Gestures } from "./gestures.js";
import { Painter, chosenRadius, pixelsOf } from "./painter.js";
import { colourOf, onDarkness } from "./palette.js";
import { Points } from "./points.js";
import { Viewport } from "./viewport.js";

/** How near a pointer must be to a point, in pixels. */
const POINTED_PX = 12;

/** Corners of an area that the keyboard chooses, and the most of one that is drawn. */
const CIRCLE_CORNERS = 24;
const MOST_CORNERS = 40;

/** Side of the pictures on the map in pixels: twice what is shown. */
const PICTURE_PX = 128;

/** Shows the map of the session's index while it is looked at. */
export class MapView {
  #index = "";
  #frame = 0;
  /** @type {[number, number][] | null} the area while it is drawn */
  #drawing = null;
  #pointed = -1;
  /** @type {number | null} */
  #looked = null;

  /** @param {import("../session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.isLasso = false;
    this.canvas = element("canvas", { tabindex: 0, role: "application", "aria-label": t("map.canvas"), "aria-describedby": "map-keys" });
    this.tip = element("div", { class: "map-tip", hidden: true });
    this.stage = element("div", { class: "map-stage" }, this.canvas, this.tip);
    this.colour = element("select", {});
    this.legend = element("ul", { class: "legend", "aria-label": t("map.legend") });
    this.chosen = new ChosenWorks(session);
    this.message = element("p", { class: "nothing", role: "status" });
    this.tools = this.#tools();
    this.root = element(
      "section",
      { class: "map", "aria-labelledby": "map-title", hidden: true },
      element("div", { class: "map-head" }, element("h2", { id: "map-title" }, t("map.title")), element("p", { class: "soft" }, t("map.about"))),
      this.tools,
      this.message,
      this.stage,
      this.legend,
      element("p", { id: "map-keys", class: "soft small" }, t("map.keys")),
      this.chosen.root,
    );
    new ResizeObserver(() => this.#draw()).observe(this.stage);
    onDarkness(() => this.#draw());
    this.canvas.addEventListener("focus", () => this.#draw());
    this.canvas.addEventListener("blur", () => this.#draw());
    this.canvas.addEventListener("pointerleave", () => this.#point(-1));
  }

  #tools() {
    this.colour.addEventListener("change", () => this.session.go({ colour: this.colour.value || null }));
    this.lasso = button({ icon: "lasso", text: t("map.lasso"), "aria-pressed": "false", onclick: () => this.#setLasso(!this.isLasso) });
    const zoom = (factor) => () => {
      this.viewport.zoomBy(factor);
      this.#draw();
    };
    const whole = () => {
      this.viewport.showAll();
      this.#draw();
    };
    return element(
      "div",
      { class: "map-tools" },
      element("label", {}, t("map.colour"), this.colour),
      this.lasso,
      button({ icon: "plus", text: t("map.zoom_in"), quiet: true, onclick: zoom(1.5) }),
      button({ icon: "minus", text: t("map.zoom_out"), quiet: true, onclick: zoom(1 / 1.5) }),
      button({ icon: "home", text: t("map.whole"), quiet: true, onclick: whole }),
    );
  }

  /** Brings the map up to the session's state. */
  async follow() {
    const { state, index } = this.session;
    this.root.hidden = state.view !== "map";
    if (this.root.hidden) return;
    if (this.#index !== index.name && !(await this.#load(index))) return;
    this.#colour();
    this.chosen.show(state.lasso ? this.points.within(state.lasso).map((point) => this.points.images[point]) : null);
    this.#draw();
  }

  /** @returns {Promise<boolean>} true when the map of the index is there */
  async #load(index) {
    this.#index = index.name;
    this.#say(t("map.busy"));
    try {
      this.map = await this.session.client.map(index.name);
    } catch (failure) {
      this.#index = "";
      this.#say(failure.code === "no_map" ? t("map.none") : failure.message);
      return false;
    }
    if (this.#index !== index.name) return false;
    this.points = new Points(this.map);
    this.viewport = new Viewport(this.points.bounds);
    this.painter = new Painter(this.canvas, this.points, (image) => this.session.client.thumbnail(index.name, image, PICTURE_PX), () => this.#draw());
    this.gestures ??= new Gestures(this.canvas, this.#owner());
    this.#say("");
    return true;
  }

  #say(sentence) {
    this.message.textContent = sentence;
    this.message.hidden = sentence === "";
    for (const part of [this.tools, this.stage, this.legend]) part.hidden = sentence !== "";
  }

  /** What the gestures tell, and what they ask. */
  #owner() {
    const view = this;
    return {
      get viewport() {
        return view.viewport;
      },
      get isLasso() {
        return view.isLasso;
      },
      moved: () => view.#draw(),
      pointed: (left, top) => view.#point(view.#at(left, top)),
      clicked: (left, top) => view.#open(view.#at(left, top)),
      drawn: (corners, isDone) => view.#choose(corners.map(([left, top]) => view.viewport.toMap(left, top)), isDone),
      chosen: () => view.#chooseMiddle(),
    };
  }

  #at(left, top) {
    const [x, y] = this.viewport.toMap(left, top);
    return this.points.nearest(x, y, POINTED_PX / this.viewport.scale);
  }

  #setLasso(isLasso) {
    this.isLasso = isLasso;
    this.lasso.setAttribute("aria-pressed", String(isLasso));
    this.canvas.classList.toggle("drawing", isLasso);
  }

  #choose(corners, isDone) {
    this.#drawing = isDone ? null : corners;
    if (!isDone) return this.#draw();
    this.#setLasso(false);
    const step = Math.ceil(corners.length / MOST_CORNERS);
    const lasso = corners.filter((_, place) => place % step === 0);
    this.session.go({ lasso });
    announce(t("map.chosen", { count: this.points.within(lasso).length }));
  }

  /** Chooses what lies in the circle in the middle: the keyboard's lasso. */
  #chooseMiddle() {
    const radius = chosenRadius(this.viewport);
    const corners = Array.from({ length: CIRCLE_CORNERS }, (_, corner) => {
      const angle = (2 * Math.PI * corner) / CIRCLE_CORNERS;
      return this.viewport.toMap(this.viewport.width / 2 + radius * Math.cos(angle), this.viewport.height / 2 + radius * Math.sin(angle));
    });
    this.#choose(corners, true);
  }

  #open(point) {
    if (point >= 0) this.session.go(startingFrom(this.session.state, this.points.images[point]));
  }

  /** Shows what the pointer is on. */
  #point(point) {
    if (point === this.#pointed) return;
    this.#pointed = point;
    this.tip.hidden = point < 0;
    this.canvas.classList.toggle("on-point", point >= 0 && !this.isLasso);
    if (point >= 0) this.#tip(point);
    this.#draw();
  }

  #tip(point) {
    const image = this.points.images[point];
    const { colour } = this.session.state;
    const title = element("strong", {}, image.split("/").at(-1));
    const label = colour ? this.map.labels[colour]?.[point] : undefined;
    const text = label === undefined ? null : label < 0 ? t("facets.unknown") : className(colour, this.map.classes[colour][label]);
    this.session.titled(image, title);
    this.tip.replaceChildren(element("img", { src: this.session.client.thumbnail(this.session.index.name, image, PICTURE_PX), alt: "" }), title, text ?? "");
    const [left, top] = this.viewport.toScreen(this.points.x[point], this.points.y[point]);
    this.tip.style.left = `${Math.min(left + 14, this.viewport.width - 180)}px`;
    this.tip.style.top = `${Math.min(top + 14, this.viewport.height - 170)}px`;
  }

  #colour() {
    const { colour } = this.session.state;
    const variables = Object.keys(this.map.classes);
    const options = [["", t("map.no_colour")], ...variables.map((variable) => [variable, variableText(variable)])];
    refill(this.colour, ...options.map(([value, text]) => element("option", { value, selected: value === (colour ?? "") }, text)));
    if (this.coloured?.variable !== colour || this.coloured?.map !== this.map) {
      this.coloured = { variable: colour, map: this.map, colouring: new Colouring(this.map, colour) };
      this.#looked = null;
    }
    this.#legend();
  }

  #legend() {
    const { classes, unknown, isPlain } = this.coloured.colouring;
    this.legend.hidden = isPlain;
    if (isPlain) return;
    const { colour } = this.session.state;
    const rows = classes.map((ranked) => this.#legendRow(ranked.rank, className(colour, ranked), ranked.count));
    if (unknown > 0) rows.push(this.#legendRow(-1, t("facets.unknown"), unknown));
    refill(this.legend, ...rows);
  }

  #legendRow(rank, text, count) {
    const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = colourOf(rank);
    const look = () => {
      this.#looked = this.#looked === rank ? null : rank;
      this.#legend();
      this.#draw();
    };
    const isLooked = this.#looked === rank;
    const attributes = { type: "button", class: "button", "aria-pressed": String(isLooked), "data-key": `legend-${rank}`, onclick: look };
    return element("li", {}, element("button", attributes, swatch, text, element("span", { class: "count" }, number(count))));
  }

  /** Draws at the next frame, however often it is asked for until then. */
  #draw() {
    if (this.#frame || this.root.hidden || !this.painter || !this.coloured) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const { clientWidth, clientHeight } = this.stage;
      if (clientWidth === 0) return;
      this.viewport.resize(clientWidth, clientHeight);
      const { colouring } = this.coloured;
      this.painter.paint(this.viewport, {
        pixels: pixelsOf(colouring.colours()),
        ranks: colouring.ranks,
        looked: this.#looked,
        corners: this.#drawing ?? this.session.state.lasso,
        pointed: this.#pointed,
        line: getComputedStyle(this.root).color,
        marked: this.canvas.matches(":focus-visible"),
      });
    });
  }
}
