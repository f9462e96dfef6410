// The methods of a Readable that treat it as a list of chunks.
// https://nodejs.org/docs/latest-v20.x/api/stream.html#readablemapfn-options

import {
  abortError,
  invalidType,
  nodeError,
  outOfRange,
  requireInteger,
  requireObject,
} from "./errors.js";
import { define } from "./properties.js";
import { Readable } from "./stream-readable.js";
import "./stream-from.js";

function signalOf(options) {
  if (options !== undefined && options !== null) requireObject(options, "options");
  const signal = options?.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidType("options.signal", "AbortSignal", signal);
  return signal ?? new AbortController().signal;
}

function check(signal) {
  if (signal.aborted) throw abortError(signal.reason);
}

function requireMapper(fn, name) {
  if (typeof fn !== "function") throw invalidType(name, ["function", "AsyncFunction"], fn);
}

/** How many calls may be under way. */
function concurrencyOf(options) {
  signalOf(options);
  const concurrency = Math.floor(options?.concurrency ?? 1);
  requireInteger(concurrency, "options.concurrency", 1);
  return concurrency;
}

/** Results in the chunks' order, up to `options.concurrency` of them under way. */
function mapped(stream, fn, options) {
  return mapping(stream, fn, signalOf(options), concurrencyOf(options));
}

async function* mapping(stream, fn, signal, concurrency) {
  const under = [];
  for await (const chunk of stream) {
    check(signal);
    const result = Promise.resolve(fn(chunk, { signal }));
    result.catch(() => {});
    under.push(result);
    if (under.length >= concurrency) yield await under.shift();
  }
  while (under.length > 0) yield await under.shift();
}

function count(value) {
  const number = Number(value) || 0;
  if (number < 0) throw outOfRange("number", ">= 0", number);
  return number;
}

async function* dropped(stream, rest, signal) {
  for await (const chunk of stream) {
    check(signal);
    if (rest-- <= 0) yield chunk;
  }
}

async function* taken(stream, rest, signal) {
  if (rest === 0) return;
  for await (const chunk of stream) {
    check(signal);
    yield chunk;
    if (--rest <= 0) return;
  }
}

const lists = {
  map(fn, options = undefined) {
    requireMapper(fn, "fn");
    return mapped(this, fn, options);
  },

  filter(fn, options = undefined) {
    requireMapper(fn, "fn");
    const nothing = Symbol("filtered out");
    const source = mapped(
      this,
      async (chunk, more) => ((await fn(chunk, more)) ? chunk : nothing),
      options,
    );
    return (async function* () {
      for await (const chunk of source) if (chunk !== nothing) yield chunk;
    })();
  },

  flatMap(fn, options = undefined) {
    requireMapper(fn, "fn");
    const source = mapped(this, fn, options);
    return (async function* () {
      for await (const part of source) yield* part;
    })();
  },

  drop(number, options = undefined) {
    return dropped(this, count(number), signalOf(options));
  },

  take(number, options = undefined) {
    return taken(this, count(number), signalOf(options));
  },

  async *asIndexedPairs() {
    let index = 0;
    for await (const chunk of this) yield [index++, chunk];
  },
};
for (const name of Object.keys(lists)) {
  define(Readable.prototype, {
    [name](...args) {
      return Readable.from(lists[name].apply(this, args));
    },
  });
}

define(Readable.prototype, {
  async forEach(fn, options = undefined) {
    requireMapper(fn, "fn");
    for await (const _ of mapped(this, fn, options));
  },

  async toArray(options = undefined) {
    const signal = signalOf(options);
    const chunks = [];
    for await (const chunk of this) {
      check(signal);
      chunks.push(chunk);
    }
    return chunks;
  },

  async some(fn, options = undefined) {
    requireMapper(fn, "fn");
    for await (const found of mapped(this, fn, options)) if (found) return true;
    return false;
  },

  async every(fn, options = undefined) {
    requireMapper(fn, "fn");
    return !(await this.some(async (chunk, more) => !(await fn(chunk, more)), options));
  },

  async find(fn, options = undefined) {
    requireMapper(fn, "fn");
    const tried = async (chunk, more) => ((await fn(chunk, more)) ? [chunk] : undefined);
    for await (const found of mapped(this, tried, options)) if (found) return found[0];
    return undefined;
  },

  async reduce(fn, ...rest) {
    requireMapper(fn, "reducer");
    const signal = signalOf(rest[1]);
    let has = rest.length > 0;
    let [result] = rest;
    for await (const chunk of this) {
      check(signal);
      result = has ? await fn(result, chunk, { signal }) : chunk;
      has = true;
    }
    if (!has) {
      const message = "Reduce of an empty stream requires an initial value";
      throw nodeError(TypeError, "ERR_MISSING_ARGS", message);
    }
    return result;
  },
});
