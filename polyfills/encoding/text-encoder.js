// TextEncoder: https://encoding.spec.whatwg.org/#interface-textencoder

import { defineView } from "../console/views.js";
import { viewKind } from "../kernel/buffers.js";
import { defineInterface, illegalInvocation, requireArguments, toDOMString } from "../kernel/webidl.js";
import { decodeUtf8, encodeUtf8 } from "./utf8.js";

const KEEP_BOM = { ignoreBOM: true };

/** Encodes strings to UTF-8; it has no state. */
export class TextEncoder {
  #brand;

  get encoding() {
    if (!(#brand in this)) throw illegalInvocation();
    return "utf-8";
  }

  encode(input = "") {
    if (!(#brand in this)) throw illegalInvocation();
    return encodeUtf8(toDOMString(input));
  }

  encodeInto(source, destination) {
    if (!(#brand in this)) throw illegalInvocation();
    requireArguments(arguments.length, 2, "'encodeInto' on 'TextEncoder'");
    const text = toDOMString(source);
    if (viewKind(destination) !== "Uint8Array") {
      const what = "Failed to execute 'encodeInto' on 'TextEncoder': parameter 2";
      throw new TypeError(`${what} is not a Uint8Array.`);
    }
    return encodeInto(text, destination);
  }
}

/** https://encoding.spec.whatwg.org/#dom-textencoder-encodeinto */
function encodeInto(text, destination) {
  const room = destination.length;
  if (room === 0) return { read: 0, written: 0 };
  const source = text.length <= room ? text : firstUnits(text, room);
  const bytes = encodeUtf8(source);
  if (bytes.length <= room) {
    destination.set(bytes);
    return { read: source.length, written: bytes.length };
  }
  let written = room;
  while (written > 0 && (bytes[written] & 0xc0) === 0x80) written--;
  const fitting = bytes.subarray(0, written);
  destination.set(fitting);
  return { read: decodeUtf8(fitting, KEEP_BOM).length, written };
}

/** All that may fit: each code unit takes a byte or more. Keeps a surrogate pair whole. */
function firstUnits(text, count) {
  const split = (text.codePointAt(count - 1) ?? 0) > 0xffff;
  return text.slice(0, split ? count + 1 : count);
}

defineInterface(TextEncoder);
defineView(TextEncoder, ["encoding"]);
