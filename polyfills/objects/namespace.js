// DurableObjectNamespace: https://developers.cloudflare.com/durable-objects/api/namespace/

import { idFromName, idFromString, newUniqueId, DurableObjectId } from "./id.js";
import { createStub } from "./stub.js";

const KNOWN_NAMES = 1_000;

let make;

/** A class of objects that a script may reach; what a binding puts into `env`. */
export class DurableObjectNamespace {
  #binding; // { number, className, usesSqlite } as the host told it
  #ids = new Map();
  static #allowed = false;

  constructor() {
    if (!DurableObjectNamespace.#allowed) throw new TypeError("Illegal constructor");
    DurableObjectNamespace.#allowed = false;
  }

  static {
    make = (binding) => {
      DurableObjectNamespace.#allowed = true;
      const namespace = new DurableObjectNamespace();
      namespace.#binding = binding;
      return namespace;
    };
  }

  /** The id for a name: the same string gives the same id, another string another. */
  idFromName(name) {
    if (arguments.length < 1) throw missingArgument("idFromName");
    name = `${name}`;
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = idFromName(this.#binding.number, name);
      if (this.#ids.size >= KNOWN_NAMES) this.#ids.clear();
      this.#ids.set(name, id);
    }
    return id;
  }

  /** A fresh id; `options.jurisdiction` is accepted and changes nothing on one machine. */
  newUniqueId(_options) {
    return newUniqueId(this.#binding.number);
  }

  /** The id that `toString()` had printed. Throws TypeError for any other string. */
  idFromString(string) {
    if (arguments.length < 1) throw missingArgument("idFromString");
    return idFromString(this.#binding.number, `${string}`);
  }

  /** The stub of the object with this id; the object starts with the first call. */
  get(id, _options) {
    if (!(id instanceof DurableObjectId)) {
      throw new TypeError(
        "Failed to execute 'get' on 'DurableObjectNamespace': parameter 1 is not of type 'DurableObjectId'.",
      );
    }
    return createStub(this.#binding, id);
  }

  /** The stub of the object with this name. */
  getByName(name, options) {
    if (arguments.length < 1) throw missingArgument("getByName");
    return this.get(this.idFromName(name), options);
  }

  /** The namespace within a jurisdiction; on one machine it is the namespace itself. */
  jurisdiction(_name) {
    return this;
  }

  get [Symbol.toStringTag]() {
    return "DurableObjectNamespace";
  }
}

function missingArgument(method) {
  return new TypeError(
    `Failed to execute '${method}' on 'DurableObjectNamespace': parameter 1 is not of type 'string'.`,
  );
}

/** The namespace behind a binding. */
export function namespaceFromHost(binding) {
  return make(binding);
}
