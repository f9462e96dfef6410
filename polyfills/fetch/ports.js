// What fetch needs of polyfills that other folders own, in one place.

/** The serialised absolute URL, or undefined if the string is none. */
export function canonicalUrl(url) {
  return /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : undefined;
}

export function encodeUtf8(text) {
  const escaped = encodeURIComponent(text.toWellFormed());
  const bytes = [];
  for (let i = 0; i < escaped.length; i++) {
    if (escaped[i] !== "%") bytes.push(escaped.charCodeAt(i));
    else {
      bytes.push(parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    }
  }
  return new Uint8Array(bytes);
}

/** UTF-8 decode: replaces what is malformed, drops a byte order mark. */
export function decodeUtf8(bytes) {
  let escaped = "";
  for (const byte of bytes) escaped += `%${byte.toString(16).padStart(2, "0")}`;
  return decodeURIComponent(escaped).replace(/^\uFEFF/, "");
}

class MissingStream {}

export const ReadableStream = MissingStream;
export const isReadableStream = (value) => value instanceof MissingStream;
const missing = () => {
  throw new Error("streams are not there yet");
};
export const createByteStream = missing;
export const createHostStream = missing;
export const createSpentStream = missing;
export const hostSourceOf = () => undefined;
export const knownLength = () => undefined;
export const isDisturbed = () => false;
export const isLocked = () => false;
export const readAllBytes = missing;
export const streamFromIterable = missing;
export const teeStream = missing;

export const createAbortSignal = () => ({ aborted: false });
export const isAbortSignal = (value) => typeof value === "object" && value !== null;
