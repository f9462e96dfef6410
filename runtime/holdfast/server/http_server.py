"""Listening, the connections that come of it and their bounds, stopping without a cut."""

import asyncio
import contextlib
import heapq
import logging
import os
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from aiohttp.http_parser import RawRequestMessage

from holdfast.host.byte_streams import ByteStream
from holdfast.host.holders import Holders
from holdfast.host.sockets_wire import WireEnd
from holdfast.server.connection import Connection
from holdfast.server.flow import Flow
from holdfast.server.listening import BACKLOG
from holdfast.server.overload import Overload, Reason
from holdfast.workers import GOING_AWAY, WorkerResponse

log = logging.getLogger("holdfast.server")

LONG_ROUND_SECONDS = 0.005
MAKES_ROOM = 20  # the share of the connections that make way at once for others
LAST_REQUEST_SECONDS = 0.25  # in which connections that are idle at a stop may bring a last request
COUNT_SECONDS = 0.1  # what costs more than a glance is looked at so often at most


class Handler(Protocol):
    """Answers requests."""

    def handle(
        self, message: RawRequestMessage, client: str, body: bytes | ByteStream | None
    ) -> "WorkerResponse | asyncio.Future[WorkerResponse]":
        """The response to a request of the client with this address, or a future of it."""

    def refuse(self, message: RawRequestMessage, reason: Reason) -> WorkerResponse:
        """The response to a request that is not given to a Worker: there is too much to do."""

    def told_of_leaving(
        self, message: RawRequestMessage, answer: "asyncio.Future[WorkerResponse] | None"
    ) -> bool:
        """Tell a Worker that its client may have left, if it wants to know before it answers.

        `answer` is None once it has begun to answer. False if only giving that up tells it.
        """

    def result_of(
        self, answer: "asyncio.Future[WorkerResponse]", message: RawRequestMessage
    ) -> WorkerResponse:
        """The response that a finished future stands for, a page where it failed."""


