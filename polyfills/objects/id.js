// DurableObjectId: https://developers.cloudflare.com/durable-objects/api/id/

import { object_check_id, object_id_from_name, object_new_id } from "holdfast:ops";
import { wrongArgument } from "../kernel/arguments.js";
import { defineInterface } from "../kernel/webidl.js";

const { defineProperty } = Object;

let make;
let check;

/** Whether the value is an id. */
export let isObjectId;

function own(id, name, value) {
  defineProperty(id, name, { value, enumerable: true, configurable: true });
}

/**
 * The identity of one object: 32 bytes, shown as 64 hexadecimal digits. It has itself its
 * `jurisdiction` and the `name` that it was made from, unless that is undefined.
 */
export class DurableObjectId {
  #hex;
  #namespace; // the number of one that it is known to belong to
  static #allowed = false;

  constructor() {
    if (!DurableObjectId.#allowed) throw new TypeError("Illegal constructor");
    DurableObjectId.#allowed = false;
  }

  static {
    defineInterface(this);
    own(this.prototype, "jurisdiction", undefined);
    own(this.prototype, "name", undefined);
    make = (hex, name, jurisdiction, namespace) => {
      DurableObjectId.#allowed = true;
      const id = new DurableObjectId();
      id.#hex = hex;
      id.#namespace = namespace;
      if (jurisdiction !== undefined) own(id, "jurisdiction", jurisdiction);
      if (name !== undefined) own(id, "name", name);
      return id;
    };
    isObjectId = (value) => typeof value === "object" && value !== null && #hex in value;
    check = (id, number) => {
      if (id.#namespace === number) return;
      object_check_id(number, id.#hex);
      id.#namespace = number;
    };
  }

  /** 64 lower-case hexadecimal digits; `idFromString` takes them back. */
  toString() {
    return this.#hex;
  }

  /** True if the other id is the same object's. Throws TypeError for what is no id. */
  equals(other) {
    if (!(#hex in Object(other))) throw wrongArgument("equals", "DurableObjectId", 1, "DurableObjectId");
    return this.#hex === other.#hex;
  }
}

/** The id that the namespace gives to a name; always the same. */
export function idFromName({ number, jurisdiction }, name) {
  return make(object_id_from_name(number, name, jurisdiction), name, jurisdiction, number);
}

/** An id that no other object has. */
export function newUniqueId({ number }, jurisdiction) {
  return make(object_new_id(number, jurisdiction), undefined, jurisdiction, number);
}

/** The id with these digits. Throws TypeError where it cannot be one of the namespace's. */
export function idFromString({ number, jurisdiction }, hex) {
  const [checked, found] = object_check_id(number, hex, jurisdiction).split(" ");
  return make(checked, undefined, found, number);
}

/** Throws TypeError where an id is another namespace's, whose objects it would lead to. */
export function checkNamespace({ number }, id) {
  check(id, number);
}

/** An id that the host already knows to be right. */
export function idFromHost(hex, name, jurisdiction) {
  return make(hex, name, jurisdiction);
}
