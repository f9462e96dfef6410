// node:readline; nobody sits at a terminal: https://nodejs.org/docs/latest-v20.x/api/readline.html

import { requireFunction } from "./errors.js";
import { LineReader } from "./readline-lines.js";
import promises from "./readline-promises.js";

export { promises };

/** Lines of an input stream. */
export class Interface extends LineReader {
  question(query, options, callback = options) {
    requireFunction(callback, "callback");
    const signal = callback === options ? undefined : options?.signal;
    if (signal?.aborted) return;
    signal?.addEventListener("abort", () => this.dismiss(), { once: true });
    this.ask(query, callback);
  }
}

export const createInterface = (input, output = undefined) => new Interface(input, output);

// There is no terminal whose cursor could move.
export const clearLine = () => false;
export const clearScreenDown = () => false;
export const cursorTo = () => false;
export const emitKeypressEvents = () => {};
export const moveCursor = () => false;

export default {
  Interface,
  clearLine,
  clearScreenDown,
  createInterface,
  cursorTo,
  emitKeypressEvents,
  moveCursor,
  promises,
};
