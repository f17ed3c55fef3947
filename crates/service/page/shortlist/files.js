/**
 * The files that the shortlist is saved as: tables (CSV), and rules for training.
 */

import { zip } from "./zip.js";

/** @typedef {import("./shortlist.js").Entry} Entry */
/** @typedef {import("./shortlist.js").Miss} Miss */

/**
 * The shortlist as a table.
 * @param {Entry[]} entries
 * @returns {Blob}
 */
export function shortlistTable(entries) {
  const rows = entries.map((entry) => [
    entry.index,
    entry.query.image,
    entry.image,
    entry.object,
    entry.address,
    entry.title,
    entry.museum,
    entry.distance ?? "",
    entry.mark,
    entry.note,
  ]);
  return table(["index", "query", "image", "object", "address", "title", "museum", "distance", "mark", "note"], rows);
}

/**
 * The misses as a table of judgements: a row a query and object. `relevant` is 0 for a result that should not be there and 1
 * for a work that should be.
 * @param {Miss[]} misses
 * @returns {Blob}
 */
export function missTable(misses) {
  const rows = misses.map((miss) => [
    miss.query.image,
    miss.query.address,
    miss.image,
    miss.object,
    miss.kind === "missing" ? 1 : 0,
    miss.rank ?? "",
    miss.distance ?? "",
    miss.index,
    miss.filter,
    miss.note,
  ]);
  return table(["query", "query_object", "image", "object", "relevant", "rank", "distance", "index", "filter", "note"], rows);
}

function table(header, rows) {
  const lines = [header, ...rows].map((cells) => cells.map(cell).join(","));
  return new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" });
}

function cell(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The rules of the shortlist, for the keys `similar_rules` and `dissimilar_rules`: `similar.txt` and `dissimilar.txt` name a
 * list each for every group of objects. Works that are similar to one query make a group with it. A work that is not makes a
 * group of two, with the query, or, where the query is not of the collection, with each of the similar ones: all objects of a
 * list are compared with each other, and two works that differ from a query may be like each other.
 * @param {Entry[]} entries
 * @returns {{similar: string[][], dissimilar: string[][]}} addresses of objects
 */
export function rules(entries) {
  const groups = Map.groupBy
    ? Map.groupBy(entries, (entry) => entry.query.image)
    : entries.reduce((all, entry) => all.set(entry.query.image, [...(all.get(entry.query.image) ?? []), entry]), new Map());
  const similar = [];
  const dissimilar = [];
  for (const group of groups.values()) {
    const addresses = (mark) => group.filter((entry) => entry.mark === mark && entry.address !== "").map((entry) => entry.address);
    const query = group[0].query.address;
    const alike = [...new Set([...(query ? [query] : []), ...addresses("similar")])];
    if (alike.length > 1) similar.push(alike);
    const against = query ? [query] : alike;
    for (const other of new Set(addresses("dissimilar"))) for (const one of against) if (one !== other) dissimilar.push([one, other]);
  }
  return { similar, dissimilar };
}

/**
 * The rules as an archive of text files.
 * @param {{similar: string[][], dissimilar: string[][]}} groups
 * @returns {Blob}
 */
export function ruleFiles(groups) {
  const files = Object.entries(groups).flatMap(([kind, lists]) => {
    if (lists.length === 0) return [];
    const name = (number) => `${kind}_objects_${number + 1}.txt`;
    const listed = lists.map((addresses, number) => ({ name: name(number), text: lines(addresses) }));
    return [{ name: `${kind}.txt`, text: lines(lists.map((_, number) => name(number))) }, ...listed];
  });
  return zip(files);
}

function lines(texts) {
  return texts.map((text) => `${text}\n`).join("");
}
