"""Messages of queues over HTTP: pushed, pulled, acknowledged, purged.

https://developers.cloudflare.com/queues/configuration/pull-consumers/
"""

import asyncio
import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.api.envelope import ApiRefusal, success
from holdfast.api.json_body import read_object
from holdfast.api.platform import Platform
from holdfast.api.queues import CONSUMER_SETTINGS, QUEUE_SETTINGS, find_queue
from holdfast.api.routing import Route
from holdfast.catalog import UploadRejected
from holdfast.catalog.bindings import MAX_QUEUE_DELAY_S
from holdfast.catalog.consumers import ConsumerSettings, setting
from holdfast.catalog.script import iso_time
from holdfast.engine import ScriptError
from holdfast.host.queues import check_batch, check_message
from holdfast.storage.queue_messages import Backlog, Message, NewMessage, Terms
from holdfast.storage.queues import Consumer, Queue


class QueueMessageHandlers:
    """The handlers of `/queues/:queue/messages`, and of all that a queue holds."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        queue = f"{account}/queues/{{queue}}"
        return [
            ("POST", f"{queue}/messages", self.push),
            ("POST", f"{queue}/messages/batch", self.push_batch),
            ("POST", f"{queue}/messages/pull", self.pull),
            ("POST", f"{queue}/messages/ack", self.acknowledge),
            ("GET", f"{queue}/metrics", self.metrics),
            ("GET", f"{queue}/purge", self.purge_status),
            ("POST", f"{queue}/purge", self.purge),
        ]

    async def push(self, request: web.Request) -> web.Response:
        """Send a message: `body`, `content_type` and `delay_seconds`."""
        queue = await find_queue(self._platform, request)
        message = _message(await read_object(request))
        with _refusing():
            check_message("send", len(message.body), message.delay_s)
        return await self._send(queue, [message], None)

    async def push_batch(self, request: web.Request) -> web.Response:
        """Send `messages`, each like one that is sent alone; all or none."""
        queue = await find_queue(self._platform, request)
        fields = await read_object(request)
        given = fields.get("messages")
        if not isinstance(given, list) or not given:
            raise _refused('The body must have "messages", a list of at least one.')
        messages = [_message(entry) for entry in given]
        delay_s = _delay(fields)
        with _refusing():
            check_batch("sendBatch", messages, delay_s)
        return await self._send(queue, messages, delay_s)

    async def _send(
        self, queue: Queue, messages: list[NewMessage], delay_s: int | None
    ) -> web.Response:
        backlog = await self._platform.queues.send(queue.name, messages, delay_s)
        return success({"metadata": {"metrics": _metrics(backlog)}})

    async def pull(self, request: web.Request) -> web.Response:
        """Up to `batch_size` messages, which come again in `visibility_timeout_ms`."""
        queue = await find_queue(self._platform, request)
        consumer = await self._puller(queue)
        fields = await read_object(request)
        settings = ConsumerSettings.read(consumer.settings)
        visibility = fields.get("visibility_timeout_ms", fields.get("visibility_timeout"))
        try:
            size = setting("batch_size", fields.get("batch_size", settings.batch_size))
            visibility_ms = setting(
                "visibility_timeout_ms",
                settings.visibility_timeout_ms if visibility is None else visibility,
            )
        except UploadRejected as error:
            raise _refused(str(error)) from None
        terms = Terms(settings.max_retries, consumer.dead_letter_queue)
        messages, backlog = await asyncio.to_thread(
            self._platform.queues.store.pull,
            *(queue.name, size, visibility_ms, terms, time.time() * 1000),
        )
        return success(
            {
                "message_backlog_count": backlog.count,
                "messages": [_pulled(message) for message in messages],
                "metadata": {"metrics": _metrics(backlog)},
            }
        )

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Be done with `acks`, and have `retries` delivered again; both by their `lease_id`."""
        queue = await find_queue(self._platform, request)
        consumer = await self._puller(queue)
        fields = await read_object(request)
        settings = ConsumerSettings.read(consumer.settings)
        acks = [lease for lease, _ in _leases(fields, "acks")]
        retries = [
            (lease, settings.retry_delay if delay_s is None else delay_s)
            for lease, delay_s in _leases(fields, "retries")
        ]
        terms = Terms(settings.max_retries, consumer.dead_letter_queue)
        acked, retried, unknown = await asyncio.to_thread(
            self._platform.queues.store.acknowledge,
            *(queue.name, acks, retries, terms, time.time() * 1000),
        )
        if consumer.dead_letter_queue is not None and retried:
            self._platform.queues.news(consumer.dead_letter_queue)
        warnings = [f"The lease {lease} is unknown, or has ended." for lease in unknown]
        return success({"ackCount": acked, "retryCount": retried, "warnings": warnings})

    async def metrics(self, request: web.Request) -> web.Response:
        """What a queue holds."""
        queue = await find_queue(self._platform, request)
        return success(_metrics(await self._platform.queues.backlog(queue.name)))

    async def purge(self, request: web.Request) -> web.Response:
        """Remove all that a queue holds, where `delete_messages_permanently` is true."""
        queue = await find_queue(self._platform, request)
        fields = await read_object(request)
        if fields.get("delete_messages_permanently") is not True:
            raise _refused('The body must say "delete_messages_permanently": true.')
        await asyncio.to_thread(self._platform.queues.store.purge, queue.name)
        return _purged()

    async def purge_status(self, request: web.Request) -> web.Response:
        """Whether a purge is complete, as it is when it was answered."""
        await find_queue(self._platform, request)
        return _purged()

    async def _puller(self, queue: Queue) -> Consumer:
        consumer = await asyncio.to_thread(self._platform.queues.store.consumer, queue.name)
        if consumer is not None and consumer.script is None:
            return consumer
        raise ApiRefusal(
            HTTPStatus.BAD_REQUEST,
            CONSUMER_SETTINGS,
            f'The queue "{queue.name}" is not to be pulled from. '
            f"Have it: wrangler queues consumer http add {queue.name}",
        )


