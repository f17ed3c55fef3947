/**
 * What stands on the page before anything is searched for: works of the collection to begin with, under the chosen filters.
 */

import { button, element, refill } from "../dom.js";
import { t } from "../language.js";
import { expressionOf } from "../filters/expression.js";
import { PAGE_SIZE, startingFrom } from "../state/state.js";
import { inventory, workTitle } from "./labels.js";

/** Side of a picture in pixels: twice what is shown. */
const PICTURE_PX = 320;

/** Shows works of the collection while there is no query. */
export class Welcome {
  #key = "";
  #offset = 0;

  /** @param {import("../session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.title = element("h2", { id: "welcome-title" }, t("welcome.title"));
    this.list = element("ul", { class: "works" });
    this.foot = element("div", { class: "results-foot" });
    this.root = element("section", { class: "welcome", "aria-labelledby": "welcome-title" }, this.title, this.list, this.foot);
  }

  /** Brings the works up to the session's index and filters. */
  async follow() {
    const { session } = this;
    this.root.hidden = session.state.examples.length > 0;
    const key = JSON.stringify([session.index.name, expressionOf(session.state.filters)]);
    if (this.root.hidden || key === this.#key) return;
    this.#key = key;
    this.#offset = 0;
    await this.#more(key);
  }

  async #more(key) {
    const { session } = this;
    const filter = expressionOf(session.state.filters);
    const answer = await session.client.works(session.index.name, filter, { offset: this.#offset, k: PAGE_SIZE }).catch(() => null);
    if (key !== this.#key) return;
    // The invitation to bring a picture stands without the works, too.
    if (!answer) {
      this.root.hidden = true;
      return;
    }
    session.learn(answer.hits);
    const works = answer.hits.map((work) => this.#work(work));
    if (this.#offset === 0) this.list.replaceChildren(...works);
    else this.list.append(...works);
    const isFirst = this.#offset === 0;
    this.#offset += works.length;
    this.title.textContent = session.state.filters.size > 0 ? t("welcome.filtered", { count: answer.total }) : t("welcome.title");
    const rest = this.#offset < answer.total;
    refill(this.foot, rest && button({ text: t("results.more"), "data-key": "more-works", onclick: () => this.#more(key) }));
    if (!isFirst) works[0]?.querySelector("button")?.focus({ preventScroll: true });
  }

  #work(work) {
    const { session } = this;
    const title = workTitle(work);
    const picture = element("img", { src: session.client.thumbnail(session.index.name, work.image, PICTURE_PX), alt: "", loading: "lazy", decoding: "async" });
    const start = () => session.go(startingFrom(session.state, work.image));
    return element(
      "li",
      {},
      element(
        "button",
        { type: "button", class: "work", onclick: start },
        element("span", { class: "frame" }, picture),
        element("span", { class: "work-title" }, title),
        element("span", { class: "soft small" }, inventory(work)),
      ),
    );
  }
}
