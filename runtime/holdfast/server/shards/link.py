"""One connection between two shards: calls either way, their answers, and what goes with them.

Why no HTTP: a Durable Object gets the calls of one stub in the order in which they were made,
which a pool of connections does not keep, and one connection would let one slow answer hold
up all that follow. Here calls share a connection and are answered in any order.

Invariants:

- What is said arrives in order, or the link is lost, and with it everything that it carries:
  calls fail as `Network connection lost.`, to be tried again; bodies and WebSockets break off.
- A call that was said is made at most once.
- What waits here is bounded: calls that would be too many fail at once as overloaded, where they
  come from; where they come late, by the owner.
- What arrives never runs within a turn of an isolate, and nothing that is said enters one.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

from holdfast.host.byte_streams import CONNECTION_LOST
from holdfast.host.rpc import Message
from holdfast.objects.calls import (
    QUEUED_TOO_LONG,
    TOO_MANY_REQUESTS,
    TOO_MUCH_DATA,
    Caller,
)
from holdfast.objects.local import UNREACHABLE, LocalObjects
from holdfast.objects.placement import ObjectAddress, ObjectRequest
from holdfast.objects.wait_graph import Circle
from holdfast.server.overload import Overload, Reason
from holdfast.server.shards.bodies import Bodies
from holdfast.server.shards.bodies import Crossing as BodyCrossing
from holdfast.server.shards.exports import (
    Crossing,
    Exports,
    packed_address,
    unpacked_address,
)
from holdfast.server.shards.sockets import Sockets
from holdfast.server.shards.wire import Messages, Wire
from holdfast.workers import WorkerResponse

log = logging.getLogger("holdfast.shards")

Target = tuple[str, Any]  # ("object", its address) or ("mine", number of an export)


class Refused(Exception):
    """Another shard could not do what it was asked; `kind` is the class of its error."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Clerk(Protocol):
    """Does what other shards ask for that is no call to an object."""

    def __call__(self, verb: str, *arguments: Any) -> Coroutine[Any, Any, Any]:
        """Do it; the result is a plain value."""


