// TextEncoderStream and TextDecoderStream:
// https://encoding.spec.whatwg.org/#interface-textencoderstream

import { defineInterface, toDictionary, toDOMString } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { createTransform } from "../streams/transform.js";
import { decodableEncoding, IncrementalDecoder, sourceBytes } from "./incremental.js";
import { encodeUtf8 } from "./utf8.js";

const NO_BYTES = new Uint8Array(0);

/** A transform stream from strings to UTF-8. */
export class TextEncoderStream {
  #sides = createTransform(encoderAlgorithms());

  get encoding() {
    this.#sides;
    return "utf-8";
  }

  get readable() {
    return this.#sides.readable;
  }

  get writable() {
    return this.#sides.writable;
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

/**
 * A surrogate pair may be torn apart by chunks: its first half waits for the next.
 * https://encoding.spec.whatwg.org/#encode-and-enqueue-a-chunk
 */
function encoderAlgorithms() {
  let leading = "";
  return {
    transform(chunk, controller) {
      const text = leading + toDOMString(chunk);
      leading = /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : "";
      const whole = leading === "" ? text : text.slice(0, -1);
      if (whole !== "") controller.enqueue(encodeUtf8(whole));
    },
    flush(controller) {
      if (leading !== "") controller.enqueue(encodeUtf8(leading));
    },
  };
}

/** A transform stream from bytes of one encoding to strings. */
export class TextDecoderStream {
  #encoding;
  #fatal;
  #ignoreBOM;
  #sides;

  constructor(label = "utf-8", options = undefined) {
    this.#encoding = decodableEncoding(toDOMString(label));
    const members = toDictionary(options, "Failed to construct 'TextDecoderStream': parameter 2");
    this.#fatal = Boolean(members.fatal);
    this.#ignoreBOM = Boolean(members.ignoreBOM);
    const decoder = new IncrementalDecoder(this.#encoding, this.#fatal, this.#ignoreBOM);
    this.#sides = createTransform(decoderAlgorithms(decoder));
  }

  get encoding() {
    return this.#encoding;
  }

  get fatal() {
    return this.#fatal;
  }

  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  get readable() {
    return this.#sides.readable;
  }

  get writable() {
    return this.#sides.writable;
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

/** https://encoding.spec.whatwg.org/#decode-and-enqueue-a-chunk */
function decoderAlgorithms(decoder) {
  return {
    transform(chunk, controller) {
      const text = decoder.part(sourceBytes(chunk, "The chunk"));
      if (text !== "") controller.enqueue(text);
    },
    flush(controller) {
      const text = decoder.last(NO_BYTES);
      if (text !== "") controller.enqueue(text);
    },
  };
}
