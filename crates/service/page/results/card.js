/**
 * One result: its picture, what it is, how it goes with the query, and what can be done with it.
 */

import { button, element } from "../dom.js";
import { distance, t } from "../language.js";
import { PAGE_SIZE, startingFrom, withExample } from "../state/state.js";
import { reportMiss } from "../shortlist/miss-dialog.js";
import { agreementChips, inventory, museumLink, workTitle } from "./labels.js";

/** @typedef {import("../client/types.js").Hit} Hit */

/** Side of a thumbnail in pixels: twice what is shown. */
export const THUMBNAIL_PX = 400;

/**
 * @param {import("../session.js").Session} session
 * @param {Hit} hit
 * @returns {HTMLLIElement}
 */
export function resultCard(session, hit) {
  const title = workTitle(hit);
  const titleId = `hit-${hit.rank}`;
  const variables = session.index.variables.map((variable) => variable.name);
  const details = [inventory(hit), hit.licence].filter(Boolean).join(" · ");
  const card = element(
    "li",
    { class: "card", "data-image": hit.image },
    element(
      "article",
      { "aria-labelledby": titleId },
      pictureButton(session, hit, title),
      element(
        "div",
        { class: "card-head" },
        element("h3", { id: titleId }, element("span", { class: "rank" }, `${hit.rank}`), " ", title),
        hit.distance !== null && element("span", { class: "distance", title: t("results.distance") }, element("span", { class: "spoken" }, t("results.distance")), distance(hit.distance)),
      ),
      details && element("p", { class: "soft small" }, details),
      element("p", { class: "small links" }, museumLink(hit)),
      agreementChips(hit, variables),
      hit.same_object.length > 0 && sameObject(session, hit),
      element("div", { class: "actions" }, ...actions(session, hit)),
    ),
  );
  return card;
}

function pictureButton(session, hit, title) {
  const picture = element("img", { src: session.client.thumbnail(session.index.name, hit.image, THUMBNAIL_PX), alt: title, loading: "lazy", decoding: "async" });
  picture.addEventListener("error", () => picture.replaceWith(element("span", { class: "lost" }, t("work.no_picture"))));
  const open = () => session.go({ compared: ["query", hit.image] });
  return element("button", { type: "button", class: "frame", "data-key": `open-${hit.image}`, onclick: open }, picture, element("span", { class: "spoken" }, t("results.compare")));
}

/** The further pictures of the same object, shown when they are asked for. */
function sameObject(session, hit) {
  const list = element("ul", { class: "siblings" });
  const fold = element("details", { class: "same-object" }, element("summary", {}, t("results.same_object", { count: hit.same_object.length })), list);
  fold.addEventListener("toggle", () => {
    if (!fold.open || list.children.length > 0) return;
    list.append(
      ...hit.same_object.map((image) => {
        const name = image.split("/").at(-1);
        const picture = element("img", { src: session.client.thumbnail(session.index.name, image, 160), alt: name, loading: "lazy" });
        const start = () => session.go(startingFrom(session.state, image));
        return element("li", {}, element("button", { type: "button", title: t("results.use"), onclick: start }, picture));
      }),
    );
  });
  return fold;
}

function actions(session, hit) {
  const example = (wanted) => ({ kind: /** @type {const} */ ("image"), id: hit.image, wanted, region: null });
  const key = (what) => `${what}-${hit.image}`;
  return [
    button({ icon: "search", text: t("results.use"), "data-key": key("use"), onclick: () => session.go(startingFrom(session.state, hit.image)) }),
    button({ icon: "plus", text: t("results.more_like"), quiet: true, "data-key": key("more"), onclick: () => session.go(withExample(session.state, example(true))) }),
    button({ icon: "minus", text: t("results.less_like"), quiet: true, "data-key": key("less"), onclick: () => session.go({ ...withExample(session.state, example(false)), k: PAGE_SIZE }) }),
    shortlistButton(session, hit),
    button({ icon: "compare", text: t("results.compare"), quiet: true, "data-key": key("compare"), onclick: () => session.go({ compared: ["query", hit.image] }) }),
    button({ icon: "flag", text: t("results.report"), quiet: true, "data-key": key("report"), onclick: () => reportMiss(session, hit) }),
  ];
}

/** The button that puts a work on the shortlist, or takes it off. */
export function shortlistButton(session, hit) {
  const { shortlist } = session;
  const index = session.index.name;
  const made = button({
    icon: "star",
    text: "",
    quiet: true,
    class: "star",
    "data-key": `star-${hit.image}`,
    onclick: async () => {
      if (shortlist.has(index, hit.image)) shortlist.remove(index, hit.image);
      else shortlist.add(index, hit, await session.wantedWork());
      show();
    },
  });
  const show = () => {
    const isOn = shortlist.has(index, hit.image);
    const text = t(isOn ? "shortlist.remove" : "shortlist.add");
    made.setAttribute("aria-pressed", String(isOn));
    made.title = text;
    made.querySelector(".spoken").textContent = t("shortlist.add");
  };
  show();
  return made;
}
