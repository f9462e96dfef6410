// The streams of node:zlib: https://nodejs.org/docs/latest-v20.x/api/zlib.html#class-zlibzlibbase
//
// Pieces are asked for one by one: a stream that swells waits for its reader.

import { Buffer } from "./buffer.js";
import { bytesOf, toBuffer } from "./bytes.js";
import { callable } from "./callable.js";
import { invalidType } from "./errors.js";
import { nextTick } from "./stream-base.js";
import { Transform } from "./stream-duplex.js";
import { finished } from "./stream-pipeline.js";
import { constants } from "./zlib-constants.js";
import { coded } from "./zlib-errors.js";
import { ZlibHandle } from "./zlib-handle.js";
import { flushesOf, ranged, settingsOf } from "./zlib-settings.js";

const MAX_BYTES_AT_ONCE = 65_536; // what is longer goes to a thread
const NOTHING = new Uint8Array(0);
// Empty chunks that stand for a flush of some kind.
const flushes = new WeakMap();

/** The bytes of a chunk, which need not have come through `write`. */
function bytesIn(chunk) {
  if (ArrayBuffer.isView(chunk)) return bytesOf(chunk);
  throw invalidType("chunk", ["Buffer", "TypedArray", "DataView"], chunk);
}

/** Change the parameters of a stream when all that was written before is compressed. */
let changeOf;

class ZlibBase extends Transform {
  #settings;
  #handle;
  #ended = false;
  #resume = null; // what goes on when the reader wants more

  constructor(kind, options) {
    const settings = settingsOf(kind, options);
    super({ ...options, autoDestroy: true, objectMode: false });
    this.#settings = settings;
    this.bytesWritten = 0;
    this.#handle = new ZlibHandle(settings);
    this._handle = this.#handle; // libraries' own: what they make of it touches no stream of others
  }

  get bytesRead() {
    return this.bytesWritten;
  }

  get _level() {
    return this.#settings.level;
  }

  get _strategy() {
    return this.#settings.strategy;
  }

  get _closed() {
    return !this._handle;
  }

  /** A kind of flush as a number; the usual one for none. */
  #flushOf(kind) {
    const { most } = flushesOf(this.#settings.kind);
    return Math.trunc(ranged(kind, "flush", 0, most, this.#settings.flush));
  }

  /** Take data in, and hand on what comes of it; `callback` when all of it was handed on. */
  #code(data, flush, callback) {
    const settle = (piece) => {
      if (!this.destroyed) this.#give(piece, callback);
    };
    const fail = (error) => {
      this.#handle.close();
      if (!this.destroyed) callback(coded(error));
    };
    try {
      if (data.length > MAX_BYTES_AT_ONCE || this.#settings.isSlow) {
        this.#handle.takeLater(data, flush).then(settle).catch(fail);
        return;
      }
      settle(this.#handle.take(data, flush));
    } catch (error) {
      fail(error);
    }
  }

  #give(first, callback) {
    let piece = first;
    try {
      while (piece.length > 0) {
        const wantsMore = this.#push(piece);
        if (this.destroyed) return;
        if (!this.#handle.isOpen) break; // a listener has had it begin anew
        piece = this.#handle.more();
        if (!wantsMore && piece.length > 0) {
          this.#resume = () => this.#give(piece, callback);
          return;
        }
      }
      const unread = this.#ended ? 0 : this.#handle.unread();
      if (unread > 0) {
        this.#ended = true;
        this.bytesWritten -= unread;
        this.push(null);
      }
    } catch (error) {
      this.#handle.close();
      callback(coded(error));
      return;
    }
    callback();
  }

  #push(piece) {
    const { chunkSize } = this.#settings;
    let wantsMore = true;
    for (let at = 0; at < piece.length; at += chunkSize) {
      const size = Math.min(chunkSize, piece.length - at);
      wantsMore = this.push(Buffer.from(piece.buffer, piece.byteOffset + at, size));
    }
    return wantsMore;
  }

  _read(size) {
    const resume = this.#resume;
    this.#resume = null;
    if (resume === null) super._read(size);
    else resume();
  }

  _transform(chunk, _encoding, callback) {
    if (this.#ended) {
      callback();
      return;
    }
    this.#take(bytesIn(chunk), flushes.get(chunk) ?? this.#settings.flush, callback);
  }

  #take(bytes, flush, callback) {
    this.bytesWritten += bytes.length;
    this.#code(bytes, flush, callback);
  }

