// Streams as results of steps: their bytes are kept in pieces, and whoever asks for the result reads them from there.
// https://developers.cloudflare.com/changelog/post/2026-04-21-step-context-and-readable-streams/

import { bytesOfChunk, checkUnlocked } from "../fetch/transfer.js";
import { createHostStream, isReadableStream, lockedReader } from "../streams/on-demand.js";

const PIECE_BYTES = 262_144;
const UNSYNCED_BYTES = 4_194_304; // what may wait for the disk

/** What a step has returned is a stream that cannot be read to its end. */
export class UnreadableStream extends Error {}

/** A stream that was read to its end, and is kept: of so many bytes. */
export class KeptStream {
  constructor(length) {
    this.length = length;
  }
}

/** The intake of what one attempt at a step comes to, if that is a stream. */
export class Intake {
  #journal;
  #step;
  #execution;
  #isStopped = false;
  #reader = null;
  #buffer = null; // the piece that is not full yet
  #filled = 0; // bytes in it
  #pieces = 0;

  constructor(journal, step, execution) {
    this.#journal = journal;
    this.#step = step;
    this.#execution = execution;
  }

  /**
   * A KeptStream for a stream, any other value itself. Throws UnreadableStream where it breaks off or gives what is no
   * bytes, TypeError if it is locked, and what storing it throws. Of an attempt that has ended meanwhile nobody looks at it.
   */
  async taken(value) {
    if (!isReadableStream(value)) return value;
    checkUnlocked(value);
    this.#reader = lockedReader(value);
    let length = 0;
    let unsynced = 0;
    for (;;) {
      if (this.#isOver) return this.#leave();
      const bytes = await nextBytes(this.#reader);
      if (this.#isOver) return this.#leave();
      if (bytes === undefined) break;
      this.#keep(bytes);
      length += bytes.byteLength;
      unsynced += bytes.byteLength;
      if (unsynced < UNSYNCED_BYTES) continue;
      unsynced = 0;
      await this.#journal.sync();
    }
    if (this.#filled > 0) this.#store(this.#buffer.slice(0, this.#filled));
    return new KeptStream(length);
  }

  get #isOver() {
    return this.#isStopped || this.#execution.isOver;
  }

  #keep(bytes) {
    for (let from = 0; from < bytes.byteLength; ) {
      this.#buffer ??= new Uint8Array(PIECE_BYTES);
      const some = bytes.subarray(from, from + PIECE_BYTES - this.#filled);
      this.#buffer.set(some, this.#filled);
      this.#filled += some.byteLength;
      from += some.byteLength;
      if (this.#filled < PIECE_BYTES) continue;
      this.#store(this.#buffer);
      this.#filled = 0;
    }
  }

  #store(piece) {
    this.#journal.addPiece(this.#step, this.#pieces++, piece);
  }

  /** The attempt has failed: read no more, and keep nothing of it. */
  stop() {
    this.#isStopped = true;
    if (this.#reader === null) return;
    this.#leave();
    this.#journal.dropPieces(this.#step);
  }

  #leave() {
    this.#reader.cancel(new Error("The attempt at the step has ended"));
  }
}

// Undefined at the end.
async function nextBytes(reader) {
  try {
    const { done, value } = await reader.read();
    return done ? undefined : bytesOfChunk(value);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnreadableStream(`Failed to read from step ReadableStream output. ${why}`, { cause: error });
  }
}

/** A stream of `length` bytes; `pieceAt(index)` gives them in pieces, and undefined where there is none any more. */
export function streamOfPieces(length, pieceAt) {
  let index = 0;
  let left = length;
  return createHostStream({
    byteLength: length,
    pull(sink) {
      if (left > 0) {
        const piece = pieceAt(index++);
        if (piece === undefined) throw new Error("The result of this step is there no more.");
        left -= piece.byteLength;
        sink.enqueue(piece);
      }
      if (left === 0) sink.close();
    },
  });
}
