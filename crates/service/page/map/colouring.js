/**
 * The colours of the points: by the classes of one variable, the most frequent first.
 */

import { COLOURED, colourOf } from "./palette.js";

/** @typedef {{rank: number, name: string, text: string, count: number}} RankedClass */

/** The rank of every point's class, and what the ranks mean. */
export class Colouring {
  /**
   * @param {import("../client/types.js").MapData} map
   * @param {string | null} variable null for one colour
   */
  constructor(map, variable) {
    const labels = variable === null ? null : map.labels[variable];
    this.isPlain = labels === null || labels === undefined;
    if (this.isPlain) {
      this.ranks = new Int16Array(map.images.length);
      /** @type {RankedClass[]} */
      this.classes = [];
      this.unknown = 0;
      return;
    }
    const classes = map.classes[variable];
    const counts = new Array(classes.length).fill(0);
    this.unknown = 0;
    for (const label of labels) {
      if (label >= 0) counts[label] += 1;
      else this.unknown += 1;
    }
    const order = counts.map((_, label) => label).sort((one, other) => counts[other] - counts[one]);
    const ranks = new Int16Array(classes.length);
    order.forEach((label, rank) => {
      ranks[label] = rank;
    });
    this.ranks = Int16Array.from(labels, (label) => (label < 0 ? -1 : ranks[label]));
    this.classes = order.filter((label) => counts[label] > 0).map((label, rank) => ({ rank, ...classes[label], count: counts[label] }));
  }

  /** The colours of the ranks, then of all further ones, then of unknown. */
  colours() {
    const ranks = this.isPlain ? [0] : Array.from({ length: COLOURED + 1 }, (_, rank) => rank);
    return [...ranks, -1].map(colourOf);
  }
}
