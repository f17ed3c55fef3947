/**
 * Asking for the results of a state: one question at a time, the newest wins, and more of the same are added to what is there.
 */

import { searchKey, searchRequest } from "../client/request.js";
import { Failure } from "../client/types.js";
import { hasQuery } from "../state/state.js";

/** @typedef {import("../client/types.js").Answer} Answer */

/** How long an answer is waited for once more when the program was too busy, in milliseconds at most. */
const LONGEST_WAIT_MS = 10_000;

/** The results of the newest state. */
export class Search {
  /** @type {Answer | null} */
  answer = null;
  /** @type {"idle" | "busy" | "done" | "failed"} */
  status = "idle";
  /** @type {Failure | null} */
  failure = null;
  #key = "";
  #controller = new AbortController();

  /**
   * @param {import("../session.js").Session} session
   * @param {() => void} changed called when the answer or the status is another
   */
  constructor(session, changed) {
    this.session = session;
    this.changed = changed;
  }

  /** Asks again, whatever is there. */
  retry() {
    this.#key = "";
    return this.follow();
  }

  /** Brings the answer up to the session's state. */
  async follow() {
    const { state } = this.session;
    if (!hasQuery(state) || this.session.lacksUploads) return this.#rest();
    const key = searchKey(state);
    const isSame = key === this.#key && this.answer !== null;
    const here = isSame ? this.answer.hits.length : 0;
    if (isSame && state.k <= here) return this.#cut(state.k);
    if (key === this.#key && this.status === "busy") return;
    if (isSame && here >= this.answer.total) return;
    this.#controller.abort();
    this.#controller = new AbortController();
    this.#key = key;
    this.#become("busy");
    await this.#ask(state, here, this.#controller.signal);
  }

  async #ask(state, here, signal) {
    const { request, files } = searchRequest(state, this.session.uploads, { offset: here, k: state.k - here });
    try {
      const answer = await this.#patient(() => this.session.client.search(request, files, signal), signal);
      if (signal.aborted) return;
      this.session.learn(answer.hits);
      this.answer = here > 0 ? { ...answer, hits: [...this.answer.hits, ...answer.hits] } : answer;
      this.#become("done");
    } catch (cause) {
      if (signal.aborted) return;
      this.failure = cause instanceof Failure ? cause : new Failure({ code: "page", sentence: String(cause) });
      this.answer = here > 0 ? this.answer : null;
      this.#become("failed");
    }
  }

  /** Asks a second time where the program says after how long it has room again. */
  async #patient(ask, signal) {
    try {
      return await ask();
    } catch (failure) {
      const wait = failure instanceof Failure ? 1000 * failure.retryAfter : 0;
      if (wait === 0 || wait > LONGEST_WAIT_MS) throw failure;
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (signal.aborted) throw failure;
      return ask();
    }
  }

  /** Fewer of the same results, as when the reader goes back. */
  #cut(k) {
    if (this.answer.hits.length === k) return;
    this.answer = { ...this.answer, hits: this.answer.hits.slice(0, k) };
    this.changed();
  }

  #rest() {
    this.#controller.abort();
    this.#key = "";
    this.answer = null;
    if (this.status !== "idle") this.#become("idle");
  }

  #become(status) {
    this.status = status;
    if (status !== "failed") this.failure = null;
    this.changed();
  }
}
