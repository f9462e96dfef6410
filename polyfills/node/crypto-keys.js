// Secret keys as objects: https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-keyobject

import { Buffer } from "./buffer.js";
import { secretOf } from "./crypto-bytes.js";
import { nodeError } from "./errors.js";

/** The bytes of a secret key; they are not to be changed. */
export let secretOfKey;

export class KeyObject {
  #secret;

  constructor(type, secret) {
    if (type !== "secret")
      throw nodeError(
        TypeError,
        "ERR_INVALID_ARG_VALUE",
        `The argument 'type' is invalid. Received '${type}'`,
      );
    this.#secret = secret;
  }

  static {
    secretOfKey = (key) => key.#secret;
  }

  get type() {
    return "secret";
  }

  get symmetricKeySize() {
    return this.#secret.length;
  }

  equals(other) {
    return other instanceof KeyObject && this.#secret.equals(other.#secret);
  }

  export(options = undefined) {
    if (options?.format === "jwk") return { kty: "oct", k: this.#secret.toString("base64url") };
    return Buffer.from(this.#secret);
  }
}

export function createSecretKey(key, encoding = undefined) {
  return new KeyObject(
    "secret",
    typeof key === "string" ? Buffer.from(key, encoding) : Buffer.from(secretOf(key, "key")),
  );
}
