"""What is behind a stream of node:zlib: one direction of one format, piece by piece.

Python's zlib has no deflateParams(), so that a compressor whose parameters change is followed by
another one, which knows the last 32 KiB as its dictionary and writes no header; the checksum at
the end is then made here.

https://nodejs.org/docs/latest-v20.x/api/zlib.html
"""

import importlib
import zlib
from typing import Any, NamedTuple, Protocol

from holdfast.engine import ScriptError

MAX_PIECE_BYTES = 65_536
WINDOW_BYTES = 32_768
NO_FLUSH, SYNC_FLUSH, FINISH = 0, 2, 4
BROTLI_FLUSH, BROTLI_FINISH = 1, 2
_LIGHT_QUALITY = 4
_GZIP_MAGIC = b"\x1f\x8b"
_COMPRESSED_AS = {"gzip": 16, "deflate": 0, "deflateRaw": None}
_CODES = {2: "Z_NEED_DICT", -2: "Z_STREAM_ERROR", -3: "Z_DATA_ERROR", -5: "Z_BUF_ERROR"}


class Settings(NamedTuple):
    """Of zlib: level, window bits, memory level, strategy; of brotli: quality, window, mode."""

    level: int
    window_bits: int
    memory_level: int = 8
    strategy: int = 0
    dictionary: bytes | None = None


class Coder(Protocol):
    """A stream's state. Raises the script's errors, with their codes."""

    unread_bytes: int  # of what was written last, behind the end of the compressed data
    weight: int  # what it may hold, in quarters of a mebibyte

    def write(self, data: bytes, flush: int) -> bytes:
        """Take data in, and do what `flush` says; a first piece of the output."""

    def more(self) -> bytes:
        """The next piece; empty when there is none before the next `write`."""


def open_coder(kind: str, settings: Settings) -> Coder:
    """A coder by Node.js's name of its function ("gunzip")."""
    if kind == "brotliCompress":
        return _BrotliCompressor(settings)
    if kind == "brotliDecompress":
        return _BrotliDecompressor()
    return Deflater(kind, settings) if kind in _COMPRESSED_AS else _Inflater(kind, settings)


def failed(number: int, message: str, code: str | None = None) -> ScriptError:
    """An error with Node.js's code and number; `polyfills/node/zlib-errors.js` reads them."""
    return ScriptError(
        "Error", f"[{code or _CODES.get(number, 'Z_DATA_ERROR')} {number}] {message}"
    )


class Deflater:
    """gzip, deflate and deflateRaw."""

    unread_bytes = 0
    weight = 1

    def __init__(self, kind: str, settings: Settings) -> None:
        wrapping = _COMPRESSED_AS[kind]
        # zlib itself takes 9 for 8, but not without a wrapping.
        bits = max(9, settings.window_bits)
        self._wbits = -bits if wrapping is None else settings.window_bits + wrapping
        self._kind, self._settings = kind, settings
        self._window = b""
        self._check = 0 if kind == "gzip" else 1
        self._size = 0
        self._replaced = False
        self._deflate = self._made(self._wbits, None if kind == "gzip" else settings.dictionary)

    def _made(self, wbits: int, dictionary: bytes | None) -> Any:
        level, _, memory_level, strategy, _ = self._settings
        arguments = (level, zlib.DEFLATED, wbits, memory_level, strategy)
        return zlib.compressobj(*arguments, *([dictionary] if dictionary else []))

    def write(self, data: bytes, flush: int) -> bytes:
        """See Coder."""
        self._window = (self._window + data[-WINDOW_BYTES:])[-WINDOW_BYTES:]
        checksum = zlib.crc32 if self._kind == "gzip" else zlib.adler32
        self._check = checksum(data, self._check)
        self._size += len(data)
        out: bytes = self._deflate.compress(data)
        if flush != NO_FLUSH:
            out += self._deflate.flush(flush)
        if flush == FINISH and self._replaced:
            out += self._trailer()
        return out

    def _trailer(self) -> bytes:
        if self._kind == "gzip":
            size = self._size & 0xFFFFFFFF
            return self._check.to_bytes(4, "little") + size.to_bytes(4, "little")
        return self._check.to_bytes(4, "big") if self._kind == "deflate" else b""

    def more(self) -> bytes:
        """Nothing: what was compressed is never larger than what was written, by much."""
        return b""

    def change(self, level: int, strategy: int) -> bytes:
        """Go on with other parameters; what was compressed with the old ones."""
        out: bytes = self._deflate.flush(SYNC_FLUSH)
        self._settings = self._settings._replace(level=level, strategy=strategy)
        bits = max(9, self._settings.window_bits)
        self._deflate = self._made(-bits, self._window[-(1 << bits) :])
        self._replaced = True
        return out


