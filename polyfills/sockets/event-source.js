// EventSource: https://html.spec.whatwg.org/multipage/server-sent-events.html, with what Workers
// add: https://developers.cloudflare.com/workers/runtime-apis/eventsource/

import { wrongArgument } from "../kernel/arguments.js";
import { DOMException } from "../language/dom-exception.js";
import { AbortController } from "../events/abort.js";
import { defineEventHandler } from "../events/event-handler.js";
import { dispatchTrusted, EventTarget } from "../events/event-target.js";
import { ErrorEvent, MessageEvent } from "../events/event-types.js";
import { Event } from "../events/event.js";
import { resolve } from "../fetch/base-url.js";
import { fetch } from "../fetch/fetch.js";
import { extractMimeType } from "../fetch/mime.js";
import { currentContext } from "../kernel/current.js";
import { reportException } from "../kernel/report.js";
import {
  defineConstants,
  defineInterface,
  requireArguments,
  toDictionary,
  toUSVString,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { HostReader, isDisturbed, isLocked, isReadableStream } from "../streams/host-stream.js";
import { startTimer, stopTimer } from "../timers/timers.js";
import { originOf } from "../url/components.js";
import { EventStreamParser } from "./event-stream.js";


const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;
const DEFAULT_RETRY_MS = 2_000;
const MIN_RETRY_MS = 100; // a server that says 0 is not to be asked without a pause
const MAX_RETRY_MS = 60_000;

const NO_HANDLER = "An EventSource can only be created within the context of a worker request.";

const CREDENTIALS = "The init.withCredentials option is not supported. It must be false or undefined.";

const FROM_STREAM = {};

/** A stream of events from a server, asked for again when it breaks off. */
export class EventSource extends EventTarget {
  #url = "";
  #origin = "";
  #fetcher = undefined;
  #readyState = CONNECTING;
  #retryMs = DEFAULT_RETRY_MS;
  #lastId = "";
  #abort = null;
  #timer = null;
  #reader = null;

  constructor(url, init = undefined) {
    super();
    if (url === FROM_STREAM) return;
    requireArguments(arguments.length, 1, "'constructor' on 'EventSource'");
    const text = toUSVString(url);
    const { fetcher, withCredentials } = toDictionary(init);
    const href = resolve(text);
    if (href === undefined) {
      const message = `Cannot open an EventSource to '${text}'. The URL is invalid.`;
      throw new DOMException(message, "SyntaxError");
    }
    if (withCredentials) throw new DOMException(CREDENTIALS, "NotSupportedError");
    if (currentContext() === null) throw new DOMException(NO_HANDLER, "NotSupportedError");
    this.#url = href;
    this.#fetcher = fetcher;
    this.#connect();
  }

  /** Events of a stream that is there already; it is not asked for again. */
  static from(stream) {
    requireArguments(arguments.length, 1, "'from' on 'EventSource'");
    if (!isReadableStream(stream)) {
      throw wrongArgument("from", "EventSource", 1, "ReadableStream");
    }
    if (isLocked(stream)) throw new TypeError("This ReadableStream is locked.");
    if (isDisturbed(stream)) throw new TypeError("This ReadableStream has already been read from.");
    const source = new EventSource(FROM_STREAM);
    source.#readyState = OPEN;
    const reader = new HostReader(stream);
    Promise.resolve().then(() => source.#read(reader, false));
    return source;
  }

  get url() {
    return this.#url;
  }

  get withCredentials() {
    return this.#url !== undefined && false;
  }

  get readyState() {
    return this.#readyState;
  }

  /** https://html.spec.whatwg.org/multipage/server-sent-events.html#dom-eventsource-close */
  close() {
    this.#readyState = CLOSED;
    if (this.#timer !== null) stopTimer(this.#timer);
    this.#abort?.abort();
    this.#reader?.cancel(undefined).catch(() => {});
    this.#reader = null;
  }

  async #connect() {
    this.#timer = null;
    this.#abort = new AbortController();
    const headers = [
      ["accept", "text/event-stream"],
      ["cache-control", "no-cache"],
    ];
    if (this.#lastId !== "") headers.push(["last-event-id", this.#lastId]);
    let response;
    try {
      const init = { headers, signal: this.#abort.signal };
      response = await (this.#fetcher ? this.#fetcher.fetch(this.#url, init) : fetch(this.#url, init));
    } catch (error) {
      this.#again(error);
      return;
    }
    if (this.#readyState === CLOSED) return;
    const problem = problemOf(response);
    if (problem !== null) {
      response.body?.cancel();
      this.#fail(new DOMException(problem, "AbortError"));
      return;
    }
    this.#origin = originOf(response.url || this.#url);
    if (response.body === null) this.#again(new Error("The server provided no content."));
    else await this.#read(new HostReader(response.body), true);
  }

  async #read(reader, mayReconnect) {
    if (this.#readyState === CLOSED) return;
    this.#readyState = OPEN;
    this.#reader = reader;
    dispatchTrusted(this, new Event("open"));
    const parser = new EventStreamParser(this.#sink(), this.#lastId);
    try {
      for (;;) {
        if (this.#readyState === CLOSED) return;
        const { done, value } = await reader.read();
        if (done) break;
        parser.feed(value);
      }
    } catch (error) {
      if (mayReconnect) this.#again(error);
      else this.#fail(error);
      return;
    }
    const error = new Error("The server disconnected.");
    if (mayReconnect) this.#again(error);
    else this.#fail(error);
  }

  #sink() {
    return {
      event: (type, data, id) => {
        this.#lastId = id;
        if (type === undefined || this.#readyState === CLOSED) return;
        const init = { data, origin: this.#origin, lastEventId: id };
        dispatchTrusted(this, new MessageEvent(type, init));
      },
      retry: (ms) => {
        this.#retryMs = Math.min(Math.max(ms, MIN_RETRY_MS), MAX_RETRY_MS);
      },
    };
  }

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#reestablish-the-connection
  #again(error) {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CONNECTING;
    this.#reader = null;
    this.#tell(error);
    if (this.#readyState === CLOSED) return;
    this.#timer = startTimer(this.#retryMs, () => this.#connect().catch(reportException));
  }

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#fail-the-connection
  #fail(error) {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSED;
    this.#reader = null;
    this.#tell(error);
  }

  #tell(error) {
    const message = String(error?.message ?? error);
    dispatchTrusted(this, new ErrorEvent("error", { message, error }));
  }

  [Symbol.dispose]() {
    this.close();
  }
}

for (const type of ["error", "message", "open"]) defineEventHandler(EventSource, type);
defineInterface(EventSource);
defineConstants(EventSource, { CONNECTING, OPEN, CLOSED });
refuseToClone(EventSource);

/** Why a response is no stream of events; null if it is one. */
function problemOf(response) {
  if (response.status !== 200) return `The response status code was ${response.status}.`;
  const type = response.headers.get("content-type");
  if (type === null) return "No content type header was present in the response.";
  if (extractMimeType(type)?.essence === "text/event-stream") return null;
  return `The content type '${type}' is invalid.`;
}
