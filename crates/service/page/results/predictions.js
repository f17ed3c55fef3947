/**
 * What the neighbours say of the query: the predicted class of every variable, with how many speak for it and from how near.
 */

import { element, refill } from "../dom.js";
import { className, distance, percent, t, variableText } from "../language.js";
import { agreementMark, classTexts } from "./labels.js";

/** @typedef {import("../client/types.js").Answer} Answer */
/** @typedef {import("../client/types.js").Prediction} Prediction */

/** How many further classes of a variable are listed. */
const FURTHER = 4;

/** Shows the predictions of an answer. */
export class Predictions {
  constructor() {
    // On a phone the results come first, and the predictions are folded.
    const isWide = matchMedia("(min-width: 40rem)").matches;
    this.body = element("div", {});
    const title = element("summary", {}, element("h2", { id: "predictions-title" }, t("predictions.title")));
    this.root = element("section", { class: "predictions", "aria-labelledby": "predictions-title" }, element("details", { open: isWide }, title, this.body));
  }

  /**
   * @param {Answer | null} answer
   * @param {string[]} variables in the order of the index
   */
  render(answer, variables) {
    const told = variables.map((variable) => [variable, answer?.predictions[variable] ?? []]).filter(([, classes]) => classes.length > 0);
    this.root.hidden = told.length === 0;
    if (this.root.hidden) return;
    const hasLabels = told.some(([variable]) => (answer.query?.labels?.[variable] ?? []).length > 0);
    const headings = ["predictions.variable", "predictions.class", "predictions.share", "predictions.voters", ...(hasLabels ? ["predictions.label"] : [])];
    const others = told.filter(([, classes]) => classes.length > 1);
    refill(
      this.body,
      element(
        "table",
        {},
        element("caption", { class: "spoken" }, t("predictions.about")),
        element("thead", { class: "spoken" }, element("tr", {}, ...headings.map((key) => element("th", { scope: "col" }, t(key))))),
        element("tbody", {}, ...told.map(([variable, classes]) => row(variable, classes[0], answer, hasLabels))),
      ),
      others.length > 0 && further(others),
    );
  }
}

/**
 * @param {string} variable
 * @param {Prediction} first
 * @param {Answer} answer
 * @param {boolean} hasLabels
 */
function row(variable, first, answer, hasLabels) {
  const isSure = answer.sure?.[variable] ?? true;
  const text = className(variable, first);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, variableText(variable)),
    element("td", { class: "predicted" }, isSure ? element("strong", {}, text) : t("predictions.unsure", { text })),
    element("td", { class: "share" }, bar(first.probability), percent(first.probability)),
    element("td", { class: "soft small" }, support(first)),
    hasLabels && onLabel(variable, first, answer),
  );
}

/** What stands on the query's label, and whether the prediction agrees with it. */
function onLabel(variable, first, answer) {
  const labels = answer.query?.labels?.[variable] ?? [];
  if (labels.length === 0) return element("td", { class: "small on-label" }, agreementMark("unknown", t("predictions.missing")));
  const agreement = labels.some((label) => label.name === first.name) ? "agrees" : "differs";
  const text = classTexts({ labels: answer.query.labels }, variable);
  return element("td", { class: "small on-label" }, agreementMark(agreement, agreement === "agrees" ? t("predictions.as_label") : t("predictions.known", { text })));
}

function bar(share) {
  const filled = element("span", {});
  filled.style.width = `${Math.round(100 * Math.min(Math.max(share, 0), 1))}%`;
  return element("span", { class: "bar", "aria-hidden": "true" }, filled);
}

function support({ support: { neighbours, nearest, mean } }) {
  return t("predictions.support", { count: neighbours, nearest: distance(nearest), mean: distance(mean) });
}

function further(told) {
  const item = ([variable, classes]) => {
    const others = classes.slice(1, 1 + FURTHER).map((other) => `${className(variable, other)} ${percent(other.probability)} (${support(other)})`);
    return element("div", {}, element("dt", {}, variableText(variable)), element("dd", {}, ...others.map((text) => element("p", {}, text))));
  };
  return element("details", { class: "small" }, element("summary", { "data-key": "further" }, t("predictions.further")), element("dl", {}, ...told.map(item)));
}
