import { equal, ok, rejects, same, throws } from "./assert.js";
import { AbortController } from "holdfast:events/abort.js";
import { ReadableStream } from "holdfast:streams/readable.js";
import { TransformStream } from "holdfast:streams/transform.js";
import { WritableStream } from "holdfast:streams/writable.js";

async function ticks(count) {
  for (let i = 0; i < count; i++) await undefined;
}

/** A readable stream, its controller, and the reasons it was canceled with. */
function source(chunks = []) {
  const made = { canceled: [] };
  made.stream = new ReadableStream({
    start(controller) {
      made.controller = controller;
      for (const chunk of chunks) controller.enqueue(chunk);
    },
    cancel: (reason) => void made.canceled.push(reason),
  });
  return made;
}

/** A writable stream, its controller, and what its sink was told. */
function sink(extras = {}) {
  const made = { events: [] };
  made.stream = new WritableStream({
    start: (controller) => void (made.controller = controller),
    write: (chunk) => void made.events.push(chunk),
    close: () => void made.events.push("close"),
    abort: (reason) => void made.events.push(["abort", reason]),
    ...extras,
  });
  return made;
}

export async function a_chunk_goes_through_a_pipe_of_all_three_kinds() {
  const double = new TransformStream({
    transform: (chunk, controller) => controller.enqueue(chunk * 2),
  });
  const { stream, events } = sink();
  await ReadableStream.from([1, 2, 3]).pipeThrough(double).pipeTo(stream);
  equal(events, [2, 4, 6, "close"]);
}

export async function a_pipe_locks_both_ends_and_releases_them() {
  const from = source(["a"]);
  const to = sink();
  const piped = from.stream.pipeTo(to.stream, { preventClose: true });
  ok(from.stream.locked && to.stream.locked);
  from.controller.close();
  same(await piped, undefined);
  ok(!from.stream.locked && !to.stream.locked);
  equal(to.events, ["a"]);
}

export async function an_error_of_the_source_aborts_the_destination() {
  const failure = new Error("source");
  const from = source(["a"]);
  const to = sink();
  const piped = from.stream.pipeTo(to.stream);
  await ticks(10);
  from.controller.error(failure);
  same(await rejects(piped, "Error"), failure);
  equal(to.events, ["a", ["abort", failure]]);

  const kept = sink();
  const other = source();
  const prevented = other.stream.pipeTo(kept.stream, { preventAbort: true });
  other.controller.error(failure);
  same(await rejects(prevented, "Error"), failure);
  equal(kept.events, []);
}

export async function an_error_of_the_destination_cancels_the_source() {
  const failure = new Error("destination");
  const from = source();
  const to = sink();
  const piped = from.stream.pipeTo(to.stream);
  to.controller.error(failure);
  same(await rejects(piped, "Error"), failure);
  equal(from.canceled, [failure]);
}

export async function a_closed_destination_cancels_the_source_with_a_type_error() {
  const from = source(["a"]);
  const to = sink();
  await to.stream.close();
  const error = await rejects(from.stream.pipeTo(to.stream), TypeError);
  equal(from.canceled, [error]);
}

export async function what_was_read_is_written_before_the_pipe_ends() {
  let finish;
  const to = sink({ write: () => new Promise((resolve) => (finish = resolve)) });
  const from = source(["a"]);
  let isDone = false;
  const piped = from.stream.pipeTo(to.stream).then(() => (isDone = true));
  await ticks(10);
  from.controller.close();
  await ticks(10);
  ok(!isDone);
  finish();
  await piped;
  equal(to.events, ["close"]);
}

export async function nothing_is_read_while_the_destination_has_backpressure() {
  let pulls = 0;
  const from = new ReadableStream({ pull: (c) => c.enqueue(pulls++) }, { highWaterMark: 0 });
  from.pipeTo(new WritableStream({ write: () => new Promise(() => {}) }, { highWaterMark: 2 }));
  await ticks(50);
  same(pulls, 2);
}

export async function a_signal_aborts_both_ends() {
  const controller = new AbortController();
  const from = source();
  const to = sink();
  const piped = from.stream.pipeTo(to.stream, { signal: controller.signal });
  const reason = new Error("stop");
  controller.abort(reason);
  same(await rejects(piped, "Error"), reason);
  equal(from.canceled, [reason]);
  equal(to.events, [["abort", reason]]);
  ok(!from.stream.locked && !to.stream.locked);

  const untouched = source();
  const options = { signal: controller.signal, preventCancel: true, preventAbort: true };
  same(await rejects(untouched.stream.pipeTo(sink().stream, options), "Error"), reason);
  equal(untouched.canceled, []);
  await rejects(source().stream.pipeTo(sink().stream, { signal: {} }), TypeError);
}

export async function options_are_read_in_alphabetical_order() {
  const seen = [];
  const options = new Proxy({}, { get: (_, key) => void seen.push(key) });
  source().stream.pipeTo(sink().stream, options);
  equal(seen, ["preventAbort", "preventCancel", "preventClose", "signal"]);
}

export async function pipe_through_returns_the_readable_side_and_hides_its_failure() {
  const pair = { readable: new ReadableStream(), writable: sink().stream };
  const from = source();
  same(from.stream.pipeThrough(pair), pair.readable);
  from.controller.error(new Error("hidden"));
  throws(() => source().stream.pipeThrough({ readable: pair.readable }), TypeError);
  throws(() => source().stream.pipeThrough({ readable: 1, writable: sink().stream }), TypeError);
  throws(() => source().stream.pipeThrough(pair), TypeError);
  await ticks(5);
}

export async function a_chunk_is_not_written_while_it_is_still_being_enqueued() {
  const from = source();
  const to = sink();
  from.stream.pipeTo(to.stream);
  await ticks(10);
  from.controller.enqueue("a");
  equal(to.events, []);
  await ticks(3);
  equal(to.events, ["a"]);
}
