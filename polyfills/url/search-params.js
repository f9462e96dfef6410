// URLSearchParams: https://url.spec.whatwg.org/#interface-urlsearchparams

import { defineListView } from "../console/views.js";
import {
  defineInterface,
  defineIterable,
  isObject,
  illegalInvocation,
  requireArguments,
  sequenceFrom,
  toRecord,
  toSequence,
  toUSVString,
} from "../kernel/webidl.js";
import { parseUrlEncoded, serializeUrlEncoded } from "./urlencoded.js";

const MISSING = "Failed to construct 'URLSearchParams': parameter 1";

/** Whether a value is a URLSearchParams. */
export let isURLSearchParams;
/**
 * The parameters of a URL whose query is `query` (without "?"); `update` is called with
 * the new query whenever a script changes them.
 */
export let paramsOfUrl;
/** Replace the parameters of a URL whose query was set. */
export let resetParams;
/** The serialized parameters, for bodies; throws for what is no URLSearchParams. */
export let serializeParams;

let pairAt;

/** A list of name-value pairs; parsed when it is first looked at. */
export class URLSearchParams {
  /** The query that was not parsed yet; undefined once it is. */
  #query;
  /** Pairs [name, value]; meaningful once #query is undefined. */
  #list;
  /** Tells the URL of a change; undefined for parameters that stand alone. */
  #update;

  constructor(init = undefined) {
    if (init === undefined) this.#list = [];
    else if (isObject(init)) this.#list = pairsFrom(init);
    else {
      const text = toUSVString(init);
      this.#query = text.startsWith("?") ? text.slice(1) : text;
    }
  }

  get size() {
    return this.#pairs().length;
  }

  append(name, value) {
    requireArguments(arguments.length, 2, "'append' on 'URLSearchParams'");
    const list = this.#pairs();
    list.push([toUSVString(name), toUSVString(value)]);
    this.#changed();
  }

  delete(name, value = undefined) {
    requireArguments(arguments.length, 1, "'delete' on 'URLSearchParams'");
    const matches = matcher(name, value);
    this.#list = this.#pairs().filter((pair) => !matches(pair));
    this.#changed();
  }

  get(name) {
    requireArguments(arguments.length, 1, "'get' on 'URLSearchParams'");
    const wanted = toUSVString(name);
    for (const pair of this.#pairs()) if (pair[0] === wanted) return pair[1];
    return null;
  }

  getAll(name) {
    requireArguments(arguments.length, 1, "'getAll' on 'URLSearchParams'");
    const found = this.#pairs().filter(matcher(name, undefined));
    return found.map((pair) => pair[1]);
  }

  has(name, value = undefined) {
    requireArguments(arguments.length, 1, "'has' on 'URLSearchParams'");
    return this.#pairs().some(matcher(name, value));
  }

  set(name, value) {
    requireArguments(arguments.length, 2, "'set' on 'URLSearchParams'");
    const wanted = toUSVString(name);
    const pair = [wanted, toUSVString(value)];
    const list = this.#pairs();
    const first = list.findIndex((other) => other[0] === wanted);
    if (first === -1) list.push(pair);
    else this.#list = list.filter((other, i) => i <= first || other[0] !== wanted).with(first, pair);
    this.#changed();
  }

  /** Sorts by names' code units; pairs of one name keep their order. */
  sort() {
    this.#pairs().sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed();
  }

  toString() {
    return serializeUrlEncoded(this.#pairs());
  }

  #pairs() {
    const query = this.#query;
    if (query !== undefined) {
      this.#list = parseUrlEncoded(query);
      this.#query = undefined;
    }
    return this.#list;
  }

  #changed() {
    this.#update?.(serializeUrlEncoded(this.#list));
  }

  static {
    isURLSearchParams = (value) => isObject(value) && #list in value;
    paramsOfUrl = (query, update) => {
      const params = new URLSearchParams();
      params.#query = query;
      params.#update = update;
      return params;
    };
    resetParams = (params, query) => {
      params.#query = query;
    };
    serializeParams = (params) => serializeUrlEncoded(params.#pairs());
    pairAt = (params, index) => {
      if (!isURLSearchParams(params)) throw illegalInvocation();
      return params.#pairs()[index];
    };
  }
}

/** A test of pairs for this name and, unless it is undefined, this value. */
function matcher(name, value) {
  const wanted = toUSVString(name);
  if (value === undefined) return (pair) => pair[0] === wanted;
  const wantedValue = toUSVString(value);
  return (pair) => pair[0] === wanted && pair[1] === wantedValue;
}

/** The pairs of a sequence of pairs or of a record. */
function pairsFrom(init) {
  const method = init[Symbol.iterator];
  if (method === undefined || method === null) {
    return [...toRecord(init, toUSVString, toUSVString, MISSING)];
  }
  const pairs = sequenceFrom(init, method, toPair, MISSING);
  for (const pair of pairs) {
    if (pair.length !== 2) throw new TypeError(`${MISSING} has an element that is no pair.`);
  }
  return pairs;
}

const toPair = (value) => toSequence(value, toUSVString, `${MISSING}'s element`);

defineIterable(URLSearchParams, pairAt);
defineListView(URLSearchParams, pairAt);
defineInterface(URLSearchParams);
