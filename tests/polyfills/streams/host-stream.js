import { equal, ok, rejects, same, throws } from "./assert.js";
import { ReadableStream } from "holdfast:streams/readable.js";
import {
  cancelStream,
  createByteStream,
  createHostStream,
  createSpentStream,
  HostReader,
  hostSourceOf,
  isClosed,
  isDisturbed,
  isErrored,
  isLocked,
  isReadable,
  knownLength,
  markDisturbed,
  readAllBytes,
  streamFromIterable,
  takeHostSource,
  teeForClone,
} from "holdfast:streams/host-stream.js";

const bytes = (...values) => new Uint8Array(values);

/** A host source that gives these chunks, one per pull. */
function sourceOf(chunks) {
  return {
    pulls: 0,
    async pull(sink) {
      const chunk = chunks[this.pulls++];
      if (chunk === undefined) sink.close();
      else sink.enqueue(chunk);
    },
    cancel(reason) {
      this.reason = reason;
    },
  };
}

export async function a_host_source_is_pulled_only_when_somebody_reads() {
  const source = sourceOf([bytes(1), bytes(2)]);
  const reader = createHostStream(source).getReader();
  for (let i = 0; i < 5; i++) await undefined;
  same(source.pulls, 0);
  equal((await reader.read()).value, bytes(1));
  equal((await reader.read()).value, bytes(2));
  ok((await reader.read()).done);
  same(source.pulls, 3);
}

export async function a_host_stream_fills_byob_readers_and_answers_them_at_the_end() {
  const reader = createHostStream(sourceOf([bytes(1, 2, 3)])).getReader({ mode: "byob" });
  equal((await reader.read(new Uint8Array(2))).value, bytes(1, 2));
  equal((await reader.read(new Uint8Array(2))).value, bytes(3));
  equal(await reader.read(new Uint8Array(2)), { value: bytes(), done: true });
}

export async function the_source_is_recognised_until_the_stream_is_touched() {
  const source = sourceOf([bytes(1)]);
  const stream = createHostStream(source);
  same(hostSourceOf(stream), source);
  const reader = stream.getReader();
  same(hostSourceOf(stream), undefined);
  reader.releaseLock();
  same(hostSourceOf(stream), source);
  cancelStream(stream, "why");
  same(hostSourceOf(stream), undefined);
  same(source.reason, "why");
  same(hostSourceOf(new ReadableStream()), undefined);
}

export async function taking_the_source_over_ends_the_stream_without_a_read() {
  const source = sourceOf([bytes(1)]);
  const stream = createHostStream(source);
  same(takeHostSource(stream), source);
  same(takeHostSource(stream), undefined);
  ok(isDisturbed(stream) && isClosed(stream) && !isLocked(stream));
  ok((await stream.getReader().read()).done);
  same(source.pulls, 0);
  same(source.reason, undefined);
}

export async function a_rejected_pull_errors_the_stream() {
  const stream = createHostStream({ pull: () => Promise.reject(new Error("lost")) });
  same((await rejects(readAllBytes(stream), "Error")).message, "lost");
  ok(isErrored(stream));
}

export async function all_bytes_are_joined_in_one_array() {
  equal(await readAllBytes(createHostStream(sourceOf([bytes(1), bytes(2, 3)]))), bytes(1, 2, 3));
  equal(await readAllBytes(createHostStream(sourceOf([]))), bytes());
  equal(await readAllBytes(createByteStream(bytes(7))), bytes(7));
  equal(await readAllBytes(createByteStream(bytes())), bytes());
  equal(await readAllBytes(streamFromIterable([bytes(1), bytes(2).buffer])), bytes(1, 2));
}

export async function a_source_that_has_everything_is_asked_for_it_at_once() {
  const source = { readAll: async () => bytes(5), pull: () => throws(() => {}, "never") };
  const stream = createHostStream(source);
  equal(await readAllBytes(stream), bytes(5));
  ok(isDisturbed(stream));
  await rejects(readAllBytes(createLocked()), TypeError);
}

function createLocked() {
  const stream = new ReadableStream();
  stream.getReader();
  return stream;
}

export async function chunks_of_scripts_are_copied_and_must_be_bytes() {
  const chunk = bytes(1, 2);
  const all = await readAllBytes(streamFromIterable([chunk]));
  chunk[0] = 9;
  equal(all, bytes(1, 2));
  let canceled = false;
  const text = new ReadableStream({
    start: (controller) => controller.enqueue("text"),
    cancel: () => void (canceled = true),
  });
  await rejects(readAllBytes(text), TypeError);
  ok(canceled);
}

export async function ten_thousand_queued_chunks_are_read_without_recursion() {
  const stream = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 10000; i++) controller.enqueue(bytes(i));
      controller.close();
    },
  });
  same((await readAllBytes(stream)).byteLength, 10000);
}

export async function a_clone_shares_no_memory_with_its_original() {
  const [first, second] = teeForClone(streamFromIterable([bytes(1, 2), "text"]));
  const [a, b] = [first.getReader(), second.getReader()];
  const chunk = (await a.read()).value;
  chunk[0] = 9;
  equal((await b.read()).value, bytes(1, 2));
  same((await b.read()).value, "text");
  const [c, d] = teeForClone(createByteStream(bytes(4)));
  equal(await readAllBytes(c), bytes(4));
  equal(await readAllBytes(d), bytes(4));
}

export async function states_are_told_without_public_methods() {
  const stream = createByteStream(bytes(1, 2, 3));
  same(knownLength(stream), 3);
  ok(isReadable(stream) && !isDisturbed(stream) && !isLocked(stream) && !isErrored(stream));
  markDisturbed(stream);
  ok(isDisturbed(stream));
  const spent = createSpentStream();
  ok(isDisturbed(spent) && isClosed(spent));
  ok((await spent.getReader().read()).done);
  throws(() => isDisturbed({}), TypeError);
}

export async function a_host_reader_reads_what_scripts_cannot_intercept() {
  const reader = new HostReader(streamFromIterable(["a"]));
  equal(await reader.read(), { value: "a", done: false });
  equal(await reader.read(), { value: undefined, done: true });
  reader.release();
  reader.release();
  const source = sourceOf([]);
  await new HostReader(createHostStream(source)).cancel("why");
  same(source.reason, "why");
}
