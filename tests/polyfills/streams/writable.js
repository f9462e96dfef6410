import { equal, ok, rejects, same, throws } from "./assert.js";
import { WritableStream } from "holdfast:streams/writable.js";

async function ticks(count) {
  for (let i = 0; i < count; i++) await undefined;
}

/** A sink that records its calls; each write waits for `finish()`. */
function slowSink() {
  const sink = {
    calls: [],
    write(chunk) {
      sink.calls.push(`write ${chunk}`);
      const { promise, resolve, reject } = Promise.withResolvers();
      Object.assign(sink, { finish: resolve, fail: reject });
      return promise;
    },
    close: () => void sink.calls.push("close"),
    abort: (reason) => void sink.calls.push(`abort ${reason}`),
  };
  return sink;
}

export async function writes_reach_the_sink_one_after_the_other_and_then_the_close() {
  const sink = slowSink();
  const writer = new WritableStream(sink).getWriter();
  writer.write("a");
  writer.write("b");
  const closed = writer.close();
  await ticks(5);
  equal(sink.calls, ["write a"]);
  sink.finish();
  await ticks(5);
  sink.finish();
  await closed;
  await writer.closed;
  equal(sink.calls, ["write a", "write b", "close"]);
  await rejects(writer.write("c"), TypeError);
  await rejects(writer.close(), TypeError);
}

export async function ready_and_desired_size_tell_of_backpressure() {
  const sink = slowSink();
  const writer = new WritableStream(sink, { highWaterMark: 2 }).getWriter();
  same(writer.desiredSize, 2);
  const first = writer.ready;
  await first;
  writer.write("a");
  same(writer.ready, first);
  writer.write("b");
  ok(writer.ready !== first);
  same(writer.desiredSize, 0);
  let isReady = false;
  writer.ready.then(() => (isReady = true));
  await ticks(3);
  ok(!isReady);
  sink.finish();
  await writer.ready;
  same(writer.desiredSize, 1);
}

export async function a_failed_write_errors_the_stream_for_good() {
  const sink = slowSink();
  const writer = new WritableStream(sink).getWriter();
  const writes = [writer.write("a"), writer.write("b")];
  await ticks(3);
  const failure = new Error("disk");
  sink.fail(failure);
  for (const write of writes) same(await rejects(write, "Error"), failure);
  same(await rejects(writer.closed, "Error"), failure);
  same(await rejects(writer.ready, "Error"), failure);
  same(writer.desiredSize, null);
  same(await rejects(writer.write("c"), "Error"), failure);
  same(await writer.abort("late"), undefined);
}

export async function abort_signals_at_once_and_waits_for_the_write_under_way() {
  const sink = slowSink();
  let signal;
  sink.start = (controller) => void ({ signal } = controller);
  const writer = new WritableStream(sink).getWriter();
  const write = writer.write("a");
  const queued = writer.write("b");
  await ticks(3);
  const aborted = writer.abort("why");
  ok(signal.aborted);
  same(signal.reason, "why");
  await ticks(3);
  equal(sink.calls, ["write a"]);
  sink.finish();
  await write;
  await aborted;
  await queued.then(
    () => ok(false),
    (reason) => same(reason, "why"),
  );
  equal(sink.calls, ["write a", "abort why"]);
}

export async function a_signal_that_is_asked_for_after_the_abort_is_aborted() {
  let controller;
  const stream = new WritableStream({ start: (c) => void (controller = c) });
  await stream.abort("why");
  same(controller.signal.reason, "why");
  same(controller.signal, controller.signal);
}

export async function an_error_of_the_controller_waits_for_nothing_but_start() {
  let controller;
  const stream = new WritableStream({ start: (c) => void (controller = c) });
  const writer = stream.getWriter();
  const failure = new Error("sink");
  controller.error(failure);
  controller.error(new Error("second"));
  same(await rejects(writer.closed, "Error"), failure);
  same(await rejects(writer.close(), TypeError).then((e) => e.name), "TypeError");
}

export async function a_failed_close_rejects_close_and_closed() {
  const failure = new Error("close");
  const writer = new WritableStream({ close: () => Promise.reject(failure) }).getWriter();
  same(await rejects(writer.close(), "Error"), failure);
  same(await rejects(writer.closed, "Error"), failure);
}

export async function the_sink_gets_its_chunk_and_controller_on_itself() {
  const calls = [];
  const sink = {
    start(...args) {
      calls.push(["start", this === sink, args.length]);
      [this.controller] = args;
    },
    write(...args) {
      calls.push(["write", this === sink, args.length, args[1] === this.controller]);
    },
    close(...args) {
      calls.push(["close", this === sink, args.length]);
    },
  };
  const writer = new WritableStream(sink).getWriter();
  await writer.write("a");
  await writer.close();
  equal(calls, [["start", true, 1], ["write", true, 2, true], ["close", true, 0]]);
}

export async function a_released_writer_leaves_its_writes_under_way() {
  const sink = slowSink();
  const stream = new WritableStream(sink);
  const writer = stream.getWriter();
  const write = writer.write("a");
  await ticks(2);
  const { closed, ready } = writer;
  writer.releaseLock();
  await rejects(closed, TypeError);
  await rejects(ready, TypeError);
  await rejects(writer.write("b"), TypeError);
  throws(() => writer.desiredSize, TypeError);
  ok(!stream.locked);
  sink.finish();
  await write;
}

export async function size_may_release_the_writer_that_writes() {
  let writer;
  const stream = new WritableStream({}, { size: () => (writer.releaseLock(), 1) });
  writer = stream.getWriter();
  await rejects(writer.write("a"), TypeError);
}

export async function bad_sinks_and_locked_streams_are_refused() {
  throws(() => new WritableStream(null), TypeError);
  throws(() => new WritableStream({ write: 1 }), TypeError);
  throws(() => new WritableStream({ type: "bytes" }), RangeError);
  throws(() => new WritableStream({}, { highWaterMark: -1 }), RangeError);
  const failure = new Error("start");
  const failing = { start: () => { throw failure; } };
  same(throws(() => new WritableStream(failing), "Error"), failure);
  const stream = new WritableStream();
  stream.getWriter();
  throws(() => stream.getWriter(), TypeError);
  await rejects(stream.abort(), TypeError);
  await rejects(stream.close(), TypeError);
}
