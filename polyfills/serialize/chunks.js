// Puts the written text and the buffers kept aside together into bytes.

import { serialize_utf16 } from "holdfast:ops";

const { btoa, atob, Uint8Array } = globalThis;
const { fromBase64 } = Uint8Array;
const { fromCharCode } = String;
const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const split = uncurry(String.prototype.split);
const charCodeAt = uncurry(String.prototype.charCodeAt);
const toBase64 = uncurry(Uint8Array.prototype.toBase64);
const setFromBase64 = uncurry(Uint8Array.prototype.setFromBase64);
const setBytes = uncurry(Uint8Array.prototype.set);

// Two characters that are no bytes: the first stands before a two-byte string, where
// padding may be needed, the second for a buffer kept aside.
export const PADDING_MARK = "\uE000";
export const CHUNK_MARK = "\uE001";

// Up to here a loop is cheaper than asking the host, measured.
const MAX_LOOP_CHARS = 24;

/** The bytes of a string as characters: UTF-16, the low byte first. */
export function utf16(text) {
  const { length } = text;
  if (length > MAX_LOOP_CHARS) return atob(toBase64(serialize_utf16(text)));
  let bytes = "";
  for (let i = 0; i < length; i++) {
    const code = charCodeAt(text, i);
    bytes += fromCharCode(code & 255, code >> 8);
  }
  return bytes;
}

/** The bytes of written text that has marks in it, one CHUNK_MARK for each chunk. */
export function assemble(text, chunks) {
  if (chunks.length === 0) return fromBase64(btoa(pad(text, 0)));
  const pieces = split(text, CHUNK_MARK);
  let size = 0;
  for (let i = 0; i < pieces.length; i++) {
    pieces[i] = pad(pieces[i], size);
    size += pieces[i].length + (i < chunks.length ? chunks[i].length : 0);
  }
  return join(pieces, chunks, size);
}

function join(pieces, chunks, size) {
  const bytes = new Uint8Array(size);
  const { buffer } = bytes;
  let pos = 0;
  for (let i = 0; i < pieces.length; i++) {
    const { length } = pieces[i];
    setFromBase64(new Uint8Array(buffer, pos, length), btoa(pieces[i]));
    pos += length;
    if (i === chunks.length) return bytes;
    setBytes(bytes, chunks[i], pos);
    pos += chunks[i].length;
  }
}

/** V8 puts the characters of two-byte strings at even positions: a zero byte pads. */
function pad(text, start) {
  const pieces = split(text, PADDING_MARK);
  let padded = pieces[0];
  for (let i = 1; i < pieces.length; i++) {
    const piece = pieces[i];
    if ((start + padded.length + headBytes(piece)) & 1) padded += "\0";
    padded += piece;
  }
  return padded;
}

/** The length of a two-byte string's tag and length. */
function headBytes(piece) {
  let count = 2;
  while (charCodeAt(piece, count - 1) > 127) count++;
  return count;
}
