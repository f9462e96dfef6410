"""Queues as tests see them: batches for a handler, and what a queue holds."""

import json
from collections.abc import Iterable
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from holdfast.dataclass import dataclass
from holdfast.storage.queue_messages import Backlog, Message, NewMessage, new_id
from holdfast.testing.driven import Async, Sync, driven
from holdfast.testing.errors import JavaScriptError, hidden_from_tracebacks
from holdfast.testing.values import to_javascript, to_python
from holdfast.workers.batches import Outcome

if TYPE_CHECKING:
    from holdfast.testing.core import Core

__tracebackhide__ = hidden_from_tracebacks


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message: `body` is any value that JavaScript can have, `timestamp` when it was sent."""

    body: Any
    id: str = field(default_factory=new_id)
    timestamp: datetime | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class RetriedMessage:
    """A message that is to be delivered again; in so many seconds, where the handler says it."""

    id: str
    delay_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class QueueResult:
    """What a handler has made of its batch, as Cloudflare's `getQueueResult()` tells it.

    `acked` and `retried` are what comes of that for each message, by id, in the batch's order.
    """

    outcome: str
    ack_all: bool
    retry_all: bool
    retry_all_delay_seconds: int | None
    explicit_acks: list[str]
    retry_messages: list[RetriedMessage]
    acked: list[str]
    retried: list[str]
    error: JavaScriptError | None = None


def batch_of(messages: Iterable[Any], now_ms: float) -> tuple[list[Message], Backlog]:
    """A batch of messages, each a QueueMessage or a body, and the backlog behind it: nothing."""
    batch = []
    for given in messages:
        message = given if isinstance(given, QueueMessage) else QueueMessage(given)
        sent = message.timestamp
        sent_ms = int(now_ms if sent is None else sent.timestamp() * 1000)
        body = to_javascript(message.body)
        batch.append(Message(0, message.id, "v8", body, sent_ms, message.attempts))
    return batch, Backlog(0, 0, 0)


def result_of_batch(
    outcome: Outcome, batch: list[Message], error: JavaScriptError | None
) -> QueueResult:
    """What was said of a batch."""
    ids = [message.id for message in batch]
    fates = [outcome.fate_of(place) for place in range(len(ids))]
    told = [*zip(ids, fates, strict=True)]
    retry_all = outcome.retry_all
    return QueueResult(
        outcome="ok" if error is None else "exception",
        ack_all=outcome.ack_all,
        retry_all=retry_all is not None,
        retry_all_delay_seconds=None if retry_all is None else retry_all.delay_s,
        explicit_acks=[ids[place] for place in sorted(outcome.acks)],
        retry_messages=[
            RetriedMessage(ids[place], retry.delay_s)
            for place, retry in sorted(outcome.retries.items())
        ],
        acked=[message_id for message_id, fate in told if fate is None],
        retried=[message_id for message_id, fate in told if fate is not None],
        error=error,
    )


class AnyQueue:
    """A queue of a harness, by name."""

    def __init__(self, core: "Core[Any]", name: str) -> None:
        self.name = name
        self._core = core

    def __repr__(self) -> str:
        return f"<Queue {self.name}>"

    def __len__(self) -> int:
        self._core.begin()
        return self._core.runtime.resources.queues.store.backlog(self.name).count

    @property
    def messages(self) -> list[QueueMessage]:
        """What the queue holds, delayed or being delivered, in the order in which it was sent."""
        self._core.begin()
        return [
            _shown(message) for message in self._core.runtime.resources.queues.store.held(self.name)
        ]

    @driven
    async def send(self, *bodies: Any, delay_seconds: int | None = None) -> None:
        """Send a message for each body, which is any value that JavaScript can have."""
        self._core.begin()
        messages = [NewMessage(to_javascript(body), "v8", delay_seconds) for body in bodies]
        sending = self._core.view.real.create_task(
            self._core.runtime.resources.queues.send(self.name, messages, None)
        )
        await self._core.waiting.wait(sending, f"what is sent to the queue {self.name}")


class Queue(AnyQueue, Sync):
    """A queue of a Harness."""


class AsyncQueue(AnyQueue, Async):
    """A queue of an AsyncHarness: `send` is awaited."""


def _shown(message: Message) -> QueueMessage:
    return QueueMessage(
        _body(message.content_type, message.body),
        message.id,
        datetime.fromtimestamp(message.sent_ms / 1000, UTC),
        message.attempts,
    )


def _body(content_type: str, body: bytes) -> Any:
    match content_type:
        case "json":
            return json.loads(body)
        case "text":
            return body.decode()
        case "v8":
            return to_python(body)
    return body
