/**
 * The page: its frame, its three views (search, map, shortlist), and who is told of a step.
 */

import { announce, download, element, refill } from "./dom.js";
import { client } from "./client/client.js";
import { searchRequest } from "./client/request.js";
import { Distances } from "./filters/distances.js";
import { Facets } from "./filters/facets.js";
import { LANGUAGES, currentLanguage, number, preferredLanguage, rememberLanguage, t, useLanguage } from "./language.js";
import { MapView } from "./map/view.js";
import { QueryPanel } from "./query/panel.js";
import { Sources } from "./query/sources.js";
import { Uploads } from "./query/uploads.js";
import { Comparison } from "./results/compare.js";
import { ResultGrid } from "./results/grid.js";
import { Predictions } from "./results/predictions.js";
import { Search } from "./results/search.js";
import { Welcome } from "./results/welcome.js";
import { Session } from "./session.js";
import { Shortlist } from "./shortlist/shortlist.js";
import { ShortlistView } from "./shortlist/view.js";
import { MOST_RESULTS, PAGE_SIZE, initialState, withExample } from "./state/state.js";

const VIEWS = /** @type {const} */ (["search", "map", "shortlist"]);

/** The page of one visit. */
class App {
  constructor() {
    this.uploads = new Uploads();
    this.session = new Session(client(), this.uploads, new Shortlist(), (before) => this.follow(before));
    this.search = new Search(this.session, () => this.renderAnswer());
    this.sources = new Sources({ add: (files) => this.add(files), refuse: (sentence) => this.query.tell(sentence), uploadBytes: () => this.session.client.uploadBytes });
    this.session.shortlist.addEventListener("change", () => this.renderShortlist());
  }

  async start() {
    await this.speak(preferredLanguage());
    try {
      this.session.indexes = await this.session.client.indexes();
    } catch (failure) {
      this.fail(failure);
      return;
    }
    this.build();
    this.follow(null);
  }

  async speak(language) {
    useLanguage(language, await this.session.client.locale(language));
  }

  /** Says that nothing can be shown, because the program does not answer. */
  fail(failure) {
    const retry = element("button", { type: "button", class: "button primary", onclick: () => location.reload() }, t("error.retry"));
    const sentence = failure.code === "unreachable" ? t("error.unreachable") : failure.message;
    const told = element("div", { class: "problem", role: "alert" }, element("h1", {}, t("error.title")), element("p", {}, sentence), retry);
    document.body.replaceChildren(element("main", { class: "failed" }, told));
  }

