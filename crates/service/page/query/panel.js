/**
 * The query: the pictures that are searched for, each wanted or not, whole or a motif of it.
 */

import { button, element, icon, refill } from "../dom.js";
import { t } from "../language.js";
import { initialState } from "../state/state.js";
import { chooseMotif } from "./crop.js";
import { megabytes } from "./sources.js";

/** @typedef {import("../state/state.js").Example} Example */

/** Side of the examples' pictures in pixels: twice what is shown, for dense screens. */
const PICTURE_PX = 320;

/** Shows the examples and lets them be changed. */
export class QueryPanel {
  /**
   * @param {import("../session.js").Session} session
   * @param {import("./sources.js").Sources} sources
   */
  constructor(session, sources) {
    this.session = session;
    this.sources = sources;
    this.message = element("p", { class: "problem", role: "alert", hidden: true });
    this.list = element("ul", { class: "examples" });
    this.root = element("section", { class: "query", "aria-labelledby": "query-title" });
  }

  render() {
    const { examples } = this.session.state;
    const isEmpty = examples.length === 0;
    this.root.classList.toggle("empty", isEmpty);
    refill(this.list, ...examples.map((example, place) => this.#example(example, place)));
    this.root.replaceChildren(...(isEmpty ? this.#invitation() : this.#examples()), this.message);
  }

  /** Says why a picture was not taken; nothing takes the sentence back. */
  tell(sentence) {
    this.message.hidden = sentence === "";
    this.message.textContent = sentence;
  }

  #invitation() {
    const takesUploads = this.session.client.takesUploads;
    return [
      element("h2", { id: "query-title" }, t(takesUploads ? "query.title" : "query.title_static")),
      takesUploads && element("p", {}, t("query.invitation")),
      takesUploads && element("div", { class: "buttons" }, ...this.sources.buttons({ isFirst: true })),
      takesUploads && element("p", { class: "soft small" }, t("query.privacy", { megabytes: megabytes(this.session.client.uploadBytes) })),
    ].filter((part) => part !== false);
  }

  #examples() {
    const clear = button({
      icon: "close",
      text: t("query.clear"),
      onclick: () => this.session.go({ ...initialState(), index: this.session.state.index }),
    });
    const sources = this.session.client.takesUploads ? this.sources.buttons({ isFirst: false }) : [];
    return [
      element("h2", { id: "query-title" }, t("query.title_filled")),
      this.list,
      element("div", { class: "buttons" }, ...sources, clear),
    ];
  }

  #example(example, place) {
    const { session } = this;
    const name = session.nameOf(example);
    const address = session.pictureOf(example, PICTURE_PX);
    const sign = t(example.wanted ? "query.like" : "query.unlike");
    const change = (changes) => {
      const examples = session.state.examples.map((other, at) => (at === place ? { ...other, ...changes } : other));
      session.go({ examples, maxDistance: null });
    };
    const remove = () => session.go({ examples: session.state.examples.filter((_, at) => at !== place), maxDistance: null });
    const actions = [
      button({
        icon: example.wanted ? "minus" : "plus",
        text: t(example.wanted ? "query.make_unlike" : "query.make_like"),
        quiet: true,
        "data-key": `sign-${place}`,
        onclick: () => change({ wanted: !example.wanted }),
      }),
      session.client.takesUploads &&
        address &&
        button({ icon: "crop", text: t("query.crop"), quiet: true, "data-key": `crop-${place}`, onclick: () => this.#crop(example, change) }),
      button({ icon: "close", text: t("query.remove"), quiet: true, "data-key": `remove-${place}`, onclick: remove }),
    ];
    const title = element("span", { class: "example-name" }, name);
    if (example.kind === "image") session.titled(example.id, title);
    return element(
      "li",
      { class: `example ${example.wanted ? "wanted" : "unwanted"}` },
      element("div", { class: "frame" }, address ? this.#picture(example, address, name) : element("p", { class: "lost" }, t("query.lost"))),
      element("p", { class: "example-sign" }, icon(example.wanted ? "plus" : "minus"), sign),
      title,
      element("div", { class: "actions" }, ...actions.filter(Boolean)),
    );
  }

  /** The picture, or of a motif the part that is searched for. */
  #picture(example, address, name) {
    const picture = element("img", { src: address, alt: `${t(example.wanted ? "query.like" : "query.unlike")}: ${name}` });
    if (!example.region) return picture;
    const [left, top, width, height] = example.region;
    const box = element("div", { class: "motif" }, picture);
    // Of the picture only the region shows: it is as much larger than its box as the region is smaller than the picture.
    picture.style.width = `${100 / width}%`;
    picture.style.left = `${(-100 * left) / width}%`;
    picture.style.height = `${100 / height}%`;
    picture.style.top = `${(-100 * top) / height}%`;
    picture.addEventListener("load", () => {
      box.style.aspectRatio = String((picture.naturalWidth * width) / (picture.naturalHeight * height));
    });
    return box;
  }

  async #crop(example, change) {
    const region = await chooseMotif(this.session.pictureOf(example, null), example.region);
    if (region !== undefined) change({ region });
  }
}
