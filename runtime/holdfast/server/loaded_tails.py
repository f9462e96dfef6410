"""Who is told of the events of Workers that scripts load: the `tails` of their code.

https://developers.cloudflare.com/dynamic-workers/api-reference/#tails
"""

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from holdfast.engine.v8format import encode
from holdfast.host.rpc import Message, Sent
from holdfast.objects import IsolateObjects
from holdfast.objects.placement import ObjectAddress
from holdfast.objects.services import ServiceTarget
from holdfast.server.tail_consumers import Consumer, Hear
from holdfast.workers import ScriptFailed, Worker, WorkerResponse
from holdfast.workers.trace import Frame, Tracer, depth_of, shown

if TYPE_CHECKING:
    from holdfast.server.runtime import Runtime


def listen(
    worker: Worker, tails: Sequence[Sent], objects: IsolateObjects, runtime: "Runtime"
) -> list[Consumer]:
    """Have these told of a Worker's events, who are found as `objects` does; what tells them."""
    consumers = [_consumer(tail, objects, runtime) for tail in tails]

    def tell(frame: Frame) -> None:
        for consumer in consumers:
            consumer.hear(frame)

    worker.host.trace(Tracer(None, None, tell, runtime.clock.now_ms))
    return consumers


def _consumer(tail: Sent, objects: IsolateObjects, runtime: "Runtime") -> Consumer:
    match tail:
        case ServiceTarget(script, entrypoint, props):

            def find() -> Hear:
                return partial(objects.worker_of(tail).tail, entrypoint=entrypoint, props=props)

            return Consumer(script, find, runtime.loop, runtime.tell)
        case ObjectAddress(namespace):
            told = _ObjectTail(tail, runtime)
            return Consumer(namespace.script, lambda: told.call, runtime.loop, runtime.tell)
    raise AssertionError(f"a tail is a service or an object, not {tail!r}")


class _ObjectTail:
    """Calls the method tail() of an object (calls.Caller)."""

    def __init__(self, address: ObjectAddress, runtime: "Runtime") -> None:
        self._address = address
        self._runtime = runtime
        self._last = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    def call(self, frames: Sequence[Frame], _passed: Sequence[str]) -> "asyncio.Future[Any]":
        """Tell it of events, as plain data."""
        runtime, address = self._runtime, self._address
        self._last = number = self._last + 1
        told = self._waiting[number] = runtime.loop.create_future()
        route = json.dumps([depth_of(frames) + 1, "tail"])
        message = Message(encode([[shown(frame) for frame in frames]]))
        owner = runtime.directory.placement.owner(address.id) or runtime.local
        owner.call(self, number, address, route, message)
        return told

    def responded(self, number: int, response: WorkerResponse) -> None:
        """See Caller: no request was sent."""
        response.discard()

    def returned(self, number: int, message: Message) -> None:
        """See Caller."""
        message.drop()
        self._end(number, None)

    def failed(
        self, number: int, name: str, message: str, flags: str, data: bytes | None = None
    ) -> None:
        """See Caller."""
        self._end(number, ScriptFailed(name, message, f"{name}: {message}", flags, data))

    def _end(self, number: int, error: ScriptFailed | None) -> None:
        told = self._waiting.pop(number, None)
        if told is not None and not told.done():
            if error is None:
                told.set_result(None)
            else:
                told.set_exception(error)
