// HTMLRewriter: https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/
//
// Cloudflare's is made of lol-html, of which PyPI has no binding that has end tags, encodings
// or handlers that wait. This one follows it token by token: see docs/architecture.md.

import { encodeUtf8 } from "../encoding/utf8.js";
import { checkUsable } from "../fetch/body.js";
import { parseMimeType } from "../fetch/mime.js";
import { isResponse, Response, responseRecord } from "../fetch/response.js";
import { wrongArgument, wrongField } from "../kernel/arguments.js";
import { bytesOf } from "../kernel/buffers.js";
import { currentContext, queueTurn } from "../kernel/turns.js";
import { defineInterface, isObject, toDOMString } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { createHostStream, HostReader, markDisturbed } from "../streams/host-stream.js";
import { binaryOf, bytesOfBinary, Charset } from "./charset.js";
import { Registrations } from "./registrations.js";
import { Rewriting } from "./rewriting.js";
import { parseSelector } from "./selector-parser.js";

const ELEMENT_HANDLERS = ["element", "comments", "text"];
const BYTES_PER_TURN = 65_536;
const CHARACTERS_AHEAD = 4_096; // that are written before anybody asks for them
const DOCUMENT_HANDLERS = ["doctype", "comments", "text", "end"];

/** Changes HTML on its way through. */
export class HTMLRewriter {
  #registrations = [];

  /** Have handlers called for the elements that meet a selector, and for what is in them. */
  on(selector, handlers) {
    const registrations = this.#registrations;
    if (arguments.length === 0) throw wrongArgument("on", "HTMLRewriter", 1, "string");
    const alternatives = parseSelector(toDOMString(selector));
    const known = toHandlers(handlers, ELEMENT_HANDLERS, ["on", 2, "ElementContentHandlers"]);
    registrations.push({ alternatives, ...known });
    return this;
  }

  /** Have handlers called for the whole document. */
  onDocument(handlers) {
    const registrations = this.#registrations;
    const what = ["onDocument", 1, "DocumentContentHandlers"];
    registrations.push(toHandlers(handlers, DOCUMENT_HANDLERS, what));
    return this;
  }

  /** A response with the given one's body as the handlers change it while it is read. */
  transform(response) {
    const registrations = this.#registrations;
    if (!isResponse(response)) throw wrongArgument("transform", "HTMLRewriter", 1, "Response");
    if (response.type === "error") {
      throw new TypeError("HTMLRewriter cannot transform an error response");
    }
    const { body } = response;
    if (body === null) return response;
    checkUsable(responseRecord(response));
    const type = parseMimeType(response.headers.get("content-type") ?? "");
    const charset = new Charset(type?.parameters.get("charset"));
    const rewriting = new Rewriting(new Registrations([...registrations]), charset);
    const reader = new HostReader(body);
    markDisturbed(body);
    const rewritten = new RewrittenBody(reader, rewriting);
    if (currentContext() !== null) queueTurn(currentContext(), () => rewritten.begin());
    return new Response(createHostStream(rewritten), response);
  }

  static {
    defineInterface(this);
  }
}

refuseToClone(HTMLRewriter);

/** Fills the stream of a transformed body as it is read, and a little in advance. */
class RewrittenBody {
  #reader;
  #rewriting;
  #written = "";
  #ended = false;
  #step = undefined; // under way, or the one that failed
  #rest = ""; // the chunk that was read last
  #taken = 0; // how much of it has been worked on
  #untilPause = BYTES_PER_TURN;

  constructor(reader, rewriting) {
    this.#reader = reader;
    this.#rewriting = rewriting;
  }

  /** Work before anybody reads: what handlers see may be all that is wanted. */
  async begin() {
    try {
      while (this.#written.length < CHARACTERS_AHEAD && !this.#ended) await this.#advance();
    } catch {
      // Whoever reads is told.
    }
  }

  async pull(sink) {
    try {
      while (this.#written === "" && !this.#ended) await this.#advance();
    } catch (error) {
      this.#reader.cancel(error);
      throw error;
    }
    if (!sink.isOpen) return;
    sink.enqueue(bytesOfBinary(this.#written));
    this.#written = "";
    if (this.#ended) sink.close();
  }

  #advance() {
    return (this.#step ??= this.#rewritePiece());
  }

  async #rewritePiece() {
    const piece = await this.#next();
    if (this.#ended) return;
    const rewriting = this.#rewriting;
    const written = piece === null ? await rewriting.end() : await rewriting.write(piece);
    this.#written += written;
    this.#ended ||= piece === null;
    this.#step = undefined;
  }

  /**
   * The next piece of the document; null at its end. Much of it is worked on in several
   * turns, each of which has a budget of CPU time.
   */
  async #next() {
    if (this.#untilPause <= 0) {
      this.#untilPause = BYTES_PER_TURN;
      await new Promise((resolve) => queueTurn(currentContext(), resolve));
    }
    if (this.#rest === "") {
      const { done, value } = await this.#reader.read();
      if (done) return null;
      // As in workerd, a text is as good as its bytes.
      const bytes =
        typeof value === "string" ? encodeUtf8(value) : bytesOf(value, "A chunk of a body");
      this.#rest = binaryOf(bytes);
    }
    const piece = this.#rest.slice(this.#taken, this.#taken + BYTES_PER_TURN);
    this.#taken += piece.length;
    if (this.#taken === this.#rest.length) {
      this.#rest = "";
      this.#taken = 0;
    }
    this.#untilPause -= piece.length;
    return piece;
  }

  cancel(reason) {
    this.#ended = true;
    return this.#reader.cancel(reason);
  }
}

function toHandlers(handlers, names, [method, position, type]) {
  if (handlers !== null && !isObject(handlers)) throw wrongArgument(method, "HTMLRewriter", position, type);
  const known = { receiver: handlers };
  for (const name of handlers === null ? [] : names) {
    const handler = handlers[name];
    if (handler !== undefined && typeof handler !== "function") {
      throw wrongField(name, type, "function");
    }
    known[name] = handler;
  }
  return known;
}
