// What files need of polyfills that other folders own, in one place.

export { createByteStream, decodeUtf8, encodeUtf8 } from "../fetch/ports.js";
