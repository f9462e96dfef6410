"""Ops of node:zlib: streams by a number that their polyfill gave them, and whole pieces of data.

https://nodejs.org/docs/latest-v20.x/api/zlib.html
"""

import zlib
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from holdfast.engine import ScriptError
from holdfast.host.node_zlib_coders import Coder, Deflater, Settings, open_coder
from holdfast.host.node_zlib_zstd import ZstdCompressor, ZstdDecompressor
from holdfast.host.ops import async_op, in_thread, op, work_op

if TYPE_CHECKING:
    from holdfast.host.context import Host

MAX_OUTPUT_BYTES = 64 << 20  # half of what an isolate may hold by default
MAX_WEIGHT = 400  # of the streams of an isolate, which does not count what they hold
_LONG_BYTES, _QUICK_QUALITY = 1 << 20, 6  # brotli at its best takes seconds for a megabyte

_coders: "WeakKeyDictionary[Host, dict[int, Coder]]" = WeakKeyDictionary()


def _opened(
    kind: str, numbers: str, dictionary: bytes | None, whole_bytes: int | None = None
) -> Coder:
    """A coder by Node.js's name of its function; one of `whole_bytes` sees them all at once."""
    given = [*map(int, numbers.split(","))]
    if kind == "zstdCompress":
        return ZstdCompressor(given, whole_bytes)
    if kind == "zstdDecompress":
        return ZstdDecompressor(given)
    level, window_bits, memory_level, strategy = given
    settings = Settings(level, window_bits, memory_level, strategy, dictionary)
    if kind == "brotliCompress" and whole_bytes is not None and whole_bytes > _LONG_BYTES:
        settings = settings._replace(level=min(settings.level, _QUICK_QUALITY))
    return open_coder(kind, settings)


def _coder(host: "Host", number: int) -> Coder:
    """The coder of a stream; an error if it was closed, as while a piece waited for its thread."""
    coder = _coders.get(host, {}).get(number)
    if coder is None:
        raise ScriptError("Error", "The stream is closed")
    return coder


@op
def zlib_open(host: "Host", number: int, kind: str, numbers: str, dictionary: bytes | None) -> None:
    """Begin a stream by Node.js's name of its function.

    `numbers` are those of Settings, or what the coders of Zstandard take.
    """
    coders = _coders.setdefault(host, {})
    coders.pop(number, None)
    coder = _opened(kind, numbers, dictionary)
    if sum(other.weight for other in coders.values()) + coder.weight > MAX_WEIGHT:
        raise ScriptError("Error", "Too many streams of node:zlib are open")
    coders[number] = coder


@op
def zlib_write(host: "Host", number: int, data: bytes, flush: int) -> bytes:
    """Take data in; a first piece of the output, which may be empty."""
    return _coder(host, number).write(data, flush)


@async_op
async def zlib_write_later(host: "Host", number: int, data: bytes, flush: int) -> bytes:
    """`zlib_write` in a thread."""
    piece: bytes = await in_thread(_coder(host, number).write, data, flush)
    return piece


@op
def zlib_more(host: "Host", number: int) -> bytes:
    """The next piece of the output; empty when the stream wants more input."""
    return _coder(host, number).more()


@op
def zlib_unread(host: "Host", number: int) -> int:
    """How much of what was written last stands behind the end of the compressed data."""
    return _coder(host, number).unread_bytes


@op
def zlib_change(host: "Host", number: int, level: int, strategy: int) -> bytes:
    """Go on compressing with other parameters; what was compressed with the old ones."""
    coder = _coder(host, number)
    return coder.change(level, strategy) if isinstance(coder, Deflater) else b""


@op
def zlib_close(host: "Host", number: int) -> None:
    """Let go of a stream; harmless the second time."""
    _coders.get(host, {}).pop(number, None)


@work_op
def zlib_run(
    _host: "Host",
    kind: str,
    data: bytes,
    numbers: str,
    dictionary: bytes | None,
    flush: int,
    limit: int,
) -> bytes:
    """All of `data` treated; `limit` bounds the result's bytes, unless it is negative."""
    most = min(limit, MAX_OUTPUT_BYTES) if limit >= 0 else MAX_OUTPUT_BYTES
    coder = _opened(kind, numbers, dictionary, len(data))
    parts: list[bytes] = []
    size = 0
    piece = coder.write(data, flush)
    while piece:
        parts.append(piece)
        size += len(piece)
        if size > most:
            raise ScriptError("RangeError", f"Cannot create a Buffer larger than {most} bytes")
        piece = coder.more()
    return b"".join(parts)


@op
def zlib_crc32(_host: "Host", data: bytes, value: int) -> int:
    """The CRC-32 of `data`, begun with `value`."""
    return zlib.crc32(data, value)
