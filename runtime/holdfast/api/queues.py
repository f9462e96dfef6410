"""Queues and their consumers over HTTP.

https://developers.cloudflare.com/api/resources/queues/
"""

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.api.envelope import ApiRefusal, success
from holdfast.api.json_body import read_object
from holdfast.api.paging import paged
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.api.unknown import first_unknown
from holdfast.catalog import Binding, QueueProducer, ScriptNotFound, UploadRejected
from holdfast.catalog.bindings import MAX_QUEUE_DELAY_S
from holdfast.catalog.consumers import ConsumerSettings
from holdfast.catalog.json_values import is_whole
from holdfast.catalog.script import iso_time
from holdfast.storage.queue_messages import QueueNotFound, new_id
from holdfast.storage.queues import Consumer, Queue

# Cloudflare's numbers.
QUEUE_NOT_FOUND = 11000
HANDLER_MISSING = 11001
CONSUMER_EXISTS = 11004
NAME_TAKEN = 11009
CONSUMER_SETTINGS = 100127
QUEUE_SETTINGS = 100128

DEFAULT_PAGE = 100
RETENTION_S = (60, 1_209_600)  # the least and the most
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")


class QueueHandlers:
    """The handlers of `/queues` and of the consumers below it."""

    def __init__(self, platform: Platform, turn: asyncio.Lock) -> None:
        self._platform = platform
        self._turn = turn

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        queues = f"{account}/queues"
        queue = f"{queues}/{{queue}}"
        consumer = f"{queue}/consumers/{{consumer}}"
        return [
            ("GET", queues, self.list_all),
            ("POST", queues, self.create),
            ("GET", queue, self.read),
            ("PUT", queue, self.update),
            ("PATCH", queue, self.update),
            ("DELETE", queue, self.delete),
            ("GET", f"{queue}/consumers", self.list_consumers),
            ("POST", f"{queue}/consumers", self.add_consumer),
            ("GET", consumer, self.read_consumer),
            ("PUT", consumer, self.put_consumer),
            ("DELETE", consumer, self.delete_consumer),
        ]

    # ---- queues ------------------------------------------------------------------------

    async def list_all(self, request: web.Request) -> web.Response:
        """The queues, by name: by pages, and those of a name if any are given."""
        wanted = request.query.getall("name", [])
        found = await asyncio.to_thread(self._platform.queues.store.queues)
        shown = [queue for queue in found if not wanted or queue.name in wanted]
        listed = await self._listing()
        return paged(shown, request, listed, DEFAULT_PAGE)

    async def create(self, request: web.Request) -> web.Response:
        """Create a queue: `queue_name`, and `settings` if any."""
        fields = await read_object(request)
        name = fields.get("queue_name")
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise _refused(
                QUEUE_SETTINGS,
                '"queue_name" must have 1 to 63 letters, digits, "-" and "_", '
                "and begin and end with a letter or a digit.",
            )
        now_ms = _now_ms()
        queue = _with_settings(Queue(name, new_id(), now_ms, now_ms), fields.get("settings"))
        async with self._turn:
            taken = await asyncio.to_thread(self._platform.queues.store.queues)
            if any(other.name == name for other in taken):
                raise _refused(
                    NAME_TAKEN,
                    f'Queue name "{name}" is already taken. '
                    "Please use a different name and try again.",
                    HTTPStatus.CONFLICT,
                )
            await asyncio.to_thread(self._platform.queues.store.put_queue, queue)
        return success(await self._listed(queue))

    async def read(self, request: web.Request) -> web.Response:
        """A queue."""
        return success(await self._listed(await find_queue(self._platform, request)))

    async def update(self, request: web.Request) -> web.Response:
        """Give a queue other settings; those that are not given stay."""
        fields = await read_object(request)
        async with self._turn:
            queue = await find_queue(self._platform, request)
            if fields.get("queue_name", queue.name) != queue.name:
                raise _refused(QUEUE_SETTINGS, "A queue keeps its name, by which scripts send.")
            changed = _with_settings(replace(queue, modified_ms=_now_ms()), fields.get("settings"))
            await asyncio.to_thread(self._platform.queues.store.put_queue, changed)
            await self._platform.queues_changed()
        return success(await self._listed(changed))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a queue with its consumer and all that it holds."""
        async with self._turn:
            queue = await find_queue(self._platform, request)
            await asyncio.to_thread(self._platform.queues.store.delete_queue, queue.name)
            await self._platform.queues_changed()
        return success(None)

    async def _listed(self, queue: Queue) -> dict[str, Any]:
        return (await self._listing())(queue)

    async def _listing(self) -> "_Listing":
        consumers = await asyncio.to_thread(self._platform.queues.store.consumers)
        producers: dict[str, list[str]] = {}
        for record in self._platform.catalog.records():
            for entry in record.bindings:
                if entry["type"] == "queue":
                    producers.setdefault(entry["queue_name"], []).append(record.name)
        return _Listing(consumers, producers)

    # ---- consumers ---------------------------------------------------------------------

    async def list_consumers(self, request: web.Request) -> web.Response:
        """The consumers of a queue: one, or none."""
        queue = await find_queue(self._platform, request)
        found = await self._consumer_of(queue.name)
        return success([] if found is None else [listed_consumer(found)])

    async def read_consumer(self, request: web.Request) -> web.Response:
        """A consumer."""
        queue = await find_queue(self._platform, request)
        return success(listed_consumer(await self._consumer(request, queue)))

    async def add_consumer(self, request: web.Request) -> web.Response:
        """Have a queue consumed: by the script `script_name`, or by whoever pulls."""
        fields = await read_object(request)
        async with self._turn:
            queue = await find_queue(self._platform, request)
            if await self._consumer_of(queue.name) is not None:
                raise _refused(
                    CONSUMER_EXISTS,
                    f'The queue "{queue.name}" has a consumer already. Remove that one first.',
                    HTTPStatus.CONFLICT,
                )
            return await self._put(queue, new_id(), _now_ms(), fields)

    async def put_consumer(self, request: web.Request) -> web.Response:
        """Give a consumer other settings, or let another script be it."""
        fields = await read_object(request)
        async with self._turn:
            queue = await find_queue(self._platform, request)
            known = await self._consumer(request, queue)
            return await self._put(queue, known.id, known.created_ms, fields)

    async def delete_consumer(self, request: web.Request) -> web.Response:
        """Leave a queue without a consumer."""
        async with self._turn:
            queue = await find_queue(self._platform, request)
            await self._consumer(request, queue)
            await asyncio.to_thread(self._platform.queues.store.delete_consumer, queue.name)
            await self._platform.queues_changed()
        return success(None)

    async def _put(
        self, queue: Queue, consumer_id: str, created_ms: int, fields: Mapping[str, Any]
    ) -> web.Response:
        letters = fields.get("dead_letter_queue") or None
        if letters is not None and (
            not isinstance(letters, str) or _NAME.fullmatch(letters) is None
        ):
            raise _refused(CONSUMER_SETTINGS, '"dead_letter_queue" is no name of a queue.')
        try:
            settings = ConsumerSettings.parse(fields.get("settings") or {})
        except UploadRejected as error:
            raise _refused(CONSUMER_SETTINGS, str(error)) from None
        script = self._script(fields)
        consumer = Consumer(
            queue.name, consumer_id, script, settings.written(), letters, created_ms
        )
        await asyncio.to_thread(self._platform.queues.store.put_consumer, consumer, _now_ms())
        await self._platform.queues_changed()
        return success(listed_consumer(consumer))

    def _script(self, fields: Mapping[str, Any]) -> str | None:
        kind = fields.get("type", "worker")
        if kind == "http_pull":
            return None
        name = fields.get("script_name") or fields.get("script")
        if kind != "worker" or not isinstance(name, str):
            raise _refused(
                CONSUMER_SETTINGS,
                'A consumer is of the "type" "worker", with a "script_name", or "http_pull".',
            )
        try:
            record = self._platform.catalog.record(name)
        except ScriptNotFound as error:
            raise _refused(CONSUMER_SETTINGS, str(error), HTTPStatus.NOT_FOUND) from None
        if "queue" not in record.handlers:
            raise _refused(HANDLER_MISSING, f'queue handler is missing: "{name}" has no queue().')
        return name

    async def _consumer_of(self, queue: str) -> Consumer | None:
        return await asyncio.to_thread(self._platform.queues.store.consumer, queue)

    async def _consumer(self, request: web.Request, queue: Queue) -> Consumer:
        found = await self._consumer_of(queue.name)
        wanted = request.match_info["consumer"]
        if found is None or found.id != wanted:
            message = f'The queue "{queue.name}" has no consumer with the id "{wanted}".'
            raise _refused(QUEUE_NOT_FOUND, message, HTTPStatus.NOT_FOUND)
        return found


async def find_queue(platform: Platform, request: web.Request) -> Queue:
    """The queue that the path names, by its id or its name. Raises ApiRefusal."""
    wanted = request.match_info["queue"]
    try:
        return await asyncio.to_thread(platform.queues.store.queue, wanted)
    except QueueNotFound:
        message = f'There is no queue "{wanted}".'
        raise _refused(QUEUE_NOT_FOUND, message, HTTPStatus.NOT_FOUND) from None


async def refuse_unknown_queues(platform: Platform, bindings: Iterable[Binding]) -> None:
    """Raise UploadRejected for a binding whose queue was not created."""
    names = lambda: {queue.name for queue in platform.queues.store.queues()}  # noqa: E731
    unknown = await first_unknown(bindings, QueueProducer, lambda one: one.queue, names)
    if unknown is not None:
        raise UploadRejected(
            QUEUE_NOT_FOUND,
            f'Binding "{unknown.name}": Queue "{unknown.queue}" does not exist. '
            f"To create it, run: wrangler queues create {unknown.queue}",
        )


def _with_settings(queue: Queue, given: object) -> Queue:
    if given is None:
        return queue
    if not isinstance(given, dict):
        raise _refused(QUEUE_SETTINGS, '"settings" must be an object.')
    paused = given.get("delivery_paused", queue.paused)
    if not isinstance(paused, bool):
        raise _refused(QUEUE_SETTINGS, '"delivery_paused" must be true or false.')
    delay = _number(given, "delivery_delay", queue.delivery_delay, 0, MAX_QUEUE_DELAY_S)
    retention = _number(given, "message_retention_period", queue.retention, *RETENTION_S)
    assert retention is not None, "there always is one"
    return replace(queue, paused=paused, delivery_delay=delay, retention=retention)


def _number(
    given: Mapping[str, Any], name: str, before: int | None, least: int, most: int
) -> int | None:
    value: int | None = given.get(name)
    if value is None:
        return before
    if not is_whole(value, least, most):
        raise _refused(QUEUE_SETTINGS, f'"{name}" must be a number from {least:,} to {most:,}.')
    return value


class _Listing:
    """How queues are told of."""

    def __init__(
        self, consumers: Iterable[Consumer], producers: Mapping[str, Iterable[str]]
    ) -> None:
        self._consumers = {consumer.queue: consumer for consumer in consumers}
        self._producers = producers

    def __call__(self, queue: Queue) -> dict[str, Any]:
        consumer = self._consumers.get(queue.name)
        consumers = [] if consumer is None else [listed_consumer(consumer)]
        producers = [
            {"type": "worker", "script": script} for script in self._producers.get(queue.name, ())
        ]
        return {
            "queue_id": queue.id,
            "queue_name": queue.name,
            "created_on": _time(queue.created_ms),
            "modified_on": _time(queue.modified_ms),
            "settings": {
                "delivery_delay": queue.delivery_delay or 0,
                "delivery_paused": queue.paused,
                "message_retention_period": queue.retention,
            },
            "producers": producers,
            "producers_total_count": len(producers),
            "consumers": consumers,
            "consumers_total_count": len(consumers),
        }


def listed_consumer(consumer: Consumer) -> dict[str, Any]:
    """A consumer as the API tells of it."""
    settings = ConsumerSettings.read(consumer.settings)
    shown: dict[str, Any] = {
        "consumer_id": consumer.id,
        "queue_name": consumer.queue,
        "created_on": _time(consumer.created_ms),
        "type": "worker",
    }
    if consumer.dead_letter_queue is not None:
        shown["dead_letter_queue"] = consumer.dead_letter_queue
    common = {
        "batch_size": settings.batch_size,
        "max_retries": settings.max_retries,
        "retry_delay": settings.retry_delay,
    }
    if consumer.script is None:
        pulling = {"visibility_timeout_ms": settings.visibility_timeout_ms}
        return {**shown, "type": "http_pull", "settings": {**common, **pulling}}
    pushing = {
        "max_wait_time_ms": settings.max_wait_time_ms,
        "max_concurrency": settings.max_concurrency,
    }
    return {**shown, "script": consumer.script, "settings": {**common, **pushing}}


def _time(ms: int) -> str:
    return iso_time(datetime.fromtimestamp(ms / 1000, UTC))


def _now_ms() -> int:
    return int(time.time() * 1000)


def _refused(code: int, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> ApiRefusal:
    return ApiRefusal(status, code, message)
