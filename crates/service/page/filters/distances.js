/**
 * The distances of the results as a histogram, with a slider for the distance beyond which nothing is shown.
 */

import { button, drawn, element, refill } from "../dom.js";
import { distance, t } from "../language.js";
import { PAGE_SIZE } from "../state/state.js";

const WIDTH = 240;
const HEIGHT = 56;

/** Parts of the slider between the nearest and the farthest result. */
const STEPS = 100;

/** Shows the histogram and sets the cut-off. */
export class Distances {
  /** @type {number[] | null} the ends of the histogram that the slider was made for */
  #ends = null;

  /**
   * @param {import("../session.js").Session} session
   * @param {(maxDistance: number | null) => void} preview called while the slider moves
   */
  constructor(session, preview) {
    this.session = session;
    this.preview = preview;
    this.bars = element("div", { class: "histogram" });
    this.slider = element("input", { type: "range", min: 0, max: STEPS, "aria-label": t("distances.label") });
    this.text = element("p", { class: "small", "aria-hidden": "true" });
    this.off = button({ text: t("distances.off"), class: "text", onclick: () => this.#set(null) });
    this.root = element(
      "fieldset",
      { class: "facet distances" },
      element("legend", {}, t("distances.title")),
      element("p", { class: "soft small" }, t("distances.about")),
      this.bars,
      this.slider,
      this.text,
      this.off,
    );
    this.slider.addEventListener("input", () => {
      const chosen = this.#chosen();
      this.#say(chosen);
      this.preview(chosen);
    });
    this.slider.addEventListener("change", () => this.#set(this.#chosen()));
  }

  /** @param {import("../client/types.js").Answer | null} answer */
  render(answer) {
    const { edges, counts } = answer?.distances ?? { edges: [], counts: [] };
    this.root.hidden = edges.length < 2;
    if (this.root.hidden) return;
    const { maxDistance } = this.session.state;
    this.#ends = [edges[0], edges[edges.length - 1]];
    this.#draw(edges, counts, maxDistance);
    if (document.activeElement !== this.slider || maxDistance === null) this.slider.value = String(maxDistance === null ? STEPS : this.#step(maxDistance));
    this.#say(maxDistance);
  }

  #draw(edges, counts, maxDistance) {
    const most = Math.max(...counts, 1);
    const [low, high] = this.#ends;
    const x = (edge) => (WIDTH * (edge - low)) / (high - low || 1);
    const bars = counts.map((count, bin) => {
      const height = count === 0 ? 0 : Math.max((HEIGHT * count) / most, 2);
      const isOut = maxDistance !== null && edges[bin] >= maxDistance;
      const width = Math.max(x(edges[bin + 1]) - x(edges[bin]) - 1, 0.5);
      return drawn("rect", { x: x(edges[bin]), y: HEIGHT - height, width, height, class: isOut ? "out" : "in" });
    });
    const summary = t("distances.histogram", { count: counts.reduce((sum, count) => sum + count, 0), low: distance(low), high: distance(high) });
    refill(
      this.bars,
      drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": summary }, ...bars),
      element("p", { class: "ends soft", "aria-hidden": "true" }, element("span", {}, distance(low)), element("span", {}, distance(high))),
    );
  }

  #step(maxDistance) {
    const [low, high] = this.#ends;
    return Math.round((STEPS * (maxDistance - low)) / (high - low || 1));
  }

  /** The distance at the slider; none at its right end. */
  #chosen() {
    const step = Number(this.slider.value);
    const [low, high] = this.#ends;
    return step >= STEPS ? null : Math.round(100 * (low + ((high - low) * step) / STEPS)) / 100;
  }

  #say(maxDistance) {
    const text = maxDistance === null ? t("distances.all") : t("distances.up_to", { distance: distance(maxDistance) });
    this.text.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
    this.off.hidden = maxDistance === null;
  }

  #set(maxDistance) {
    this.session.go({ maxDistance, k: PAGE_SIZE });
    if (maxDistance === null) this.slider.focus();
  }
}
