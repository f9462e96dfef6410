// TextDecoder: https://encoding.spec.whatwg.org/#interface-textdecoder

import { defineView } from "../console/views.js";
import { defineInterface, toDictionary, toDOMString } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { decodableEncoding, IncrementalDecoder, sourceBytes } from "./incremental.js";
import { decodeUtf8 } from "./utf8.js";

const NO_BYTES = new Uint8Array(0);
const INPUT = "Failed to execute 'decode' on 'TextDecoder': parameter 1";

/** Decodes bytes of one encoding, all at once or as a stream of chunks. */
export class TextDecoder {
  #encoding;
  #fatal = false;
  #ignoreBOM = false;
  /** The decoder under way; undefined between streams. */
  #stream;

  constructor(label = "utf-8", options = undefined) {
    this.#encoding = decodableEncoding(toDOMString(label));
    if (options !== undefined) {
      const members = toDictionary(options, "Failed to construct 'TextDecoder': parameter 2");
      this.#fatal = Boolean(members.fatal);
      this.#ignoreBOM = Boolean(members.ignoreBOM);
    }
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

  decode(input = undefined, options = undefined) {
    const encoding = this.#encoding;
    const bytes = input === undefined ? NO_BYTES : sourceBytes(input, INPUT);
    const more = options !== undefined && Boolean(toDictionary(options, INPUT).stream);
    if (encoding === "utf-8" && !more && this.#stream === undefined) {
      return decodeUtf8(bytes, { fatal: this.#fatal, ignoreBOM: this.#ignoreBOM });
    }
    const stream = (this.#stream ??= new IncrementalDecoder(encoding, this.#fatal, this.#ignoreBOM));
    if (more) return stream.part(bytes);
    this.#stream = undefined;
    return stream.last(bytes);
  }
}

defineInterface(TextDecoder);
refuseToClone(TextDecoder);
defineView(TextDecoder, ["encoding", "fatal", "ignoreBOM"]);
