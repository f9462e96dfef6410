"""Queues as scripts see them: what they send, and the batches that they get."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.catalog import QueueProducer, ScriptNotFound
from holdfast.host.system import SystemClock
from holdfast.server.queues import Queues
from holdfast.storage.queue_messages import Backlog, Message, NewMessage
from holdfast.storage.queues import Consumer, QueueStore
from holdfast.workers import Worker
from holdfast.workers.batches import Outcome, outcome_of
from tests.inprocess import Server
from tests.patience import PATIENCE_S

PRODUCER = (QueueProducer("QUEUE", "q"), QueueProducer("SLOW", "slow", 60))

# Each case is a function of the environment; the Worker answers with what it returns or throws.
SENDING = """
const told = async (promise) => {
  try { return await promise; } catch (error) { return `${error.name}: ${error.message}`; }
};
const cases = {
  async response({ QUEUE }) {
    const first = await QUEUE.send({ a: 1 });
    const second = await QUEUE.sendBatch([{ body: "b" }, { body: "c" }]);
    const metrics = await QUEUE.metrics();
    const { oldestMessageTimestamp: oldest, ...others } = metrics;
    return [
      first.metadata.metrics.backlogCount, second.metadata.metrics.backlogCount,
      others, oldest instanceof Date, Object.keys(first), Object.keys(second.metadata),
    ];
  },
  async empty({ QUEUE }) {
    return QUEUE.metrics();
  },
  async types({ QUEUE }) {
    await QUEUE.send("héllo", { contentType: "text" });
    await QUEUE.send(new Uint8Array([0, 255]), { contentType: "BYTES" });
    await QUEUE.send(new Map([[1, new Date(0)]]), { contentType: "v8" });
    await QUEUE.send({ a: [1, null] });
    await QUEUE.sendBatch(new Set([{ body: "t", contentType: "text" }, { body: 1n, contentType: "v8" }]));
  },
  async delays({ QUEUE, SLOW }) {
    await QUEUE.send("now");
    await QUEUE.send("later", { delaySeconds: 5 });
    await QUEUE.sendBatch([{ body: "own", delaySeconds: 1 }, { body: "batch" }], { delaySeconds: 2 });
    await SLOW.send("binding");
    await SLOW.send("at once", { delaySeconds: 0 });
  },
  async refused({ QUEUE }) {
    const large = "x".repeat(128_001);
    const many = (count, body) => Array.from({ length: count }, () => ({ body, contentType: "text" }));
    return [
      await told(QUEUE.send()),
      await told(QUEUE.send(large, { contentType: "text" })),
      await told(QUEUE.send("", { contentType: "xml" })),
      await told(QUEUE.send(1, { contentType: "text" })),
      await told(QUEUE.send("s", { contentType: "bytes" })),
      await told(QUEUE.send("", { delaySeconds: 86_401 })),
      await told(QUEUE.send("", { delaySeconds: -1 })),
      await told(QUEUE.sendBatch([])),
      await told(QUEUE.sendBatch([{}])),
      await told(QUEUE.sendBatch(many(101, ""))),
      await told(QUEUE.sendBatch(many(1, large))),
      await told(QUEUE.sendBatch(many(3, "x".repeat(100_000)))),
      await told(QUEUE.sendBatch([{ body: "", delaySeconds: 86_401 }])),
      (await QUEUE.metrics()).backlogCount,
    ];
  },
  async limits({ QUEUE }) {
    await QUEUE.send("x".repeat(128_000), { contentType: "text" });
    await QUEUE.sendBatch(Array.from({ length: 100 }, () => ({ body: "x".repeat(2_500) })));
    await QUEUE.send("", { delaySeconds: 86_400 });
    return (await QUEUE.metrics()).backlogCount;
  },
  async buffers({ QUEUE }) {
    const sent = new Uint8Array([1, 2]);
    await QUEUE.send(sent, { contentType: "bytes" });
    const kept = new Uint8Array([3]);
    await QUEUE.sendBatch([{ body: kept, contentType: "bytes" }]);
    return [sent.length, kept.length];
  },
  async shape({ QUEUE }) {
    return [String(QUEUE), await told((async () => structuredClone(QUEUE))())];
  },
};
export default {
  async fetch(request, env) {
    const name = new URL(request.url).pathname.slice(1);
    return Response.json((await cases[name](env)) ?? null);
  },
};
"""


@pytest.fixture
def producer(server: Server) -> Server:
    server.add("main", SENDING, bindings=PRODUCER, compatibility_date="2026-01-01")
    return server


async def case(server: Server, name: str) -> Any:
    return json.loads(await server.text(f"/{name}"))


def stored(server: Server, queue: str = "q") -> list[Message]:
    """All that a queue has, whenever it is due, in the order in which it was sent."""
    with server.runtime.resources.queues.store._reading() as db:
        assert db is not None
        rows = db.execute(
            "SELECT number, id, content_type, body, sent_ms, due_ms - sent_ms FROM messages "
            "WHERE queue = ? ORDER BY number",
            (queue,),
        )
        return [Message(*row) for row in rows]


async def test_what_was_sent_is_told_with_the_backlog(producer: Server) -> None:
    assert await case(producer, "empty") == {"backlogCount": 0, "backlogBytes": 0}
    assert await case(producer, "response") == [
        1,
        3,
        {"backlogCount": 3, "backlogBytes": len('{"a":1}"b""c"')},
        True,
        ["metadata"],
        ["metrics"],
    ]


async def test_bodies_are_written_as_their_types_say_and_as_json_else(producer: Server) -> None:
    await case(producer, "types")
    told = [(message.content_type, message.body) for message in stored(producer)]
    assert told[0] == ("text", "héllo".encode())
    assert told[1] == ("bytes", b"\0\xff")
    assert told[2][0] == "v8"
    assert told[3] == ("json", b'{"a":[1,null]}')
    assert told[4] == ("text", b"t")


async def test_an_older_script_writes_v8_where_no_type_is_given(server: Server) -> None:
    server.add("main", SENDING, bindings=PRODUCER, compatibility_date="2024-03-17")
    await case(server, "response")
    assert {message.content_type for message in stored(server)} == {"v8"}


async def test_delays_are_of_the_message_the_batch_or_the_binding(producer: Server) -> None:
    await case(producer, "delays")
    delays = {m.body: m.attempts for m in (*stored(producer), *stored(producer, "slow"))}
    assert delays == {
        b'"now"': 0,
        b'"later"': 5_000,
        b'"own"': 1_000,
        b'"batch"': 2_000,
        b'"binding"': 60_000,
        b'"at once"': 0,
    }


async def test_what_is_too_much_is_refused_in_cloudflares_words(producer: Server) -> None:
    delay = "Error: Queue {} failed: message delay {} is invalid: it must be between 0 and 86400"
    assert await case(producer, "refused") == [
        "TypeError: Failed to execute 'send' on 'WorkerQueue': parameter 1 is not of type 'Value'.",
        "Error: Queue send failed: message length of 128001 bytes exceeds limit of 128000",
        "TypeError: Unsupported queue message content type: xml",
        'TypeError: Content Type "text" requires a value of type string, but received: number',
        (
            'TypeError: Content Type "bytes" requires a value of type ArrayBufferView, '
            "but received: string"
        ),
        delay.format("send", 86401) + " seconds",
        delay.format("send", -1) + " seconds",
        "TypeError: sendBatch() requires at least one message",
        "TypeError: Message body cannot be undefined",
        "Error: Queue sendBatch failed: batch message count of 101 exceeds limit of 100",
        (
            "Error: Queue sendBatch failed: message in batch has length 128001 bytes which exceeds "
            "single message size limit of 128000"
        ),
        "Error: Queue sendBatch failed: batch size of 300000 bytes exceeds limit of 256000",
        delay.format("sendBatch", 86401) + " seconds",
        0,
    ]


async def test_what_is_just_not_too_much_is_sent(producer: Server) -> None:
    assert await case(producer, "limits") == 102


async def test_a_buffer_that_is_sent_alone_is_given_away(producer: Server) -> None:
    assert await case(producer, "buffers") == [0, 1]
    assert [message.body for message in stored(producer)] == [b"\1\2", b"\3"]


async def test_a_queue_is_a_worker_queue_and_stays_where_it_is(producer: Server) -> None:
    text, refused = await case(producer, "shape")
    assert text == "[object WorkerQueue]"
    assert refused.startswith("DataCloneError")


# ---- batches ---------------------------------------------------------------------------

CONSUMER = """
const actions = {
  nothing() {},
  throws() { throw new RangeError("failed"); },
  async rejects() { await null; throw new RangeError("failed"); },
  ackAll(batch) { batch.ackAll(); },
  retryAll(batch) { batch.retryAll({ delaySeconds: 7 }); },
  each(batch) {
    batch.messages[0].ack();
    batch.messages[1].retry({ delaySeconds: 3 });
    batch.messages[1].retry();
  },
  ackThenThrows(batch) {
    batch.messages[0].ack();
    throw new Error("failed");
  },
  ackAllThenThrows(batch) {
    batch.ackAll();
    throw new Error("failed");
  },
  ackThenRetryAll(batch) {
    batch.messages[0].ack();
    batch.messages[1].retry({ delaySeconds: 3 });
    batch.retryAll({ delaySeconds: 5 });
  },
  contradicts(batch) {
    batch.messages[0].ack();
    batch.messages[0].retry();
    batch.messages[1].retry();
    batch.messages[1].ack();
    batch.retryAll();
    batch.ackAll();
    batch.messages[2].ack();
  },
  contradictsAll(batch) {
    batch.ackAll();
    batch.retryAll();
    batch.messages[0].retry();
    batch.messages[0].ack();
  },
  waits(batch, env, ctx) { ctx.waitUntil(scheduler.wait(1).then(() => batch.messages[0].retry())); },
  waitsInVain(batch, env, ctx) { ctx.waitUntil(Promise.reject(new Error("in vain"))); },
  hangs() { return new Promise(() => {}); },
};
const log = [];
export default {
  fetch: () => Response.json(log),
  queue(batch, env, ctx) {
    log.push([
      String(batch), batch.queue, batch.metadata, typeof env, String(ctx),
      ...batch.messages.map((message) => [
        String(message), Object.keys(message), message.id, message.timestamp, message.attempts,
        message.body instanceof Uint8Array ? [...message.body] : message.body,
      ]),
    ]);
    return actions[batch.queue]?.(batch, env, ctx);
  },
};
"""


def message(number: int, body: bytes = b'"b"', content_type: str = "json") -> Message:
    return Message(number, f"id-{number}", content_type, body, 1_000 + number, 1)


THREE = [message(1), message(2), message(3)]


async def deliver(server: Server, queue: str, messages: list[Message] | None = None) -> Outcome:
    worker = server.runtime.worker("main")
    answer = worker.queue(queue, messages or THREE, Backlog(5, 50, 999))
    await asyncio.wait([answer])
    return outcome_of(answer)


def delays(outcome: Outcome, count: int = 3) -> list[int | None]:
    """Of each message, in how many seconds it comes again; 1 where nobody says."""
    return [outcome.delay_of(place, 1) for place in range(count)]


async def test_a_handler_is_told_of_its_batch(server: Server) -> None:
    server.add("main", CONSUMER)
    typed = [
        message(1, "é".encode(), "text"),
        message(2, b"\0\xff", "bytes"),
        message(3, b'{"a":[1]}'),
    ]
    assert delays(await deliver(server, "q", typed)) == [None, None, None]
    [[shown, queue, metadata, env, ctx, *messages]] = json.loads(await server.text())
    assert (shown, queue, env, ctx) == (
        "[object QueueController]",
        "q",
        "object",
        "[object ExecutionContext]",
    )
    assert metadata["metrics"] == {
        "backlogCount": 5,
        "backlogBytes": 50,
        "oldestMessageTimestamp": "1970-01-01T00:00:00.999Z",
    }
    keys = ["attempts", "body", "timestamp", "id"]
    assert messages == [
        ["[object QueueMessage]", keys, "id-1", "1970-01-01T00:00:01.001Z", 1, "é"],
        ["[object QueueMessage]", keys, "id-2", "1970-01-01T00:00:01.002Z", 1, [0, 255]],
        ["[object QueueMessage]", keys, "id-3", "1970-01-01T00:00:01.003Z", 1, {"a": [1]}],
    ]


@pytest.mark.parametrize(
    ("action", "expected", "fails"),
    [
        ("nothing", [None, None, None], False),
        ("throws", [1, 1, 1], True),
        ("rejects", [1, 1, 1], True),
        ("ackAll", [None, None, None], False),
        ("retryAll", [7, 7, 7], False),
        ("each", [None, 3, None], False),
        ("ackThenThrows", [None, 1, 1], True),
        ("ackAllThenThrows", [None, None, None], True),
        ("ackThenRetryAll", [None, 3, 5], False),
        ("contradicts", [None, 1, 1], False),
        ("contradictsAll", [None, None, None], False),
        ("waits", [1, None, None], False),
        ("waitsInVain", [1, 1, 1], True),
    ],
)
async def test_what_a_handler_says_of_its_messages_holds(
    server: Server, action: str, expected: list[int | None], fails: bool
) -> None:
    server.add("main", CONSUMER, compatibility_date="2026-01-01")
    outcome = await deliver(server, action)
    assert delays(outcome) == expected
    assert (outcome.error is not None) is fails


async def test_what_is_said_too_late_is_warned_of(server: Server) -> None:
    server.add("main", CONSUMER)
    await deliver(server, "contradicts")
    warned = [line.partition(": ")[2] for line in server.lines if "warn" in line]
    no_effect = "Calling {0}() on a message after calling {1}() has no effect."
    received = "Received a call to {0}() on message {2} after {1}() was already called. "
    assert warned == [
        (received + no_effect).format("retry", "ack", "id-1"),
        (received + no_effect).format("ack", "retry", "id-2"),
        (
            "Received a call to ackAll() after retryAll() was already called. "
            "Calling ackAll() after calling retryAll() has no effect."
        ),
        (received + no_effect).format("ack", "retryAll", "id-3"),
    ]


async def test_a_flag_has_the_batch_end_with_its_handler(server: Server) -> None:
    flags = ("queue_consumer_no_wait_for_wait_until",)
    server.add("main", CONSUMER, compatibility_flags=flags)
    assert delays(await deliver(server, "waits")) == [None, None, None]
    assert delays(await deliver(server, "waitsInVain")) == [None, None, None]


async def test_a_message_that_cannot_be_read_fails_its_batch(server: Server) -> None:
    server.add("main", CONSUMER)
    outcome = await deliver(server, "q", [message(1), message(2, b"{"), message(3)])
    assert delays(outcome) == [1, 1, 1]


async def test_a_script_without_a_handler_fails_its_batches(server: Server) -> None:
    server.add("main", "export default { fetch() {} }")
    outcome = await deliver(server, "q")
    assert "Handler does not export a queue() function." in str(outcome.error)
    assert delays(outcome) == [1, 1, 1]


async def test_listeners_and_entrypoints_get_batches_too(server: Server) -> None:
    server.add(
        "main",
        """
        addEventListener("fetch", (event) => event.respondWith(Response.json(globalThis.log)));
        addEventListener("queue", (event) => {
          globalThis.log = [event.type, String(event), event.queue, event.messages.length];
          event.waitUntil(scheduler.wait(1).then(() => event.messages[1].retry()));
        });
        """,
    )
    assert delays(await deliver(server, "q")) == [None, 1, None]
    assert json.loads(await server.text()) == ["queue", "[object QueueEvent]", "q", 3]
    server.add(
        "main",
        """
        import { WorkerEntrypoint } from "cloudflare:workers";
        export default class extends WorkerEntrypoint {
          async queue(batch) { if (this.env && this.ctx) batch.messages[2].retry(); }
        }
        """,
    )
    assert delays(await deliver(server, "q")) == [None, None, 1]


async def test_a_batch_under_way_fails_with_its_isolate(server: Server) -> None:
    server.add("main", CONSUMER)
    worker = server.runtime.worker("main")
    answer = worker.queue("hangs", THREE, Backlog(3, 9, 1))
    worker.terminate("a test")
    await asyncio.wait([answer])
    assert delays(outcome_of(answer)) == [1, 1, 1]


async def test_a_batch_whose_script_goes_as_it_is_taken_is_not_lost(
    server: Server, tmp_path: Path
) -> None:
    server.add("main", CONSUMER)
    asked: list[str] = []

    def worker_of(name: str) -> Worker:
        asked.append(name)
        if len(asked) == 2:  # the messages are its Worker's by now
            server.runtime.remove("main")
            raise ScriptNotFound(name)
        return server.runtime.worker(name)

    queues = Queues(
        QueueStore(tmp_path / "q.sqlite"),
        worker_of=worker_of,
        clock=SystemClock(),
        loop=asyncio.get_running_loop(),
        tell=server.runtime.tell,
        is_here=lambda _: True,
        on_news=lambda _: None,
        creates=True,
    )
    settings = json.dumps({"max_wait_time_ms": 0})
    queues.deliver_to([Consumer("q", "id", "main", settings, None, 0)])
    await queues.send("q", [NewMessage(b"1", "json")], None)
    async with asyncio.timeout(PATIENCE_S):
        while queues.store.backlog("q").count:
            await asyncio.sleep(0.001)
    await queues.aclose()
