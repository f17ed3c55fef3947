/**
 * The results: how many there are, their cards, more of them, and what stands there when there are none.
 */

import { announce, button, element, icon, refill } from "../dom.js";
import { t } from "../language.js";
import { MOST_RESULTS, PAGE_SIZE, hasQuery } from "../state/state.js";
import { resultCard } from "./card.js";

/** How many grey cards stand for results that are not there yet. */
const PLACEHOLDERS = 8;

/** Shows the answer of a search. */
export class ResultGrid {
  /** @type {import("../client/types.js").Answer | null} */
  #shown = null;

  /**
   * @param {import("../session.js").Session} session
   * @param {import("./search.js").Search} search
   */
  constructor(session, search) {
    this.session = session;
    this.search = search;
    this.head = element("div", { class: "results-head" });
    this.list = element("ol", { class: "cards" });
    this.foot = element("div", { class: "results-foot" });
    this.root = element("section", { class: "results", "aria-labelledby": "results-title" }, this.head, this.list, this.foot);
  }

  render() {
    const { status, answer, failure } = this.search;
    this.root.setAttribute("aria-busy", String(status === "busy"));
    this.root.hidden = !hasQuery(this.session.state) && this.session.state.examples.length === 0;
    if (status === "failed") return this.#problem(failure);
    if (status === "busy" && !answer) return this.#waiting();
    if (answer === null) return this.#nothingAsked();
    this.#head(answer);
    if (answer !== this.#shown) this.#cards(answer);
    this.#foot(answer);
  }

  /** Greys the cards that a cut-off would leave out, before the reader lets the slider go. */
  preview(maxDistance) {
    const hits = this.search.answer?.hits ?? [];
    hits.forEach((hit, place) => {
      const isOut = maxDistance !== null && hit.distance !== null && hit.distance > maxDistance;
      this.list.children[place]?.classList.toggle("beyond", isOut);
    });
  }

  #cards(answer) {
    const before = this.#shown;
    this.#shown = answer;
    // More of the same are added below, so that the keyboard and the pictures stay where they are.
    const isMore = before !== null && before.hits.length < answer.hits.length && before.hits.every((hit, place) => hit === answer.hits[place]);
    const cards = answer.hits.slice(isMore ? before.hits.length : 0).map((hit) => resultCard(this.session, hit));
    if (isMore) this.list.append(...cards);
    else refill(this.list, ...cards);
    if (isMore) cards[0]?.querySelector("button")?.focus({ preventScroll: true });
    announce(answer.hits.length === 0 ? t("results.none") : countText(answer));
  }

  #head(answer) {
    const exports = this.session.client.takesUploads ? this.#exports() : null;
    refill(
      this.head,
      element("h2", { id: "results-title" }, countText(answer)),
      answer.total > answer.hits.length && element("p", { class: "soft" }, t("results.shown", { shown: answer.hits.length })),
      exports,
    );
  }

  #exports() {
    const formats = /** @type {const} */ (["csv", "json", "iiif"]);
    const ask = (format) => this.root.dispatchEvent(new CustomEvent("export", { detail: format, bubbles: true }));
    return element(
      "details",
      { class: "menu" },
      element("summary", { class: "button" }, icon("download"), t("export.title")),
      element("ul", {}, ...formats.map((format) => element("li", {}, button({ text: t(`export.${format}`), onclick: () => ask(format) })))),
    );
  }

  #foot(answer) {
    const isEmpty = answer.hits.length === 0;
    const canGrow = answer.hits.length < Math.min(answer.total, MOST_RESULTS);
    const { state } = this.session;
    const more = () => this.session.go({ k: Math.min(answer.hits.length + PAGE_SIZE, MOST_RESULTS) });
    const widen = () => this.session.go({ filters: new Map(), maxDistance: null });
    refill(
      this.foot,
      isEmpty && element("p", { class: "nothing" }, t("results.none")),
      isEmpty && (state.filters.size > 0 || state.maxDistance !== null) && button({ text: t("results.widen"), "data-key": "widen", onclick: widen }),
      canGrow && button({ text: t("results.more"), "data-key": "more", class: "primary", disabled: this.search.status === "busy", onclick: more }),
    );
  }

  #waiting() {
    this.#shown = null;
    refill(this.head, element("h2", { id: "results-title" }, t("results.busy")));
    const blank = () => element("li", { class: "card blank", "aria-hidden": "true" }, element("div", { class: "frame" }), element("p", {}), element("p", {}));
    refill(this.list, ...Array.from({ length: PLACEHOLDERS }, blank));
    refill(this.foot);
  }

  #nothingAsked() {
    this.#shown = null;
    const key = this.session.lacksUploads ? "results.lost" : "results.only_unwanted";
    refill(this.head, element("h2", { id: "results-title" }, t("results.title")), element("p", {}, t(key)));
    refill(this.list);
    refill(this.foot);
  }

  #problem(failure) {
    this.#shown = null;
    const sentence = failure.code === "unreachable" ? t("error.unreachable") : failure.message;
    const hint = failure.code === "unreachable" ? t("error.unreachable_hint") : failure.hint;
    refill(
      this.head,
      element("h2", { id: "results-title" }, t("error.title")),
      element("div", { class: "problem", role: "alert" }, element("p", {}, sentence), hint && element("p", { class: "soft" }, hint)),
    );
    refill(this.list);
    refill(this.foot, button({ text: t("error.retry"), class: "primary", "data-key": "retry", onclick: () => this.search.retry() }));
  }
}

/** How many works there are, or how many were looked at where there may be more. */
function countText({ total, complete }) {
  return t(complete ? "results.count" : "results.count_open", { count: total });
}
