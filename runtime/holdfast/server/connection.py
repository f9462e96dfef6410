"""One HTTP/1 connection of a client.

aiohttp's parser reads the requests (intake.py). What happens between a request and its response is
ours, because aiohttp's own server spends two tasks and three trips through the loop on
each, several times what a Worker needs for its answer: here a request goes into the
isolate within the callback that its bytes came with, and a response that is ready then
goes out within it too. docs/performance.md has the figures.

Invariants:

- Requests are answered one after the other, in order. While `_busy`, later ones wait in
  `_messages`, and the parser stops reading when there are too many.
- The next request is answered when the client has read most of the last response, so
  that one who asks and does not listen fills no memory.
- A response is written whole, or the connection is closed in the middle of it, so that
  no client takes the part for the whole.
- A request's body that was left unread is read and thrown away before the next request,
  for a while; then the connection is closed.
"""

import asyncio
import functools
from typing import TYPE_CHECKING

from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from holdfast.host.byte_streams import ByteStream, ReaderBody
from holdfast.host.sockets_end import SocketEnd
from holdfast.server.framing import new_parser
from holdfast.server.intake import AFTER_NEXT, NOW, Intake
from holdfast.server.overload import Reason
from holdfast.server.refusals import (
    UNKNOWN_VERSION,
    VERSIONS,
    RequestRefused,
    check_body,
    checked_empty,
    wants_to_continue,
)
from holdfast.server.response import (
    OVERLOADED,
    ResponseBroken,
    copy_body,
    has_no_body,
    response_head,
)
from holdfast.server.websocket import HandshakeRefused, accept_key, handshake_refused, upgrade
from holdfast.workers import WorkerResponse

if TYPE_CHECKING:
    from holdfast.server.http_server import HttpServer

IDLE_SECONDS = 75.0  # a connection without a whole request for so long is closed
SILENT_SECONDS = 1.0  # how long a response may pause where the client has ended its side
LINGER_SECONDS = 10.0  # how long an unread request body is waited for


