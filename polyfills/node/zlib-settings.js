// The options of node:zlib, checked: https://nodejs.org/docs/latest-v20.x/api/zlib.html#class-options

import { bytesOf, isBytes } from "./bytes.js";
import { invalidType, nodeError, outOfRange } from "./errors.js";
import { constants } from "./zlib-constants.js";

const MAX_UINT32 = 2 ** 32;
const MAX_BROTLI_PARAMETER = 9;
/** What zstd takes for its parameters, by their numbers; 0 is its own choice. */
const ZSTD_BOUNDS = {
  __proto__: null,
  100: [-Infinity, Infinity],
  101: [10, 31],
  102: [6, 30],
  103: [6, 30],
  104: [1, 30],
  105: [3, 7],
  106: [0, 131_072],
  107: [1, 9],
  160: [0, 2],
  161: [6, 30],
  162: [4, 4096],
  163: [1, 8],
  164: [0, 25],
  200: [0, 1],
  201: [0, 1],
  202: [0, 1],
  400: [0, 256],
  401: [0, 2 ** 30],
  402: [0, 9],
};
const MAX_ZSTD_PARAMETER = { zstdCompress: 402, zstdDecompress: 100 };
const ZSTD_WINDOW_BOUNDS = [10, 31];
const isBrotli = (kind) => kind.startsWith("brotli");
const isZstd = (kind) => kind.startsWith("zstd");

/** A number between two others; the usual one for undefined and NaN. */
export function ranged(value, name, least, most, usual = undefined) {
  if (value === undefined || Number.isNaN(value)) return usual;
  if (typeof value !== "number") throw invalidType(name, "number", value);
  if (!Number.isFinite(value)) throw outOfRange(name, "a finite number", value);
  if (value < least || value > most) throw outOfRange(name, `>= ${least} and <= ${most}`, value);
  return value;
}

function chunkSizeOf({ chunkSize }) {
  if (chunkSize === undefined || Number.isNaN(chunkSize)) return constants.Z_DEFAULT_CHUNK;
  if (typeof chunkSize !== "number") throw invalidType("options.chunkSize", "number", chunkSize);
  if (chunkSize < constants.Z_MIN_CHUNK)
    throw outOfRange("options.chunkSize", `>= ${constants.Z_MIN_CHUNK}`, chunkSize);
  return chunkSize;
}

/** Each of `params`, by a number up to `most`, with its value, as numbers. */
function* numbersOf(params, most, library) {
  const seen = new Set();
  for (const key of params ? Object.keys(params) : []) {
    const number = Number(key);
    if (!(number >= 0 && number <= most) || seen.size === seen.add(number).size)
      throw nodeError(
        RangeError,
        `ERR_${library.toUpperCase()}_INVALID_PARAM`,
        `${key} is not a valid ${library} parameter`,
      );
    const value = params[key];
    if (typeof value !== "number" && typeof value !== "boolean")
      throw invalidType("options.params[key]", "number", value);
    yield [number, Number(value)];
  }
}

const initializationFailed = () =>
  nodeError(Error, "ERR_ZLIB_INITIALIZATION_FAILED", "Initialization failed");

function brotliNumbers({ params }) {
  const chosen = {};
  for (const [key, value] of numbersOf(params, MAX_BROTLI_PARAMETER, "Brotli")) chosen[key] = value;
  const { BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING: flag } = constants;
  if (![0, 1, undefined].includes(chosen[flag])) throw initializationFailed();
  const within = (key, least, most, usual) =>
    Math.min(most, Math.max(least, Math.trunc(chosen[key] ?? usual)));
  const quality = within(constants.BROTLI_PARAM_QUALITY, 0, 11, 11);
  const window = within(constants.BROTLI_PARAM_LGWIN, 10, 24, 22);
  return [quality, window, 0, within(constants.BROTLI_PARAM_MODE, 0, 2, 0)];
}

function zstdNumbers(kind, { params, pledgedSrcSize }) {
  const numbers = [Number.isInteger(pledgedSrcSize) ? pledgedSrcSize : -1];
  for (const [key, given] of numbersOf(params, MAX_ZSTD_PARAMETER[kind], "Zstd")) {
    const value = Math.trunc(given);
    const isWindow = kind === "zstdDecompress";
    const [least, most] = (isWindow ? ZSTD_WINDOW_BOUNDS : ZSTD_BOUNDS[key]) ?? [1, 0];
    if (value === 0 && least > 0 && most > 0) continue;
    if (!(value >= least && value <= most))
      throw initializationFailed();
    numbers.push(Number(key), Math.max(-131_072, Math.min(value, 2 ** 30)));
  }
  return numbers;
}

function windowBitsOf(kind, { windowBits }) {
  const mayFollow = kind === "inflate" || kind === "gunzip" || kind === "unzip";
  if (mayFollow && (windowBits === undefined || windowBits === null || windowBits === 0)) return 0;
  const least = kind === "gzip" ? 9 : constants.Z_MIN_WINDOWBITS;
  return ranged(windowBits, "options.windowBits", least, 15, 15);
}

function dictionaryOf({ dictionary }) {
  if (dictionary === undefined) return undefined;
  if (isBytes(dictionary)) return bytesOf(dictionary);
  const expected = ["Buffer", "TypedArray", "DataView", "ArrayBuffer"];
  throw invalidType("options.dictionary", expected, dictionary);
}

/** The last kind of flush that a stream takes, and those that finish it and that `flush()` means. */
export function flushesOf(kind) {
  if (isZstd(kind)) return { most: 2, finish: constants.ZSTD_e_end, full: constants.ZSTD_e_flush };
  if (isBrotli(kind))
    return {
      most: 3,
      finish: constants.BROTLI_OPERATION_FINISH,
      full: constants.BROTLI_OPERATION_FLUSH,
    };
  return { most: constants.Z_BLOCK, finish: constants.Z_FINISH, full: constants.Z_FULL_FLUSH };
}

/** What the options say. `numbers` and `dictionary` are for the host. */
export function settingsOf(kind, given) {
  const options = given ?? {};
  const chunkSize = chunkSizeOf(options);
  const { most, finish } = flushesOf(kind);
  const flush = ranged(options.flush, "options.flush", 0, most, 0);
  const finishFlush = ranged(options.finishFlush, "options.finishFlush", 0, most, finish);
  const limit = ranged(options.maxOutputLength, "options.maxOutputLength", 1, MAX_UINT32, -1);
  const shared = { kind, chunkSize, flush, finishFlush, limit, info: Boolean(options.info) };
  if (isBrotli(kind)) {
    const numbers = brotliNumbers(options);
    return { ...shared, numbers: numbers.join(), isSlow: numbers[0] > 6, dictionary: undefined };
  }
  if (isZstd(kind)) {
    const numbers = zstdNumbers(kind, options).join();
    return { ...shared, numbers, isSlow: numbers !== "-1", dictionary: undefined };
  }
  const windowBits = windowBitsOf(kind, options);
  const level = ranged(options.level, "options.level", -1, 9, -1);
  const memLevel = ranged(options.memLevel, "options.memLevel", 1, 9, 8);
  const strategy = ranged(options.strategy, "options.strategy", 0, 4, 0);
  const numbers = [level, windowBits, memLevel, strategy].map(Math.trunc).join();
  const dictionary = dictionaryOf(options);
  return { ...shared, numbers, isSlow: false, dictionary, level, strategy };
}
