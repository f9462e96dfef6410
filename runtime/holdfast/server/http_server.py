"""Listening, the connections that came of it, and stopping without cutting anyone off."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aiohttp.http_parser import RawRequestMessage

from holdfast.host.bodies import ByteStream
from holdfast.host.sockets_wire import WireEnd
from holdfast.server.connection import Connection
from holdfast.workers import GOING_AWAY, WorkerResponse

BACKLOG = 1024


class Handler(Protocol):
    """Answers requests."""

    def handle(
        self, message: RawRequestMessage, client: str, body: bytes | ByteStream | None
    ) -> "WorkerResponse | asyncio.Future[WorkerResponse]":
        """The response to a request of the client with this address, or a future of it."""

    def result_of(
        self, answer: "asyncio.Future[WorkerResponse]", message: RawRequestMessage
    ) -> WorkerResponse:
        """The response that a finished future stands for, a page where it failed."""


class HttpServer:
    """An HTTP/1 server on one address."""

    def __init__(self, handler: Handler, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.handle: Callable[..., WorkerResponse | asyncio.Future[WorkerResponse]]
        self.handle = handler.handle
        self.result_of = handler.result_of
        self.connections: set[Connection] = set()
        self._to_flush: list[Connection] = []
        self.sockets: set[WireEnd] = set()  # connections that were upgraded
        self._servers: list[asyncio.Server] = []
        self._all_closed: asyncio.Future[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, also where 0 asked for any. Raises OSError when it is taken."""
        server = await self.loop.create_server(
            lambda: Connection(self), host, port, backlog=BACKLOG
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def start_on(
        self, listeners: Sequence[socket.socket], on_request: Callable[[], None]
    ) -> None:
        """Take the connections of sockets that listen; `on_request` is told of each request."""
        handle = self.handle

        def handle_told(*request: Any) -> Any:
            on_request()
            return handle(*request)

        self.handle = handle_told
        for listener in listeners:
            server = await self.loop.create_server(
                lambda: Connection(self), sock=listener, backlog=BACKLOG
            )
            self._servers.append(server)

    async def stop(self, drain_seconds: float) -> None:
        """Take no new connections, let responses under way end, then close what is left."""
        if not self._servers:
            return
        for server in self._servers:
            server.close()
        for connection in [*self.connections]:
            connection.finish()
        for wire in [*self.sockets]:
            wire.shut_down(GOING_AWAY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_seconds):
                await self._emptied()
        for connection in [*self.connections]:
            connection.abort()
        for wire in [*self.sockets]:
            wire.abort()
        await self._emptied()
        servers, self._servers = self._servers, []
        for server in servers:
            await server.wait_closed()

    async def _emptied(self) -> None:
        """Return once no connection is left."""
        while self.connections or self.sockets:
            self._all_closed = self.loop.create_future()
            await self._all_closed

    def flush_soon(self, connection: Connection) -> None:
        """Let a connection write what it has gathered, once what was read is answered."""
        if not self._to_flush:
            self.loop.call_soon(self._flush)
        self._to_flush.append(connection)

    def _flush(self) -> None:
        connections, self._to_flush = self._to_flush, []
        for connection in connections:
            connection.flush()

    def closed(self, connection: Connection) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        self._look_whether_empty()

    def socket_closed(self, wire: WireEnd) -> None:
        """A connection that was upgraded has ended."""
        self.sockets.discard(wire)
        self._look_whether_empty()

    def _look_whether_empty(self) -> None:
        waiting = self._all_closed
        if waiting is None or waiting.done():
            return
        if not self.connections and not self.sockets:
            waiting.set_result(None)
