// node:zlib: https://nodejs.org/docs/latest-v20.x/api/zlib.html
//
// The functions work on the whole data at once; `zlib-streams.js` has the streams.

import { zlib_crc32, zlib_run, zlib_run_later } from "holdfast:ops";
import { Buffer } from "./buffer.js";
import { bytesOf, dataOf, isBytes, toBuffer } from "./bytes.js";
import { invalidType, requireFunction, requireInteger } from "./errors.js";
import { nextTick } from "./stream-base.js";
import { codes, constants } from "./zlib-constants.js";
import { coded } from "./zlib-errors.js";
import { settingsOf } from "./zlib-settings.js";
import {
  BrotliCompress,
  BrotliDecompress,
  Deflate,
  DeflateRaw,
  Gunzip,
  Gzip,
  Inflate,
  InflateRaw,
  Unzip,
  ZstdCompress,
  ZstdDecompress,
} from "./zlib-streams.js";

export {
  BrotliCompress,
  BrotliDecompress,
  codes,
  constants,
  Deflate,
  DeflateRaw,
  Gunzip,
  Gzip,
  Inflate,
  InflateRaw,
  Unzip,
  ZstdCompress,
  ZstdDecompress,
};

function inputOf(data, name = "buffer") {
  if (typeof data === "string") return Buffer.from(data);
  if (isBytes(data)) return bytesOf(data);
  throw invalidType(name, ["string", "Buffer", "TypedArray", "DataView", "ArrayBuffer"], data);
}

function argumentsOf(kind, data, options) {
  const { numbers, dictionary, finishFlush, limit, info } = settingsOf(kind, options);
  const give = (bytes) => {
    const buffer = toBuffer(bytes);
    return info ? { buffer, engine: new engines[kind](options) } : buffer;
  };
  return [[kind, data, numbers, dictionary, finishFlush, limit], give];
}

function sync(kind) {
  return function syncBufferWrapper(buffer, options = undefined) {
    const [args, give] = argumentsOf(kind, inputOf(buffer), options);
    let bytes;
    try {
      bytes = zlib_run(...args);
    } catch (error) {
      throw coded(error);
    }
    return give(bytes);
  };
}

function later(kind) {
  return function asyncBufferWrapper(buffer, options, callback = undefined) {
    if (typeof options === "function") [callback, options] = [options, undefined];
    requireFunction(callback, "callback");
    const [args, give] = argumentsOf(kind, inputOf(buffer, "chunk"), options);
    zlib_run_later(...args).then(
      (bytes) => nextTick(callback, null, give(bytes)),
      (error) => nextTick(callback, coded(error)),
    );
  };
}

const engines = {
  brotliCompress: BrotliCompress,
  brotliDecompress: BrotliDecompress,
  deflate: Deflate,
  deflateRaw: DeflateRaw,
  gunzip: Gunzip,
  gzip: Gzip,
  inflate: Inflate,
  inflateRaw: InflateRaw,
  unzip: Unzip,
  zstdCompress: ZstdCompress,
  zstdDecompress: ZstdDecompress,
};

export function crc32(data, value = 0) {
  const bytes = dataOf(data, "data");
  requireInteger(value, "value", 0, 2 ** 32 - 1);
  return zlib_crc32(bytes, value);
}

export const createGzip = (options) => new Gzip(options);
export const createGunzip = (options) => new Gunzip(options);
export const createDeflate = (options) => new Deflate(options);
export const createInflate = (options) => new Inflate(options);
export const createDeflateRaw = (options) => new DeflateRaw(options);
export const createInflateRaw = (options) => new InflateRaw(options);
export const createUnzip = (options) => new Unzip(options);
export const createBrotliCompress = (options) => new BrotliCompress(options);
export const createBrotliDecompress = (options) => new BrotliDecompress(options);
export const createZstdCompress = (options) => new ZstdCompress(options);
export const createZstdDecompress = (options) => new ZstdDecompress(options);
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
export const [zstdCompress, zstdCompressSync] = [later("zstdCompress"), sync("zstdCompress")];
export const [zstdDecompress, zstdDecompressSync] = [
  later("zstdDecompress"),
  sync("zstdDecompress"),
];

