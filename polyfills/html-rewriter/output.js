// What comes out: ranges of the input as they are, and what handlers put in their place.

import { IncrementalDecoder } from "../encoding/incremental.js";
import { bytesOf } from "../kernel/buffers.js";
import { HostReader } from "../streams/host-stream.js";
import { after } from "./soon.js";

const ESCAPES = { "<": "&lt;", ">": "&gt;", "&": "&amp;" };
const INVALID_UTF_8 = "Parser error: Invalid UTF-8";
const STRING_CHUNK = "A stream of content has to give bytes.";

function escapeText(text) {
  return text.replace(/[<>&]/g, (character) => ESCAPES[character]);
}

export class Output {
  suppressed = 0; // how many open elements have their content removed
  #charset;
  #tokenizer;
  #pieces = [];
  #keptStart = 0; // what is to be copied from the input, in one piece
  #keptEnd = 0;

  constructor(tokenizer, charset) {
    this.#tokenizer = tokenizer;
    this.#charset = charset;
  }

  /** Pass a range of the input on. */
  keep(start, end) {
    if (this.suppressed > 0) return;
    if (start !== this.#keptEnd) {
      this.#flush();
      this.#keptStart = start;
    }
    this.#keptEnd = end;
  }

  /** Write a binary string. */
  put(binary) {
    if (this.suppressed > 0 || binary === "") return;
    this.#flush();
    this.#pieces.push(binary);
  }

  #flush() {
    if (this.#keptEnd > this.#keptStart) {
      this.#pieces.push(this.#tokenizer.input.slice(this.#keptStart, this.#keptEnd));
    }
    this.#keptStart = this.#keptEnd;
  }

  /** All that was written since the last time; called before the input changes. */
  take() {
    this.#flush();
    this.#keptStart = 0;
    this.#keptEnd = 0;
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces.length === 1 ? pieces[0] : pieces.join("");
  }

  /** A token with what was done to it; `own` writes the token itself. See soon.js. */
  token({ before, replacement, after: behind, removed }, own) {
    if (this.suppressed > 0) return undefined;
    const inPlace = () => (removed ? this.contents(replacement) : own());
    return after(after(this.contents(before), inPlace), () => this.contents(behind));
  }

  contents(list, from = 0) {
    for (let index = from; index < list.length; index++) {
      const content = list[index];
      if (content.text === undefined) {
        return this.#stream(content).then(() => this.contents(list, index + 1));
      }
      this.#text(content.text, content.html);
    }
    return undefined;
  }

  #text(text, html) {
    this.put(this.#charset.encode(html ? text : escapeText(text)));
  }

  /** UTF-8 is wanted; a character that the end cuts is left out, as lol-html does. */
  async #stream({ stream, html }) {
    const reader = new HostReader(stream);
    const decoder = new IncrementalDecoder("utf-8", true, true);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#text(textOf(decoder, bytesOf(value, STRING_CHUNK)), html);
    }
  }
}

function textOf(decoder, bytes) {
  try {
    return decoder.part(bytes);
  } catch {
    throw new TypeError(INVALID_UTF_8);
  }
}
