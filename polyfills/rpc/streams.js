// Streams in messages. A stream's code runs in its own context: of a ReadableStream the bytes
// go through the host, into a WritableStream each chunk is a call.

import { body_cancel, body_move } from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { BodyByRpc, streamOfBody } from "../fetch/body-sources.js";
import { streamForHost } from "../fetch/transfer.js";
import { bytesOf } from "../kernel/buffers.js";
import { requireContext } from "../kernel/pending.js";
import { HostWriter } from "../streams/host-writer.js";
import { ReadableStream } from "../streams/readable.js";
import { WritableStream } from "../streams/writable.js";
import { addEntry, defineToken, pack, registerEntry, TAGS, takeEntry, TRANSFER } from "./message.js";
import { Export, Hold, releaseWithout } from "./references.js";

const NOT_BYTES = "WritableStream received over RPC only supports writing byte types.";
const DISCONNECTED =
  "WritableStream received over RPC was disconnected because the remote execution context has ended.";
const CANCELED =
  "ReadableStream sent over RPC was canceled or released by the remote execution context.";
const ABSENT = 0;
const TEXT = 1;
const BYTES = 2;
const HANDLE = 3;

/** A body on the host on its way to a new owner. */
class BodyEntry {
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  get handle() {
    return this.#handle;
  }

  token() {
    return `b${this.#handle}`;
  }

  drop() {
    body_cancel(this.#handle);
  }
}

defineToken("b", (handle) => new BodyEntry(+handle));

/** Write a body as `bodyForHost` gives it. */
export function writeBody(body, sink) {
  if (body === undefined) sink.uint32(ABSENT);
  else if (typeof body === "number") {
    sink.uint32(HANDLE);
    // Its number dies with the object that had it.
    sink.uint32(addEntry(new BodyEntry(body_move(body))));
  } else {
    sink.uint32(typeof body === "string" ? TEXT : BYTES);
    sink.value(body);
  }
}

/** Read a body: undefined, a string, a Uint8Array or a handle. */
export function readBody(source) {
  const kind = source.uint32();
  if (kind === ABSENT) return undefined;
  return kind === HANDLE ? takeEntry(source.uint32()).handle : source.value();
}

const whyCanceled = () => Object.assign(new Error(CANCELED), { retryable: true });

registerEntry(ReadableStream, {
  tag: TAGS.READABLE,
  write: (stream, sink) => writeBody(streamForHost(stream, whyCanceled), sink),
  read(source) {
    const body = readBody(source);
    return streamOfBody(typeof body === "number" ? new BodyByRpc(body) : body);
  },
});

/** What the receiver of a WritableStream calls. */
class WriterTarget {
  #writer;
  #hasEnded = false;

  constructor(stream) {
    this.#writer = new HostWriter(stream);
  }

  write(bytes) {
    return this.#writer.write(bytes);
  }

  close() {
    this.#hasEnded = true;
    return this.#writer.close();
  }

  abort(reason) {
    this.#hasEnded = true;
    return this.#writer.abort(reason);
  }

  [Symbol.dispose]() {
    if (!this.#hasEnded) this.#writer.abort(new Error(DISCONNECTED)).catch(() => {});
  }
}

// As in workerd, a text is as good as its bytes.
function bytesOfChunk(chunk) {
  if (typeof chunk === "string") return encodeUtf8(chunk);
  try {
    return bytesOf(chunk);
  } catch {
    throw new TypeError(NOT_BYTES);
  }
}

/** The sink of a WritableStream that was received. */
class RemoteSink {
  #hold;

  constructor(hold) {
    this.#hold = hold;
    releaseWithout(this, hold);
  }

  write(chunk) {
    return this.#call("write", [bytesOfChunk(chunk)]);
  }

  async close() {
    await this.#call("close", []);
    this.#hold.release();
  }

  async abort(reason) {
    await this.#call("abort", [reason]);
    this.#hold.release();
  }

  async #call(name, args) {
    const caller = requireContext();
    const message = pack(args, caller, TRANSFER);
    const reference = this.#hold.reference.acquire();
    try {
      await caller.outputGate?.wait();
      await reference.send(caller, [name], message);
    } finally {
      reference.release();
    }
  }
}

registerEntry(WritableStream, {
  tag: TAGS.WRITABLE,
  write(stream, sink, { context }) {
    sink.uint32(addEntry(new Export(context, new WriterTarget(stream), false)));
  },
  // It outlives the call that it came with: its end is told by close() or abort().
  read(source, { context }) {
    return new WritableStream(new RemoteSink(new Hold(takeEntry(source.uint32()), context.life)));
  },
});
