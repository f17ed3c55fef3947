/**
 * The program's API over HTTP.
 */

import { Failure } from "./types.js";

/** @typedef {import("./types.js").SearchRequest} SearchRequest */

/** What asks a running program. A page of plain files has a `StaticClient` instead, with the same methods. */
export class HttpClient {
  /** True where pictures can be sent. */
  takesUploads = true;

  /** The most bytes of a picture that is taken, as the program says. */
  uploadBytes = Infinity;

  /** @returns {Promise<import("./types.js").IndexInfo[]>} */
  async indexes() {
    const { indexes, upload_bytes: bytes } = await asked("/api/v1/indexes");
    if (bytes) this.uploadBytes = bytes;
    return indexes;
  }

  /**
   * The texts of a language.
   * @param {string} language
   * @returns {Promise<Record<string, string | Record<string, string>>>}
   */
  locale(language) {
    // The page's files lie in a folder whose name the program chooses.
    const style = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel="stylesheet"]'));
    return asked(new URL(`../locales/${language}.json`, style.href));
  }

  /**
   * @param {SearchRequest} request
   * @param {Blob[]} files
   * @param {AbortSignal} signal
   * @returns {Promise<import("./types.js").Answer>}
   */
  search(request, files, signal) {
    return asked("/api/v1/search", { ...posted(request, files), signal });
  }

  /**
   * The whole result set as a file.
   * @param {SearchRequest} request
   * @param {Blob[]} files
   * @param {"csv" | "json" | "iiif"} format
   * @returns {Promise<Blob>}
   */
  async export(request, files, format) {
    return (await answered(`/api/v1/export?format=${format}`, posted(request, files))).blob();
  }

  /**
   * Counts of every variable's classes and of the museums, under the filters of the others.
   * @param {string} index
   * @param {string} filter
   * @param {AbortSignal} signal
   * @returns {Promise<import("./types.js").Facet[]>}
   */
  async facets(index, filter, signal) {
    const { variables, museum } = await asked(`/api/v1/facets?${new URLSearchParams({ index, filter })}`, { signal });
    return museum && museum.values.length > 1 ? [...variables, museum] : variables;
  }

  /**
   * @param {string} index
   * @param {string} image
   * @returns {Promise<import("./types.js").Hit>}
   */
  work(index, image) {
    return asked(`/api/v1/works/${path(image)}?${new URLSearchParams({ index })}`);
  }

  /**
   * Works in the order of the index.
   * @param {string} index
   * @param {string} filter
   * @param {{offset: number, k: number}} range
   * @returns {Promise<{total: number, hits: import("./types.js").Hit[]}>}
   */
  works(index, filter, { offset, k }) {
    return asked(`/api/v1/works?${new URLSearchParams({ index, filter, offset: String(offset), k: String(k) })}`);
  }

  /** @returns {Promise<import("./types.js").MapData>} */
  map(index) {
    return asked(`/api/v1/map?${new URLSearchParams({ index })}`);
  }

  /** The address of a small picture. */
  thumbnail(index, image, size) {
    return `/api/v1/thumbnails/${path(image)}?${new URLSearchParams({ index, size: String(size) })}`;
  }

  /** The address of the whole picture. */
  picture(index, image) {
    return `/api/v1/images/${path(image)}?${new URLSearchParams({ index })}`;
  }
}

function path(image) {
  return image.split("/").map(encodeURIComponent).join("/");
}

/** @returns {RequestInit} */
function posted(request, files) {
  if (files.length === 0) {
    return { method: "POST", body: JSON.stringify(request), headers: { "content-type": "application/json" } };
  }
  const form = new FormData();
  form.append("query", new Blob([JSON.stringify(request)], { type: "application/json" }));
  // The names of the reader's files are nobody's business.
  files.forEach((file, number) => form.append("file", file, `picture-${number}`));
  return { method: "POST", body: form };
}

async function asked(address, how = {}) {
  return (await answered(address, how)).json();
}

/** @returns {Promise<Response>} */
async function answered(address, how = {}) {
  let response;
  try {
    response = await fetch(address, how);
  } catch (cause) {
    if (how.signal?.aborted) throw cause;
    throw new Failure({ code: "unreachable", sentence: String(cause) });
  }
  if (response.ok) return response;
  const retryAfter = Number(response.headers.get("retry-after") ?? 0);
  const told = await response.json().catch(() => null);
  const error = told?.error ?? { code: `status_${response.status}`, sentence: response.statusText };
  throw new Failure(error, { status: response.status, retryAfter });
}
