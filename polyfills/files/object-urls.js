// Blob URLs: https://w3c.github.io/FileAPI/#url-model
//
// The store is this isolate's. An entry keeps its Blob alive until it is revoked.

import { crypto_random_uuid } from "holdfast:ops";
import { baseOrigin } from "../fetch/base-url.js";
import { wrongArgument } from "../kernel/arguments.js";
import { isBlob } from "./blob.js";

const blobs = new Map();

/** https://w3c.github.io/FileAPI/#dfn-createObjectURL */
export function createObjectURL(object) {
  if (!isBlob(object)) throw wrongArgument("createObjectURL", "URL", 1, "Blob");
  const url = `blob:${baseOrigin()}/${crypto_random_uuid()}`;
  blobs.set(url, object);
  return url;
}

/** https://w3c.github.io/FileAPI/#dfn-revokeObjectURL */
export function revokeObjectURL(url) {
  blobs.delete(url);
}

/** The Blob that a canonical URL names, its fragment aside; undefined for none. */
export function blobOfUrl(url) {
  return blobs.get(url.split("#", 1)[0]);
}
