"""Bodies that the host keeps while JavaScript holds only a number, their handle.

A body that a script does not look at never enters its isolate: the handle travels
instead, and whoever takes it over (a socket, another isolate) reads the ByteStream
behind it. What a script makes itself (a ReadableStream) is pumped into a Pipe.

Ops: `body_read`, `body_read_all`, `body_read_text`, `body_gather` and `body_json`, `body_move`,
`body_cancel` and `body_length` for reading; `body_open`, `body_write`, `body_drain`, `body_watch`,
`body_close`, `body_abort` for writing.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from holdfast.engine import Json, ScriptError, json_transcoder
from holdfast.host.byte_streams import (
    CONNECTION_LOST,
    BodyError,
    BufferedBody,
    ByteStream,
    Pipe,
    collect,
)
from holdfast.host.ops import async_op, deferred_op, op

if TYPE_CHECKING:
    from holdfast.host.context import Host


class JsonBody(BufferedBody):
    """A body that is asked for as JSON."""

    def __init__(self, json: Json) -> None:
        super().__init__(json.text)
        self.json = json


class BodyTable:
    """The bodies of one isolate by handle: `host.capabilities.bodies`."""

    def __init__(self) -> None:
        self._streams: dict[int, ByteStream] = {}
        self._pipes: dict[int, Pipe] = {}
        self._last = 0
        self._closed = False

    # ---- streams that the script may read or pass on ---------------------------

    def add(self, stream: ByteStream) -> int:
        """Keep a body for the script; its handle. Cancels it where the isolate has ended."""
        self._last += 1
        if self._closed:
            stream.cancel()
            return self._last
        self._streams[self._last] = stream
        return self._last

    def get(self, handle: int) -> ByteStream:
        """The body of this handle, which stays. Raises BodyError if it was released."""
        try:
            return self._streams[handle]
        except KeyError:
            raise BodyError from None

    def keeps(self, handle: int) -> bool:
        """Whether the script still has this body, which nobody has taken over."""
        return handle in self._streams

    def take(self, handle: int) -> ByteStream:
        """Take a body over: whoever calls this has to read or cancel it."""
        stream = self.get(handle)
        del self._streams[handle]
        return stream

    def put_back(self, handle: int, stream: ByteStream) -> None:
        """Keep something else under the handle of a body that was taken."""
        if self._closed:
            stream.cancel()
        else:
            self._streams[handle] = stream

    def release(self, handle: int) -> None:
        """Cancel a body that nobody will read any more; harmless if it was taken."""
        stream = self._streams.pop(handle, None)
        if stream is not None:
            stream.cancel()

    def close(self) -> None:
        """The isolate has ended: cancel what it could read, break off what it wrote."""
        self._closed = True
        for handle in list(self._streams):
            self.release(handle)
        pipes, self._pipes = self._pipes, {}
        for pipe in pipes.values():
            pipe.abort(CONNECTION_LOST)

    @property
    def is_writing(self) -> bool:
        """True while the script writes a body that somebody else may be reading."""
        return bool(self._pipes)

    def __len__(self) -> int:
        """Bodies that are kept, either way."""
        return len(self._streams.keys() | self._pipes.keys())

    # ---- bodies as they cross --------------------------------------------------

    def received(self, body: object) -> bytes | ByteStream | None:
        """What an op got as a body from `bodyForHost`; a stream is taken over."""
        if body is None or isinstance(body, bytes):
            return body
        if isinstance(body, str):
            return body.encode()
        assert isinstance(body, int), "a body is text, bytes or a handle"
        return self.take(body)

    def sent(self, body: bytes | ByteStream | None) -> bytes | int | None:
        """What JavaScript gets as a body: bytes as they are, a stream's handle."""
        if body is None or isinstance(body, bytes):
            return body
        if isinstance(body, BufferedBody):
            return body.content
        return self.add(body)

    # ---- streams that the script writes ----------------------------------------

    def open(self, length: int | None) -> int:
        """Make a pipe for the script to write; its handle, good for reading too."""
        pipe = Pipe(length)
        handle = self.add(pipe)
        self._pipes[handle] = pipe
        return handle

    def pipe(self, handle: int) -> Pipe:
        """The pipe that the script writes under this handle. Raises BodyError."""
        try:
            return self._pipes[handle]
        except KeyError:
            raise BodyError from None

    def finish(self, handle: int) -> Pipe | None:
        """The pipe, which the script will write no more; None the second time."""
        return self._pipes.pop(handle, None)


@contextmanager
def body_errors_for_script() -> Iterator[None]:
    """Lets a script see the BodyErrors of what is done inside."""
    try:
        yield
    except BodyError as error:
        flags = {"retryable": True} if error.retryable else {}
        raise ScriptError(error.name, error.message, **flags) from error