class _Inflater:
    """gunzip, which knows members that follow each other, inflate, inflateRaw, and unzip."""

    weight = 1

    def __init__(self, kind: str, settings: Settings) -> None:
        bits = settings.window_bits or 15
        wrapping = {"gunzip": 16, "inflate": 0, "unzip": 32}.get(kind)
        self._wbits = -bits if wrapping is None else bits + wrapping
        self._dictionary = settings.dictionary if kind in ("inflate", "inflateRaw") else None
        self._inflate = self._made()
        self._has_members: bool | None = {"gunzip": True, "unzip": None}.get(kind, False)
        self._head = b""  # of what may have members
        self._pending = b""
        self._finishing = False
        self.unread_bytes = 0

    def _made(self) -> Any:
        if self._dictionary:
            return zlib.decompressobj(self._wbits, self._dictionary)
        return zlib.decompressobj(self._wbits)

    def write(self, data: bytes, flush: int) -> bytes:
        """See Coder."""
        if self._has_members is None:
            self._head = (self._head + data)[:2]
            if len(self._head) == len(_GZIP_MAGIC):
                self._has_members = self._head == _GZIP_MAGIC
        self._pending = data
        self._finishing = flush == FINISH
        return self.more()

    def more(self) -> bytes:
        """See Coder."""
        while not self.unread_bytes:
            inflate = self._inflate
            if inflate.eof:
                if not self._pending:
                    return b""
                if not self._has_members or self._pending[0] == 0:
                    self.unread_bytes = len(self._pending)
                    return b""
                self._inflate = inflate = self._made()
            try:
                piece: bytes = inflate.decompress(self._pending, MAX_PIECE_BYTES)
            except zlib.error as error:
                raise self._told(error) from error
            self._pending = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if piece:
                return piece
            if not self._pending:
                if self._finishing and not inflate.eof:
                    raise failed(-5, "unexpected end of file")
                return b""
        return b""

    def _told(self, error: zlib.error) -> ScriptError:
        told = str(error)
        if told.startswith("Error 2 "):
            return failed(2, "Missing dictionary")
        if "while setting zdict" in told:
            return failed(2, "Bad dictionary")
        return failed(-3, told.partition(": ")[2] or "invalid data")


class _BrotliCompressor:
    """brotli, one way."""

    unread_bytes = 0

    def __init__(self, settings: Settings) -> None:
        library: Any = importlib.import_module("brotli")
        # Up to 31 MiB were seen for the higher ones, which are let have more than their share.
        self.weight = 40 if settings.level > _LIGHT_QUALITY else 8
        self._brotli = library.Compressor(
            mode=settings.strategy, quality=settings.level, lgwin=settings.window_bits
        )

    def write(self, data: bytes, flush: int) -> bytes:
        """See Coder."""
        out: bytes = self._brotli.process(data)
        if flush == BROTLI_FLUSH:
            out += self._brotli.flush()
        elif flush == BROTLI_FINISH:
            out += self._brotli.finish()
        return out

    def more(self) -> bytes:
        """See Deflater."""
        return b""


class _BrotliDecompressor:
    """brotli, the other way; the library keeps what is past the limit of a piece."""

    weight = 8

    def __init__(self) -> None:
        self._library: Any = importlib.import_module("brotli")
        self._brotli = self._library.Decompressor()
        self._finishing = False
        self.unread_bytes = 0

    def write(self, data: bytes, flush: int) -> bytes:
        """See Coder."""
        self._finishing = flush == BROTLI_FINISH
        if self._brotli.is_finished():
            self.unread_bytes = len(data)
            return b""
        return self._process(data)

    def more(self) -> bytes:
        """See Coder."""
        return b"" if self._brotli.is_finished() else self._process(b"")

    def _process(self, data: bytes) -> bytes:
        try:
            piece: bytes = self._brotli.process(data, output_buffer_limit=MAX_PIECE_BYTES)
        except self._library.error as error:
            code = "ERR__ERROR_FORMAT_PADDING_1"  # the library does not tell which
            raise failed(-14, "Decompression failed", code) from error
        if not piece and self._finishing and not self._brotli.is_finished():
            raise failed(-5, "unexpected end of file")
        return piece