class Link:
    """A connection to another shard (calls.Caller, placement.Owner)."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        local: LocalObjects,
        clerk: Clerk,
        overload: Overload,
        *,
        on_news: Callable[[], None],
        on_lost: "Callable[[Link], None]",
    ) -> None:
        """`on_news` is told that something comes, before it is acted upon."""
        self._overload = overload
        self.loop = loop
        self.wire = wire = Wire(loop)
        wire.on_messages, wire.on_lost = self._hear, self._lose
        self._local = local
        self._clerk = clerk
        self._on_news = on_news
        self._on_lost = on_lost
        self.say = wire.say
        self.bodies = Bodies(wire, loop)
        self._sockets = Sockets(wire, loop, overload.bounds.held_bytes)
        self._exports = Exports(self)
        self._waiting: dict[int, tuple[Caller, int]] = {}
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._last = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._handlers: dict[str, Callable[..., None]] = {
            "fetch": self._fetch,
            "call": self._call,
            "abandon": self._abandon,
            "response": self._response,
            "result": self._result,
            "failed": self._failed,
            "ask": self._asked_clerk,
            "follow": self._asked_to_follow,
            "told": self._told,
            "refused": self._refused,
            **self.bodies.handlers,
            **self._sockets.handlers,
            **self._exports.handlers,
        }

    @property
    def is_lost(self) -> bool:
        """True once nothing crosses any more."""
        return self.wire.is_lost

    def close(self) -> None:
        """End the link."""
        self.wire.close()

    # ---- calls to the other side ---------------------------------------------------

    def fetch(
        self, caller: Caller, number: int, address: ObjectAddress, request: ObjectRequest
    ) -> None:
        """See Owner."""
        if self._is_full(caller, number):
            request.discard()
            return
        method, url, headers, body, cf = request
        crossing = self.bodies.sent(body)
        call = self._begin(caller, number)
        self.say("fetch", call, packed_address(address), method, url, headers, crossing, cf)

    def call(
        self,
        caller: Caller,
        number: int,
        address: ObjectAddress,
        route: str,
        message: Message | None,
    ) -> None:
        """See Owner."""
        if self._is_full(caller, number):
            if message is not None:
                message.drop()
            return
        self.call_target(caller, number, ("object", packed_address(address)), route, message)

    def call_target(
        self, caller: Caller, number: int, target: Target, route: str, message: Message | None
    ) -> None:
        """Call an object, or an export, by RPC."""
        crossing = self._exports.packed(message)
        self.say("call", self._begin(caller, number), target, route, crossing)

    def _is_full(self, caller: Caller, number: int) -> bool:
        """Whether too much is under way for a further call to an object, which fails then."""
        if len(self._waiting) >= self._overload.bounds.requests:
            why = TOO_MANY_REQUESTS
        elif self.wire.unsent_bytes > self._overload.bounds.held_bytes:
            why = TOO_MUCH_DATA
        else:
            return False
        caller.failed(number, "Error", why, "overloaded")
        return True

    def _begin(self, caller: Caller, number: int) -> int:
        self._last += 1
        self._waiting[self._last] = (caller, number)
        if self.is_lost:
            self.loop.call_soon(self._fail_waiting)
        return self._last

    def number_of(self, caller: Caller, number: int) -> int | None:
        """What a call that has gone over this link, and is not answered, is called there."""
        asked = (caller, number)
        return next((call for call, who in self._waiting.items() if who == asked), None)

    async def follow_call(self, number: int, known: Circle) -> Circle | None:
        """See WaitGraph, for a call that has gone to the other side."""
        try:
            found = await self._ask("follow", number, known.hung_sweeps, {*known.keys})
        except (Refused, ConnectionError):
            return None
        return None if found is None else Circle(known.hung_sweeps, *found)

    async def ask(self, verb: str, *arguments: Any) -> Any:
        """Have the other side's clerk do something. Raises Refused and ConnectionError."""
        return await self._ask("ask", verb, arguments)

    async def _ask(self, word: str, *values: Any) -> Any:
        if self.is_lost:
            raise ConnectionError(CONNECTION_LOST)
        self._last = number = self._last + 1
        answer: asyncio.Future[Any] = self.loop.create_future()
        self._asked[number] = answer
        self.say(word, number, *values)
        try:
            return await answer
        finally:
            self._asked.pop(number, None)

    # ---- answers to the other side (calls.Caller) ----------------------------------

    def responded(self, number: int, response: WorkerResponse) -> None:
        """See Caller."""
        if self.is_lost:
            response.discard()
            return
        end = response.socket
        socket = None if end is None else self._sockets.number()
        body = self.bodies.sent(response.body)
        self.say(
            "response",
            *(number, response.status, response.status_text, response.headers, body, socket),
        )
        if end is not None and socket is not None:
            self._sockets.sent(socket, end)

    def returned(self, number: int, message: Message) -> None:
        """See Caller."""
        if self.is_lost:
            self.loop.call_soon(message.drop)
        else:
            self.say("result", number, self._exports.packed(message))

    def failed(
        self, number: int, name: str, message: str, flags: str, data: bytes | None = None
    ) -> None:
        """See Caller."""
        self.say("failed", number, name, message, flags, data)

    # ---- what the other side says --------------------------------------------------

    def _hear(self, messages: Messages) -> None:
        self._on_news()
        handlers = self._handlers
        for word, values in messages:
            handlers[word](*values)

    def _fetch(
        self,
        number: int,
        address: tuple[Any, ...],
        method: str,
        url: str,
        headers: str,
        crossing: BodyCrossing,
        cf: str | None,
    ) -> None:
        request = ObjectRequest(method, url, headers, self.bodies.received(crossing), cf)
        self._begin_in_turn(self._begin_fetch, number, unpacked_address(*address), request)

    def _begin_in_turn(self, begin: Callable[..., None], *arguments: Any) -> None:
        """Call `begin(*arguments, is_late=…)`, now or when its turn comes."""
        if self._overload.backlog.has_time():
            begin(*arguments, is_late=False)
        else:
            self._overload.backlog.postpone(partial(begin, *arguments))

    def _begin_fetch(
        self, number: int, address: ObjectAddress, request: ObjectRequest, *, is_late: bool
    ) -> None:
        try:
            if not is_late:
                self._local.fetch(self, number, address, request)
                return
            self._refuse(number)
        except UNREACHABLE as error:
            self.failed(number, "Error", str(error), "remote")
        request.discard()

    def _refuse(self, number: int) -> None:
        """A call to an object comes up too late."""
        self._overload.note(Reason.LATE)
        self.failed(number, "Error", QUEUED_TOO_LONG, "overloaded")

    def _call(self, number: int, target: Target, route: str, crossing: Crossing) -> None:
        message = self._exports.unpacked(crossing)
        if target[0] == "object":
            self._begin_in_turn(self._begin_call, number, target, route, message)
        else:  # part of a call that is under way
            self._on_news()  # for those before it have perhaps taken their time
            self._begin_call(number, target, route, message, is_late=False)

    def _begin_call(
        self, number: int, target: Target, route: str, message: Message | None, *, is_late: bool
    ) -> None:
        kind, what = target
        try:
            if is_late:
                self._refuse(number)
            elif kind == "object":
                self._local.call(self, number, unpacked_address(*what), route, message)
                return
            else:
                self._exports.held(what).call(self, number, route, message)
                return
        except UNREACHABLE as error:
            is_lost = isinstance(error, ConnectionError)  # as within one process (objects/rpc.py)
            self.failed(number, "Error", str(error), "remote,retryable" if is_lost else "remote")
        if message is not None:
            message.drop()

    def _abandon(self, number: int) -> None:
        # Perhaps the call itself still waits for its turn.
        self._begin_in_turn(self._begin_to_abandon, number)

    def _begin_to_abandon(self, number: int, *, is_late: bool) -> None:
        del is_late  # it takes no time
        self._local.abandon(self, number)

    def _response(
        self,
        number: int,
        status: int,
        status_text: str,
        headers: str,
        crossing: BodyCrossing,
        socket: int | None,
    ) -> None:
        caller, its_number = self._waiting.pop(number)
        end = None if socket is None else self._sockets.received(socket)
        body = self.bodies.received(crossing)
        caller.responded(its_number, WorkerResponse(status, status_text, headers, body, end))

    def _result(self, number: int, crossing: Crossing) -> None:
        caller, its_number = self._waiting.pop(number)
        message = self._exports.unpacked(crossing)
        assert message is not None, "a result is a message"
        caller.returned(its_number, message)

    def _failed(self, number: int, name: str, message: str, flags: str, data: bytes | None) -> None:
        caller, its_number = self._waiting.pop(number)
        caller.failed(its_number, name, message, flags, data)

    def _asked_clerk(self, number: int, verb: str, arguments: tuple[Any, ...]) -> None:
        self._tell(number, self._clerk(verb, *arguments))

    def _asked_to_follow(self, number: int, call: int, hung_sweeps: int, keys: set[str]) -> None:
        self._tell(number, self._followed(call, Circle(hung_sweeps, keys)))

    async def _followed(self, call: int, known: Circle) -> tuple[set[str], set[str]] | None:
        found = await self._local.waits.follow_call(self, call, known)
        return None if found is None else (found.keys, found.held)

    def _tell(self, number: int, answer: Coroutine[Any, Any, Any]) -> None:
        task = self.loop.create_task(self._do(number, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, number: int, answer: Coroutine[Any, Any, Any]) -> None:
        try:
            self.say("told", number, await answer)
        except Exception as error:
            log.debug("another shard was refused", exc_info=error)
            self.say("refused", number, type(error).__name__, str(error))

    def _told(self, number: int, value: Any) -> None:
        answer = self._asked.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_result(value)

    def _refused(self, number: int, kind: str, message: str) -> None:
        answer = self._asked.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_exception(Refused(kind, message))

    # ---- the end -------------------------------------------------------------------

    def _lose(self) -> None:
        self.bodies.lose()
        self._sockets.lose()
        self._exports.lose()
        self._fail_waiting()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ConnectionError(CONNECTION_LOST))
        self._on_lost(self)

    def _fail_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for caller, number in waiting.values():
            caller.failed(number, "Error", CONNECTION_LOST, "remote,retryable")
