// Byte streams: https://streams.spec.whatwg.org/#rbs-controller-class

import { equal, ok, rejects, same, throws } from "./assert.js";
import { ReadableStream } from "holdfast:streams/readable.js";

const bytes = (...values) => new Uint8Array(values);

function open(source = {}) {
  let controller;
  const start = (c) => void (controller = c);
  const stream = new ReadableStream({ type: "bytes", ...source, start });
  return { stream, controller };
}

export async function an_enqueued_buffer_is_detached_and_comes_out_whole() {
  const { stream, controller } = open();
  const chunk = bytes(1, 2, 3).subarray(1);
  controller.enqueue(chunk);
  same(chunk.byteLength, 0);
  const { value } = await stream.getReader().read();
  equal([...value], [2, 3]);
  same(value.byteOffset, 1);
}

export function empty_detached_and_foreign_chunks_are_refused() {
  const { controller } = open();
  const detached = bytes(1);
  detached.buffer.transfer();
  for (const chunk of [bytes(), detached, {}, "text", new ArrayBuffer(1), undefined]) {
    throws(() => controller.enqueue(chunk), TypeError);
  }
  throws(() => controller.enqueue(new Uint8Array(new SharedArrayBuffer(1))), TypeError);
}

export async function a_byob_read_takes_the_view_over_and_fills_it_from_the_queue() {
  const { stream, controller } = open();
  controller.enqueue(bytes(1, 2, 3, 4, 5));
  const reader = stream.getReader({ mode: "byob" });
  const view = new Uint16Array(2);
  const { value } = await reader.read(view);
  same(view.byteLength, 0);
  ok(value instanceof Uint16Array);
  equal([...new Uint8Array(value.buffer)], [1, 2, 3, 4]);
  const data = (await reader.read(new DataView(new ArrayBuffer(8), 2, 4))).value;
  ok(data instanceof DataView);
  equal([data.byteOffset, data.byteLength, data.getUint8(0)], [2, 1, 5]);
}

export async function a_read_with_a_minimum_waits_for_it() {
  const { stream, controller } = open();
  const reader = stream.getReader({ mode: "byob" });
  let isDone = false;
  const read = reader.read(new Uint8Array(5), { min: 3 }).finally(() => (isDone = true));
  controller.enqueue(bytes(1, 2));
  for (let i = 0; i < 5; i++) await undefined;
  ok(!isDone);
  controller.enqueue(bytes(3, 4));
  equal([...(await read).value], [1, 2, 3, 4]);
  await rejects(reader.read(new Uint8Array(1), { min: 0 }), TypeError);
  await rejects(reader.read(new Uint8Array(1), { min: 2 }), RangeError);
  await rejects(reader.read(new Uint16Array(3), { min: 4 }), RangeError);
  await rejects(reader.read(new Uint8Array(0)), TypeError);
  await rejects(reader.read(), TypeError);
}

export async function readAtLeast_counts_elements() {
  const { stream, controller } = open();
  const reader = stream.getReader({ mode: "byob" });
  const read = reader.readAtLeast(3, new Uint8Array(4));
  controller.enqueue(bytes(1, 2));
  controller.enqueue(bytes(3));
  equal([...(await read).value], [1, 2, 3]);
  await rejects(reader.readAtLeast(5, new Uint8Array(4)), TypeError);
  await rejects(reader.readAtLeast(3, new Uint16Array(2)), TypeError);
  await rejects(reader.readAtLeast(0, new Uint8Array(4)), TypeError);
}

export async function readAtLeast_gives_the_rest_of_a_stream_and_then_its_end() {
  for (const closedBefore of [true, false]) {
    const { stream, controller } = open();
    controller.enqueue(bytes(1, 2, 3));
    if (closedBefore) controller.close();
    const reader = stream.getReader({ mode: "byob" });
    same((await reader.readAtLeast(2, new Uint8Array(2))).value.byteLength, 2);
    const read = reader.readAtLeast(2, new Uint8Array(2));
    if (!closedBefore) {
      same(controller.byobRequest.atLeast, 1);
      controller.close();
      controller.byobRequest.respond(0);
    }
    const { value, done } = await read;
    equal([...value], [3]);
    same(done, false);
    same((await reader.readAtLeast(1, new Uint8Array(2))).done, true);
  }
}

