"""Ops behind queues.

https://developers.cloudflare.com/queues/configuration/javascript-apis/
Limits are those of https://developers.cloudflare.com/queues/platform/limits/, and messages those
that a Worker meets behind "Queue send failed: ".
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from holdfast.catalog.bindings import MAX_QUEUE_DELAY_S
from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.ops import async_op

if TYPE_CHECKING:
    from holdfast.storage.queue_messages import Backlog, NewMessage

MAX_MESSAGE_BYTES = 128_000
MAX_BATCH_MESSAGES = 100
MAX_BATCH_BYTES = 256_000


class QueueSender(Protocol):
    """Where messages go."""

    async def send(
        self, queue: str, messages: "Sequence[NewMessage]", delay_s: int | None
    ) -> "Backlog":
        """Store messages durably; the backlog then. Raises QueueNotFound, StorageError."""

    async def backlog(self, queue: str) -> "Backlog":
        """What a queue holds."""


class QueueBindings:
    """The queues that one isolate may send to, by number (the capability `queues`)."""

    def __init__(self, sender: QueueSender) -> None:
        self._sender = sender
        self._queues: list[tuple[str, int | None]] = []

    def bind(self, queue: str, delivery_delay_s: int | None) -> int:
        """Let the isolate reach a queue; its number there."""
        self._queues.append((queue, delivery_delay_s))
        return len(self._queues) - 1

    async def send(
        self, number: int, method: str, messages: "Sequence[NewMessage]", delay_s: int | None
    ) -> str:
        """See QueueSender; `told` of the backlog. Raises ScriptError where there is no queue."""
        from holdfast.storage.queue_messages import QueueNotFound

        queue, delivery_delay_s = self._queues[number]
        delay_s = delivery_delay_s if delay_s is None else delay_s
        try:
            return told(await self._sender.send(queue, messages, delay_s))
        except QueueNotFound:
            raise failed(method, f'there is no queue named "{queue}"') from None

    async def backlog(self, number: int) -> str:
        """What a queue holds, `told`."""
        return told(await self._sender.backlog(self._queues[number][0]))


@async_op
async def queue_send(
    host: Host, queue: int, body: bytes, content_type: str, delay_s: float | None
) -> str:
    """Send a message; it is on the disk when the promise resolves, with the backlog as JSON."""
    from holdfast.storage.queue_messages import NewMessage

    check_message("send", len(body), delay_s)
    message = NewMessage(body, content_type, None if delay_s is None else int(delay_s))
    backlog: str = await host.capabilities.queues.send(queue, "send", [message], None)
    return backlog


@async_op
async def queue_send_batch(
    host: Host, queue: int, bodies: bytes, described: str, delay_s: float | None
) -> str:
    """Send messages, all or none; `described` is JSON, their [length, type, delay] in order."""
    from holdfast.storage.queue_messages import NewMessage

    messages: list[NewMessage] = []
    start = 0
    for length, content_type, own_delay_s in json.loads(described):
        body = bodies[start : start + length]
        messages.append(NewMessage(body, content_type, own_delay_s))
        start += length
    check_batch("sendBatch", messages, delay_s)
    delay = None if delay_s is None else int(delay_s)
    backlog: str = await host.capabilities.queues.send(queue, "sendBatch", messages, delay)
    return backlog


@async_op
async def queue_metrics(host: Host, queue: int) -> str:
    """What a queue holds, as JSON."""
    backlog: str = await host.capabilities.queues.backlog(queue)
    return backlog


def told(backlog: "Backlog") -> str:
    """A backlog as polyfills/queues/ reads it."""
    return json.dumps([backlog.count, backlog.bytes, backlog.oldest_ms])


# ---- what is refused -----------------------------------------------------------------


def check_batch(method: str, messages: "Sequence[NewMessage]", delay_s: float | None) -> None:
    """Raise ScriptError for a batch that is too large, or one of whose messages cannot be sent."""
    if len(messages) > MAX_BATCH_MESSAGES:
        raise failed(
            method,
            f"batch message count of {len(messages)} exceeds limit of {MAX_BATCH_MESSAGES}",
        )
    largest = max((len(message.body) for message in messages), default=0)
    if largest > MAX_MESSAGE_BYTES:
        raise failed(
            method,
            f"message in batch has length {largest} bytes which exceeds single message size limit "
            f"of {MAX_MESSAGE_BYTES}",
        )
    size = sum(len(message.body) for message in messages)
    if size > MAX_BATCH_BYTES:
        raise failed(method, f"batch size of {size} bytes exceeds limit of {MAX_BATCH_BYTES}")
    for delay in (delay_s, *(message.delay_s for message in messages)):
        _check_delay(method, delay)


def check_message(method: str, length: int, delay_s: float | None) -> None:
    """Raise ScriptError for a message that cannot be sent."""
    if length > MAX_MESSAGE_BYTES:
        raise failed(
            method, f"message length of {length} bytes exceeds limit of {MAX_MESSAGE_BYTES}"
        )
    _check_delay(method, delay_s)


def _check_delay(method: str, delay_s: Any) -> None:
    if delay_s is not None and not 0 <= delay_s <= MAX_QUEUE_DELAY_S:
        raise failed(
            method,
            f"message delay {delay_s:g} is invalid: "
            f"it must be between 0 and {MAX_QUEUE_DELAY_S} seconds",
        )


def failed(method: str, why: str) -> ScriptError:
    """The error that a script gets where a message cannot be sent."""
    return ScriptError("Error", f"Queue {method} failed: {why}")