export const {
  BROTLI_DECODE,
  BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES,
  BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MAP,
  BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES,
  BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1,
  BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_2,
  BROTLI_DECODER_ERROR_ALLOC_TREE_GROUPS,
  BROTLI_DECODER_ERROR_DICTIONARY_NOT_SET,
  BROTLI_DECODER_ERROR_FORMAT_BLOCK_LENGTH_1,
  BROTLI_DECODER_ERROR_FORMAT_BLOCK_LENGTH_2,
  BROTLI_DECODER_ERROR_FORMAT_CL_SPACE,
  BROTLI_DECODER_ERROR_FORMAT_CONTEXT_MAP_REPEAT,
  BROTLI_DECODER_ERROR_FORMAT_DICTIONARY,
  BROTLI_DECODER_ERROR_FORMAT_DISTANCE,
  BROTLI_DECODER_ERROR_FORMAT_EXUBERANT_META_NIBBLE,
  BROTLI_DECODER_ERROR_FORMAT_EXUBERANT_NIBBLE,
  BROTLI_DECODER_ERROR_FORMAT_HUFFMAN_SPACE,
  BROTLI_DECODER_ERROR_FORMAT_PADDING_1,
  BROTLI_DECODER_ERROR_FORMAT_PADDING_2,
  BROTLI_DECODER_ERROR_FORMAT_RESERVED,
  BROTLI_DECODER_ERROR_FORMAT_SIMPLE_HUFFMAN_ALPHABET,
  BROTLI_DECODER_ERROR_FORMAT_SIMPLE_HUFFMAN_SAME,
  BROTLI_DECODER_ERROR_FORMAT_TRANSFORM,
  BROTLI_DECODER_ERROR_FORMAT_WINDOW_BITS,
  BROTLI_DECODER_ERROR_INVALID_ARGUMENTS,
  BROTLI_DECODER_ERROR_UNREACHABLE,
  BROTLI_DECODER_NEEDS_MORE_INPUT,
  BROTLI_DECODER_NEEDS_MORE_OUTPUT,
  BROTLI_DECODER_NO_ERROR,
  BROTLI_DECODER_PARAM_DISABLE_RING_BUFFER_REALLOCATION,
  BROTLI_DECODER_PARAM_LARGE_WINDOW,
  BROTLI_DECODER_RESULT_ERROR,
  BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT,
  BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT,
  BROTLI_DECODER_RESULT_SUCCESS,
  BROTLI_DECODER_SUCCESS,
  BROTLI_DEFAULT_MODE,
  BROTLI_DEFAULT_QUALITY,
  BROTLI_DEFAULT_WINDOW,
  BROTLI_ENCODE,
  BROTLI_LARGE_MAX_WINDOW_BITS,
  BROTLI_MAX_INPUT_BLOCK_BITS,
  BROTLI_MAX_QUALITY,
  BROTLI_MAX_WINDOW_BITS,
  BROTLI_MIN_INPUT_BLOCK_BITS,
  BROTLI_MIN_QUALITY,
  BROTLI_MIN_WINDOW_BITS,
  BROTLI_MODE_FONT,
  BROTLI_MODE_GENERIC,
  BROTLI_MODE_TEXT,
  BROTLI_OPERATION_EMIT_METADATA,
  BROTLI_OPERATION_FINISH,
  BROTLI_OPERATION_FLUSH,
  BROTLI_OPERATION_PROCESS,
  BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING,
  BROTLI_PARAM_LARGE_WINDOW,
  BROTLI_PARAM_LGBLOCK,
  BROTLI_PARAM_LGWIN,
  BROTLI_PARAM_MODE,
  BROTLI_PARAM_NDIRECT,
  BROTLI_PARAM_NPOSTFIX,
  BROTLI_PARAM_QUALITY,
  BROTLI_PARAM_SIZE_HINT,
  DEFLATE,
  DEFLATERAW,
  GUNZIP,
  GZIP,
  INFLATE,
  INFLATERAW,
  UNZIP,
  ZLIB_VERNUM,
  ZSTD_COMPRESS,
  ZSTD_DECODE,
  ZSTD_DECOMPRESS,
  ZSTD_ENCODE,
  ZSTD_error_GENERIC,
  ZSTD_error_checksum_wrong,
  ZSTD_error_corruption_detected,
  ZSTD_error_dictionaryCreation_failed,
  ZSTD_error_dictionary_corrupted,
  ZSTD_error_dictionary_wrong,
  ZSTD_error_dstBuffer_null,
  ZSTD_error_dstSize_tooSmall,
  ZSTD_error_frameParameter_unsupported,
  ZSTD_error_frameParameter_windowTooLarge,
  ZSTD_error_init_missing,
  ZSTD_error_literals_headerWrong,
  ZSTD_error_maxSymbolValue_tooLarge,
  ZSTD_error_maxSymbolValue_tooSmall,
  ZSTD_error_memory_allocation,
  ZSTD_error_noForwardProgress_destFull,
  ZSTD_error_noForwardProgress_inputEmpty,
  ZSTD_error_no_error,
  ZSTD_error_parameter_combination_unsupported,
  ZSTD_error_parameter_outOfBound,
  ZSTD_error_parameter_unsupported,
  ZSTD_error_prefix_unknown,
  ZSTD_error_srcSize_wrong,
  ZSTD_error_stabilityCondition_notRespected,
  ZSTD_error_stage_wrong,
  ZSTD_error_tableLog_tooLarge,
  ZSTD_error_version_unsupported,
  ZSTD_error_workSpace_tooSmall,
  Z_BEST_COMPRESSION,
  Z_BEST_SPEED,
  Z_BLOCK,
  Z_BUF_ERROR,
  Z_DATA_ERROR,
  Z_DEFAULT_CHUNK,
  Z_DEFAULT_COMPRESSION,
  Z_DEFAULT_LEVEL,
  Z_DEFAULT_MEMLEVEL,
  Z_DEFAULT_STRATEGY,
  Z_DEFAULT_WINDOWBITS,
  Z_ERRNO,
  Z_FILTERED,
  Z_FINISH,
  Z_FIXED,
  Z_FULL_FLUSH,
  Z_HUFFMAN_ONLY,
  Z_MAX_CHUNK,
  Z_MAX_LEVEL,
  Z_MAX_MEMLEVEL,
  Z_MAX_WINDOWBITS,
  Z_MEM_ERROR,
  Z_MIN_CHUNK,
  Z_MIN_LEVEL,
  Z_MIN_MEMLEVEL,
  Z_MIN_WINDOWBITS,
  Z_NEED_DICT,
  Z_NO_COMPRESSION,
  Z_NO_FLUSH,
  Z_OK,
  Z_PARTIAL_FLUSH,
  Z_RLE,
  Z_STREAM_END,
  Z_STREAM_ERROR,
  Z_SYNC_FLUSH,
  Z_VERSION_ERROR,
} = constants;

const zlib = {
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
  createZstdCompress,
  createZstdDecompress,
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
  zstdCompress,
  ZstdCompress,
  zstdCompressSync,
  zstdDecompress,
  ZstdDecompress,
  zstdDecompressSync,
};
// What libraries still take from the module itself, as Node.js lets them.
for (const [name, value] of Object.entries(constants))
  if (!name.startsWith("BROTLI_")) Object.defineProperty(zlib, name, { value });
export default zlib;
