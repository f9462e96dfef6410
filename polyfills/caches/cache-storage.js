// CacheStorage, `caches`: https://developers.cloudflare.com/workers/runtime-apis/cache/

import { wrongArgument } from "../kernel/arguments.js";
import { defineInterface, illegalConstructor, toDOMString } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { createCache, notImplemented } from "./cache.js";

const MAX_NAME_LENGTH = 1024;
const CONSTRUCTING = {};

/** A script's caches by name. */
export class CacheStorage {
  #default = createCache("");

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
  }

  /** The cache that needs no name. */
  get default() {
    return this.#default;
  }

  async open(cacheName) {
    this.#default;
    if (arguments.length === 0) throw wrongArgument("open", "CacheStorage", 1, "string");
    const name = toDOMString(cacheName);
    if (name.length >= MAX_NAME_LENGTH) throw new TypeError("Cache name is too long.");
    return createCache(`open ${name}`);
  }

  match(_request, _options) {
    this.#default;
    throw notImplemented("match", "CacheStorage");
  }

  has(_name) {
    this.#default;
    throw notImplemented("has", "CacheStorage");
  }

  delete(_name) {
    this.#default;
    throw notImplemented("delete", "CacheStorage");
  }

  keys() {
    this.#default;
    throw notImplemented("keys", "CacheStorage");
  }

  static {
    defineInterface(this);
  }
}

refuseToClone(CacheStorage);

/** The global object's `caches`. */
export const caches = new CacheStorage(CONSTRUCTING);
