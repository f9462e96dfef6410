import { equal, ok, rejects, same, throws } from "./assert.js";
import { ReadableStream } from "holdfast:streams/readable.js";

/** A stream and its controller. */
function open(source = {}, strategy = undefined) {
  let controller;
  const stream = new ReadableStream({ ...source, start: (c) => void (controller = c) }, strategy);
  return { stream, controller };
}

async function ticks(count) {
  for (let i = 0; i < count; i++) await undefined;
}

export function members_of_the_source_are_read_once_in_alphabetical_order() {
  const seen = [];
  const recorder = (name) => new Proxy({}, { get: (_, key) => void seen.push(`${name}.${key}`) });
  new ReadableStream(recorder("source"), recorder("strategy"));
  equal(seen, [
    "strategy.highWaterMark",
    "strategy.size",
    "source.autoAllocateChunkSize",
    "source.cancel", "source.expectedLength",
    "source.pull",
    "source.start",
    "source.type",
  ]);
}

export function bad_sources_and_strategies_are_refused() {
  throws(() => new ReadableStream(null), TypeError);
  throws(() => new ReadableStream(1), TypeError);
  throws(() => new ReadableStream({ pull: 1 }), TypeError);
  throws(() => new ReadableStream({ type: "text" }), TypeError);
  throws(() => new ReadableStream({}, { highWaterMark: -1 }), RangeError);
  throws(() => new ReadableStream({}, { highWaterMark: "x" }), RangeError);
  throws(() => new ReadableStream({ type: "bytes" }, { size: () => 1 }), RangeError);
  throws(() => new ReadableStream({ type: "bytes", autoAllocateChunkSize: 0 }), TypeError);
  throws(() => new ReadableStream().getReader({ mode: "byob" }), TypeError);
  throws(() => new ReadableStream().getReader({ mode: "other" }), TypeError);
}

export async function desired_size_follows_the_queue() {
  const { stream, controller } = open({}, { highWaterMark: 3, size: (chunk) => chunk });
  same(controller.desiredSize, 3);
  controller.enqueue(2);
  controller.enqueue(4);
  same(controller.desiredSize, -3);
  const reader = stream.getReader();
  await reader.read();
  same(controller.desiredSize, -1);
  controller.close();
  same(controller.desiredSize, -1);
  await reader.read();
  same(controller.desiredSize, 0);
  const errored = open();
  errored.controller.error("gone");
  same(errored.controller.desiredSize, null);
}

export async function size_is_called_without_a_this_and_its_failure_errors_the_stream() {
  const failure = new Error("size");
  let receiver = null;
  const { stream, controller } = open(
    {},
    {
      size() {
        receiver = this;
        throw failure;
      },
    },
  );
  same(throws(() => controller.enqueue("a"), "Error"), failure);
  same(receiver, undefined);
  same(await rejects(stream.getReader().read(), "Error"), failure);
  const infinite = open({}, { size: () => Infinity });
  throws(() => infinite.controller.enqueue("a"), RangeError);
}

export async function the_sources_methods_are_called_on_it_with_the_controller() {
  const calls = [];
  const source = {
    start(...args) {
      calls.push(["start", this === source, args.length]);
    },
    pull(...args) {
      calls.push(["pull", this === source, args.length]);
    },
    cancel(...args) {
      calls.push(["cancel", this === source, ...args]);
    },
  };
  const stream = new ReadableStream(source);
  await ticks(2);
  await stream.cancel("why");
  equal(calls, [["start", true, 1], ["pull", true, 1], ["cancel", true, "why"]]);
}

export async function pull_is_not_called_again_before_its_promise_settles() {
  let pulls = 0;
  let release;
  const stream = new ReadableStream(
    {
      pull(controller) {
        pulls++;
        controller.enqueue(pulls);
        return new Promise((resolve) => (release = resolve));
      },
    },
    { highWaterMark: 0 },
  );
  const reader = stream.getReader();
  const first = reader.read();
  const second = reader.read();
  same((await first).value, 1);
  await ticks(5);
  same(pulls, 1);
  release();
  same((await second).value, 2);
}

export async function reads_settle_in_order_and_a_close_ends_those_that_wait() {
  const { stream, controller } = open();
  const reader = stream.getReader();
  const results = [];
  const reads = [1, 2, 3].map((i) => reader.read().then((result) => results.push([i, result])));
  controller.enqueue("a");
  controller.close();
  await Promise.all(reads);
  equal(results, [
    [1, { value: "a", done: false }],
    [2, { value: undefined, done: true }],
    [3, { value: undefined, done: true }],
  ]);
  throws(() => controller.enqueue("b"), TypeError);
  throws(() => controller.close(), TypeError);
}

