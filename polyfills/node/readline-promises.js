// node:readline/promises: https://nodejs.org/docs/latest-v20.x/api/readline.html#promises-api

import { abortError, absentFrom } from "./errors.js";
import { LineReader } from "./readline-lines.js";

/** Lines of an input stream, and answers as promises. */
export class Interface extends LineReader {
  question(query, options = undefined) {
    return new Promise((resolve, reject) => {
      const signal = options?.signal;
      if (signal?.aborted) throw abortError(signal.reason);
      const giveUp = () => {
        this.dismiss();
        reject(abortError(signal.reason));
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.ask(query, (line) => {
        signal?.removeEventListener("abort", giveUp);
        resolve(line);
      });
    });
  }
}

export const createInterface = (input, output = undefined) => new Interface(input, output);
const missing = absentFrom("readline/promises");
export const { Readline } = missing;

export default { ...missing, Interface, createInterface };