def _message(fields: object) -> NewMessage:
    if not isinstance(fields, dict) or "body" not in fields:
        raise _refused('A message is an object with a "body".')
    body, kind = fields["body"], fields.get("content_type", "json")
    if kind == "json":
        return NewMessage(_text(json.dumps(body, ensure_ascii=False)), "json", _delay(fields))
    if kind != "text":
        raise _refused('"content_type" must be "json" or "text".')
    if not isinstance(body, str):
        raise _refused('The "body" of a message of the type "text" must be a string.')
    return NewMessage(_text(body), "text", _delay(fields))


def _text(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _delay(fields: Mapping[str, Any]) -> int | None:
    delay_s = fields.get("delay_seconds")
    if delay_s is None:
        return None
    if isinstance(delay_s, bool) or not isinstance(delay_s, int | float):
        raise _refused('"delay_seconds" must be a number.')
    if not 0 <= delay_s <= MAX_QUEUE_DELAY_S:
        raise _refused(f'"delay_seconds" must be from 0 to {MAX_QUEUE_DELAY_S:,}.')
    return int(delay_s)


def _leases(fields: Mapping[str, Any], name: str) -> Iterator[tuple[str, int | None]]:
    entries = fields.get(name) or []
    if not isinstance(entries, list):
        raise _refused(f'"{name}" must be a list.')
    for entry in entries:
        lease = entry.get("lease_id") if isinstance(entry, dict) else entry
        if not isinstance(lease, str):
            raise _refused(f'Each of "{name}" must have a "lease_id".')
        yield lease, _delay(entry) if isinstance(entry, dict) else None


def _pulled(message: Message) -> dict[str, Any]:
    is_text = message.content_type == "text"
    body = message.body.decode() if is_text else base64.b64encode(message.body).decode()
    return {
        "id": message.id,
        "lease_id": message.lease,
        "timestamp_ms": message.sent_ms,
        "attempts": message.attempts,
        "body": body,
        "metadata": {"CF-Content-Type": message.content_type},
    }


def _metrics(backlog: Backlog) -> dict[str, Any]:
    return {
        "backlog_count": backlog.count,
        "backlog_bytes": backlog.bytes,
        "oldest_message_timestamp_ms": backlog.oldest_ms,
    }


def _purged() -> web.Response:
    return success({"started_at": iso_time(datetime.now(UTC)), "completed": True})


def _refused(message: str) -> ApiRefusal:
    return ApiRefusal(HTTPStatus.BAD_REQUEST, QUEUE_SETTINGS, message)


@contextmanager
def _refusing() -> Iterator[None]:
    """Answers what a script would be told with an error."""
    try:
        yield
    except ScriptError as error:
        text = error.message.partition("failed: ")[2] or error.message
        raise _refused(f"{text}.") from None
