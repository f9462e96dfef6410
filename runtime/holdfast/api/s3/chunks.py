"""Bodies in chunks of S3's own, which may be signed, and have checksums behind the last one.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

import hashlib
import hmac
import re
from http import HTTPStatus

from aiohttp import StreamReader
from aiohttp.http_exceptions import LineTooLong

from holdfast.api.s3.errors import S3Error, not_implemented
from holdfast.api.s3.signature import Signature, does_not_match

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_EMPTY = hashlib.sha256(b"").hexdigest()
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?\r\n")
_TRAILER = re.compile(r"([A-Za-z0-9-]+) *: *([^\r\n]*?) *\r?\n")
_SIGNATURE = "x-amz-trailer-signature"
_MAX_LINE_BYTES = 1_024
_MAX_TRAILERS = 16
_PIECE_BYTES = 1 << 18


def is_in_chunks(payload: str) -> bool:
    """Whether a body is in chunks, by what is said of it in the place of its hash.

    Raises S3Error for a form that is unknown.
    """
    if payload in (SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER):
        return True
    if payload.startswith("STREAMING-"):
        raise not_implemented(f"Header 'x-amz-content-sha256' with value '{payload}'")
    return False


class ChunkedBody:
    """What is in the chunks. A signature is checked at the end of its chunk.

    So what was read before the end may be somebody else's: `trailers` tells that all is well.
    """

    def __init__(self, stream: StreamReader, signature: Signature, length: int) -> None:
        """`length`: how many bytes there are to be in the chunks."""
        self._stream = stream
        self._signature = signature
        self._is_signed = signature.payload != UNSIGNED_TRAILER
        self._before = signature.value
        self._claimed = ""
        self._hash = hashlib.sha256()
        self._missing = length
        self._left = 0  # of the chunk
        self._trailers: dict[str, str] | None = None

    @property
    def trailers(self) -> dict[str, str]:
        """What followed the last chunk. Raises S3Error where the body is not the one announced."""
        if self._trailers is None or self._missing:
            raise _incomplete()
        return self._trailers

    async def read(self) -> bytes:
        """Some more; b"" at the end. Raises S3Error."""
        if self._trailers is not None:
            return b""
        if not self._left:
            await self._begin_chunk()
            if not self._left:
                self._end_chunk()
                self._trailers = await self._read_trailers()
                return b""
        piece = await self._stream.read(min(self._left, _PIECE_BYTES))
        if not piece:
            raise _incomplete()
        self._left -= len(piece)
        if self._is_signed:
            self._hash.update(piece)
        if not self._left:
            if await self._line() != b"\r\n":
                raise _malformed()
            self._end_chunk()
        return piece

    async def _begin_chunk(self) -> None:
        found = _CHUNK.fullmatch(await self._line())
        if found is None or (found[2] is None) == self._is_signed:
            raise _malformed()
        self._left = int(found[1], 16)
        self._claimed = (found[2] or b"").decode()
        self._missing -= self._left
        if self._missing < 0:
            raise _incomplete()

    def _end_chunk(self) -> None:
        if self._is_signed:
            digest = self._hash.hexdigest()
            self._check("PAYLOAD", self._claimed, _EMPTY, digest)
            self._hash = hashlib.sha256()

    def _check(self, kind: str, claimed: str, *hashes: str) -> None:
        expected = self._signature.of_next(kind, self._before, *hashes)
        if not hmac.compare_digest(expected.encode(), claimed.encode()):
            raise does_not_match()
        self._before = expected

    async def _read_trailers(self) -> dict[str, str]:
        trailers: dict[str, str] = {}
        while (line := await self._line()) not in (b"\r\n", b"\n", b""):
            found = _TRAILER.fullmatch(line.decode("utf-8", "replace"))
            if found is None or len(trailers) == _MAX_TRAILERS:
                raise _malformed_trailer()
            trailers[found[1].lower()] = found[2]
        if self._signature.payload == SIGNED_TRAILER:
            claimed = trailers.pop(_SIGNATURE, "")
            text = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
            self._check("TRAILER", claimed, hashlib.sha256(text.encode()).hexdigest())
        return trailers

    async def _line(self) -> bytes:
        try:
            return await self._stream.readline(max_line_length=_MAX_LINE_BYTES)
        except LineTooLong:
            raise _malformed() from None


def _incomplete() -> S3Error:
    return S3Error(
        "IncompleteBody",
        HTTPStatus.BAD_REQUEST,
        "You did not provide the number of bytes specified by x-amz-decoded-content-length",
    )


def _malformed() -> S3Error:
    return S3Error(
        "InvalidRequest", HTTPStatus.BAD_REQUEST, "The body is not in well-formed aws-chunked form"
    )


def _malformed_trailer() -> S3Error:
    return S3Error(
        "MalformedTrailerError",
        HTTPStatus.BAD_REQUEST,
        "The request contained trailing data that was not well-formed or did not conform to our "
        "published schema.",
    )
