"""Ops of node:zlib: a whole piece of data compressed or decompressed at once.

https://nodejs.org/docs/latest-v20.x/api/zlib.html
"""

import importlib
import zlib
from typing import TYPE_CHECKING, Any

from holdfast.engine import ScriptError
from holdfast.host.ops import async_op, in_thread, op

if TYPE_CHECKING:
    from holdfast.host.context import Host

MAX_OUTPUT_BYTES = 64 << 20  # half of what an isolate may hold by default
_WBITS = {"gzip": 31, "deflate": 15, "deflateRaw": -15, "gunzip": 31, "inflate": 15}
_WBITS |= {"inflateRaw": -15, "unzip": 47}
_LONG_BYTES, _QUICK_QUALITY = 1 << 20, 6  # brotli at its best takes seconds for a megabyte
_COMPRESSORS = frozenset(("gzip", "deflate", "deflateRaw"))


@op
def zlib_run(_host: "Host", kind: str, data: bytes, level: int, limit: int) -> bytes:
    """`data` treated by `kind`, Node.js's name ("gzip", "brotliDecompress").

    `level` is that of compression, -1 for the usual one; `limit` bounds the result's bytes.
    """
    return _run(kind, data, level, limit)


@async_op
async def zlib_run_later(_host: "Host", kind: str, data: bytes, level: int, limit: int) -> bytes:
    """`zlib_run` in a thread."""
    result: bytes = await in_thread(_run, kind, data, level, limit)
    return result


@op
def zlib_crc32(_host: "Host", data: bytes, value: int) -> int:
    """The CRC-32 of `data`, begun with `value`."""
    return zlib.crc32(data, value)


def _run(kind: str, data: bytes, level: int, limit: int) -> bytes:
    most = min(limit, MAX_OUTPUT_BYTES) if limit >= 0 else MAX_OUTPUT_BYTES
    if kind.startswith("brotli"):
        result = _brotli(kind, data, level, most)
    elif kind in _COMPRESSORS:
        compressor = zlib.compressobj(level, wbits=_WBITS[kind])
        result = compressor.compress(data) + compressor.flush()
    else:
        result = _decompress(kind, data, most)
    if len(result) > most:
        raise _too_large(most)
    return result


def _decompress(kind: str, data: bytes, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        decompressor = zlib.decompressobj(_WBITS[kind])
        try:
            part = decompressor.decompress(data, most + 1 - size)
        except zlib.error as error:
            reason = str(error).partition(": ")[2] or "invalid data"
            raise ScriptError("Error", reason) from error
        parts.append(part)
        size += len(part)
        if size > most:
            raise _too_large(most)
        if not decompressor.eof:
            raise ScriptError("Error", "unexpected end of file")
        data = decompressor.unused_data
        if not data.startswith(b"\x1f\x8b") or _WBITS[kind] < 31:
            return b"".join(parts)


def _brotli(kind: str, data: bytes, level: int, most: int) -> bytes:
    library: Any = importlib.import_module("brotli")
    if kind == "brotliCompress":
        quality = 11 if level < 0 else level
        if len(data) > _LONG_BYTES:
            quality = min(quality, _QUICK_QUALITY)
        compressed: bytes = library.compress(data, quality=quality)
        return compressed
    decompressor = library.Decompressor()
    try:
        result: bytes = decompressor.process(data, output_buffer_limit=most + 1)
        while len(result) <= most and not decompressor.is_finished():
            part = decompressor.process(b"", output_buffer_limit=most + 1 - len(result))
            if not part:
                break
            result += part
    except library.error as error:
        raise ScriptError("Error", "Decompression failed") from error
    if len(result) <= most and not decompressor.is_finished():
        raise ScriptError("Error", "unexpected end of file")
    return result


def _too_large(most: int) -> ScriptError:
    return ScriptError("RangeError", f"Cannot create a Buffer larger than {most} bytes")
