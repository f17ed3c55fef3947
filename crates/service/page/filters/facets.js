/**
 * Facets: the classes of every variable with their counts, unknown among them, to choose from.
 */

import { button, element, refill, spoken } from "../dom.js";
import { className, number, t, variableText } from "../language.js";
import { PAGE_SIZE } from "../state/state.js";
import { UNKNOWN, expressionOf, toggled } from "./expression.js";

/** @typedef {import("../client/types.js").Facet} Facet */

/** How many classes of a variable are shown before the reader asks for all. */
const SHOWN = 7;

/** The most chosen values of a variable that have a chip each. */
const MOST_CHIPS = 8;

/** Shows the facets of an index and lets classes be chosen. */
export class Facets {
  /** @type {Facet[]} */
  #facets = [];
  #key = "";
  /** @type {Set<string>} */
  #unfolded = new Set();
  #controller = new AbortController();

  /** @param {import("../session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.chosen = element("ul", { class: "chosen", "aria-label": t("facets.chosen") });
    this.groups = element("div", { class: "facet-groups" });
    this.root = element("div", { class: "facets" }, this.chosen, this.groups);
  }

  /** Asks for the counts under the session's filters, and shows them. */
  async follow() {
    const { session } = this;
    const filter = expressionOf(session.state.filters);
    const key = JSON.stringify([session.index.name, filter]);
    this.render();
    if (key === this.#key) return;
    this.#controller.abort();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    try {
      this.#facets = await session.client.facets(session.index.name, filter, signal);
    } catch {
      // Without counts of its own the index still says which classes there are.
      if (signal.aborted) return;
      this.#facets = session.index.variables;
    }
    if (signal.aborted) return;
    this.#key = key;
    this.render();
  }

  render() {
    const { filters } = this.session.state;
    const chosen = [...filters].flatMap(([field, values]) => this.#chips(field, values));
    const clear = button({ text: t("facets.clear"), "data-key": "clear-filters", onclick: () => this.#choose(new Map()) });
    this.chosen.hidden = chosen.length === 0;
    refill(this.chosen, ...chosen, chosen.length > 1 && element("li", {}, clear));
    refill(this.groups, ...this.#facets.map((facet) => this.#group(facet)));
  }

  #choose(filters) {
    this.session.go({ filters, k: PAGE_SIZE });
  }

  /** A chip for every chosen value; one for all where they are many, as the works of an area of the map. */
  #chips(field, values) {
    const { filters } = this.session.state;
    const without = () => new Map([...filters].filter(([other]) => other !== field));
    if (values.length > MOST_CHIPS) return [this.#chip(field, t("facets.many", { count: values.length }), without)];
    return values.map((value) => this.#chip(field, this.#text(field, value), () => toggled(filters, field, value)));
  }

  #chip(field, value, remaining) {
    const text = `${variableText(field)}: ${value}`;
    const remove = () => this.#choose(remaining());
    return element("li", {}, button({ icon: "close", text, class: "chip", "data-key": `chip-${text}`, "aria-label": t("facets.remove", { text }), onclick: remove }));
  }

  #text(field, value) {
    if (value === UNKNOWN) return t("facets.unknown");
    const named = this.#facets.find((facet) => facet.name === field)?.values.find((other) => other.name === value);
    return named ? className(field, named) : value.replaceAll("_", " ");
  }

  #group(facet) {
    const chosen = this.session.state.filters.get(facet.name) ?? [];
    const isUnfolded = this.#unfolded.has(facet.name);
    // A chosen class stays in sight, however few works it has.
    const shown = facet.values.filter((value, place) => isUnfolded || place < SHOWN || chosen.includes(value.name));
    const hidden = facet.values.length - shown.length;
    const unfold = () => {
      this.#unfolded.add(facet.name);
      this.render();
      const rows = this.groups.querySelectorAll(`[data-field="${CSS.escape(facet.name)}"] input`);
      /** @type {HTMLInputElement | undefined} */ (rows[SHOWN])?.focus();
    };
    const rows = shown.map((value) => this.#row(facet.name, value.name, className(facet.name, value), value.count, chosen.includes(value.name)));
    const unknown = this.#row(facet.name, UNKNOWN, t("facets.unknown"), facet.unknown, chosen.includes(UNKNOWN));
    unknown.classList.add("unknown");
    return element(
      "fieldset",
      { class: "facet", "data-field": facet.name },
      element("legend", {}, variableText(facet.name)),
      ...rows,
      hidden > 0 && button({ text: t("facets.all", { count: facet.values.length }), class: "text", "data-key": `unfold-${facet.name}`, onclick: unfold }),
      unknown,
    );
  }

  #row(field, value, text, count, checked) {
    const box = element("input", { type: "checkbox", checked, "data-key": `facet-${field}-${value}`, disabled: count === 0 && !checked });
    box.addEventListener("change", () => this.#choose(toggled(this.session.state.filters, field, value)));
    const words = element("span", { class: "facet-text" }, text);
    return element("label", { class: "facet-row" }, box, words, element("span", { class: "count" }, number(count), spoken(` ${t("facets.works")}`)));
  }
}
