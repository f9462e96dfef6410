"""Pages of a database, compressed: quickly, as a thread is busy with each page of a large one.

Brotli takes a third of the time that zlib takes for four kilobytes, and gains the same; it has no
checksum, so there is one before it. What zlib has compressed, in earlier versions, is read as well.
"""

import importlib
import zlib
from functools import cache
from typing import Any

import apsw

_BROTLI = b"\0"  # no stream of zlib's begins so
_CRC_BYTES = 4
_HEAD_BYTES = len(_BROTLI) + _CRC_BYTES
_QUALITY = 1  # most of what there is to gain, in a fraction of the time
_WINDOW_BITS = 12  # a page


@cache
def _brotli() -> Any:
    return importlib.import_module("brotli")


def pack(content: bytes) -> bytes:
    """A page, packed."""
    checked = zlib.crc32(content).to_bytes(_CRC_BYTES, "big")
    packed: bytes = _brotli().compress(content, quality=_QUALITY, lgwin=_WINDOW_BITS)
    return _BROTLI + checked + packed


def unpack(packed: bytes) -> bytes:
    """The page. Raises apsw.CorruptError where it is not what was packed."""
    if not packed.startswith(_BROTLI):
        try:
            return zlib.decompress(packed)
        except zlib.error as error:
            raise apsw.CorruptError(str(error)) from error
    brotli = _brotli()
    try:
        content: bytes = brotli.decompress(packed[_HEAD_BYTES:])
    except brotli.error as error:
        raise apsw.CorruptError(str(error)) from error
    if packed[len(_BROTLI) : _HEAD_BYTES] != zlib.crc32(content).to_bytes(_CRC_BYTES, "big"):
        raise apsw.CorruptError("a page has another checksum")
    return content
