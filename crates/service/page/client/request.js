/**
 * The search that a state asks for.
 */

import { expressionOf } from "../filters/expression.js";

/** @typedef {import("../state/state.js").State} State */
/** @typedef {import("./types.js").SearchRequest} SearchRequest */

/**
 * The request and the files that go with it.
 * @param {State} state
 * @param {import("../query/uploads.js").Uploads} uploads
 * @param {{offset: number, k: number}} range
 * @returns {{request: SearchRequest, files: Blob[]}}
 */
export function searchRequest(state, uploads, { offset, k }) {
  const files = [];
  const queries = state.examples.map((example) => {
    const how = { weight: example.wanted ? 1 : -1, ...(example.region && { region: example.region }) };
    if (example.kind === "image") return { image: example.id, ...how };
    const file = uploads.file(example.id);
    if (!file) throw new Error(`the upload ${example.id} is not there`);
    files.push(file);
    return { upload: files.length - 1, ...how };
  });
  const filter = expressionOf(state.filters);
  const request = {
    ...(state.index !== null && { index: state.index }),
    k,
    offset,
    ...(filter !== "" && { filter }),
    ...(state.maxDistance !== null && { max_distance: state.maxDistance }),
    // A picture of the collection finds itself first, which says nothing; that a picture from elsewhere is in it says much.
    exclude_self: state.examples.some((example) => example.kind === "image"),
    ...(state.grouped && { group_by: /** @type {const} */ ("object") }),
    ...(state.vote !== null && { vote: state.vote }),
    queries,
  };
  return { request, files };
}

/**
 * What makes two states ask for the same results, but for how many.
 * @param {State} state
 */
export function searchKey(state) {
  const { index, examples, maxDistance, grouped, vote } = state;
  return JSON.stringify([index, examples, expressionOf(state.filters), maxDistance, grouped, vote]);
}