  // The rest comes after the input has finished: that is what "finish" before "end" says.
  _final(callback) {
    callback();
  }

  _flush(callback) {
    if (this.#ended) callback();
    else nextTick(() => this.#finish(callback));
  }

  #finish(callback) {
    if (this.destroyed) return;
    this.#code(NOTHING, this.#settings.finishFlush, (error) => {
      this.#handle.close();
      callback(error);
    });
  }

  _destroy(error, callback) {
    this.#resume = null;
    this.#handle.close();
    this._handle = null;
    callback(error);
  }

  /** All that comes of a chunk, at once; without `callback` it is returned, and closes the handle. */
  _processChunk(chunk, kind, callback = undefined) {
    const bytes = bytesIn(chunk);
    const flush = this.#flushOf(kind);
    if (typeof callback === "function") {
      if (this._handle === null) nextTick(callback);
      else this.#take(bytes, flush, callback);
      return undefined;
    }
    const handle = this._handle;
    const pieces = [];
    let size = 0;
    try {
      for (let piece = handle.take(bytes, flush); piece.length > 0; piece = handle.more()) {
        pieces.push(toBuffer(piece));
        size += piece.length;
        const { limit } = this.#settings;
        if (limit >= 0 && size > limit)
          throw new RangeError(`Cannot create a Buffer larger than ${limit} bytes`);
      }
      this.bytesWritten = bytes.length - handle.unread();
    } catch (error) {
      this.destroy();
      throw coded(error);
    }
    handle.close();
    this._handle = null;
    return Buffer.concat(pieces, size);
  }

  /** Have everything that was written so far come out. */
  flush(kind, callback) {
    if (typeof kind === "function" || (kind === undefined && !callback)) {
      callback = kind;
      kind = flushesOf(this.#settings.kind).full;
    }
    if (this.writableFinished) {
      if (callback) nextTick(callback);
    } else if (this.writableEnded) {
      if (callback) this.once("end", callback);
    } else {
      const chunk = Buffer.alloc(0);
      flushes.set(chunk, this.#flushOf(kind));
      this.write(chunk, "", callback);
    }
  }

  /** Begin anew, as if nothing had been written. */
  reset() {
    this.#handle.close();
    this.#ended = false;
  }

  close(callback = undefined) {
    if (callback) finished(this, callback);
    this.destroy();
  }

  static {
    changeOf = (stream, level, strategy, callback) => {
      const settings = stream.#settings;
      level ??= settings.level;
      strategy ??= settings.strategy;
      if (settings.level === level && settings.strategy === strategy) {
        if (callback) nextTick(callback);
        return;
      }
      stream.flush(constants.Z_SYNC_FLUSH, () => {
        if (stream.destroyed) return;
        settings.level = level;
        settings.strategy = strategy;
        const piece = stream.#handle.change(level, strategy);
        if (piece.length > 0) stream.#push(piece);
        callback?.();
      });
    };
  }
}

class Zlib extends ZlibBase {
  /** Go on with another level and strategy; of decompression it changes nothing. */
  params(level, strategy, callback = undefined) {
    const chosen = ranged(level, "level", -1, 9);
    const manner = ranged(strategy, "strategy", 0, 4);
    changeOf(this, chosen, manner, callback);
  }
}

class Brotli extends ZlibBase {}

class Zstd extends ZlibBase {}

function named(Base, name, kind) {
  class Stream extends Base {
    constructor(options = undefined) {
      super(kind, options);
    }
  }
  return callable(Stream, name);
}

export const Deflate = named(Zlib, "Deflate", "deflate");
export const Inflate = named(Zlib, "Inflate", "inflate");
export const Gzip = named(Zlib, "Gzip", "gzip");
export const Gunzip = named(Zlib, "Gunzip", "gunzip");
export const DeflateRaw = named(Zlib, "DeflateRaw", "deflateRaw");
export const InflateRaw = named(Zlib, "InflateRaw", "inflateRaw");
export const Unzip = named(Zlib, "Unzip", "unzip");
export const BrotliCompress = named(Brotli, "BrotliCompress", "brotliCompress");
export const BrotliDecompress = named(Brotli, "BrotliDecompress", "brotliDecompress");
export const ZstdCompress = named(Zstd, "ZstdCompress", "zstdCompress");
export const ZstdDecompress = named(Zstd, "ZstdDecompress", "zstdDecompress");
