/**
 * What the program answers, as types; the fields are described in its OpenAPI document.
 *
 * @typedef {{name: string, text: string}} Class
 * @typedef {Class & {count: number}} CountedClass
 * @typedef {{name: string, values: CountedClass[], unknown: number}} Facet
 * @typedef {{name: string, works: number, images: number, variables: Facet[], map: boolean}} IndexInfo
 * @typedef {"agrees" | "differs" | "unknown"} Agreement
 *
 * @typedef {object} Hit
 * @property {number} rank
 * @property {string} image
 * @property {string | null} object identifier
 * @property {number | null} distance
 * @property {string | null} title
 * @property {string | null} address of the object
 * @property {string | null} source of the picture
 * @property {string | null} licence
 * @property {string | null} museum
 * @property {Record<string, Class[]>} labels
 * @property {Record<string, Agreement>} agreement
 * @property {string[]} same_object further images of the object
 * @property {string} thumbnail
 * @property {string} picture
 *
 * @typedef {{neighbours: number, nearest: number, mean: number}} Support
 * @typedef {Class & {probability: number, support: Support}} Prediction
 *
 * @typedef {object} Answer
 * @property {string} index
 * @property {number} total how many works lie within the cut-off, among those that were looked at
 * @property {boolean} complete false where there may be more
 * @property {Hit[]} hits
 * @property {Record<string, Prediction[]>} predictions
 * @property {Record<string, boolean>} sure
 * @property {{labels?: Record<string, Class[]>}} query
 * @property {{edges: number[], counts: number[]}} distances
 *
 * @typedef {object} MapData
 * @property {[number, number][]} points
 * @property {string[]} images
 * @property {Record<string, number[]>} labels index of the class, -1 where unknown
 * @property {Record<string, Class[]>} classes
 *
 * What a search asks for.
 * @typedef {object} SearchRequest
 * @property {string} [index]
 * @property {number} k
 * @property {number} offset
 * @property {string} [filter]
 * @property {number} [max_distance]
 * @property {boolean} exclude_self
 * @property {"object"} [group_by]
 * @property {"majority" | "weighted"} [vote]
 * @property {({image: string, weight: number, region?: number[]} | {upload: number, weight: number, region?: number[]})[]} queries
 */

/** What went wrong, as the program says it: a sentence, and what to do. */
export class Failure extends Error {
  /**
   * @param {{code: string, sentence: string, hint?: string}} what
   * @param {{status?: number, retryAfter?: number}} how
   */
  constructor({ code, sentence, hint = "" }, { status = 0, retryAfter = 0 } = {}) {
    super(sentence);
    this.code = code;
    this.hint = hint;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
