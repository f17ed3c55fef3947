/**
 * The shortlist: works with what the reader says of them, the misses that were reported, and their files.
 */

import { announce, button, download, element, refill } from "../dom.js";
import { distance, t } from "../language.js";
import { inventory, museumLink } from "../results/labels.js";
import { startingFrom } from "../state/state.js";
import { missTable, ruleFiles, rules, shortlistTable } from "./files.js";

const MARKS = /** @type {const} */ (["kept", "similar", "dissimilar"]);

/** Side of the pictures in pixels: twice what is shown. */
const PICTURE_PX = 200;

/** Shows the shortlist and the misses. */
export class ShortlistView {
  /** @param {import("../session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.root = element("section", { class: "shortlist", "aria-labelledby": "shortlist-title" });
  }

  render() {
    const { entries, misses } = this.session.shortlist;
    refill(
      this.root,
      element("h2", { id: "shortlist-title" }, t("shortlist.title")),
      element("p", { class: "soft" }, t("shortlist.about")),
      entries.length + misses.length === 0 && element("p", { class: "nothing" }, t("shortlist.empty")),
      entries.length > 0 && this.#files(),
      entries.length > 0 && element("ul", { class: "entries" }, ...entries.map((entry) => this.#entry(entry))),
      misses.length > 0 && this.#misses(),
    );
  }

  #files() {
    const { shortlist } = this.session;
    const groups = rules(shortlist.entries);
    const hasRules = groups.similar.length + groups.dissimilar.length > 0;
    const clear = () => {
      if (confirm(t("shortlist.clear_sure"))) shortlist.clear();
    };
    return element(
      "div",
      { class: "buttons" },
      button({ icon: "download", text: t("shortlist.table"), onclick: () => download("shortlist.csv", shortlistTable(shortlist.entries)) }),
      button({
        icon: "download",
        text: t("shortlist.rules"),
        disabled: !hasRules,
        title: hasRules ? null : t("shortlist.no_rules"),
        "data-key": "rules",
        onclick: () => download("rules.zip", ruleFiles(groups)),
      }),
      button({ icon: "trash", text: t("shortlist.clear"), onclick: clear }),
      !hasRules && element("p", { class: "soft small" }, t("shortlist.no_rules")),
    );
  }

  #entry(entry) {
    const { session } = this;
    const { shortlist, client } = session;
    const title = entry.title || (entry.image.split("/").at(-1) ?? "");
    const note = element("textarea", { rows: 2, value: entry.note, "data-key": `note-${entry.index}-${entry.image}` });
    note.addEventListener("change", () => shortlist.change(entry, { note: note.value }));
    const marks = MARKS.map((mark) => {
      const input = element("input", { type: "radio", name: `mark-${entry.index}-${entry.image}`, checked: entry.mark === mark, "data-key": `mark-${mark}-${entry.index}-${entry.image}` });
      input.addEventListener("change", () => shortlist.change(entry, { mark }));
      return element("label", { class: "choice" }, input, t(`shortlist.mark_${mark}`));
    });
    const remove = () => {
      shortlist.remove(entry.index, entry.image);
      announce(t("shortlist.removed", { title }));
    };
    const start = () => session.go(startingFrom({ ...session.state, index: entry.index }, entry.image));
    return element(
      "li",
      { class: "entry" },
      element("div", { class: "frame" }, element("img", { src: client.thumbnail(entry.index, entry.image, PICTURE_PX), alt: title, loading: "lazy" })),
      element(
        "div",
        { class: "entry-text" },
        element("h3", {}, title),
        element("p", { class: "soft small" }, inventory(entry)),
        element("p", { class: "small links" }, museumLink(entry)),
        entry.query.image && element("p", { class: "soft small" }, found(entry)),
      ),
      element("fieldset", { class: "marks" }, element("legend", {}, t("shortlist.mark")), ...marks),
      element("label", { class: "stacked" }, t("shortlist.note"), note),
      element(
        "div",
        { class: "actions" },
        button({ icon: "search", text: t("results.use"), onclick: start }),
        button({ icon: "trash", text: t("shortlist.remove"), quiet: true, onclick: remove }),
      ),
    );
  }

  #misses() {
    const { shortlist } = this.session;
    const row = (miss) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, t(`miss.short_${miss.kind}`)),
        element("td", {}, miss.query.image),
        element("td", {}, miss.object || miss.image),
        element("td", {}, miss.note),
        element("td", {}, button({ icon: "trash", text: t("miss.withdraw"), quiet: true, onclick: () => shortlist.withdraw(miss) })),
      );
    const headings = ["miss.kind_short", "miss.query", "miss.work", "miss.note"].map((key) => element("th", { scope: "col" }, t(key)));
    return element(
      "section",
      { class: "misses", "aria-labelledby": "misses-title" },
      element("h2", { id: "misses-title" }, t("miss.list")),
      element("div", { class: "buttons" }, button({ icon: "download", text: t("miss.table"), onclick: () => download("misses.csv", missTable(shortlist.misses)) })),
      element(
        "div",
        { class: "scroll", tabindex: 0, role: "group", "aria-labelledby": "misses-title" },
        element("table", {}, element("thead", {}, element("tr", {}, ...headings, element("td", {}))), element("tbody", {}, ...shortlist.misses.map(row))),
      ),
    );
  }
}

function found(entry) {
  const name = entry.query.image.split("/").at(-1) ?? "";
  return entry.distance === null ? t("shortlist.found", { name }) : t("shortlist.found_at", { name, distance: distance(entry.distance) });
}
