/**
 * Who answers: a running program, or the files of a static export that were loaded before.
 */

import { HttpClient } from "./http-client.js";
import { StaticClient } from "./static-client.js";

/** @returns {HttpClient | StaticClient} */
export function client() {
  const exported = globalThis.SILKNOW_STATIC;
  return exported ? new StaticClient(exported) : new HttpClient();
}
