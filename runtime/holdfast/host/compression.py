"""CompressionStream and DecompressionStream: the state of each is kept here by a number.

Both give out bounded pieces, so that a stream which swells is held up by its reader. What
takes long goes to a thread (`compression_write_large`); a stream has one op under way.

https://compression.spec.whatwg.org/
"""

import importlib
import zlib
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from holdfast.engine import ScriptError
from holdfast.host.ops import async_op, in_thread, op

if TYPE_CHECKING:
    from holdfast.host.context import Host

MAX_PIECE_BYTES = 262_144
WBITS = {"gzip": 31, "deflate": 15, "deflate-raw": -15}
BROTLI_QUALITY = 5  # what servers use for what they compress on the way
FAILED = "Decompression failed."
TRAILING = "Trailing bytes after end of compressed data"
INCOMPLETE = "Called close() on a decompression stream with incomplete data"


class Coder(Protocol):
    """One direction of one format. Raises the script's TypeError."""

    def write(self, chunk: bytes) -> bytes:
        """Take bytes in; a first piece of what they become."""

    def more(self) -> bytes:
        """The next piece; b"" when there is none before the next `write`."""

    def finish(self) -> bytes:
        """The end of the input; what is left."""


class Compressor:
    """zlib's formats and brotli have the same steps under other names."""

    def __init__(self, wanted: str) -> None:
        if wanted == "brotli":
            brotli: Any = importlib.import_module("brotli").Compressor(quality=BROTLI_QUALITY)
            self.write, self.finish = brotli.process, brotli.finish
        else:
            deflate = zlib.compressobj(wbits=WBITS[wanted])
            self.write, self.finish = deflate.compress, deflate.flush

    def more(self) -> bytes:
        """Nothing: what was compressed is never larger than what was written, by much."""
        return b""


class Inflater:
    """gzip, deflate and deflate-raw: one stream of them, and nothing behind it."""

    def __init__(self, wanted: str) -> None:
        self._inflate = zlib.decompressobj(WBITS[wanted])
        self._pending = b""

    def write(self, chunk: bytes) -> bytes:
        """Take compressed bytes in."""
        self._pending = chunk
        return self.more()

    def more(self) -> bytes:
        """The next decompressed bytes."""
        inflate = self._inflate
        while True:
            if inflate.eof:
                if self._pending:
                    raise ScriptError("TypeError", TRAILING)
                return b""
            try:
                piece = inflate.decompress(self._pending, MAX_PIECE_BYTES)
            except zlib.error as error:
                raise ScriptError("TypeError", FAILED) from error
            self._pending = inflate.unconsumed_tail or inflate.unused_data
            if piece or not self._pending:
                return piece

    def finish(self) -> bytes:
        """The end, which must be that of the compressed data."""
        if not self._inflate.eof:
            raise ScriptError("TypeError", INCOMPLETE)
        return b""


class BrotliDecoder:
    """brotli: the library keeps what is past the limit of a piece."""

    def __init__(self) -> None:
        self._library: Any = importlib.import_module("brotli")
        self._decoder = self._library.Decompressor()

    def write(self, chunk: bytes) -> bytes:
        """Take compressed bytes in."""
        if chunk and self._decoder.is_finished():
            raise ScriptError("TypeError", TRAILING)
        return self._process(chunk)

    def more(self) -> bytes:
        """The next decompressed bytes."""
        return b"" if self._decoder.is_finished() else self._process(b"")

    def _process(self, chunk: bytes) -> bytes:
        try:
            piece: bytes = self._decoder.process(chunk, output_buffer_limit=MAX_PIECE_BYTES)
        except self._library.error as error:
            raise ScriptError("TypeError", FAILED) from error
        return piece

    def finish(self) -> bytes:
        """The end, which must be that of the compressed data."""
        if not self._decoder.is_finished():
            raise ScriptError("TypeError", INCOMPLETE)
        return b""


_coders: "WeakKeyDictionary[Host, dict[int, Coder]]" = WeakKeyDictionary()


def _coder(host: "Host", number: int) -> Coder:
    return _coders[host][number]


@op
def compression_open(host: "Host", number: int, wanted: str, direction: str) -> None:
    """Begin a stream under the script's number; `direction`: "compress" or "decompress"."""
    if direction == "compress":
        coder: Coder = Compressor(wanted)
    else:
        coder = BrotliDecoder() if wanted == "brotli" else Inflater(wanted)
    _coders.setdefault(host, {})[number] = coder


@op
def compression_write(host: "Host", number: int, chunk: bytes) -> bytes:
    """Take bytes in; returns a first piece of the output, which may be empty."""
    return _coder(host, number).write(chunk)


@async_op
async def compression_write_large(host: "Host", number: int, chunk: bytes) -> bytes:
    """`compression_write` in a thread."""
    piece: bytes = await in_thread(_coder(host, number).write, chunk)
    return piece


@op
def compression_more(host: "Host", number: int) -> bytes:
    """The next piece of the output; empty when the stream wants more input."""
    return _coder(host, number).more()


@op
def compression_finish(host: "Host", number: int) -> bytes:
    """The end of the input: the rest of the output."""
    return _coder(host, number).finish()


@op
def compression_close(host: "Host", number: int) -> None:
    """Let go of a stream; harmless the second time."""
    _coders.get(host, {}).pop(number, None)
