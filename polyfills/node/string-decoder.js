// node:string_decoder: https://nodejs.org/docs/latest-v20.x/api/string_decoder.html

import { Buffer } from "./buffer.js";
import { encodingName, unknownEncoding } from "./buffer-encodings.js";
import { invalidType } from "./errors.js";

const MAX_CHARACTER_BYTES = 4;

/** How many bytes at the end of UTF-8 begin a character that is not complete. */
function openUtf8(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const size =
      (byte & 0xf8) === 0xf0 ? 4 : (byte & 0xf0) === 0xe0 ? 3 : (byte & 0xe0) === 0xc0 ? 2 : 1;
    return size > back ? back : 0;
  }
  return 0;
}

/** The same of UTF-16, where half of a pair waits for the other, unless half a unit follows at once. */
function openUtf16(bytes, waiting) {
  if (waiting >= 2 && bytes.length < 4) return bytes.length;
  if (bytes.length % 2 === 1) return 1;
  return (bytes.at(-1) & 0xfc) === 0xd8 ? 2 : 0;
}

/** Text from bytes that come in pieces: characters that are cut wait for their rest. */
export function StringDecoder(encoding = undefined) {
  const name = encodingName(encoding);
  if (name === undefined) throw unknownEncoding(encoding);
  Object.defineProperty(this, "pending", {
    value: Buffer.alloc(0),
    writable: true,
    configurable: true,
  });
  this.encoding = name;
}

function open(decoder, bytes) {
  switch (decoder.encoding) {
    case "utf8":
      return openUtf8(bytes);
    case "utf16le":
      return openUtf16(bytes, decoder.pending.length);
    case "base64":
    case "base64url":
      return bytes.length % 3;
    default:
      return 0;
  }
}

Object.assign(StringDecoder.prototype, {
  write(input) {
    if (typeof input === "string") return input;
    if (!ArrayBuffer.isView(input))
      throw invalidType("buf", ["Buffer", "TypedArray", "DataView"], input);
    const fresh = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    const bytes = this.pending.length > 0 ? Buffer.concat([this.pending, fresh]) : fresh;
    const end = bytes.length - open(this, bytes);
    this.pending = Buffer.from(bytes.subarray(end));
    return bytes.toString(this.encoding, 0, end);
  },

  end(input = undefined) {
    const text = input === undefined ? "" : this.write(input);
    const { pending } = this;
    this.pending = Buffer.alloc(0);
    return text + pending.toString(this.encoding);
  },

  text(bytes, offset) {
    this.pending = Buffer.alloc(0);
    return this.write(bytes.subarray(offset));
  },
});
/** How many bytes the character that waits for its rest has. */
function sizeOf({ encoding, pending }) {
  if (pending.length === 0) return 0;
  if (encoding === "utf16le") return pending.length < 2 ? 2 : 4;
  if (encoding !== "utf8") return 3;
  return pending[0] >= 0xf0 ? 4 : pending[0] >= 0xe0 ? 3 : 2;
}

for (const [name, value] of [
  ["lastChar", ({ pending }) => Buffer.concat([pending], MAX_CHARACTER_BYTES)],
  ["lastNeed", (decoder) => sizeOf(decoder) - decoder.pending.length],
  ["lastTotal", sizeOf],
]) {
  Object.defineProperty(StringDecoder.prototype, name, {
    get() {
      return value(this);
    },
    configurable: true,
  });
}

export default { StringDecoder };
