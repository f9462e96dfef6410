// FileReader: https://w3c.github.io/FileAPI/#APIASynch
//
// A blob's bytes are there already, so reading takes no time; but its events come in turns
// of their own, as if it did: first "loadstart", then "progress", then "load" and "loadend".

import { wrongArgument } from "../kernel/arguments.js";
import { DOMException } from "../language/dom-exception.js";
import { IncrementalDecoder } from "../encoding/incremental.js";
import { encodingOf } from "../encoding/labels.js";
import { defineEventHandler } from "../events/event-handler.js";
import { dispatchTrusted, EventTarget } from "../events/event-target.js";
import { parseMimeType } from "../fetch/mime.js";
import { requireContext } from "../kernel/pending.js";
import { queueTurn } from "../kernel/turns.js";
import { defineConstants, defineInterface, requireArguments, toDOMString } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { blobBytes, isBlob } from "./blob.js";
import { ProgressEvent } from "./progress-event.js";

const { atob } = globalThis;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const toBase64 = uncurry(Uint8Array.prototype.toBase64);

const STATES = { EMPTY: 0, LOADING: 1, DONE: 2 };
const { EMPTY, LOADING, DONE } = STATES;
const EVENTS = ["loadstart", "progress", "load", "abort", "error", "loadend"];

/** Reads blobs, and tells by events how far it has come. */
export class FileReader extends EventTarget {
  #state = EMPTY;
  #result = null;
  #reading = null; // an object for each read; one that was aborted is not this any more

  get readyState() {
    return this.#state;
  }

  get result() {
    return this.#result;
  }

  /** Always null: bytes that are in memory can be read. */
  get error() {
    this.#state;
    return null;
  }

  readAsArrayBuffer(blob) {
    requireArguments(arguments.length, 1, "'readAsArrayBuffer' on 'FileReader'");
    this.#read(toBlob(blob, "readAsArrayBuffer"), (bytes) => bytes.slice().buffer);
  }

  readAsBinaryString(blob) {
    requireArguments(arguments.length, 1, "'readAsBinaryString' on 'FileReader'");
    this.#read(toBlob(blob, "readAsBinaryString"), (bytes) => atob(toBase64(bytes)));
  }

  readAsText(blob, encoding = undefined) {
    requireArguments(arguments.length, 1, "'readAsText' on 'FileReader'");
    const given = toBlob(blob, "readAsText");
    const label = encoding === undefined ? undefined : toDOMString(encoding);
    this.#read(given, (bytes) => decodeText(bytes, label, given.type));
  }

  readAsDataURL(blob) {
    requireArguments(arguments.length, 1, "'readAsDataURL' on 'FileReader'");
    const given = toBlob(blob, "readAsDataURL");
    const type = given.type || "application/octet-stream";
    this.#read(given, (bytes) => `data:${type};base64,${toBase64(bytes)}`);
  }

  /** https://w3c.github.io/FileAPI/#readOperation */
  #read(blob, packageBytes) {
    if (this.#state === LOADING) {
      throw new DOMException("The FileReader is reading already.", "InvalidStateError");
    }
    const context = requireContext();
    const bytes = blobBytes(blob);
    const reading = (this.#reading = {});
    this.#state = LOADING;
    this.#result = null;
    // A turn for each event: what a listener has a promise do comes before the next.
    const steps = [
      () => this.#fire("loadstart", 0, bytes.byteLength),
      () => bytes.byteLength > 0 && this.#fire("progress", bytes.byteLength, bytes.byteLength),
      () => this.#finish(packageBytes(bytes), bytes.byteLength),
      () => this.#end(bytes.byteLength),
    ];
    const next = () => {
      if (this.#reading !== reading) return;
      steps.shift()();
      if (steps.length > 0) queueTurn(context, next);
    };
    queueTurn(context, next);
  }

  #finish(result, size) {
    this.#state = DONE;
    this.#result = result;
    this.#fire("load", size, size);
  }

  #end(size) {
    this.#reading = null;
    this.#fire("loadend", size, size);
  }

  #fire(type, loaded, total) {
    const event = new ProgressEvent(type, { lengthComputable: true, loaded, total });
    dispatchTrusted(this, event);
  }

  /** https://w3c.github.io/FileAPI/#dfn-abort */
  abort() {
    this.#result = null;
    if (this.#state !== LOADING) return;
    this.#state = DONE;
    this.#reading = null;
    this.#fire("abort", 0, 0);
    if (this.#state !== LOADING) this.#fire("loadend", 0, 0);
  }

  static {
    for (const type of EVENTS) defineEventHandler(this, type);
    defineConstants(this, STATES);
    defineInterface(this);
  }
}

refuseToClone(FileReader);

function toBlob(value, method) {
  if (isBlob(value)) return value;
  throw wrongArgument(method, "FileReader", 1, "Blob");
}

/** https://w3c.github.io/FileAPI/#blob-package-data, for text */
function decodeText(bytes, label, type) {
  const charset = parseMimeType(type)?.parameters.get("charset");
  const named = encodingOf(label ?? "") ?? encodingOf(charset ?? "") ?? "utf-8";
  const encoding = markedEncoding(bytes) ?? named;
  if (encoding === "replacement") return bytes.byteLength === 0 ? "" : "\ufffd";
  return new IncrementalDecoder(encoding, false, false).last(bytes);
}

/** https://encoding.spec.whatwg.org/#bom-sniff */
function markedEncoding([first, second, third]) {
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return undefined;
}
