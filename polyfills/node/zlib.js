// node:zlib: https://nodejs.org/docs/latest-v20.x/api/zlib.html
//
// The functions work on the whole data at once. So do the streams: they give out their result
// when their input has ended.

import { zlib_crc32, zlib_run, zlib_run_later } from "holdfast:ops";
import { Buffer } from "./buffer.js";
import { invalidType, outOfRange, requireFunction, requireInteger } from "./errors.js";
import { nextTick } from "./stream-base.js";
import { Transform } from "./stream-duplex.js";

export const codes = Object.freeze({
  Z_OK: 0,
  Z_STREAM_END: 1,
  Z_NEED_DICT: 2,
  Z_ERRNO: -1,
  Z_STREAM_ERROR: -2,
  Z_DATA_ERROR: -3,
  Z_MEM_ERROR: -4,
  Z_BUF_ERROR: -5,
  Z_VERSION_ERROR: -6,
});
export const constants = Object.freeze({
  __proto__: null,
  Z_NO_FLUSH: 0,
  Z_PARTIAL_FLUSH: 1,
  Z_SYNC_FLUSH: 2,
  Z_FULL_FLUSH: 3,
  Z_FINISH: 4,
  Z_BLOCK: 5,
  ...codes,
  Z_NO_COMPRESSION: 0,
  Z_BEST_SPEED: 1,
  Z_BEST_COMPRESSION: 9,
  Z_DEFAULT_COMPRESSION: -1,
  Z_FILTERED: 1,
  Z_HUFFMAN_ONLY: 2,
  Z_RLE: 3,
  Z_FIXED: 4,
  Z_DEFAULT_STRATEGY: 0,
  Z_MIN_WINDOWBITS: 8,
  Z_MAX_WINDOWBITS: 15,
  Z_DEFAULT_WINDOWBITS: 15,
  Z_MIN_CHUNK: 64,
  Z_MAX_CHUNK: Infinity,
  Z_DEFAULT_CHUNK: 16384,
  Z_MIN_MEMLEVEL: 1,
  Z_MAX_MEMLEVEL: 9,
  Z_DEFAULT_MEMLEVEL: 8,
  Z_MIN_LEVEL: -1,
  Z_MAX_LEVEL: 9,
  Z_DEFAULT_LEVEL: -1,
  BROTLI_OPERATION_PROCESS: 0,
  BROTLI_OPERATION_FLUSH: 1,
  BROTLI_OPERATION_FINISH: 2,
  BROTLI_PARAM_MODE: 0,
  BROTLI_MODE_GENERIC: 0,
  BROTLI_MODE_TEXT: 1,
  BROTLI_MODE_FONT: 2,
  BROTLI_PARAM_QUALITY: 1,
  BROTLI_MIN_QUALITY: 0,
  BROTLI_MAX_QUALITY: 11,
  BROTLI_DEFAULT_QUALITY: 11,
  BROTLI_PARAM_LGWIN: 2,
  BROTLI_PARAM_SIZE_HINT: 5,
});

function bytesOf(data) {
  if (typeof data === "string") return Buffer.from(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data))
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw invalidType("buffer", ["string", "Buffer", "TypedArray", "DataView", "ArrayBuffer"], data);
}

function settings(kind, options) {
  let level = options?.level ?? -1;
  if (kind === "brotliCompress") level = options?.params?.[constants.BROTLI_PARAM_QUALITY] ?? -1;
  else if (level !== -1 && !(Number.isInteger(level) && level >= -1 && level <= 9))
    throw outOfRange("options.level", ">= -1 and <= 9", level);
  const limit = options?.maxOutputLength ?? -1;
  if (limit !== -1) requireInteger(limit, "options.maxOutputLength", 1);
  return [level, limit];
}

const toBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What the host says went wrong, with Node.js's code for it. */
function coded(error) {
  if (error instanceof RangeError) error.code = "ERR_BUFFER_TOO_LARGE";
  else if (error.message === "unexpected end of file")
    Object.assign(error, { errno: -5, code: "Z_BUF_ERROR" });
  else if (error.message === "Decompression failed")
    Object.assign(error, { errno: -2, code: "ERR__ERROR_FORMAT_PADDING_1" });
  else Object.assign(error, { errno: -3, code: "Z_DATA_ERROR" });
  return error;
}