  /** Makes all parts anew, as at the start and in another language. */
  build() {
    this.query = new QueryPanel(this.session, this.sources);
    this.grid = new ResultGrid(this.session, this.search);
    this.facets = new Facets(this.session);
    this.distances = new Distances(this.session, (maxDistance) => this.grid.preview(maxDistance));
    this.predictions = new Predictions();
    this.welcome = new Welcome(this.session);
    this.shortlist = new ShortlistView(this.session);
    this.map = new MapView(this.session);
    this.grid.root.addEventListener("export", (event) => this.export(/** @type {CustomEvent} */ (event).detail));
    document.querySelectorAll("dialog").forEach((dialog) => dialog.remove());
    document.body.replaceChildren(
      element("a", { class: "skip", href: "#main" }, t("page.skip")),
      this.#header(),
      element("main", { id: "main", tabindex: -1 }, this.#searchView(), this.map.root, this.shortlist.root),
      element("footer", {}, element("p", {}, t("page.footer"))),
      element("div", { id: "announcements", class: "spoken", "aria-live": "polite", role: "status" }),
      element("div", { class: "drop-veil", "aria-hidden": "true" }, element("p", {}, t("query.drop"))),
    );
    this.comparison = new Comparison(this.session, this.search);
  }

  #header() {
    this.tabs = element("nav", { class: "tabs", "aria-label": t("page.views") });
    const languages = Object.entries(LANGUAGES).map(([code, name]) => element("option", { value: code, lang: code, selected: code === currentLanguage() }, name));
    const language = element("select", { "aria-label": t("page.language") }, ...languages);
    language.addEventListener("change", () => this.#changeLanguage(language.value));
    const { indexes } = this.session;
    this.indexes = element("select", { "aria-label": t("page.index") }, ...indexes.map(({ name }) => element("option", { value: name }, name)));
    this.indexes.addEventListener("change", () => this.#changeIndex(this.indexes.value));
    const home = element("a", { class: "house", href: "?", onclick: (event) => this.#home(event) }, "SILKNOW Image Retrieval");
    this.collection = element("p", { class: "soft small" });
    return element(
      "header",
      { class: "page-head" },
      element("div", { class: "selvedge", "aria-hidden": "true" }),
      element("h1", {}, home),
      this.collection,
      this.tabs,
      element("div", { class: "choices" }, indexes.length > 1 && this.indexes, language),
    );
  }

  #searchView() {
    const sidebar = element(
      "details",
      { class: "sidebar", open: matchMedia("(min-width: 60rem)").matches },
      element("summary", {}, t("facets.title")),
      this.distances.root,
      this.facets.root,
    );
    this.sidebar = sidebar;
    this.grouped = element("input", { type: "checkbox", "data-key": "grouped" });
    this.grouped.addEventListener("change", () => this.session.go({ grouped: this.grouped.checked, k: PAGE_SIZE }));
    this.groupedLabel = element("label", { class: "choice small" }, this.grouped, t("results.grouped"));
    sidebar.append(this.groupedLabel);
    this.columns = element("div", { class: "columns" }, sidebar, element("div", { class: "answer" }, this.grid.root, this.welcome.root));
    const asked = element("div", { class: "asked" }, this.query.root, this.predictions.root);
    this.view = element("div", { class: "search-view" }, asked, this.columns);
    return this.view;
  }

  /** Shows the step that was taken. */
  follow(before) {
    if (!this.query) return;
    const { state } = this.session;
    const isNewView = before !== null && before.view !== state.view;
    this.#frame();
    this.view.hidden = state.view !== "search";
    this.shortlist.root.hidden = state.view !== "shortlist";
    this.query.tell("");
    if (state.view === "search") {
      this.query.render();
      this.facets.follow();
      this.welcome.follow();
      this.search.follow();
    }
    this.renderAnswer();
    if (state.view === "shortlist") this.shortlist.render();
    this.map.follow();
    this.comparison.render();
    if (isNewView) {
      scrollTo({ top: 0 });
      document.getElementById("main")?.focus({ preventScroll: true });
    }
  }

  #frame() {
    const { state, index, shortlist, client: asked } = this.session;
    const kept = shortlist.entries.length + shortlist.misses.length;
    const views = VIEWS.filter((view) => view !== "map" || index.map);
    const link = (view) => {
      const count = view === "shortlist" && kept > 0 ? ` (${number(kept)})` : "";
      const attributes = { href: `?view=${view}`, "aria-current": view === state.view ? "page" : null, "data-key": `view-${view}` };
      return element("a", { ...attributes, onclick: (event) => this.#open(event, view) }, `${t(`view.${view}`)}${count}`);
    };
    refill(this.tabs, ...views.map(link));
    this.indexes.value = index.name;
    this.collection.textContent = t("page.collection", { count: index.works, images: index.images });
    document.title = `${t(`view.${state.view}`)} · SILKNOW Image Retrieval`;
    this.grouped.checked = state.grouped;
    document.body.classList.toggle("takes-uploads", asked.takesUploads);
  }

  renderAnswer() {
    if (!this.query || this.session.state.view !== "search") return;
    const { answer, status } = this.search;
    this.grid.render();
    this.predictions.render(answer, this.session.index.variables.map((variable) => variable.name));
    this.distances.render(answer);
    this.groupedLabel.hidden = answer === null;
    document.body.classList.toggle("busy", status === "busy");
    if (status === "busy") announce(t("results.busy"));
    if (status === "done") this.comparison.render();
  }

  renderShortlist() {
    if (!this.query) return;
    this.#frame();
    if (this.session.state.view === "shortlist") this.shortlist.render();
  }

  /** Takes pictures as further examples; the first ones replace the page's invitation. */
  add(files) {
    let { state } = this.session;
    for (const file of files) {
      state = withExample(state, { kind: "upload", id: this.uploads.add(file), wanted: true, region: null });
    }
    // A picture of an earlier visit that is lost gives way to the one that was chosen again.
    const examples = state.examples.filter((example) => example.kind === "image" || this.uploads.has(example.id));
    this.session.go({ ...state, examples });
  }

  async export(format) {
    const { request, files } = searchRequest(this.session.state, this.uploads, { offset: 0, k: MOST_RESULTS });
    try {
      download(`results.${format === "csv" ? "csv" : "json"}`, await this.session.client.export(request, files, format));
    } catch (failure) {
      this.query.tell(failure.message);
    }
  }

  #open(event, view) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.session.go({ view });
  }

  #home(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.session.go(initialState());
  }

  #changeIndex(name) {
    this.session.go({ index: name, filters: new Map(), maxDistance: null, k: PAGE_SIZE, compared: null, colour: null, lasso: null });
  }

  async #changeLanguage(language) {
    rememberLanguage(language);
    await this.speak(language);
    this.build();
    this.follow(null);
    document.querySelector(".choices select:last-child")?.focus();
  }
}

new App().start();
