// The format of event streams:
// https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

import { TextDecoder } from "../encoding/text-decoder.js";

const DIGITS = /^[0-9]+$/;

/** Makes events of the bytes of a stream. */
export class EventStreamParser {
  #decoder = new TextDecoder();
  #rest = ""; // of a line whose end has not come
  #endedWithReturn = false;
  #data = "";
  #type = "";
  #lastId;
  #sink;

  /** `sink` gets `event(type, data, id)` and `retry(ms)`; `lastId` is of the stream before. */
  constructor(sink, lastId) {
    this.#sink = sink;
    this.#lastId = lastId;
  }

  /** Parse on; what is not complete waits for the next bytes. */
  feed(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === "") return;
    if (this.#endedWithReturn && text[0] === "\n") text = text.slice(1);
    this.#endedWithReturn = text === "" ? false : text.at(-1) === "\r";
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    if (colon < 0) return this.#field(line, "");
    const value = line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    return this.#field(line.slice(0, colon), value);
  }

  #field(name, value) {
    if (name === "event") this.#type = value;
    else if (name === "data") this.#data += `${value}\n`;
    else if (name === "id" && !value.includes("\0")) this.#lastId = value;
    else if (name === "retry" && DIGITS.test(value)) this.#sink.retry(parseInt(value, 10));
  }

  #dispatch() {
    const data = this.#data;
    const type = this.#type || "message";
    this.#data = this.#type = "";
    this.#sink.event(data === "" ? undefined : type, data.slice(0, -1), this.#lastId);
  }
}