class HttpServer:
    """An HTTP/1 server."""

    def __init__(
        self,
        handler: Handler,
        loop: asyncio.AbstractEventLoop,
        overload: Overload,
        make_connection: Callable[["HttpServer"], Connection] = Connection,
    ) -> None:
        self.loop = loop
        self._make_connection = partial(make_connection, self)
        self._overload = overload
        self.backlog = overload.backlog
        self.backlog.at_end.append(self._end_round)
        self._max_connections = overload.max_connections
        overload.count_clients = self._count_clients
        self._no_room_until = 0.0
        # Connections, WebSockets among them, that hold what nobody takes.
        self.holders = Holders(
            overload.bounds.held_bytes, loop.time, partial(overload.note, Reason.BYTES)
        )
        self.handle: Callable[..., WorkerResponse | asyncio.Future[WorkerResponse]]
        self.handle = handler.handle
        self.refuse = handler.refuse
        self.result_of = handler.result_of
        self.told_of_leaving = handler.told_of_leaving
        self.connections: set[Connection] = set()
        self._to_flush: list[Flow] = []
        self.sockets: set[WireEnd] = set()  # connections that were upgraded
        self._servers: list[asyncio.Server] = []
        self._listeners: list[socket.socket] = []  # of these servers, once more
        self._welcoming: set[asyncio.Task[Any]] = set()
        self._all_closed: asyncio.Future[None] | None = None

    async def start_on(
        self, listeners: Sequence[socket.socket], on_request: Callable[[], None] | None = None
    ) -> None:
        """Take the connections of sockets (listening.py); `on_request` is told of each request."""
        if on_request is not None:
            self._tell_of_requests(on_request)
        for listener in listeners:
            is_path = listener.family == socket.AF_UNIX
            create = self.loop.create_unix_server if is_path else self.loop.create_server
            server = await create(self._make_connection, sock=listener, backlog=BACKLOG)
            self._serve(server)

    def _tell_of_requests(self, on_request: Callable[[], None]) -> None:
        handle = self.handle

        def handle_told(*request: Any) -> Any:
            on_request()
            return handle(*request)

        self.handle = handle_told

    def _serve(self, server: asyncio.Server) -> None:
        self._servers.append(server)
        for listening in server.sockets:
            listener = socket.socket(fileno=os.dup(listening.fileno()))
            listener.setblocking(False)
            self._listeners.append(listener)

    async def stop(self, drain_seconds: float) -> None:
        """Take no new connections, let responses under way end, then close what is left.

        A proxy may send a request while the connection that it has kept for that is closed, and
        must not send one again that may have done something. So requests that come within the next
        moment are answered, and the answers say that the connection ends.
        """
        if not self._servers:
            return
        self._accept_all()
        for server in self._servers:
            server.close()
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        await asyncio.gather(*self._welcoming, return_exceptions=True)
        for connection in [*self.connections]:
            connection.finish()
        ended = [*self.sockets]
        for wire in ended:
            wire.shut_down(GOING_AWAY)
        await self._empty_within(min(LAST_REQUEST_SECONDS, drain_seconds))
        await asyncio.sleep(0)  # what came while the loop had other things to do is read first
        for connection in [each for each in self.connections if each.is_idle]:
            connection.make_way()
        for wire in self.sockets.difference(ended):
            wire.shut_down(GOING_AWAY)
        await self._empty_within(drain_seconds)
        for connection in [*self.connections]:
            connection.abort()
        for wire in [*self.sockets]:
            wire.abort()
        await self._emptied()
        servers, self._servers = self._servers, []
        for server in servers:
            await server.wait_closed()

    async def _empty_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._emptied()

    async def _emptied(self) -> None:
        """Return once no connection is left."""
        while self.connections or self.sockets:
            self._all_closed = self.loop.create_future()
            await self._all_closed

    def flush_soon(self, connection: Flow) -> None:
        """Let a connection write what it has gathered, once what was read is answered."""
        self.backlog.begin()
        self._to_flush.append(connection)

    def _end_round(self, seconds: float) -> None:
        connections, self._to_flush = self._to_flush, []
        for connection in connections:
            connection.flush()
        if seconds > LONG_ROUND_SECONDS:
            self._accept_all()

    def _accept_all(self) -> None:
        """Take the connections that wait for it.

        The loop takes one in each round. Where rounds are long that is too few: the kernel's
        queue would fill up, and clients would hear nothing at all.
        """
        for listener in self._listeners:
            try:
                for _ in range(BACKLOG):
                    self.welcome(listener.accept()[0])
            except BlockingIOError:
                pass
            except OSError as error:
                log.debug("a connection cannot be taken: %s", error)

    def welcome(self, accepted: socket.socket) -> None:
        """Serve a connection that was accepted."""
        accepted.setblocking(False)
        task = self.loop.create_task(
            self.loop.connect_accepted_socket(self._make_connection, accepted)
        )
        self._welcoming.add(task)
        task.add_done_callback(self._welcoming.discard)

    # ---- bounds ------------------------------------------------------------------------

    def _count_clients(self) -> tuple[int, int]:
        return len(self.connections), len(self.sockets)

    @property
    def is_full(self) -> bool:
        """Whether another connection would have to make room for one more."""
        return len(self.connections) + len(self.sockets) >= self._max_connections

    def has_room(self) -> bool:
        """Whether there is room for one more connection.

        Those that have been idle for longest make way, some at once.
        """
        if not self.is_full:
            return True
        now = self.loop.time()
        if now >= self._no_room_until:
            idle = [connection for connection in self.connections if connection.is_idle]
            count = max(self._max_connections // MAKES_ROOM, 1)
            for connection in heapq.nsmallest(count, idle, key=Connection.idle_since):
                connection.make_way()
            if idle:
                return True
            self._no_room_until = now + COUNT_SECONDS
        self._overload.note(Reason.CONNECTIONS)
        return False

    # ---- the end of connections --------------------------------------------------------

    def closed(self, connection: Connection) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        self.holders.discard(connection)
        self._look_whether_empty()

    def socket_closed(self, wire: WireEnd) -> None:
        """A connection that was upgraded has ended."""
        self.holders.discard(wire)
        self.sockets.discard(wire)
        self._look_whether_empty()

    def _look_whether_empty(self) -> None:
        waiting = self._all_closed
        if waiting is None or waiting.done():
            return
        if not self.connections and not self.sockets:
            waiting.set_result(None)
