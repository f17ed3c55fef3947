/**
 * The works of an area of the map as a result set: to look at, to search within, to save.
 */

import { button, download, element, refill } from "../dom.js";
import { t } from "../language.js";
import { shortlistTable } from "../shortlist/files.js";
import { PAGE_SIZE, startingFrom } from "../state/state.js";

/** The most works that are searched within or saved: the filter stands in the address, and every work is asked for. */
const MOST_ASKED_FOR = 150;

/** Side of a picture in pixels: twice what is shown. */
const PICTURE_PX = 320;

/** Shows the chosen works. */
export class ChosenWorks {
  /** @type {string[]} */
  #images = [];
  #shown = 0;

  /** @param {import("../session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.title = element("h2", { id: "chosen-title" });
    this.tools = element("div", { class: "buttons" });
    this.list = element("ul", { class: "works" });
    this.foot = element("div", { class: "results-foot" });
    this.root = element("section", { class: "map-chosen", "aria-labelledby": "chosen-title", hidden: true }, this.title, this.tools, this.list, this.foot);
  }

  /** @param {string[] | null} images of the area; null where none is chosen */
  show(images) {
    this.root.hidden = images === null;
    if (images === null || sameTexts(images, this.#images)) return;
    this.#images = images;
    this.#shown = 0;
    this.title.textContent = t("map.chosen", { count: images.length });
    this.list.replaceChildren();
    this.#tools();
    this.#more();
  }

  #tools() {
    const isFew = this.#images.length > 0 && this.#images.length <= MOST_ASKED_FOR;
    refill(
      this.tools,
      isFew && button({ icon: "search", text: t("map.within"), onclick: () => this.#searchWithin() }),
      isFew && button({ icon: "download", text: t("export.csv"), onclick: () => this.#save() }),
      button({ icon: "close", text: t("map.clear"), onclick: () => this.#clear() }),
    );
  }

  #clear() {
    this.#images = [];
    this.session.go({ lasso: null });
  }

  #more() {
    const first = this.#shown;
    const works = this.#images.slice(first, first + PAGE_SIZE).map((image) => this.#work(image));
    this.#shown += works.length;
    this.list.append(...works);
    if (first > 0) works[0]?.querySelector("button")?.focus({ preventScroll: true });
    const rest = this.#shown < this.#images.length;
    refill(this.foot, rest && button({ text: t("results.more"), "data-key": "more-chosen", onclick: () => this.#more() }));
  }

  #work(image) {
    const { session } = this;
    const title = element("span", { class: "work-title" }, image.split("/").at(-1));
    const picture = element("img", { src: session.client.thumbnail(session.index.name, image, PICTURE_PX), alt: "", loading: "lazy", decoding: "async" });
    const start = () => session.go(startingFrom(session.state, image));
    session.titled(image, title);
    return element("li", {}, element("button", { type: "button", class: "work", onclick: start }, element("span", { class: "frame" }, picture), title));
  }

  /** What is known of the works, asked for one after the other, as the program has other readers. */
  async #works() {
    const works = [];
    for (const image of this.#images) works.push(await this.session.work(image).catch(() => null));
    return works.filter((work) => work !== null);
  }

  /** Makes the objects of the area a filter. */
  async #searchWithin() {
    const objects = (await this.#works()).map((work) => work.object).filter(Boolean);
    this.session.go({ view: "search", filters: new Map([...this.session.state.filters, ["object", [...new Set(objects)]]]) });
  }

  /** Saves the area as a table with what is known of its works. */
  async #save() {
    const index = this.session.index.name;
    const entries = (await this.#works()).map(({ image, object, address, title, museum }) => ({
      ...{ index, image, object: object ?? "", address: address ?? "", title: title ?? "", museum: museum ?? "" },
      ...{ distance: null, query: { image: "", address: "" }, mark: /** @type {const} */ ("kept"), note: "" },
    }));
    download("area.csv", shortlistTable(entries));
  }
}

function sameTexts(one, other) {
  return one.length === other.length && one.every((text, place) => text === other[place]);
}
