"""Batches of a queue's messages: how a script is told of one, and what it has made of it.

https://developers.cloudflare.com/queues/configuration/javascript-apis/#consumer
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from holdfast.catalog.bindings import MAX_QUEUE_DELAY_S
from holdfast.dataclass import dataclass
from holdfast.host.queues import told
from holdfast.storage.queue_messages import Backlog, Message
from holdfast.workers.errors import ScriptFailed


@dataclass(frozen=True, slots=True)
class Retry:
    """A message is to be delivered again, after so long where the handler has said it."""

    delay_s: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler has said of its batch, and how it ended: `error` is None where it succeeded.

    Messages go by their places in the batch.
    """

    error: BaseException | None = None
    ack_all: bool = False
    retry_all: Retry | None = None
    acks: frozenset[int] = frozenset()
    retries: dict[int, Retry] = field(default_factory=dict)

    def fate_of(self, place: int) -> Retry | None:
        """Whether a message is to be delivered again; None where it is done with.

        What was said of it goes before what was said of all, and that before how it ended.
        """
        if place in self.acks:
            return None
        if place in self.retries:
            return self.retries[place]
        if self.ack_all:
            return None
        if self.retry_all is not None:
            return self.retry_all
        return None if self.error is None else Retry()

    def delay_of(self, place: int, default_s: int) -> int | None:
        """In how many seconds a message is to be delivered again; None where it is done with."""
        fate = self.fate_of(place)
        if fate is None:
            return None
        if fate.delay_s is not None:
            return fate.delay_s
        of_all = None if self.retry_all is None else self.retry_all.delay_s
        return default_s if of_all is None else of_all


def outcome_of(answer: "asyncio.Future[Any]") -> Outcome:
    """What came of the event of a batch, which has ended."""
    if answer.cancelled():
        return Outcome(error=asyncio.CancelledError())
    error = answer.exception()
    if error is None:
        return _read(answer.result().data, None)
    data = error.data if isinstance(error, ScriptFailed) else None
    return Outcome(error=error) if not data else _read(data, error)


def _read(data: bytes, error: BaseException | None) -> Outcome:
    said = json.loads(data)
    return Outcome(
        error=error,
        ack_all=said["ackAll"],
        retry_all=_retry(said["retryAllDelay"]) if said["retryAll"] else None,
        acks=frozenset(said["acks"]),
        retries={place: _retry(delay) for place, delay in said["retries"]},
    )


def _retry(delay_s: int | None) -> Retry:
    return Retry(None if delay_s is None else min(max(delay_s, 0), MAX_QUEUE_DELAY_S))


def written(messages: Sequence[Message], backlog: Backlog) -> tuple[str, bytes]:
    """A batch as polyfills/queues/consumer.js reads it: what is told, and the bodies."""
    listed = [
        [message.id, message.sent_ms, message.attempts, message.content_type, len(message.body)]
        for message in messages
    ]
    bodies = b"".join(message.body for message in messages)
    return json.dumps({"messages": listed, "backlog": told(backlog)}), bodies
