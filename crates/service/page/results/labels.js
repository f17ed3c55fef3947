/**
 * What is known of a work, variable by variable, and how it goes with the query: by icon and word, not by colour alone.
 */

import { element, icon, spoken } from "../dom.js";
import { className, t, variableText } from "../language.js";

/** @typedef {import("../client/types.js").Hit} Hit */

/** The order in which the agreements are shown, with their icons. */
const AGREEMENTS = { agrees: "check", differs: "differs", unknown: "unknown" };

/**
 * The labels of a result as chips, those together that agree with the query, differ from it, or cannot be compared.
 * @param {Hit} hit
 * @param {string[]} variables
 */
export function agreementChips(hit, variables) {
  const groups = Object.entries(AGREEMENTS).map(([agreement, shape]) => {
    const members = variables.filter((variable) => (hit.agreement[variable] ?? "unknown") === agreement);
    if (members.length === 0) return null;
    return element(
      "div",
      { class: `agreement ${agreement}` },
      element("dt", {}, icon(/** @type {any} */ (shape)), t(`agreement.${agreement}`)),
      element("dd", {}, element("ul", { class: "chips" }, ...members.map((variable) => chip(hit, variable)))),
    );
  });
  return element("dl", { class: "agreements" }, ...groups);
}

function chip(hit, variable) {
  const texts = classTexts(hit, variable);
  const value = texts === "" ? element("em", {}, t("facets.unknown")) : texts;
  return element("li", { class: "chip" }, element("span", { class: "chip-variable" }, variableText(variable)), spoken(": "), " ", value);
}

/**
 * The classes of a work in words; empty where unknown.
 * @param {{labels: Hit["labels"]}} work
 * @param {string} variable
 */
export function classTexts(work, variable) {
  return (work.labels[variable] ?? []).map((label) => className(variable, label)).join(", ");
}

/**
 * The agreement of one variable as an icon with its word.
 * @param {import("../client/types.js").Agreement} agreement
 */
export function agreementMark(agreement, words = t(`agreement.${agreement}`)) {
  return element("span", { class: `mark ${agreement}` }, icon(/** @type {any} */ (AGREEMENTS[agreement])), words);
}

/** The title of a work, or else the name of its picture. */
export function workTitle(work) {
  return work.title || (work.image.split("/").at(-1) ?? work.image);
}

/** Museum and inventory number, as far as they are known. */
export function inventory(work) {
  const museum = work.museum ? work.museum.replaceAll("_", " ").replaceAll("-", " ") : null;
  return [museum, work.object].filter(Boolean).join(" · ");
}

/**
 * A link to the museum's page of the work; none where its address is not one of the web.
 * @param {{address: string | null}} work
 */
export function museumLink(work, text = t("work.open")) {
  if (!/^https?:\/\//.test(work.address ?? "")) return null;
  return element("a", { href: work.address, target: "_blank", rel: "noopener noreferrer" }, text, icon("link"), spoken(t("work.new_window")));
}