class Connection(Intake):
    """Hands requests to the server's handler, writes the responses."""

    __slots__ = (
        "_answer",
        "_has_ended",
        "_holds_back",
        "_idle_since",
        "_idle_timer",
        "_sending",
        "_stalled",
        "_task",
        "client",
    )

    def __init__(self, server: "HttpServer") -> None:
        super().__init__(server)
        self._holds_back = False  # the client waits to be told to send its request's body
        self._has_ended = False  # the client sends nothing more
        self._stalled = False  # the client is to read before it is answered again
        self._answer: asyncio.Future[WorkerResponse] | None = None
        self._task: asyncio.Task[None] | None = None
        self._idle_since = 0.0
        self._sending = 0  # bytes that were yet to leave at the last look
        self._idle_timer: asyncio.TimerHandle | None = None
        self.client = ""

    # ---- the transport's side ------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: the server knows the connection from now on."""
        super().connection_made(transport)
        if not self._server.has_room():
            self._turn_away()
            return
        peer = transport.get_extra_info("peername")
        # An address of IPv4 that has come by a socket of IPv6 is itself.
        self.client = peer[0].removeprefix("::ffff:") if isinstance(peer, tuple) else ""
        self._server.connections.add(self)
        self._idle_since = self._loop.time()
        self._idle_timer = self._loop.call_later(IDLE_SECONDS, self._check_idle)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client has gone: nobody waits for the response any more."""
        super().connection_lost(exc)
        self._forget()
        if self._wants_more():
            self._payload.set_exception(ConnectionResetError("the client has gone"))
        for waiting in (self._answer, self._task):
            if waiting is not None:
                waiting.cancel()
        self._parser = None

    def eof_received(self) -> bool:
        """The client has left, or waits for its responses all the same: a write tells which.

        So it gets what is under way, but no stream that pauses, and no WebSocket.
        """
        has_left = not self._busy or self._wants_more() or self._upgraded
        if has_left or not self._server.told_of_leaving(self._message, self._answer):
            return False
        self._has_ended, self._moved = True, False
        self._loop.call_later(SILENT_SECONDS, self._check_silence)
        return True

    def _check_silence(self) -> None:
        moved, self._moved = self._moved, False
        if self.transport is None:
            return
        if self._task is not None and not moved and not self._paused:
            self.transport.close()
        else:
            self._loop.call_later(SILENT_SECONDS, self._check_silence)

    def _forget(self) -> None:
        """This is no connection any more."""
        self._server.closed(self)
        self._closing = NOW
        self._messages.clear()
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    def _turn_away(self) -> None:
        """There is no room for another connection."""
        self._closing = NOW
        self._say(OVERLOADED)
        self._close()

    def _check_idle(self) -> None:
        if self.transport is None:
            return
        if self._busy and self._is_stuck():
            self.transport.abort()
            return
        since = self._loop.time() if self._busy else self._idle_since
        delay = since + IDLE_SECONDS - self._loop.time()
        if delay > 0:
            self._idle_timer = self._loop.call_later(delay, self._check_idle)
        else:
            self.transport.close()

    def _is_stuck(self) -> bool:
        """Whether the client neither sent nor read what is due since the last look."""
        assert self.transport is not None, "who looks has looked"
        before, self._sending = self._sending, self.transport.get_write_buffer_size()
        arrived, self._arrived = self._arrived, False
        if self._paused and self._sending == before:
            return True
        return self._wants_more() and not arrived and not self._reading_paused

    # ---- bounds ----------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way, nor the whole of one here."""
        return not self._busy and not self._messages

    def idle_since(self) -> float:
        """Since when, by the loop's clock."""
        return self._idle_since

    def make_way(self) -> None:
        """Close, being idle, for another connection."""
        self._forget()
        self._close()

    def finish(self) -> None:
        """Close after the response under way, or else after the next one."""
        self._closing = NOW if self._busy else AFTER_NEXT
        if self._parts:
            self._close()

    # ---- one request -----------------------------------------------------------------

    def _proceed(self) -> None:
        """Answer the requests that wait, until one has to be waited for."""
        server = self._server
        while self._messages and not self._busy and self._closing != NOW:
            self._message, self._payload = self._messages.popleft()
            self._keep_alive = not self._message.should_close
            if not self._keep_alive and self._message.version not in VERSIONS:
                self._refuse(*UNKNOWN_VERSION)
                return
            if self._parser is not None:
                self._parser.message_consumed()
            self._busy = True
            if server.backlog.has_time():
                self._begin()
            else:
                server.backlog.postpone(self._begin_postponed)

    def _begin_postponed(self, *, is_late: bool) -> None:
        if self.transport is None:
            return
        if is_late:
            self._respond(self._server.refuse(self._message, Reason.LATE))
        else:
            self._begin()
        self._proceed()

    def _begin(self) -> None:
        server, message = self._server, self._message
        if server.holders.hold_too_much():
            self._respond(server.refuse(message, Reason.BYTES))
            return
        try:
            body = self._body(message, self._payload)
        except RequestRefused as refused:
            self._busy = False
            self._refuse(*refused.args)
            return
        answer = server.handle(message, self.client, body)
        if isinstance(answer, WorkerResponse):
            self._respond(answer)
        elif answer.done():
            self._respond(server.result_of(answer, message))
        else:
            self._answer = answer
            answer.add_done_callback(self._on_answer)

    def _body(self, message: RawRequestMessage, payload: StreamReader) -> bytes | ByteStream | None:
        if payload is EMPTY_PAYLOAD:  # a length that is told makes a body, of 0 bytes as well
            return checked_empty(message) if "Content-Length" in message.headers else None
        length = check_body(message)
        if payload._eof:  # all of it is here
            return payload.read_nowait(-1)
        read = payload.readany
        if wants_to_continue(message):
            self._holds_back, self._keep_alive = True, False
            read = functools.partial(self._read_on_demand, payload)
        return ReaderBody(read, length=length)

    async def _read_on_demand(self, payload: StreamReader) -> bytes:
        if self._holds_back and self._payload is payload and self._answer is not None:
            self._ask_for_body()
        return await payload.readany()

    def _ask_for_body(self) -> None:
        """Tell a client that waits for it that its request's body is wanted: RFC 9110, 10.1.1."""
        self._holds_back = False
        self._keep_alive = not self._message.should_close
        self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _on_answer(self, answer: "asyncio.Future[WorkerResponse]") -> None:
        self._answer = None
        if answer.cancelled():
            return
        self._respond(self._server.result_of(answer, self._message))
        self._proceed()

    def _respond(self, response: WorkerResponse) -> None:
        """Write a response; one with a stream for a body goes on in a task."""
        message = self._message
        if self.transport is None:
            response.discard()
            return
        if self._closing:
            self._keep_alive = False
        if response.socket is not None:
            self._upgrade(response, response.socket)
            return
        content = response.body or b""
        if not isinstance(content, bytes):
            self._task = self._loop.create_task(self._stream(response, content))
            return
        head = response_head(
            response,
            keep_alive=self._keep_alive,
            length=len(content),
            method=message.method,
            minor=message.version.minor,
        )
        self._gather(head if has_no_body(message.method, response.status) else head + content)
        self._end()

    def _upgrade(self, response: WorkerResponse, end: SocketEnd) -> None:
        """Hand the connection over to a WebSocket."""
        message = self._message
        try:
            key = accept_key(message)
        except HandshakeRefused as error:
            response.discard()
            self._keep_alive = False
            self._respond(handshake_refused(str(error)))
            return
        self.flush()
        tail, self._tail = self._tail, b""
        transport, self.transport = self.transport, None
        assert transport is not None, "_respond has looked"
        self._forget()
        offered = ", ".join(message.headers.getall("Sec-WebSocket-Extensions", ()))
        wire = upgrade(self._server, transport, response, end, key, offered)
        if self._buffer_paused:
            transport.resume_reading()
        if tail:
            wire.data_received(tail)

    async def _stream(self, response: WorkerResponse, body: ByteStream) -> None:
        """Write a response whose body comes bit by bit."""
        message, transport = self._message, self.transport
        assert transport is not None, "_respond has looked"
        if self._holds_back and self._wants_more():  # of which the response may be made
            self._ask_for_body()
        chunked = body.length is None and message.version.minor == 1
        if body.length is None and not chunked:
            self._keep_alive = False  # the end of the connection is the end of the body
        self._write(
            response_head(
                response,
                keep_alive=self._keep_alive,
                length=body.length,
                chunked=chunked,
                method=message.method,
                minor=message.version.minor,
            )
        )
        try:
            if has_no_body(message.method, response.status):
                body.cancel()
            else:
                await copy_body(self, body, chunked=chunked)
        except ResponseBroken:
            transport.abort()
            return
        except BaseException:
            body.cancel()
            transport.abort()
            raise
        finally:
            self._task = None
        self._end()
        self._proceed()

    # ---- between requests --------------------------------------------------------------

    def _end(self) -> None:
        """A response has been written: make way for the next request."""
        if not self._keep_alive or self._closing:
            if self._wants_more():
                self._part()
            else:
                self._close()
            return
        if self._paused:
            self._stalled = True
            return
        if self._wants_more():
            self._task = self._loop.create_task(self._discard_payload())
            return
        self._ready()

    def resume_writing(self) -> None:
        """The client has read: go on."""
        super().resume_writing()
        self._look_whether_holding()
        if self._stalled:
            self._stalled = False
            self._end()
            self._proceed()

    async def _discard_payload(self) -> None:
        """Read on what the script left of the request's body, so that the next one can come."""
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._payload.is_eof():
                    await self._payload.readany()
        except Exception:  # noqa: BLE001 - whatever it was, the connection is of no more use
            self._part()
            return
        finally:
            self._task = None
        self._end()
        self._proceed()

    def _ready(self) -> None:
        self._busy = False
        self._payload = EMPTY_PAYLOAD
        self._idle_since = self._loop.time()
        if self._upgraded and self._parser is not None:
            self._parser = new_parser(self, self._loop)
            self._upgraded = False
            self._loop.call_soon(self._take_tail)
        if self._unparsed and not self._has_enough():
            self._loop.call_soon(self._read_on)
        elif self._has_ended and not self._messages:
            self._close()
