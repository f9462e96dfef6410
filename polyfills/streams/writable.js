// https://streams.spec.whatwg.org/#ws-class

import { defineView } from "../console/views.js";
import { defineInterface } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { stampWritable, writableState } from "./brand.js";
import { rejectedWith } from "./promises.js";
import { extractHighWaterMark, extractSize, toStrategy } from "./strategies.js";
import { toSink } from "./underlying.js";
import { WritableControllerState, WritableStreamDefaultController } from "./writable-controller.js";
import { WritableState } from "./writable-state.js";
import { WritableStreamDefaultWriter } from "./writer.js";

/** A place to write chunks to. */
export class WritableStream {
  constructor(underlyingSink = undefined, strategy = undefined) {
    if (underlyingSink instanceof WritableState) {
      stampWritable(this, underlyingSink);
      return;
    }
    const queuing = toStrategy(strategy);
    const sink = toSink(underlyingSink);
    const size = extractSize(queuing);
    const highWaterMark = extractHighWaterMark(queuing, 1);
    const state = new WritableState();
    stampWritable(this, state);
    const controller = new WritableControllerState(state, sink, highWaterMark, size);
    controller.start(sink.start, new WritableStreamDefaultController(controller));
  }

  get locked() {
    return writableState(this).locked;
  }

  abort(reason = undefined) {
    try {
      return unlocked(this, "abort").abort(reason);
    } catch (error) {
      return rejectedWith(error);
    }
  }

  close() {
    try {
      const state = unlocked(this, "close");
      return state.closing ? rejectedWith(state.closedError("close")) : state.close();
    } catch (error) {
      return rejectedWith(error);
    }
  }

  getWriter() {
    writableState(this);
    return new WritableStreamDefaultWriter(this);
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

function unlocked(stream, act) {
  const state = writableState(stream);
  if (!state.locked) return state;
  throw new TypeError(`Cannot ${act} a WritableStream that is locked to a writer.`);
}

defineView(WritableStream, ["locked"]);