function sync(kind) {
  return (buffer, options = undefined) => {
    const data = bytesOf(buffer);
    const chosen = settings(kind, options);
    try {
      return toBuffer(zlib_run(kind, data, ...chosen));
    } catch (error) {
      throw coded(error);
    }
  };
}

function later(kind) {
  return (buffer, options, callback = undefined) => {
    if (typeof options === "function") [callback, options] = [options, undefined];
    requireFunction(callback, "callback");
    zlib_run_later(kind, bytesOf(buffer), ...settings(kind, options)).then(
      (bytes) => nextTick(callback, null, toBuffer(bytes)),
      (error) => nextTick(callback, coded(error)),
    );
  };
}

function streamClass(kind) {
  return class extends Transform {
    #parts = [];
    #settings;
    bytesWritten = 0;

    constructor(options = undefined) {
      super(options);
      this.#settings = settings(kind, options);
    }

    _transform(chunk, _encoding, callback) {
      this.#parts.push(chunk);
      this.bytesWritten += chunk.length;
      callback();
    }

    _flush(callback) {
      zlib_run_later(kind, Buffer.concat(this.#parts), ...this.#settings).then(
        (bytes) => nextTick(callback, null, toBuffer(bytes)),
        (error) => nextTick(callback, coded(error)),
      );
    }

    flush(_kind, callback = undefined) {
      const done = typeof _kind === "function" ? _kind : callback;
      if (done) nextTick(done);
    }

    close(callback = undefined) {
      this.destroy(null, callback);
    }
  };
}

function requireValue(value) {
  requireInteger(value, "value", 0, 2 ** 32 - 1);
  return value;
}

export function crc32(data, value = 0) {
  return zlib_crc32(bytesOf(data), requireValue(value));
}

export const Gzip = streamClass("gzip");
export const Gunzip = streamClass("gunzip");
export const Deflate = streamClass("deflate");
export const Inflate = streamClass("inflate");
export const DeflateRaw = streamClass("deflateRaw");
export const InflateRaw = streamClass("inflateRaw");
export const Unzip = streamClass("unzip");
export const BrotliCompress = streamClass("brotliCompress");
export const BrotliDecompress = streamClass("brotliDecompress");
export const createGzip = (options) => new Gzip(options);
export const createGunzip = (options) => new Gunzip(options);
export const createDeflate = (options) => new Deflate(options);
export const createInflate = (options) => new Inflate(options);
export const createDeflateRaw = (options) => new DeflateRaw(options);
export const createInflateRaw = (options) => new InflateRaw(options);
export const createUnzip = (options) => new Unzip(options);
export const createBrotliCompress = (options) => new BrotliCompress(options);
export const createBrotliDecompress = (options) => new BrotliDecompress(options);
export const [gzip, gzipSync] = [later("gzip"), sync("gzip")];
export const [gunzip, gunzipSync] = [later("gunzip"), sync("gunzip")];
export const [deflate, deflateSync] = [later("deflate"), sync("deflate")];
export const [inflate, inflateSync] = [later("inflate"), sync("inflate")];
export const [deflateRaw, deflateRawSync] = [later("deflateRaw"), sync("deflateRaw")];
export const [inflateRaw, inflateRawSync] = [later("inflateRaw"), sync("inflateRaw")];
export const [unzip, unzipSync] = [later("unzip"), sync("unzip")];
export const [brotliCompress, brotliCompressSync] = [
  later("brotliCompress"),
  sync("brotliCompress"),
];
export const [brotliDecompress, brotliDecompressSync] = [
  later("brotliDecompress"),
  sync("brotliDecompress"),
];

export default {
  brotliCompress,
  BrotliCompress,
  brotliCompressSync,
  brotliDecompress,
  BrotliDecompress,
  brotliDecompressSync,
  codes,
  constants,
  crc32,
  createBrotliCompress,
  createBrotliDecompress,
  createDeflate,
  createDeflateRaw,
  createGunzip,
  createGzip,
  createInflate,
  createInflateRaw,
  createUnzip,
  deflate,
  Deflate,
  deflateRaw,
  DeflateRaw,
  deflateRawSync,
  deflateSync,
  gunzip,
  Gunzip,
  gunzipSync,
  gzip,
  Gzip,
  gzipSync,
  inflate,
  Inflate,
  inflateRaw,
  InflateRaw,
  inflateRawSync,
  inflateSync,
  unzip,
  Unzip,
  unzipSync,
};