export async function the_source_fills_the_readers_buffer_through_the_request() {
  const { stream } = open({
    pull(controller) {
      const { view } = controller.byobRequest;
      view[0] = 7;
      controller.byobRequest.respond(1);
      same(view.byteLength, 0);
    },
  });
  const reader = stream.getReader({ mode: "byob" });
  equal([...(await reader.read(new Uint8Array(3))).value], [7]);
}

export async function responses_are_checked_against_the_request() {
  const { stream, controller } = open();
  same(controller.byobRequest, null);
  const reader = stream.getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(new ArrayBuffer(8), 2, 4));
  const request = controller.byobRequest;
  same(controller.byobRequest, request);
  throws(() => request.respond(0), TypeError);
  throws(() => request.respond(5), RangeError);
  throws(() => request.respond(-1), TypeError);
  throws(() => request.respondWithNewView(new Uint8Array(8)), RangeError);
  throws(() => request.respondWithNewView(new Uint8Array(new ArrayBuffer(7), 2, 1)), RangeError);
  throws(() => request.respondWithNewView(new Uint8Array(new ArrayBuffer(8), 2, 5)), RangeError);
  throws(() => request.respondWithNewView({}), TypeError);
  request.respondWithNewView(new Uint8Array(request.view.buffer.transfer(), 2, 2));
  same(request.view, null);
  throws(() => request.respond(1), TypeError);
  same((await read).value.byteLength, 2);
}

export async function a_byob_read_ends_when_the_source_answers_the_close() {
  const { stream, controller } = open();
  const reader = stream.getReader({ mode: "byob" });
  const read = reader.read(new Uint16Array(2));
  controller.close();
  throws(() => controller.byobRequest.respond(1), TypeError);
  controller.byobRequest.respond(0);
  const { value, done } = await read;
  ok(done && value instanceof Uint16Array && value.length === 0);
}

export async function an_end_within_an_element_is_an_error() {
  const { stream, controller } = open();
  const reader = stream.getReader({ mode: "byob" });
  const read = reader.read(new Uint16Array(1));
  controller.enqueue(bytes(1));
  throws(() => controller.close(), TypeError);
  await rejects(read, TypeError);
  await rejects(reader.closed, TypeError);
}

export async function bytes_for_a_released_reader_go_to_the_next_one() {
  const { stream, controller } = open();
  const first = stream.getReader({ mode: "byob" });
  const abandoned = first.read(new Uint8Array(4));
  const request = controller.byobRequest;
  first.releaseLock();
  await rejects(abandoned, TypeError);
  request.view.set([1, 2]);
  request.respond(2);
  equal([...(await stream.getReader().read()).value], [1, 2]);
}

export async function auto_allocation_gives_default_reads_a_request() {
  const { stream } = open({
    autoAllocateChunkSize: 8,
    pull(controller) {
      same(controller.byobRequest.view.byteLength, 8);
      controller.byobRequest.view[0] = 5;
      controller.byobRequest.respond(1);
    },
  });
  const { value } = await stream.getReader().read();
  equal([value[0], value.byteLength, value.buffer.byteLength], [5, 1, 8]);
}

export async function the_branches_of_a_byte_tee_share_no_memory() {
  const { stream, controller } = open();
  const [a, b] = stream.tee();
  controller.enqueue(bytes(1, 2));
  const first = (await a.getReader({ mode: "byob" }).read(new Uint8Array(4))).value;
  const second = (await b.getReader().read()).value;
  first[0] = 9;
  equal([...second], [1, 2]);
}

export async function a_byte_tee_closes_both_branches() {
  const { stream, controller } = open();
  const [a, b] = stream.tee();
  const [byob, plain] = [a.getReader({ mode: "byob" }), b.getReader()];
  const reads = [byob.read(new Uint8Array(1)), plain.read()];
  controller.close();
  controller.byobRequest?.respond(0);
  const [first, second] = await Promise.all(reads);
  ok(first.done && second.done);
}
