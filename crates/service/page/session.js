/**
 * What all parts of the page share: the state and its steps, the program's answers, the pictures of this visit, the shortlist.
 */

import { History } from "./state/history.js";

/** @typedef {import("./state/state.js").Example} Example */

/** One visit of one reader. */
export class Session {
  /** @type {import("./client/types.js").IndexInfo[]} */
  indexes = [];

  /** @type {Map<string, Promise<import("./client/types.js").Hit>>} */
  #works = new Map();

  /**
   * @param {import("./client/http-client.js").HttpClient} client
   * @param {import("./query/uploads.js").Uploads} uploads
   * @param {import("./shortlist/shortlist.js").Shortlist} shortlist
   * @param {(before: import("./state/state.js").State) => void} changed called after every step
   */
  constructor(client, uploads, shortlist, changed) {
    this.client = client;
    this.uploads = uploads;
    this.shortlist = shortlist;
    this.history = new History((_, before) => changed(before));
  }

  get state() {
    return this.history.state;
  }

  /** @type {History["go"]} */
  go(change, how) {
    this.history.go(change, how);
  }

  /** The index that is searched: the one that the state names, or else the first. */
  get index() {
    return this.indexes.find((index) => index.name === this.state.index) ?? this.indexes[0];
  }

  /** What is known of a work; asked once. */
  work(image) {
    const key = JSON.stringify([this.index.name, image]);
    let work = this.#works.get(key);
    if (!work) {
      work = this.client.work(this.index.name, image);
      this.#works.set(key, work);
      work.catch(() => this.#works.delete(key));
    }
    return work;
  }

  /** Keeps what an answer says of a work. */
  learn(hits) {
    for (const hit of hits) this.#works.set(JSON.stringify([this.index.name, hit.image]), Promise.resolve(hit));
  }

  /** Puts a work's title into an element once it is known. */
  async titled(image, place) {
    const work = await this.work(image).catch(() => null);
    if (work?.title) place.textContent = work.title;
  }

  /**
   * What the results were searched for, as the shortlist and the reports keep it: the first picture that is wanted.
   * @returns {Promise<import("./shortlist/shortlist.js").Query>}
   */
  async wantedWork() {
    const example = this.state.examples.find((other) => other.wanted);
    if (!example) return { image: "", address: "" };
    if (example.kind === "upload") return { image: this.nameOf(example), address: "" };
    const work = await this.work(example.id).catch(() => null);
    return { image: example.id, address: work?.address ?? "" };
  }

  /** The short name of an example until more is known. */
  nameOf(example) {
    const name = example.kind === "upload" ? this.uploads.name(example.id) : example.id;
    return name.split("/").at(-1) ?? "";
  }

  /**
   * The address of an example's picture; undefined for an upload of another visit.
   * @param {Example} example
   * @param {number | null} size longest side in pixels; null for the whole picture
   */
  pictureOf(example, size) {
    if (example.kind === "upload") return this.uploads.address(example.id);
    return size === null || example.region
      ? this.client.picture(this.index.name, example.id)
      : this.client.thumbnail(this.index.name, example.id, size);
  }

  /** True where an example was brought in another visit and is not here. */
  get lacksUploads() {
    return this.state.examples.some((example) => example.kind === "upload" && !this.uploads.has(example.id));
  }
}
