// node:readline; nobody sits at a terminal: https://nodejs.org/docs/latest-v20.x/api/readline.html

import { absentFrom } from "./errors.js";
import { EventEmitter, on } from "./events.js";
import promises from "./readline-promises.js";

export { promises };

/** Lines of an input stream. */
export class Interface extends EventEmitter {
  terminal = false;
  line = "";
  closed = false;
  #left = "";

  constructor(input, output = undefined) {
    super();
    const options = input?.input ? input : { input, output };
    this.input = options.input;
    this.output = options.output;
    this.input?.setEncoding?.("utf8");
    this.input?.on?.("data", (chunk) => this.#take(chunk));
    this.input?.on?.("end", () => {
      if (this.#left !== "") this.emit("line", this.#left);
      this.close();
    });
    this.input?.on?.("error", (error) => this.emit("error", error));
  }

  #take(chunk) {
    const lines = (this.#left + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#left = lines.pop();
    for (const line of lines) this.emit("line", line);
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    this.emit("close");
  }

  question(query, options, callback = options) {
    this.output?.write?.(query);
    this.once("line", callback);
  }

  pause() {
    this.input?.pause?.();
    this.emit("pause");
    return this;
  }

  resume() {
    this.input?.resume?.();
    this.emit("resume");
    return this;
  }

  write() {}
  setPrompt() {}
  getPrompt() {
    return "";
  }
  prompt() {}

  [Symbol.asyncIterator]() {
    return on(this, "line", { close: ["close"] })[Symbol.asyncIterator]();
  }
}

export const createInterface = (input, output = undefined) => new Interface(input, output);

export const {
  clearLine,
  clearScreenDown,
  cursorTo,
  emitKeypressEvents,
  moveCursor,
} = absentFrom("readline");

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
