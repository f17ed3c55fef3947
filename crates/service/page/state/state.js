/**
 * What the page shows, as plain data: everything that a link must bring back, and nothing else.
 */

/**
 * A picture that the search starts from.
 * @typedef {object} Example
 * @property {"image" | "upload"} kind of the index, or brought by the reader
 * @property {string} id name of the image, or key of the upload
 * @property {boolean} wanted true for "like this", false for "less like this"
 * @property {[number, number, number, number] | null} region left, top, width, height as shares of the picture
 */

/**
 * @typedef {object} State
 * @property {"search" | "map" | "shortlist"} view
 * @property {string | null} index name of the index; null for the first
 * @property {Example[]} examples
 * @property {Map<string, string[]>} filters chosen values of each field; "?" is unknown
 * @property {number | null} maxDistance
 * @property {number} k how many results
 * @property {boolean} grouped one result an object
 * @property {"majority" | "weighted" | null} vote null for the server's choice
 * @property {[string, string] | null} compared two images side by side; "query" stands for the first example
 * @property {string | null} colour the variable that colours the map
 * @property {[number, number][] | null} lasso corners of the area that is chosen on the map
 */

/** How many results are asked for at a time. */
export const PAGE_SIZE = 24;

/** How many results can be asked for in one answer. */
export const MOST_RESULTS = 1000;

/** @returns {State} the page as it opens */
export function initialState() {
  return {
    view: "search",
    index: null,
    examples: [],
    filters: new Map(),
    maxDistance: null,
    k: PAGE_SIZE,
    grouped: true,
    vote: null,
    compared: null,
    colour: null,
    lasso: null,
  };
}

/**
 * The state in which one image of the index is the only example; filters stay.
 * @param {State} state
 * @param {string} id
 * @returns {State}
 */
export function startingFrom(state, id) {
  const examples = [{ kind: /** @type {const} */ ("image"), id, wanted: true, region: null }];
  return { ...state, view: "search", examples, maxDistance: null, k: PAGE_SIZE, compared: null };
}

/**
 * The state with one more example; one that is there already changes its sign.
 * @param {State} state
 * @param {Example} example
 * @returns {State}
 */
export function withExample(state, example) {
  const others = state.examples.filter((other) => other.kind !== example.kind || other.id !== example.id);
  return { ...state, view: "search", examples: [...others, example], maxDistance: null, k: PAGE_SIZE, compared: null };
}

/** True when there is something to search for: an example that is wanted. */
export function hasQuery(state) {
  return state.examples.some((example) => example.wanted);
}
