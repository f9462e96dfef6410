// The dictionaries that scripts make streams from, turned into algorithms.
//
// Members are read once, in lexicographical order, as Web IDL says. An algorithm
// returns undefined or an internal promise, or throws; see `runAlgorithm`.

import {
  enforceUnsignedLongLong,
  isObject,
  toDictionary,
  toEnum,
  toOptionalFunction,
} from "../kernel/webidl.js";
import { resolvedWith } from "./promises.js";

const { apply } = Reflect;
const nothing = () => undefined;

/** The argument `optional object`: undefined is allowed, null and primitives are not. */
function objectArgument(value, what) {
  if (value === undefined || isObject(value)) return toDictionary(value);
  throw new TypeError(`${what} is not an object.`);
}

/** The algorithm of a callback that is called on its dictionary; undefined without one. */
function algorithm(callback, dictionary) {
  if (callback === undefined) return undefined;
  return (a, b) => {
    const result = apply(callback, dictionary, [a, b]);
    // A promise of its own even for a promise, as Web IDL converts a returned value.
    return isObject(result) ? resolvedWith(result) : undefined;
  };
}

/** Like `algorithm` for a callback of one argument, which must not see a second. */
function unary(callback, dictionary) {
  if (callback === undefined) return undefined;
  return (a) => {
    const result = apply(callback, dictionary, [a]);
    return isObject(result) ? resolvedWith(result) : undefined;
  };
}

/** Like `algorithm` for a callback without arguments. */
function nullary(callback, dictionary) {
  if (callback === undefined) return undefined;
  return () => {
    const result = apply(callback, dictionary, []);
    return isObject(result) ? resolvedWith(result) : undefined;
  };
}

/** Cloudflare's own: how many bytes a stream will give. A body of it has a Content-Length. */
function toExpectedLength(value) {
  if (value === undefined) return undefined;
  return enforceUnsignedLongLong(typeof value === "bigint" ? Number(value) : value, "expectedLength");
}

/** https://streams.spec.whatwg.org/#dictdef-underlyingsource */
export function toSource(value) {
  const source = objectArgument(value, "The underlying source");
  const size = source.autoAllocateChunkSize;
  const what = "The underlying source's autoAllocateChunkSize";
  const chunkSize = size === undefined ? undefined : enforceUnsignedLongLong(size, what);
  const cancel = toOptionalFunction(source.cancel, "The underlying source's cancel");
  const expectedLength = toExpectedLength(source.expectedLength);
  const pull = toOptionalFunction(source.pull, "The underlying source's pull");
  const start = toOptionalFunction(source.start, "The underlying source's start");
  const { type } = source;
  if (type !== undefined) toEnum(type, ["bytes"], "The underlying source's type");
  return {
    __proto__: null,
    isByte: type !== undefined,
    highWaterMark: undefined,
    size: undefined,
    chunkSize,
    expectedLength,
    cancel: unary(cancel, source),
    pull: unary(pull, source),
    start: unary(start, source) ?? nothing,
  };
}

/** https://streams.spec.whatwg.org/#dictdef-underlyingsink */
export function toSink(value) {
  const sink = objectArgument(value, "The underlying sink");
  const abort = toOptionalFunction(sink.abort, "The underlying sink's abort");
  const close = toOptionalFunction(sink.close, "The underlying sink's close");
  const start = toOptionalFunction(sink.start, "The underlying sink's start");
  const { type } = sink;
  const write = toOptionalFunction(sink.write, "The underlying sink's write");
  if (type !== undefined) throw new RangeError("The underlying sink's type is not supported.");
  return {
    __proto__: null,
    abort: unary(abort, sink),
    close: nullary(close, sink),
    start: unary(start, sink) ?? nothing,
    write: algorithm(write, sink),
  };
}

/** https://streams.spec.whatwg.org/#dictdef-transformer */
export function toTransformer(value) {
  const transformer = objectArgument(value, "The transformer");
  const cancel = toOptionalFunction(transformer.cancel, "The transformer's cancel");
  const expectedLength = toExpectedLength(transformer.expectedLength);
  const flush = toOptionalFunction(transformer.flush, "The transformer's flush");
  const { readableType } = transformer;
  const start = toOptionalFunction(transformer.start, "The transformer's start");
  const transform = toOptionalFunction(transformer.transform, "The transformer's transform");
  const { writableType } = transformer;
  if (readableType !== undefined) throw new RangeError("readableType is not supported.");
  if (writableType !== undefined) throw new RangeError("writableType is not supported.");
  return {
    __proto__: null,
    expectedLength,
    cancel: unary(cancel, transformer),
    flush: unary(flush, transformer),
    start: unary(start, transformer),
    transform: algorithm(transform, transformer),
  };
}
