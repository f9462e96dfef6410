"""The bytes of a client's connection: writing them, and bounds on those that wait.

A small response goes out when everything that the loop has read is answered: so many clients are
answered by one burst of writes, which costs a fifth less than to let the kernel, and a client on
this machine, in between. `_outgoing` is written before anything else is, and before the end.
"""

from typing import TYPE_CHECKING

from aiohttp.base_protocol import BaseProtocol

from holdfast.server.framing import READ_BUFFER_BYTES
from holdfast.server.response import response_head
from holdfast.workers import WorkerResponse

if TYPE_CHECKING:
    from holdfast.server.http_server import HttpServer

MAX_GATHERED_BYTES = 65_536  # of responses that wait to be written
# A client that is answered no more is heard for as long as it goes on, within these bounds.
PART_SECONDS = 2.0  # of silence
MAX_PART_SECONDS = 30.0
MAX_PART_BYTES = 512 * 2**20


class Flow(BaseProtocol):
    """What `Connection` stands on: it knows nothing of requests."""

    __slots__ = ("_heard_bytes", "_moved", "_outgoing", "_parts", "_server")

    def __init__(self, server: "HttpServer") -> None:
        super().__init__(server.loop)
        self._server = server
        self._outgoing = b""
        self._parts = False  # the last response is written, and the client yet to end
        self._heard_bytes = 0  # since then
        self._moved = False  # something of the response has been written, since the last look

    def _gather(self, data: bytes) -> None:
        """Write soon, together with what other clients are answered."""
        if len(self._outgoing) + len(data) > MAX_GATHERED_BYTES:
            self._write(data)
            return
        if not self._outgoing:
            self._server.flush_soon(self)
        self._outgoing += data

    def _write(self, data: bytes) -> None:
        """Write now, behind what was gathered."""
        self.flush()
        if self.transport is not None:
            self.transport.write(data)

    def _say(self, response: WorkerResponse) -> None:
        """Write a text as the last response."""
        content = response.body
        assert isinstance(content, bytes), "it is a text"
        self._write(response_head(response, keep_alive=False, length=len(content)) + content)

    def flush(self) -> None:
        """Write what was gathered."""
        data, self._outgoing = self._outgoing, b""
        if data and self.transport is not None:
            self.transport.write(data)

    def _close(self) -> None:
        """Close when all that was written has left."""
        self.flush()
        if self.transport is not None:
            self.transport.close()

    async def drain(self) -> None:
        """Return once the client has taken most of what was written. Raises ConnectionError."""
        self._moved = True
        if self._paused or self.transport is None:
            await self._drain_helper()

    def _part(self) -> None:
        """Close, and let what the client has still to say be heard for a while.

        Else it would be told of a reset connection, and not read what was written: RFC 9112, 9.6.
        Many clients and proxies read no answer before they have sent the whole of their request.
        """
        self.flush()
        self._parser = None
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        transport.write_eof()
        if self._reading_paused or self._buffer_paused:
            transport.resume_reading()
        self._parts = True
        self._loop.call_later(PART_SECONDS, self._hear_on, 0, self._loop.time() + MAX_PART_SECONDS)

    def _hear_on(self, before: int, until: float) -> None:
        """Close, unless the client has gone on since `before` bytes and may until then."""
        heard = self._heard_bytes
        if before < heard <= MAX_PART_BYTES and self._loop.time() < until:
            self._loop.call_later(PART_SECONDS, self._hear_on, heard, until)
        else:
            self._close()

    def abort(self) -> None:
        """Close now."""
        if self.transport is not None:
            self.transport.abort()

    # ---- bounds ------------------------------------------------------------------------

    @property
    def held_bytes(self) -> int:
        """How much it keeps of bodies that wait for the client, or for a script, to take them."""
        unread = 2 * READ_BUFFER_BYTES if self._reading_paused else 0
        return unread + (self.transport.get_write_buffer_size() if self.transport else 0)

    @property
    def taken(self) -> int | None:
        """See Holder. Where what is written is not taken, nothing more is written."""
        return -self.held_bytes if self._paused else None

    def pause_reading(self) -> None:
        """The script does not take what the client sends."""
        super().pause_reading()
        self._server.holders.add(self)

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002
        """It has taken most of that."""
        super().resume_reading(resume_parser)
        self._look_whether_holding()

    def pause_writing(self) -> None:
        """The client does not take what is written."""
        super().pause_writing()
        self._server.holders.add(self)

    def _look_whether_holding(self) -> None:
        if not self._reading_paused and not self._paused:
            self._server.holders.discard(self)
