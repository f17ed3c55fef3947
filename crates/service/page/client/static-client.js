/**
 * A collection as plain files: the same answers as the program's for works of the index, from neighbours worked out before.
 *
 * A page that was opened as a file may not fetch, so that the data come as scripts: `data/start.js` before the page, and
 * `data/near-<n>.js` with the neighbours of some works when they are asked for.
 */

import { filtersOf, UNKNOWN } from "../filters/expression.js";
import { Failure } from "./types.js";

/** @typedef {import("./types.js").Hit} Hit */

/** Bins of the histogram of distances. */
const BINS = 24;

/** What answers from the files of a static export. */
export class StaticClient {
  takesUploads = false;
  uploadBytes = 0;

  /** @type {Map<number, (near: [number, number][][]) => void>} */
  #awaited = new Map();
  /** @type {Map<number, Promise<[number, number][][]>>} */
  #chunks = new Map();

  constructor(exported) {
    this.exported = exported;
    this.positions = new Map(exported.works.map((work, position) => [work.image, position]));
    exported.receive = (number, near) => this.#awaited.get(number)?.(near);
  }

  async indexes() {
    return this.exported.indexes.indexes;
  }

  async locale(language) {
    return this.exported.locales[language];
  }

  async work(_, image) {
    return this.#at(this.#position(image));
  }

  async works(_, filter, { offset, k }) {
    const passes = this.#matcher(filter);
    const hits = this.exported.works.filter(passes);
    return { total: hits.length, hits: hits.slice(offset, offset + k) };
  }

  /** @returns {Promise<import("./types.js").Facet[]>} */
  async facets(_, filter) {
    const filters = filtersOf(filter);
    return this.exported.facets.variables.map((facet) => {
      // The counts of a variable stand under the filters of the others.
      const others = new Map([...filters].filter(([field]) => field !== facet.name));
      const works = this.exported.works.filter((work) => matches(work, others));
      const counts = new Map();
      for (const work of works) for (const label of work.labels[facet.name] ?? []) counts.set(label.name, (counts.get(label.name) ?? 0) + 1);
      const values = facet.values.map((value) => ({ ...value, count: counts.get(value.name) ?? 0 }));
      return { ...facet, values, unknown: works.filter((work) => (work.labels[facet.name] ?? []).length === 0).length };
    });
  }

  async map() {
    return this.exported.map;
  }

  /** @param {import("./types.js").SearchRequest} request */
  async search(request) {
    const [query, ...more] = request.queries;
    if (more.length > 0 || !("image" in query)) throw new Failure({ code: "static", sentence: "a page of plain files searches with one of its own works at a time" });
    const position = this.#position(query.image);
    const near = await this.#near(position);
    const passes = this.#matcher(request.filter ?? "");
    const own = this.#at(position);
    const all = near.map(([other, distance]) => ({ work: this.#at(other), distance })).filter(({ work }) => passes(work));
    const objects = grouped(all, request.group_by === "object", own);
    const within = objects.filter(({ distance }) => distance <= (request.max_distance ?? Infinity));
    const hits = within.map((found, place) => hit(found, place + 1, own)).slice(request.offset, request.offset + request.k);
    return { index: this.exported.indexes.indexes[0].name, total: within.length, complete: true, hits, predictions: {}, sure: {}, query: { labels: own.labels }, distances: histogram(objects.map(({ distance }) => distance)) };
  }

  thumbnail(_, image) {
    return this.#at(this.#position(image)).thumbnail;
  }

  picture(_, image) {
    return this.#at(this.#position(image)).picture;
  }

  async export() {
    throw new Failure({ code: "static", sentence: "a page of plain files exports nothing" });
  }

  #at(position) {
    return this.exported.works[position];
  }

  #position(image) {
    const position = this.positions.get(image);
    if (position === undefined) throw new Failure({ code: "no_image", sentence: `${image} is not in this collection` });
    return position;
  }

  #matcher(filter) {
    const filters = filtersOf(filter);
    return (work) => matches(work, filters);
  }

  /** The neighbours of a work, from the file that has them. */
  async #near(position) {
    const number = Math.floor(position / this.exported.chunk);
    let chunk = this.#chunks.get(number);
    if (!chunk) {
      chunk = new Promise((resolve, reject) => {
        this.#awaited.set(number, resolve);
        const script = document.createElement("script");
        script.src = `data/near-${number}.js`;
        script.addEventListener("error", () => reject(new Failure({ code: "unreachable", sentence: `data/near-${number}.js is not there` })));
        document.head.append(script);
      });
      this.#chunks.set(number, chunk);
    }
    return (await chunk)[position % this.exported.chunk];
  }
}

function matches(work, filters) {
  return [...filters].every(([field, values]) => {
    const labels = field in work.labels ? work.labels[field].map((label) => label.name) : [work[field]].filter(Boolean);
    return labels.length === 0 ? values.includes(UNKNOWN) : labels.some((label) => values.includes(label));
  });
}

/** Of the images of one object the nearest, with the others beside it. */
function grouped(all, isGrouped, own) {
  if (!isGrouped) return all.map((found) => ({ ...found, siblings: [] }));
  const objects = new Map();
  for (const found of all) {
    const key = found.work.object ?? found.work.image;
    if (key === own.object) continue;
    const first = objects.get(key);
    if (first) first.siblings.push(found.work.image);
    else objects.set(key, { ...found, siblings: [] });
  }
  return [...objects.values()];
}

/** @returns {Hit} */
function hit({ work, distance, siblings }, rank, own) {
  const agreement = Object.fromEntries(
    Object.keys(own.labels).map((variable) => {
      const [one, other] = [own, work].map((side) => (side.labels[variable] ?? []).map((label) => label.name));
      if (one.length === 0 || other.length === 0) return [variable, "unknown"];
      return [variable, one.some((name) => other.includes(name)) ? "agrees" : "differs"];
    }),
  );
  return { ...work, rank, distance, agreement, same_object: siblings };
}

function histogram(distances) {
  if (distances.length === 0) return { edges: [], counts: [] };
  const [low, high] = [Math.min(...distances), Math.max(...distances)];
  const edges = Array.from({ length: BINS + 1 }, (_, bin) => low + ((high - low) * bin) / BINS);
  const counts = new Array(BINS).fill(0);
  for (const distance of distances) counts[Math.min(Math.floor((BINS * (distance - low)) / (high - low || 1)), BINS - 1)] += 1;
  return { edges, counts };
}
