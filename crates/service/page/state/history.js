/**
 * The state over time: every step is an entry of the browser's history, so that its back button takes one step back.
 */

import { permalink, stateOf } from "./permalink.js";

/** @typedef {import("./state.js").State} State */

/** A page that was opened as a file may not change the query of its address, so its state stands behind a `#`. */
const isFile = location.protocol === "file:";

/** The state that is shown, and who wants to hear of the next one. */
export class History {
  /** @param {(state: State, before: State) => void} listener called after every change */
  constructor(listener) {
    this.listener = listener;
    /** @type {State} */
    this.state = shown();
    addEventListener("popstate", () => this.#become(shown()));
  }

  /**
   * Goes on to another state.
   * @param {Partial<State>} change
   * @param {{replace?: boolean}} how with `replace` the step before is forgotten, for changes that are no step of their own
   */
  go(change, { replace = false } = {}) {
    const next = { ...this.state, ...change };
    const address = addressOf(next);
    if (replace) history.replaceState(null, "", address);
    else if (permalink(next) !== permalink(this.state)) history.pushState(null, "", address);
    this.#become(next);
  }

  #become(next) {
    const before = this.state;
    this.state = next;
    this.listener(next, before);
  }
}

function shown() {
  return stateOf(isFile ? location.hash.slice(1) : location.search);
}

/**
 * The address that opens the page in a state.
 * @param {State} state
 */
export function addressOf(state) {
  return isFile ? `#${permalink(state)}` : location.pathname + permalink(state);
}
