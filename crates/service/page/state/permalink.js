/**
 * The state as the query string of the page's address, and back. Index, filters and numbers have the words of the API.
 */

import { expressionOf, filtersOf } from "../filters/expression.js";
import { MOST_RESULTS, PAGE_SIZE, initialState } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Example} Example */

/** Digits of a region's shares: a thousandth of a picture is less than a pixel of what the network sees. */
const REGION_DIGITS = 3;

/** Digits of a place on the map, which reaches from 0 to 1 or so. */
const MAP_DIGITS = 4;

/**
 * The query string of a state, with its question mark; empty for the page as it opens. What is as usual is left out.
 * @param {State} state
 */
export function permalink(state) {
  const query = new URLSearchParams();
  const usual = initialState();
  if (state.view !== usual.view) query.append("view", state.view);
  if (state.index !== null) query.append("index", state.index);
  for (const example of state.examples) {
    // A weight and a region belong to the picture that stands before them.
    query.append(example.kind, example.id);
    if (!example.wanted) query.append("weight", "-1");
    if (example.region) query.append("region", example.region.map((share) => rounded(share, REGION_DIGITS)).join(","));
  }
  const filter = expressionOf(state.filters);
  if (filter !== "") query.append("filter", filter);
  if (state.maxDistance !== null) query.append("max_distance", rounded(state.maxDistance, 2));
  if (state.k !== usual.k) query.append("k", String(state.k));
  if (!state.grouped) query.append("group_by", "image");
  if (state.vote !== null) query.append("vote", state.vote);
  if (state.compared) for (const id of state.compared) query.append("compare", id);
  if (state.colour !== null) query.append("colour", state.colour);
  if (state.lasso) query.append("lasso", state.lasso.map((corner) => corner.map((at) => rounded(at, MAP_DIGITS)).join(",")).join(";"));
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

function rounded(value, digits) {
  return String(Number(value.toFixed(digits)));
}

/**
 * The state of a query string. What cannot be read is passed over, so that an old or mangled link still opens.
 * @param {string} text
 * @returns {State}
 */
export function stateOf(text) {
  const state = initialState();
  const compared = [];
  for (const [key, value] of new URLSearchParams(text)) {
    const last = state.examples.at(-1);
    switch (key) {
      case "view":
        if (value === "map" || value === "shortlist") state.view = value;
        break;
      case "index":
        state.index = value;
        break;
      case "image":
      case "upload":
        state.examples.push({ kind: key, id: value, wanted: true, region: null });
        break;
      case "weight":
        if (last) last.wanted = !value.startsWith("-");
        break;
      case "region":
        if (last) last.region = regionOf(value);
        break;
      case "filter":
        state.filters = filtersOf(value);
        break;
      case "max_distance":
        state.maxDistance = numberIn(value, 0, 2);
        break;
      case "k":
        state.k = Math.round(numberIn(value, 1, MOST_RESULTS) ?? PAGE_SIZE);
        break;
      case "group_by":
        state.grouped = value === "object";
        break;
      case "vote":
        if (value === "majority" || value === "weighted") state.vote = value;
        break;
      case "compare":
        compared.push(value);
        break;
      case "colour":
        state.colour = value;
        break;
      case "lasso":
        state.lasso = cornersOf(value);
        break;
      default:
    }
  }
  if (compared.length === 2) state.compared = [compared[0], compared[1]];
  return state;
}

/** @returns {[number, number, number, number] | null} */
function regionOf(text) {
  const [left, top, width, height, ...more] = text.split(",").map(Number);
  const all = [left, top, width, height];
  const isInside = all.every((share) => share >= 0 && share <= 1) && width > 0 && height > 0 && left + width <= 1.001 && top + height <= 1.001;
  return more.length === 0 && isInside ? [left, top, width, height] : null;
}

/** @returns {[number, number][] | null} */
function cornersOf(text) {
  const corners = text.split(";").map((corner) => corner.split(",").map(Number));
  const isArea = corners.length > 2 && corners.every((corner) => corner.length === 2 && corner.every(Number.isFinite));
  return isArea ? corners.map(([x, y]) => [x, y]) : null;
}

function numberIn(text, least, most) {
  const value = Number(text);
  return text !== "" && value >= least && value <= most ? value : null;
}
