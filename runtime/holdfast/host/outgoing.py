"""What a request of a script sends: its headers, and its body where that is a stream."""

import asyncio
from collections.abc import AsyncIterator

import holdfast
from holdfast.host.byte_streams import BodyError, ByteStream
from holdfast.host.header_lines import pairs_in
from holdfast.host.loops import VIA
from holdfast.host.redirects import Headers

# What concerns one connection is the client's business (RFC 9110, 7.6.1); so is Host.
_CONNECTION_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_DEFAULTS = (("accept", "*/*"), ("user-agent", f"Holdfast/{holdfast.__version__}"))
_BODY_STALLED = "The request's body has stalled for too long."


class Upload:
    """A streamed request body on its way; keeps the error that broke it off."""

    def __init__(self, stream: ByteStream, stall_seconds: float) -> None:
        self.error: BodyError | None = None
        self._stream = stream
        self._stall_seconds = stall_seconds

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body for aiohttp."""
        try:
            while chunk := await self._read():
                yield chunk
        except BodyError as error:
            self.error = error
            raise
        finally:
            self._stream.cancel()

    async def _read(self) -> bytes:
        try:
            async with asyncio.timeout(self._stall_seconds):
                return await self._stream.read()
        except TimeoutError:
            raise BodyError(_BODY_STALLED, name="TypeError") from None


def with_defaults(headers: Headers) -> Headers:
    """The headers with those that a fetch adds where they are missing.

    https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
    """
    names = {name for name, _ in headers}
    added = [(name, value) for name, value in _DEFAULTS if name not in names]
    if "accept-encoding" not in names:
        added.append(("accept-encoding", "identity" if "range" in names else "br, gzip"))
    return [pair for pair in headers if pair[0] != VIA] + added


def sent_headers(headers: Headers, body: bytes | ByteStream | None) -> Headers:
    """The headers as aiohttp is to be given them: without those of the connection."""
    sent = [(name, value) for name, value in headers if name not in _CONNECTION_HEADERS]
    if isinstance(body, ByteStream) and body.length is not None:
        sent.append(("content-length", str(body.length)))
    return sent


def header_pairs(raw: str) -> Headers:
    """The headers of a raw string, names in lower case."""
    return [(name.lower(), value) for name, value in pairs_in(raw)]