def table_of(host: "Host") -> BodyTable:
    """The isolate's table, made with its first body: it is state and no permission."""
    table: BodyTable | None = host.capabilities.get("bodies")
    if table is None:
        table = host.capabilities["bodies"] = BodyTable()
    return table


@async_op
async def body_read(host: "Host", handle: int) -> bytes | None:
    """The next bytes of a body; None at its end, after which the handle is void."""
    table = table_of(host)
    with body_errors_for_script():
        try:
            chunk = await table.get(handle).read()
        except BodyError:
            table.release(handle)
            raise
    if chunk:
        return chunk
    table.release(handle)
    return None


@async_op
def body_read_all(host: "Host", handle: int) -> Coroutine[None, None, bytes]:
    """The whole body at once; the handle is void from now on."""
    with body_errors_for_script():
        stream = table_of(host).take(handle)
    return _read_all(stream)


@async_op
def body_read_text(host: "Host", handle: int) -> Coroutine[None, None, str]:
    """The whole body decoded as UTF-8, with U+FFFD for what is malformed."""
    with body_errors_for_script():
        stream = table_of(host).take(handle)
    return _read_text(stream)


async def _read_text(stream: ByteStream) -> str:
    return (await _read_all(stream)).decode("utf-8", "replace")


@async_op
def body_gather(host: "Host", handle: int) -> Coroutine[None, None, None]:
    """Have the whole body at hand as JSON, under the same handle."""
    table = table_of(host)
    with body_errors_for_script():
        stream = table.take(handle)
    return _gather(table, handle, stream)


async def _gather(table: BodyTable, handle: int, stream: ByteStream) -> None:
    content = await _read_all(stream)
    if (thread := json_transcoder.shared.thread_for(len(content))) is None:
        json = Json(_as_utf8(content))
    else:
        loop = asyncio.get_running_loop()
        json = await loop.run_in_executor(
            thread, lambda: json_transcoder.shared.json_ahead(_as_utf8(content))
        )
    table.put_back(handle, JsonBody(json))


def _as_utf8(content: bytes) -> bytes:
    """What decoding as UTF-8 makes of a body, with U+FFFD for what is malformed."""
    if content.isascii():
        return content
    return content.decode("utf-8", "replace").removeprefix("\ufeff").encode()


@op
def body_json(host: "Host", handle: int) -> Json:
    """The value that a body holds as JSON, once `body_gather` has ended; the handle is void."""
    body = table_of(host).take(handle)
    assert isinstance(body, JsonBody), "it was gathered"
    return body.json


async def _read_all(stream: ByteStream) -> bytes:
    with body_errors_for_script():
        try:
            return await collect(stream)
        except asyncio.CancelledError:
            stream.cancel()
            raise


@op
def body_move(host: "Host", handle: int) -> int:
    """The same body under a new handle; the old one is void, as if another isolate had it."""
    table = table_of(host)
    with body_errors_for_script():
        return table.add(table.take(handle))


@op
def body_length(host: "Host", handle: int) -> int:
    """How many bytes a body has; -1 where that is not known."""
    try:
        length = table_of(host).get(handle).length
    except BodyError:
        return -1
    return -1 if length is None else length


@op
def body_cancel(host: "Host", handle: int) -> None:
    """The script wants no more of a body."""
    table_of(host).release(handle)


@op
def body_open(host: "Host", length: int) -> int:
    """Begin a body of `length` bytes (-1: unknown) that the script writes."""
    return table_of(host).open(None if length < 0 else length)


@op
def body_write(host: "Host", handle: int, chunk: bytes) -> bool:
    """Write on; False when the script should wait with `body_drain` before it goes on."""
    with body_errors_for_script():
        return table_of(host).pipe(handle).write(chunk)


@deferred_op
def body_drain(host: "Host", number: int, handle: int) -> None:
    """Settles when the reader has caught up, or has gone."""

    def drained() -> None:
        # Not at once: a reader and a writer of little chunks would leave the loop to nobody else.
        host.loop.call_soon(host.settle, number)

    with body_errors_for_script():
        table_of(host).pipe(handle).on_drained(drained)


@deferred_op
def body_watch(host: "Host", number: int, handle: int) -> None:
    """Settles when the body ends: with the reason if its reader left first."""
    table = table_of(host)
    pipe = table.pipe(handle)

    def end() -> None:
        table.finish(handle)
        host.settle(number, pipe.gone)

    pipe.on_end(end)


@op
def body_close(host: "Host", handle: int) -> None:
    """The end of a body that the script wrote."""
    pipe = table_of(host).finish(handle)
    if pipe is not None:
        pipe.close()


@op
def body_abort(host: "Host", handle: int, name: str, message: str) -> None:
    """A body that the script wrote ends in failure: the error's class, or a DOMException's name."""
    pipe = table_of(host).finish(handle)
    if pipe is not None:
        pipe.abort(message, name=name)
