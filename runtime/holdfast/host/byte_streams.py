"""Bodies as streams of bytes, each with one reader.

A stream's failures are BodyErrors, which say what the reader is to be told; the writer of a pipe
learns by `write` that the reader has gone.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable

log = logging.getLogger("holdfast.host.bodies")

PIPE_BYTES = 262_144
PIPE_CHUNKS = 1_024  # lest a script that gives single bytes does so for the whole of a turn
MAX_COLLECTED_BYTES = 134_217_728
CONNECTION_LOST = "Network connection lost."
TOO_LARGE = "Memory limit would be exceeded before EOF."


class BodyError(Exception):
    """A body ended before its end; name and message are meant for the script that reads it."""

    def __init__(
        self, message: str = CONNECTION_LOST, *, name: str = "Error", retryable: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.retryable = retryable


class ByteStream(ABC):
    """The bytes of a body, read once by one reader. `length` is None where unknown."""

    length: int | None

    @abstractmethod
    async def read(self) -> bytes:
        """The next bytes, as many as are at hand; b"" at the end. Raises BodyError."""

    @abstractmethod
    def cancel(self) -> None:
        """The reader wants no more; harmless after the end."""


class BufferedBody(ByteStream):
    """A body that is there already."""

    def __init__(self, content: bytes) -> None:
        self.length: int | None = len(content)
        self.content = content

    async def read(self) -> bytes:
        """Everything, the first time."""
        content, self.content = self.content, b""
        return content

    def cancel(self) -> None:
        """Forget the content."""
        self.content = b""


class ReaderBody(ByteStream):
    """A body that some other library reads: `read` gives bytes, b"" at the end.

    Whatever `read` raises reaches the body's reader as a BodyError, as does an end
    before `length` bytes. `on_cancel` is called once, when the reader wants no more.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[bytes]],
        length: int | None = None,
        *,
        on_cancel: Callable[[], None] | None = None,
    ) -> None:
        self.length = length
        self._read = read
        self._missing = length
        self._on_cancel = on_cancel
        self._ended = False

    async def read(self) -> bytes:
        """The library's next bytes."""
        if self._ended:
            return b""
        try:
            chunk = await self._read()
        except BodyError:
            raise
        except Exception as error:
            self._ended = True
            log.debug("a body broke off: %r", error)
            raise BodyError from error
        if self._missing is not None:
            self._missing -= len(chunk)
        if not chunk:
            self._ended = True
            if self._missing:
                raise BodyError
        return chunk

    def cancel(self) -> None:
        """Tell the library, once."""
        on_cancel, self._on_cancel = self._on_cancel, None
        if on_cancel is not None and not self._ended:
            on_cancel()
        self._ended = True


class Pipe(ByteStream):
    """A body that one side writes while the other reads, `PIPE_BYTES` or `PIPE_CHUNKS` ahead.

    The writer calls `write`, and waits with `on_drained` when that returns False; then
    `close` or `abort`. The reader calls `read`, or `cancel`. `gone` is set to the
    reason when the reader leaves first; who asks by `on_end` hears of either end.
    """

    def __init__(self, length: int | None = None) -> None:
        self.length = length
        self.gone: str | None = None
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._missing = length
        self._closed = False
        self._error: BodyError | None = None
        self._reader: asyncio.Future[None] | None = None
        self._on_drained: Callable[[], None] | None = None
        self._on_end: Callable[[], None] | None = None

    # ---- the writer's side -----------------------------------------------------

    def write(self, chunk: bytes) -> bool:
        """Put bytes into the pipe; False when the writer should wait, by `on_drained`.

        Raises BodyError when the reader has gone or `length` is exceeded.
        """
        assert not self._closed, "nothing is written after the end"
        if self.gone is not None:
            raise BodyError(self.gone)
        if self._missing is not None:
            self._missing -= len(chunk)
            if self._missing < 0:
                raise BodyError("Attempt to write too many bytes through a FixedLengthStream.")
        if chunk:
            self._chunks.append(chunk)
            self._buffered += len(chunk)
            self._wake_reader()
        return self._has_room

    @property
    def _has_room(self) -> bool:
        return self._buffered < PIPE_BYTES and len(self._chunks) < PIPE_CHUNKS

    def on_drained(self, callback: Callable[[], None]) -> None:
        """Call back once there is room, or nobody to wait for."""
        if self._has_room or self.gone is not None:
            callback()
        else:
            self._on_drained = callback

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back once either side has ended the pipe, or `length` bytes were read."""
        if self._closed or self.gone is not None:
            callback()
        elif (others := self._on_end) is not None:

            def both() -> None:
                others()
                callback()

            self._on_end = both
        else:
            self._on_end = callback

    @property
    def has_ended(self) -> bool:
        """Whether either side has ended the pipe."""
        return self._closed or self.gone is not None

    def close(self) -> None:
        """The end of the body; short of `length` it is a failure."""
        if self._missing:
            return self.abort("FixedLengthStream did not see all expected bytes before close().")
        return self._end()

    def abort(self, message: str, *, name: str = "Error") -> None:
        """Fail the reader with this error, after what was written before."""
        if not self._closed:
            self._error = BodyError(message, name=name)
        self._end()

    def _end(self) -> None:
        self._closed = True
        self._wake_reader()
        self._fire_end()

    # ---- the reader's side -----------------------------------------------------

    async def read(self) -> bytes:
        """Everything that was written and not yet read; b"" at the end.

        A body of known length ends with its last byte, whether it was closed or not.
        """
        assert self._reader is None, "a body has one reader"
        while not self._chunks and not self._closed and self.gone is None and self._missing != 0:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if not self._chunks:
            if self._error is not None:
                raise self._error
            return b""
        content = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        self._fire_drained()
        if self._missing == 0:
            self._fire_end()
        return content

    def cancel(self, reason: str = CONNECTION_LOST) -> None:
        """The reader has gone; what the writer still writes fails with `reason`."""
        self._chunks.clear()
        self._buffered = 0
        if self.gone is None and not self._closed:
            self.gone = reason
        self._wake_reader()
        self._fire_drained()
        self._fire_end()

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _fire_drained(self) -> None:
        callback, self._on_drained = self._on_drained, None
        if callback is not None:
            callback()

    def _fire_end(self) -> None:
        callback, self._on_end = self._on_end, None
        if callback is not None:
            callback()


async def collect(stream: ByteStream, *, limit: int = MAX_COLLECTED_BYTES) -> bytes:
    """The whole body. Raises BodyError, also past `limit` bytes."""
    chunks: list[bytes] = []
    size = 0
    if stream.length is not None and stream.length > limit:
        stream.cancel()
        raise BodyError(TOO_LARGE)
    while chunk := await stream.read():
        size += len(chunk)
        if size > limit:
            stream.cancel()
            raise BodyError(TOO_LARGE)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def discard_body(body: bytes | ByteStream | None) -> None:
    """Nobody will read a body: whoever writes it is to know."""
    if isinstance(body, ByteStream):
        body.cancel()