export async function a_released_reader_rejects_what_waits_with_a_type_error() {
  const { stream, controller } = open();
  const reader = stream.getReader();
  const waiting = reader.read();
  const { closed } = reader;
  reader.releaseLock();
  await rejects(waiting, TypeError);
  await rejects(closed, TypeError);
  await rejects(reader.read(), TypeError);
  await rejects(reader.cancel(), TypeError);
  reader.releaseLock();
  ok(!stream.locked);
  controller.enqueue("later");
  same((await stream.getReader().read()).value, "later");
}

export async function closed_is_one_promise_until_the_lock_is_released() {
  const { stream, controller } = open();
  const reader = stream.getReader();
  same(reader.closed, reader.closed);
  const { closed } = reader;
  controller.close();
  same(await closed, undefined);
  same(reader.closed, closed);
  reader.releaseLock();
  ok(reader.closed !== closed);
  await rejects(reader.closed, TypeError);
}

export async function a_locked_stream_cannot_be_canceled_piped_teed_or_read_again() {
  const { stream } = open();
  stream.getReader();
  await rejects(stream.cancel(), TypeError);
  await rejects(stream.pipeTo(new (class {})()), TypeError);
  throws(() => stream.getReader(), TypeError);
  throws(() => stream.tee(), TypeError);
  throws(() => stream.values(), TypeError);
}

export async function the_failure_of_cancel_reaches_its_caller_alone() {
  const failure = new Error("cancel");
  const { stream } = open({ cancel: () => Promise.reject(failure) });
  same(await rejects(stream.cancel(), "Error"), failure);
  same(await stream.cancel(), undefined);
  ok((await stream.getReader().read()).done);
}

export async function iteration_ends_with_the_stream_and_cancels_when_left() {
  const seen = [];
  for await (const chunk of ReadableStream.from(["a", "b"])) seen.push(chunk);
  equal(seen, ["a", "b"]);
  let canceled = 0;
  const endless = () => open({ pull: (c) => c.enqueue(1), cancel: () => void canceled++ }).stream;
  const left = endless();
  for await (const chunk of left) if (chunk) break;
  same(canceled, 1);
  ok(!left.locked);
  const kept = endless();
  for await (const chunk of kept.values({ preventCancel: true })) if (chunk) break;
  same(canceled, 1);
  same((await kept.getReader().read()).value, 1);
}

export async function calls_of_an_iterator_queue_up() {
  const iterator = ReadableStream.from(["a", "b"]).values();
  const order = [];
  const all = ["next", "next", "return", "next"].map((name, index) =>
    iterator[name]("end").then((result) => order.push([index, result])),
  );
  await Promise.all(all);
  equal(order, [
    [0, { value: "a", done: false }],
    [1, { value: "b", done: false }],
    [2, { value: "end", done: true }],
    [3, { value: undefined, done: true }],
  ]);
}

export async function from_takes_async_and_sync_iterables_and_closes_them() {
  let isClosed = false;
  async function* letters() {
    try {
      yield "a";
      yield "b";
    } finally {
      isClosed = true;
    }
  }
  const reader = ReadableStream.from(letters()).getReader();
  same((await reader.read()).value, "a");
  await reader.cancel();
  ok(isClosed);
  const promised = ReadableStream.from([Promise.resolve(1)]).getReader();
  same((await promised.read()).value, 1);
  equal((await ReadableStream.from("hé").getReader().read()).value, "h");
  for (const bad of [null, 1, {}, { [Symbol.iterator]: () => 1 }]) {
    throws(() => ReadableStream.from(bad), TypeError);
  }
}

export async function a_tee_gives_both_branches_all_chunks_and_cancels_once_both_do() {
  let reason;
  const { stream, controller } = open({ cancel: (why) => void (reason = why) });
  const [a, b] = stream.tee();
  controller.enqueue("x");
  same((await a.getReader().read()).value, "x");
  const reader = b.getReader();
  same((await reader.read()).value, "x");
  const other = reader.cancel("b");
  await ticks(3);
  same(reason, undefined);
  const [c, d] = open({ cancel: (why) => void (reason = why) }).stream.tee();
  await Promise.all([d.cancel("second"), c.cancel("first")]);
  equal(reason, ["first", "second"]);
  controller.close();
  await other;
}
