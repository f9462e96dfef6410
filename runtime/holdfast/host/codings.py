"""Content codings of bodies: gzip, deflate and, where the `brotli` package is there, br.

A response's body travels encoded, as its Content-Encoding header says, and is decoded
only for a script that reads it. So `body_decode` wraps a stream lazily, and
`body_encode` takes the wrapping off again where nobody has read from it: a compressed
response that is only passed on is never decompressed.

Decoding gives out bounded pieces, so a small body that swells to gigabytes costs its
reader's memory and not the host's. https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1
"""

import importlib
import zlib
from typing import TYPE_CHECKING, Any, Protocol

from holdfast.host.bodies import BodyTable, body_errors_for_script, table_of
from holdfast.host.byte_streams import BodyError, BufferedBody, ByteStream
from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Host

MAX_PIECE_BYTES = 262_144
GZIP_WBITS, ZLIB_WBITS, DEFLATE_WBITS = 31, 15, -15
CORRUPT = "Gzip decompression failed."
CUT_SHORT = "Gzip compressed stream ended prematurely."

try:
    _brotli: Any = importlib.import_module("brotli")
except ImportError:  # pragma: no cover - depends on what is installed
    _brotli = None

CODINGS = frozenset({"gzip", "deflate", "br"} if _brotli else {"gzip", "deflate"})


class Decoder(Protocol):
    """Decodes piece by piece. Raises BodyError for what is corrupt."""

    def feed(self, chunk: bytes) -> None:
        """Take encoded bytes in; only when `pull` has returned nothing."""

    def pull(self) -> bytes:
        """The next decoded bytes; b"" when more encoded ones are needed."""

    def finish(self) -> None:
        """The encoded bytes have ended. Raises BodyError if they are cut short."""


class ZlibDecoder:
    """gzip (also of several members) and deflate (with or without zlib's frame)."""

    def __init__(self, coding: str) -> None:
        self._wbits = GZIP_WBITS if coding == "gzip" else ZLIB_WBITS
        self._inflate = zlib.decompressobj(self._wbits)
        self._pending = b""
        self._started = False

    def feed(self, chunk: bytes) -> None:
        """Take encoded bytes in."""
        if not self._started and self._wbits == ZLIB_WBITS and not _has_zlib_frame(chunk):
            self._inflate = zlib.decompressobj(DEFLATE_WBITS)
        self._started = True
        self._pending = chunk

    def pull(self) -> bytes:
        """The next decoded bytes."""
        while self._pending:
            if self._inflate.eof:
                self._pending = self._next_member()
                continue
            try:
                piece = self._inflate.decompress(self._pending, MAX_PIECE_BYTES)
            except zlib.error as error:
                raise BodyError(CORRUPT, name="TypeError") from error
            self._pending = self._inflate.unconsumed_tail or self._inflate.unused_data
            if piece:
                return piece
        return b""

    def _next_member(self) -> bytes:
        # Padding with zeros is common after a gzip member; other codings have one only.
        rest = self._pending.lstrip(b"\0")
        if rest and self._wbits == GZIP_WBITS:
            self._inflate = zlib.decompressobj(self._wbits)
            return rest
        return b""

    def finish(self) -> None:
        """The encoded bytes have ended; none at all are fine."""
        if self._started and not self._inflate.eof:
            raise BodyError(CUT_SHORT, name="TypeError")


def _has_zlib_frame(chunk: bytes) -> bool:
    return len(chunk) < 2 or (chunk[0] & 0x0F == 8 and (chunk[0] << 8 | chunk[1]) % 31 == 0)


class BrotliDecoder:
    """The coding br: https://www.rfc-editor.org/rfc/rfc7932."""

    def __init__(self) -> None:
        self._decoder = _brotli.Decompressor()
        self._pending = b""
        self._started = False

    def feed(self, chunk: bytes) -> None:
        """Take encoded bytes in."""
        self._pending = chunk
        self._started = True

    def pull(self) -> bytes:
        """The next decoded bytes; the library keeps back what is past the limit."""
        if not self._started:
            return b""
        chunk, self._pending = self._pending, b""
        try:
            piece: bytes = self._decoder.process(chunk, output_buffer_limit=MAX_PIECE_BYTES)
        except _brotli.error as error:
            raise BodyError("Brotli decompression failed.", name="TypeError") from error
        return piece

    def finish(self) -> None:
        """The encoded bytes have ended; none at all are fine."""
        if self._started and not self._decoder.is_finished():
            raise BodyError("Brotli compressed stream ended prematurely.", name="TypeError")


