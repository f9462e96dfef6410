// The options of node:zlib, checked: https://nodejs.org/docs/latest-v20.x/api/zlib.html#class-options

import { bytesOf, isBytes } from "./bytes.js";
import { invalidType, nodeError, outOfRange } from "./errors.js";
import { constants } from "./zlib-constants.js";

const MAX_UINT32 = 2 ** 32;
const MAX_BROTLI_PARAMETER = 9;
const isBrotli = (kind) => kind.startsWith("brotli");

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

function brotliNumbers({ params }) {
  const chosen = {};
  for (const key of params ? Object.keys(params) : []) {
    if (!(Number(key) >= 0 && Number(key) <= MAX_BROTLI_PARAMETER))
      throw nodeError(
        RangeError,
        "ERR_BROTLI_INVALID_PARAM",
        `${key} is not a valid Brotli parameter`,
      );
    const value = params[key];
    if (typeof value !== "number" && typeof value !== "boolean")
      throw invalidType("options.params[key]", "number", value);
    chosen[key] = Number(value);
  }
  const within = (key, least, most, usual) =>
    Math.min(most, Math.max(least, Math.trunc(chosen[key] ?? usual)));
  const quality = within(constants.BROTLI_PARAM_QUALITY, 0, 11, 11);
  const window = within(constants.BROTLI_PARAM_LGWIN, 10, 24, 22);
  return [quality, window, 0, within(constants.BROTLI_PARAM_MODE, 0, 2, 0)];
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

/** What the options say. `numbers` and `dictionary` are for the host. */
export function settingsOf(kind, given) {
  const options = given ?? {};
  const chunkSize = chunkSizeOf(options);
  const most = isBrotli(kind) ? 3 : constants.Z_BLOCK;
  const finish = isBrotli(kind) ? constants.BROTLI_OPERATION_FINISH : constants.Z_FINISH;
  const flush = ranged(options.flush, "options.flush", 0, most, 0);
  const finishFlush = ranged(options.finishFlush, "options.finishFlush", 0, most, finish);
  const limit = ranged(options.maxOutputLength, "options.maxOutputLength", 1, MAX_UINT32, -1);
  const shared = { kind, chunkSize, flush, finishFlush, limit, info: Boolean(options.info) };
  if (isBrotli(kind)) {
    const numbers = brotliNumbers(options);
    return { ...shared, numbers: numbers.join(), isSlow: numbers[0] > 6, dictionary: undefined };
  }
  const windowBits = windowBitsOf(kind, options);
  const level = ranged(options.level, "options.level", -1, 9, -1);
  const memLevel = ranged(options.memLevel, "options.memLevel", 1, 9, 8);
  const strategy = ranged(options.strategy, "options.strategy", 0, 4, 0);
  const numbers = [level, windowBits, memLevel, strategy].map(Math.trunc).join();
  const dictionary = dictionaryOf(options);
  return { ...shared, numbers, isSlow: false, dictionary, level, strategy };
}
