import { equal, ok, rejects, same, throws } from "./assert.js";
import { createTransform, TransformStream } from "holdfast:streams/transform.js";

/** A transform stream with a writer and a reader. */
function open(...args) {
  const stream = new TransformStream(...args);
  return { stream, writer: stream.writable.getWriter(), reader: stream.readable.getReader() };
}

async function ticks(count) {
  for (let i = 0; i < count; i++) await undefined;
}

export async function chunks_pass_unchanged_without_a_transformer() {
  const { writer, reader } = open();
  const write = writer.write("a");
  same((await reader.read()).value, "a");
  await write;
  const closed = writer.close();
  ok((await reader.read()).done);
  await closed;
}

export async function a_write_waits_until_somebody_reads() {
  let transformed = 0;
  const { writer, reader } = open({ transform: () => void transformed++ });
  writer.write("a");
  await ticks(10);
  same(transformed, 0);
  same(writer.desiredSize, 0);
  reader.read();
  await ticks(10);
  same(transformed, 1);
}

export async function one_chunk_may_become_many_and_flush_the_last() {
  const { writer, reader } = open({
    transform(chunk, controller) {
      for (const letter of chunk) controller.enqueue(letter);
    },
    flush: (controller) => controller.enqueue("end"),
  });
  writer.write("ab");
  writer.close();
  const seen = [];
  for (let result; !(result = await reader.read()).done; ) seen.push(result.value);
  equal(seen, ["a", "b", "end"]);
}

export async function a_failing_transform_errors_both_sides() {
  const failure = new Error("transform");
  const { writer, reader } = open({ transform: () => Promise.reject(failure) });
  const write = writer.write("a");
  same(await rejects(reader.read(), "Error"), failure);
  same(await rejects(write, "Error"), failure);
  same(await rejects(writer.closed, "Error"), failure);
}

export async function a_failing_start_errors_both_sides_or_throws() {
  const failure = new Error("start");
  const { writer, reader } = open({ start: () => Promise.reject(failure) });
  same(await rejects(reader.read(), "Error"), failure);
  same(await rejects(writer.ready.then(() => writer.closed), "Error"), failure);
  const start = () => {
    throw failure;
  };
  same(throws(() => new TransformStream({ start }), "Error"), failure);
}

export async function terminate_closes_the_readable_side_and_errors_the_writable_one() {
  const { writer, reader } = open({ transform: (_, controller) => controller.terminate() });
  const write = writer.write("a");
  ok((await reader.read()).done);
  await write;
  await rejects(writer.write("b"), TypeError);
}

export async function cancel_is_told_once_whichever_side_ends() {
  const reasons = [];
  const transformer = { cancel: (reason) => void reasons.push(reason) };
  const canceled = open(transformer);
  await canceled.reader.cancel("left");
  await canceled.writer.closed.then(
    () => ok(false),
    (reason) => same(reason, "left"),
  );
  const aborted = open(transformer);
  await aborted.writer.abort("stopped");
  await aborted.reader.read().then(
    () => ok(false),
    (reason) => same(reason, "stopped"),
  );
  equal(reasons, ["left", "stopped"]);
}

export async function a_cancel_that_fails_rejects_and_errors_the_writable_side() {
  const failure = new Error("cancel");
  const cancel = () => {
    throw failure;
  };
  const { writer, reader } = open({ cancel });
  same(await rejects(reader.cancel("left"), "Error"), failure);
  same(await rejects(writer.closed, "Error"), failure);
}

export function types_and_strategies_are_checked() {
  throws(() => new TransformStream({ readableType: "bytes" }), RangeError);
  throws(() => new TransformStream({ writableType: "bytes" }), RangeError);
  throws(() => new TransformStream({ transform: 1 }), TypeError);
  throws(() => new TransformStream(null), TypeError);
  throws(() => new TransformStream({}, { highWaterMark: -1 }), RangeError);
  const { writer } = open({}, { highWaterMark: 5 }, { highWaterMark: 2 });
  same(writer.desiredSize, 5);
}

export async function enqueue_after_the_end_is_a_type_error() {
  let controller;
  const { writer, reader } = open({ start: (c) => void (controller = c) });
  same(controller.desiredSize, 0);
  const closed = writer.close();
  await reader.read();
  await closed;
  throws(() => controller.enqueue("late"), TypeError);
  same(controller.desiredSize, 0);
}

export async function the_runtimes_own_transforms_need_no_public_controller() {
  const { readable, writable } = createTransform({
    transform: (chunk, state) => void state.enqueue(chunk + 1),
    flush: (state) => void state.enqueue("flushed"),
  });
  const [writer, reader] = [writable.getWriter(), readable.getReader()];
  writer.write(1);
  same((await reader.read()).value, 2);
  writer.close();
  same((await reader.read()).value, "flushed");
  ok((await reader.read()).done);
}