class DecodedBody(ByteStream):
    """A body as a script reads it: `source` decoded."""

    def __init__(self, source: ByteStream, coding: str) -> None:
        assert coding in CODINGS, "the script's side asks for known codings only"
        self.length = None
        self.coding = coding
        self.source = source
        self.untouched = True
        self._decoder: Decoder = BrotliDecoder() if coding == "br" else ZlibDecoder(coding)

    async def read(self) -> bytes:
        """The next decoded bytes."""
        self.untouched = False
        decoder = self._decoder
        try:
            while not (piece := decoder.pull()):
                chunk = await self.source.read()
                if not chunk:
                    decoder.finish()
                    return b""
                decoder.feed(chunk)
        except BodyError:
            self.source.cancel()
            raise
        return piece

    def cancel(self) -> None:
        """The reader wants no more."""
        self.untouched = False
        self.source.cancel()


class EncodedBody(ByteStream):
    """A body as it leaves: `source` encoded, each piece so that it can be read at once."""

    def __init__(self, source: ByteStream, coding: str) -> None:
        assert coding in CODINGS, "the script's side asks for known codings only"
        self.length = None
        self._source = source
        self._ended = False
        if coding == "br":
            self._brotli = _brotli.Compressor(quality=4)
            self._zlib = None
        else:
            wbits = GZIP_WBITS if coding == "gzip" else ZLIB_WBITS
            self._zlib = zlib.compressobj(wbits=wbits)

    async def read(self) -> bytes:
        """The next encoded bytes."""
        if self._ended:
            return b""
        chunk = await self._source.read()
        self._ended = not chunk
        return self._last() if self._ended else self._next(chunk)

    def whole(self, content: bytes) -> bytes:
        """All of a body encoded at once, in place of reading."""
        self._ended = True
        if self._zlib is not None:
            return self._zlib.compress(content) + self._last()
        encoded: bytes = self._brotli.process(content)
        return encoded + self._last()

    def _next(self, chunk: bytes) -> bytes:
        if self._zlib is not None:
            return self._zlib.compress(chunk) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        encoded: bytes = self._brotli.process(chunk) + self._brotli.flush()
        return encoded

    def _last(self) -> bytes:
        encoded: bytes = self._brotli.finish() if self._zlib is None else self._zlib.flush()
        return encoded

    def cancel(self) -> None:
        """The reader wants no more."""
        self._ended = True
        self._source.cancel()


def _stream(table: BodyTable, body: object) -> ByteStream:
    received = table.received(body)
    assert received is not None, "a missing body has no coding"
    return BufferedBody(received) if isinstance(received, bytes) else received


@op
def body_decode(host: "Host", body: str | bytes | int, coding: str) -> int:
    """The handle under which this body can be read decoded; takes the body over."""
    table = table_of(host)
    with body_errors_for_script():
        return table.add(DecodedBody(_stream(table, body), coding))


@op
def body_encode(host: "Host", body: str | bytes | int, coding: str) -> bytes | int:
    """The body encoded: bytes where it is short, else a handle; takes the body over."""
    table = table_of(host)
    with body_errors_for_script():
        stream = _stream(table, body)
    if isinstance(stream, BufferedBody) and len(stream.content) <= MAX_PIECE_BYTES:
        return EncodedBody(stream, coding).whole(stream.content)
    if isinstance(stream, DecodedBody) and stream.untouched and stream.coding == coding:
        return table.add(stream.source)
    return table.add(EncodedBody(stream, coding))


@op
def body_codings(host: "Host") -> str:
    """The content codings that bodies can have, joined by commas."""
    return ",".join(sorted(CODINGS))
