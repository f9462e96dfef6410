// DurableObjectNamespace: https://developers.cloudflare.com/durable-objects/api/namespace/

import { JURISDICTIONS, LOCATION_HINTS } from "holdfast:constants";
import { wrongArgument } from "../kernel/arguments.js";
import { Either } from "../kernel/either.js";
import { defineInterface } from "../kernel/webidl.js";
import { checkNamespace, idFromName, idFromString, isObjectId, newUniqueId } from "./id.js";
import { createStub } from "./stub.js";

const KNOWN_NAMES = 1_000;
const OTHER_JURISDICTION =
  "get called on jurisdictional subnamespace with an ID from a different jurisdiction";

let make;

/** A class of objects that a script may reach; what a binding puts into `env`. */
export class DurableObjectNamespace extends Either {
  #binding; // { number, className, usesSqlite } as the host told it, with a jurisdiction
  #ids = new Map();
  static #allowed = false;

  constructor(object) {
    if (!DurableObjectNamespace.#allowed) throw new TypeError("Illegal constructor");
    DurableObjectNamespace.#allowed = false;
    super(object);
  }

  static {
    defineInterface(this);
    make = (binding, object) => {
      DurableObjectNamespace.#allowed = true;
      const namespace = new DurableObjectNamespace(object);
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
      id = idFromName(this.#binding, name);
      if (this.#ids.size >= KNOWN_NAMES) this.#ids.clear();
      this.#ids.set(name, id);
    }
    return id;
  }

  /** A fresh id, in `options.jurisdiction` if that is given. */
  newUniqueId(options) {
    const asked = checkedJurisdiction(options?.jurisdiction);
    const { jurisdiction } = this.#binding;
    if (asked !== undefined && jurisdiction !== undefined && asked !== jurisdiction) {
      throw new TypeError(OTHER_JURISDICTION);
    }
    return newUniqueId(this.#binding, asked ?? jurisdiction);
  }

  /** The id that `toString()` had printed. Throws TypeError for any other string. */
  idFromString(string) {
    if (arguments.length < 1) throw missingArgument("idFromString");
    return idFromString(this.#binding, `${string}`);
  }

  /** The stub of the object with this id; the object starts with the first call. */
  get(id, options) {
    if (!isObjectId(id)) {
      throw wrongArgument("get", "DurableObjectNamespace", 1, "DurableObjectId");
    }
    checkNamespace(this.#binding, id);
    const { jurisdiction } = this.#binding;
    if (jurisdiction !== undefined && id.jurisdiction !== jurisdiction) {
      throw new TypeError(OTHER_JURISDICTION);
    }
    if (options === undefined || options === null) return createStub(this.#binding, id);
    return createStub({ ...this.#binding, locationHint: checkedHint(options) }, id);
  }

  /** The stub of the object with this name. */
  getByName(name, options) {
    if (arguments.length < 1) throw missingArgument("getByName");
    return this.get(this.idFromName(name), options);
  }

  /** The namespace within a jurisdiction: its ids are that one's only. */
  jurisdiction(name) {
    const jurisdiction = checkedJurisdiction(name);
    return make({ ...this.#binding, jurisdiction });
  }
}

function checkedJurisdiction(name) {
  if (name === undefined || name === null) return undefined;
  if (JURISDICTIONS.includes(`${name}`)) return `${name}`;
  throw new TypeError(`Unknown jurisdiction "${name}". Known are: ${JURISDICTIONS.join(", ")}.`);
}

function checkedHint({ locationHint, routingMode }) {
  if (routingMode !== undefined && routingMode !== "primary-only") {
    throw new RangeError(`unknown routingMode: ${routingMode}`);
  }
  if (locationHint === undefined || LOCATION_HINTS.includes(`${locationHint}`)) return locationHint;
  throw new TypeError(
    `Unknown location hint "${locationHint}". Known are: ${LOCATION_HINTS.join(", ")}.`,
  );
}

function missingArgument(method) {
  return wrongArgument(method, "DurableObjectNamespace", 1, "string");
}

/** The namespace behind a binding. */
export function namespaceFromHost(binding) {
  return namespaceOn(undefined, binding);
}

/** The same, in an object that inherits from one. */
export function namespaceOn(object, binding) {
  binding.number |= 0; // JSON has doubles; ops read integers more quickly
  return make(binding, object);
}
