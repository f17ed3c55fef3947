/**
 * The works that the reader keeps, with notes, and the misses that were reported. They stay in this browser alone.
 */

/** @typedef {{image: string, address: string}} Query the picture that was searched for, and its object where it is of the index */

/** @typedef {"kept" | "similar" | "dissimilar"} Mark what the reader says of a work and the query */

/**
 * @typedef {object} Entry
 * @property {string} index
 * @property {string} image
 * @property {string} object
 * @property {string} address of the object
 * @property {string} title
 * @property {string} museum
 * @property {number | null} distance
 * @property {Query} query
 * @property {Mark} mark
 * @property {string} note
 */

/**
 * @typedef {object} Miss
 * @property {"wrong" | "missing"} kind a result that should not be there, or a work that should be
 * @property {string} index
 * @property {Query} query
 * @property {string} image of the wrong result
 * @property {string} object address, or what the reader typed
 * @property {number | null} rank
 * @property {number | null} distance
 * @property {string} filter
 * @property {string} note
 */

const STORED = "silknow.shortlist";

/** Works and misses, kept between visits where the browser allows it. */
export class Shortlist extends EventTarget {
  constructor() {
    super();
    const { entries = [], misses = [] } = stored();
    /** @type {Entry[]} */
    this.entries = entries;
    /** @type {Miss[]} */
    this.misses = misses;
    // Another window of the page may change the list.
    addEventListener("storage", (event) => {
      if (event.key !== STORED) return;
      Object.assign(this, stored());
      this.dispatchEvent(new Event("change"));
    });
  }

  has(index, image) {
    return this.entries.some((entry) => entry.index === index && entry.image === image);
  }

  /**
   * @param {string} index
   * @param {import("../client/types.js").Hit} hit
   * @param {Query} query
   */
  add(index, hit, query) {
    if (this.has(index, hit.image)) return;
    const { image, distance } = hit;
    const [object, address, title, museum] = [hit.object, hit.address, hit.title, hit.museum].map((text) => text ?? "");
    this.entries.push({ index, image, object, address, title, museum, distance, query, mark: "kept", note: "" });
    this.#keep();
  }

  remove(index, image) {
    this.entries = this.entries.filter((entry) => entry.index !== index || entry.image !== image);
    this.#keep();
  }

  /** @param {Entry} entry @param {Partial<Entry>} change */
  change(entry, change) {
    Object.assign(entry, change);
    this.#keep();
  }

  /** @param {Miss} miss */
  report(miss) {
    this.misses.push(miss);
    this.#keep();
  }

  /** @param {Miss} miss */
  withdraw(miss) {
    this.misses = this.misses.filter((other) => other !== miss);
    this.#keep();
  }

  clear() {
    this.entries = [];
    this.misses = [];
    this.#keep();
  }

  #keep() {
    try {
      localStorage.setItem(STORED, JSON.stringify({ entries: this.entries, misses: this.misses }));
    } catch {
      // Without storage the list lasts as long as the page.
    }
    this.dispatchEvent(new Event("change"));
  }
}

/** @returns {{entries?: Entry[], misses?: Miss[]}} */
function stored() {
  try {
    const { entries, misses } = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    return { entries: Array.isArray(entries) ? entries : [], misses: Array.isArray(misses) ? misses : [] };
  } catch {
    return {};
  }
}
