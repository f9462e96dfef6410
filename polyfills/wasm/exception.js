// Tags, and exceptions that have one.
// https://webassembly.github.io/spec/js-api/#tags
//
// A tag that a script makes gets a place in each store that it is given to.

import { defineInterface, isObject, toSequence } from "../kernel/webidl.js";
import { convert } from "./global.js";
import { natives } from "./natives.js";
import { toValueType } from "./types.js";

const { Error, Map, Math, Number, RangeError, TypeError } = globalThis;

let givenParameters; // of a tag that is being wrapped
let givenPayload; // of an exception that is

/** Whether the value is a Tag. */
export let isTag;
/** A tag's number in this store, where it gets one if it has none. */
export let numberOfTag;
let parametersOf;
let enterTag;

export class Tag {
  #parameters;
  #numbers = new Map(); // by store

  constructor(type) {
    if (givenParameters !== undefined) {
      this.#parameters = givenParameters;
      givenParameters = undefined;
      return;
    }
    const what = "WebAssembly.Tag()";
    if (!isObject(type)) throw new TypeError(`${what}: Argument 0 must be a tag type`);
    const { parameters } = type;
    if (!isObject(parameters)) {
      throw new TypeError(`${what}: Argument 0 must be a tag type with 'parameters'`);
    }
    this.#parameters = toSequence(parameters, (value) => toValueType(value, what), what);
  }

  static {
    isTag = (value) => isObject(value) && #parameters in value;
    parametersOf = (tag) => tag.#parameters;
    enterTag = (tag, number, store) => {
      tag.#numbers.set(store, number);
      store.tags.set(number, tag);
    };
    numberOfTag = (tag, store) => {
      const known = tag.#numbers.get(store);
      if (known !== undefined) return known;
      const { keeper } = store;
      const parameters = tag.#parameters;
      const number = tag === JSTag ? natives.js_tag(keeper) : natives.new_tag(keeper, parameters, parameters.length);
      enterTag(tag, number, store);
      return number;
    };
    defineInterface(this, "WebAssembly.Tag");
  }
}

givenParameters = ["externref"];
/** The tag of what JavaScript throws. */
export const JSTag = new Tag();

/** The Tag that stands for what an instance has exported. */
export function tagOf(number, store, parameters) {
  let tag = store.tags.get(number);
  if (tag === undefined) {
    if (number === natives.js_tag(store.keeper)) {
      tag = JSTag;
    } else {
      givenParameters = parameters;
      tag = new Tag();
    }
    enterTag(tag, number, store);
  }
  return tag;
}

export class Exception {
  #tag;
  #payload;
  #stack;

  constructor(tag, payload, options = undefined) {
    if (givenPayload !== undefined) {
      [this.#tag, this.#payload] = givenPayload;
      givenPayload = undefined;
      return;
    }
    const what = "WebAssembly.Exception()";
    if (!isTag(tag)) throw new TypeError(`${what}: Argument 0 must be a WebAssembly tag`);
    if (tag === JSTag) throw new TypeError(`${what}: Argument 0 cannot be WebAssembly.JSTag`);
    const types = parametersOf(tag);
    const values = toSequence(payload, (value) => value, `${what}: Argument 1`);
    if (values.length !== types.length) {
      throw new TypeError(`${what}: Number of exception values does not match signature length`);
    }
    this.#tag = tag;
    this.#payload = values.map((value, index) => convert(value, types[index], what));
    if (isObject(options) && options.traceStack) this.#stack = new Error().stack;
  }

  getArg(tag, index) {
    const what = "WebAssembly.Exception.getArg()";
    if (arguments.length < 2) throw new TypeError(`${what}: Argument 1 is required`);
    if (!isTag(tag)) throw new TypeError(`${what}: Argument 0 must be a WebAssembly tag`);
    if (this.#tag !== tag) throw new TypeError(`${what}: First argument does not match the exception tag`);
    const place = Math.trunc(Number(index));
    if (place >= 0 && place < this.#payload.length) return this.#payload[place];
    throw new RangeError(`${what}: Index must be convertible to a valid number`);
  }

  is(tag) {
    if (!isTag(tag)) throw new TypeError("WebAssembly.Exception.is(): Argument 0 must be a WebAssembly tag");
    return this.#tag === tag;
  }

  get stack() {
    return this.#stack;
  }

  static {
    natives.use_exceptions(
      (keeper, number, payload) => {
        givenPayload = [tagOf(number, keeper.record, payload.map(() => "externref")), payload];
        return new Exception();
      },
      (value, keeper) => {
        if (!(#payload in value)) return undefined;
        const payload = value.#payload;
        return [numberOfTag(value.#tag, keeper.record), payload.length, ...payload];
      },
    );
    defineInterface(this, "WebAssembly.Exception");
  }
}
