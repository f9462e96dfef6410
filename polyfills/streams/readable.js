// https://streams.spec.whatwg.org/#rs-class

import { defineView } from "../console/views.js";
import { isAbortSignal } from "../events/abort.js";
import {
  defineInterface,
  isObject,
  requireArguments,
  toDictionary,
  toEnum,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import {
  isReadableStream,
  isWritableStream,
  readableState,
  stampReadable,
  writableArgument,
  writableState,
} from "./brand.js";
import { ReadableStreamBYOBReader } from "./byob-reader.js";
import { ByteControllerState } from "./byte-controller-state.js";
import { ReadableByteStreamController } from "./byte-controller.js";
import { DefaultControllerState, ReadableStreamDefaultController } from "./default-controller.js";
import { ReadableStreamDefaultReader } from "./default-reader.js";
import { streamFrom } from "./from.js";
import { iterate } from "./iterator.js";
import { pipe } from "./pipe.js";
import { markHandled, rejectedWith } from "./promises.js";
import { ReadableState } from "./readable-state.js";
import { extractHighWaterMark, extractSize, toStrategy } from "./strategies.js";
import { tee } from "./tee.js";
import { toSource } from "./underlying.js";

// What workerd offers a source, whoever reads; the standard has no buffer for default readers.
const HOST_CHUNK_BYTES = 4_096;

/** A source of chunks. */
export class ReadableStream {
  constructor(underlyingSource = undefined, strategy = undefined) {
    if (underlyingSource instanceof ReadableState) {
      stampReadable(this, underlyingSource);
      return;
    }
    const queuing = toStrategy(strategy);
    const source = toSource(underlyingSource);
    const state = new ReadableState();
    state.expectedLength = source.expectedLength;
    stampReadable(this, state);
    if (source.isByte) startBytes(state, source, queuing);
    else startDefault(state, source, queuing);
  }

  static from(asyncIterable) {
    requireArguments(arguments.length, 1, "'from' on 'ReadableStream'");
    return new ReadableStream(streamFrom(asyncIterable));
  }

  get locked() {
    return readableState(this).locked;
  }

  cancel(reason = undefined) {
    try {
      return unlocked(this, "cancel").cancel(reason);
    } catch (error) {
      return rejectedWith(error);
    }
  }

  getReader(options = undefined) {
    readableState(this);
    const { mode } = toDictionary(options, "The options of getReader");
    if (mode === undefined) return new ReadableStreamDefaultReader(this);
    toEnum(mode, ["byob"], "The mode of getReader");
    return new ReadableStreamBYOBReader(this);
  }

  pipeThrough(transform, options = undefined) {
    readableState(this);
    requireArguments(arguments.length, 1, "'pipeThrough' on 'ReadableStream'");
    const { readable, writable } = toPair(transform);
    const piping = toPipeOptions(options);
    const source = unlocked(this, "pipe");
    markHandled(pipe(source, unlockedWritable(writable), piping));
    return readable;
  }

  pipeTo(destination, options = undefined) {
    try {
      readableState(this);
      requireArguments(arguments.length, 1, "'pipeTo' on 'ReadableStream'");
      writableArgument(destination);
      const piping = toPipeOptions(options);
      const source = unlocked(this, "pipe");
      return pipe(source, unlockedWritable(destination), piping);
    } catch (error) {
      return rejectedWith(error);
    }
  }

  tee() {
    const [first, second] = tee(readableState(this));
    return [new ReadableStream(first), new ReadableStream(second)];
  }

  values(options = undefined) {
    const state = readableState(this);
    const { preventCancel } = toDictionary(options, "The options of the iterator");
    return iterate(state, Boolean(preventCancel));
  }

  static {
    defineInterface(this);
    refuseToClone(this);
    const iterator = { value: this.prototype.values, writable: true, configurable: true };
    Object.defineProperty(this.prototype, Symbol.asyncIterator, iterator);
  }
}

function startDefault(state, source, queuing) {
  const size = extractSize(queuing);
  const highWaterMark = extractHighWaterMark(queuing, 1);
  source.highWaterMark = highWaterMark;
  source.size = size;
  start(DefaultControllerState, ReadableStreamDefaultController, state, source);
}

function startBytes(state, source, queuing) {
  if (queuing.size !== undefined) {
    throw new RangeError("A byte stream's strategy must not have a size function.");
  }
  const highWaterMark = extractHighWaterMark(queuing, 0);
  if (source.chunkSize === 0) {
    throw new TypeError("autoAllocateChunkSize must be greater than 0.");
  }
  source.highWaterMark = highWaterMark;
  source.hostChunkSize = HOST_CHUNK_BYTES;
  start(ByteControllerState, ReadableByteStreamController, state, source);
}

/** A script's callbacks get the public controller. */
function start(State, Controller, state, source) {
  const { pull } = source;
  if (pull !== undefined) source.pull = () => pull(controller);
  const controllerState = new State(state, source);
  const controller = new Controller(controllerState);
  controllerState.start(source.start, controller);
}

/** https://streams.spec.whatwg.org/#dictdef-readablewritablepair */
function toPair(transform) {
  if (!isObject(transform)) throw new TypeError("The transform is not an object.");
  const { readable } = transform;
  if (!isReadableStream(readable)) throw new TypeError("The transform has no readable stream.");
  const { writable } = transform;
  if (!isWritableStream(writable)) throw new TypeError("The transform has no writable stream.");
  return { readable, writable };
}

/** https://streams.spec.whatwg.org/#dictdef-streampipeoptions */
function toPipeOptions(options) {
  const dictionary = toDictionary(options, "The options of a pipe");
  const preventAbort = Boolean(dictionary.preventAbort);
  const preventCancel = Boolean(dictionary.preventCancel);
  const preventClose = Boolean(dictionary.preventClose);
  const { signal } = dictionary;
  if (signal !== undefined && !(isObject(signal) && isAbortSignal(signal))) {
    throw new TypeError("The signal of a pipe is not an AbortSignal.");
  }
  return { preventAbort, preventCancel, preventClose, signal };
}

function unlocked(stream, act) {
  const state = readableState(stream);
  if (!state.locked) return state;
  throw new TypeError(`Cannot ${act} a ReadableStream that is locked to a reader.`);
}

function unlockedWritable(stream) {
  const state = writableState(stream);
  if (!state.locked) return state;
  throw new TypeError("Cannot pipe to a WritableStream that is locked to a writer.");
}

defineView(ReadableStream, ["locked"]);
