// The lines of an input stream, which is what both modules of readline share:
// https://nodejs.org/docs/latest-v20.x/api/readline.html#class-interfaceconstructor

import { nodeError } from "./errors.js";
import { EventEmitter, on } from "./events.js";
import { StringDecoder } from "./string-decoder.js";

const END_OF_LINE = /\r\n|\n|\r/;
const MIN_CRLF_DELAY_MS = 100;

export class LineReader extends EventEmitter {
  terminal = false;
  line = "";
  closed = false;
  paused = false;
  #rest = "";
  #decoder = new StringDecoder("utf8");
  #crlfDelay;
  #returnAt = -Infinity; // when the last chunk ended with "\r", whose "\n" may come yet
  #prompt;
  #answer = null; // who waits for the answer to a question

  /** `(options)` or `(input, output)`. */
  constructor(input, output = undefined) {
    super();
    const options = input?.input ? input : { input, output };
    this.input = options.input;
    this.output = options.output ?? undefined;
    this.#prompt = options.prompt === undefined ? "> " : `${options.prompt}`;
    this.#crlfDelay = Math.max(MIN_CRLF_DELAY_MS, options.crlfDelay || 0);
    const { signal } = options;
    if (signal?.aborted) queueMicrotask(() => this.close());
    else signal?.addEventListener("abort", () => this.close(), { once: true });
    this.input?.on("error", (error) => this.emit("error", error));
    this.input?.on("data", (chunk) => this.#take(chunk));
    this.input?.on("end", () => {
      this.#take(this.#decoder.end());
      if (this.#rest !== "") this.#tell(this.#rest);
      this.close();
    });
    this.input?.resume();
  }

  #take(chunk) {
    let text = this.#decoder.write(chunk);
    if (text === "") return;
    const isSoon = Date.now() - this.#returnAt <= this.#crlfDelay;
    if (isSoon && text.startsWith("\n")) text = text.slice(1);
    this.#returnAt = text.endsWith("\r") ? Date.now() : -Infinity;
    const lines = (this.#rest + text).split(END_OF_LINE);
    this.#rest = lines.pop();
    for (const line of lines) this.#tell(line);
  }

  #tell(line) {
    const answer = this.#answer;
    this.#answer = null;
    if (answer === null) this.emit("line", line);
    else answer(line);
  }

  /** Calls back with the next line. */
  ask(query, answer) {
    this.#requireOpen();
    this.output?.write(query);
    this.resume();
    this.#answer = answer;
  }

  /** Nobody waits for an answer any more. */
  dismiss() {
    this.#answer = null;
  }

  #requireOpen() {
    if (this.closed) throw nodeError(Error, "ERR_USE_AFTER_CLOSE", "readline was closed");
  }

  close() {
    if (this.closed) return;
    this.pause();
    this.closed = true;
    this.emit("close");
  }

  pause() {
    if (this.paused) return undefined;
    this.input?.pause();
    this.paused = true;
    this.emit("pause");
    return this;
  }

  resume() {
    if (!this.paused) return undefined;
    this.input?.resume();
    this.paused = false;
    this.emit("resume");
    return this;
  }

  write(data) {
    this.#requireOpen();
    this.resume();
    this.#take(data);
  }

  setPrompt(prompt) {
    this.#prompt = prompt;
  }

  /** Where the cursor would stand: nobody types, so behind the prompt. */
  getCursorPos() {
    return { cols: this.getPrompt().length, rows: 0 };
  }

  getPrompt() {
    return this.#prompt;
  }

  prompt() {
    this.resume();
    this.output?.write(this.#prompt);
  }

  async *[Symbol.asyncIterator]() {
    for await (const [line] of on(this, "line", { close: ["close"] })) yield line;
  }
}
