/**
 * Two works side by side: large pictures, and what is known of both, variable by variable.
 */

import { button, element, refill } from "../dom.js";
import { distance, t, variableText } from "../language.js";
import { agreementMark, classTexts, inventory, museumLink, workTitle } from "./labels.js";
import { shortlistButton } from "./card.js";

/** What stands for the picture that was searched for. */
const QUERY = "query";

/** Shows the two works of the state in a dialog while there are two. */
export class Comparison {
  /**
   * @param {import("../session.js").Session} session
   * @param {import("./search.js").Search} search
   */
  constructor(session, search) {
    this.session = session;
    this.search = search;
    this.body = element("div", { class: "compare-body" });
    this.dialog = element(
      "dialog",
      { class: "dialog compare", "aria-labelledby": "compare-title" },
      element(
        "header",
        {},
        element("h2", { id: "compare-title" }, t("compare.title")),
        button({ icon: "close", text: t("dialog.close"), quiet: true, onclick: () => this.dialog.close() }),
      ),
      this.body,
    );
    this.dialog.addEventListener("close", () => this.session.state.compared && this.session.go({ compared: null }));
    document.body.append(this.dialog);
  }

  async render() {
    const { compared } = this.session.state;
    if (!compared) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    if (!this.dialog.open) this.dialog.showModal();
    this.body.setAttribute("aria-busy", "true");
    const works = await Promise.all(compared.map((id) => this.#work(id)));
    if (this.session.state.compared !== compared) return;
    this.body.removeAttribute("aria-busy");
    refill(this.body, this.#table(compared, works));
  }

  /** What is known of one side: a work of the index, or a picture that was brought, of which there are predictions alone. */
  async #work(id) {
    const example = id === QUERY ? this.session.state.examples.find((other) => other.wanted) : { kind: "image", id, region: null };
    if (!example) return null;
    const picture = this.session.pictureOf(/** @type {any} */ (example), null);
    if (example.kind === "upload") {
      const labels = Object.fromEntries(Object.entries(this.search.answer?.predictions ?? {}).map(([variable, [first]]) => [variable, first ? [first] : []]));
      return { title: this.session.nameOf(/** @type {any} */ (example)) || t("compare.upload"), labels, picture, isUpload: true };
    }
    const work = await this.session.work(example.id).catch(() => null);
    return work && { ...work, title: workTitle(work), picture, isUpload: false };
  }

  #table(ids, works) {
    const variables = this.session.index.variables.map((variable) => variable.name);
    const hit = this.search.answer?.hits.find((other) => other.image === ids[1]);
    const isQuery = ids[0] === QUERY;
    const headings = works.map((work, side) => element("th", { scope: "col" }, this.#side(ids, work, side)));
    const rows = variables.map((variable) => this.#row(variable, works));
    const far = isQuery && hit && hit.distance !== null && element("p", {}, t("compare.distance", { distance: distance(hit.distance) }));
    return element(
      "div",
      {},
      far,
      element(
        "table",
        { class: "comparison" },
        element("thead", {}, element("tr", {}, element("td", {}), ...headings, element("td", {}))),
        element("tbody", {}, ...rows),
      ),
    );
  }

  #side(ids, work, side) {
    const choose = side === 0 ? this.#chooser(ids) : null;
    if (!work) return element("div", {}, choose, element("p", { class: "lost" }, t("work.unknown")));
    const picture = element("img", { src: work.picture, alt: work.title });
    picture.addEventListener("error", () => picture.replaceWith(element("span", { class: "lost" }, t("work.no_picture"))));
    const whole = element("a", { href: work.picture, target: "_blank", rel: "noopener", title: t("work.whole") }, picture);
    return element(
      "div",
      { class: "side" },
      choose,
      element("div", { class: "frame large" }, whole),
      element("p", { class: "side-title" }, work.title),
      element("p", { class: "soft small" }, work.isUpload ? t("compare.predicted") : inventory(work)),
      element("p", { class: "small links" }, museumLink({ address: null, ...work })),
      !work.isUpload && element("div", { class: "actions" }, shortlistButton(this.session, work)),
    );
  }

  /** What the left side shows: the query, or another of the results. */
  #chooser(ids) {
    const hits = this.search.answer?.hits ?? [];
    const others = hits.filter((hit) => hit.image !== ids[1]);
    const query = this.session.state.examples.some((example) => example.wanted) ? [[QUERY, t("compare.query")]] : [];
    const named = others.map((hit) => [hit.image, `${hit.rank} · ${workTitle(hit)}`]);
    const isListed = [...query, ...named].some(([value]) => value === ids[0]);
    const options = [...query, ...(isListed ? [] : [[ids[0], ids[0]]]), ...named];
    const select = element(
      "select",
      { "data-key": "compare-with" },
      ...options.map(([value, text]) => element("option", { value, selected: value === ids[0] }, text)),
    );
    select.addEventListener("change", () => this.session.go({ compared: [select.value, ids[1]] }, { replace: true }));
    return element("label", { class: "stacked small" }, t("compare.with"), select);
  }

  #row(variable, works) {
    const texts = works.map((work) => (work ? classTexts(work, variable) : ""));
    const cells = texts.map((text) => element("td", {}, text || element("em", { class: "soft" }, t("facets.unknown"))));
    return element("tr", {}, element("th", { scope: "row" }, variableText(variable)), ...cells, element("td", {}, agreementMark(agreementOf(works, variable))));
  }
}

/** Whether two works have a class of a variable in common. */
function agreementOf(works, variable) {
  const [one, other] = works.map((work) => (work?.labels[variable] ?? []).map((label) => label.name));
  if (one.length === 0 || other.length === 0) return "unknown";
  return one.some((name) => other.includes(name)) ? "agrees" : "differs";
}
