// What fetch needs of polyfills that other folders own, in one place.

export { decodeUtf8, encodeUtf8 } from "../encoding/utf8.js";
export { createAbortSignal } from "../events/abort.js";
export { canonicalOf } from "../url/canonical.js";

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
