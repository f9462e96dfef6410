"""The connections of a FetchClient; by aiohttp, so fetch.py imports this when it has to.

One pool keeps connections open for the next request. What comes back of a request is read from
its connection, and fails with it.
"""

import asyncio
import functools
import logging
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from holdfast.engine import ScriptError
from holdfast.host.byte_streams import CONNECTION_LOST, BodyError, ByteStream
from holdfast.host.egress import CONNECT_TIMEOUT_S, EgressPolicy, EgressRefused, literal_address
from holdfast.host.fetch_messages import FetchedResponse, FetchRequest
from holdfast.host.outgoing import Upload, sent_headers
from holdfast.host.redirects import Headers

log = logging.getLogger("holdfast.host.fetch")

MAX_HEADER_BYTES = 65_536
MAX_HEADERS = 512
MAX_HEAD_BYTES = 262_144  # of all that comes between two pieces of bodies
MAX_CONNECTIONS = 1_024

MIN_STATUS = 100
SWITCHING_PROTOCOLS = 101
_HEAD_END = b"\r\n\r\n"
STALLED = f"{CONNECTION_LOST} Nothing has come for too long."
_NULL_BODY_STATUSES = frozenset({101, 103, 204, 205, 304})
_NO_AUTOMATIC_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class ResponseBody(ByteStream):
    """The body of a response, still encoded; its connection is given back at its end."""

    def __init__(self, response: aiohttp.ClientResponse, on_end: Callable[[], None]) -> None:
        self.length = response.content_length
        self._response = response
        self._on_end: Callable[[], None] | None = on_end
        self._error: BodyError | None = None
        _end_with_connection(response)

    async def read(self) -> bytes:
        """The next bytes. Raises BodyError when the connection breaks or the fetch is aborted."""
        if self._error is not None:
            raise self._error
        try:
            chunk = await self._response.content.readany()
        except Exception as error:
            self.fail(BodyError(_told(error), name="TypeError", retryable=True))
            assert self._error is not None
            raise self._error from error
        if not chunk:
            self._end()
        return chunk

    def fail(self, error: BodyError) -> None:
        """Break the body off: whoever reads it gets this error, unless it got one already."""
        if self._on_end is None and self._error is None:
            return
        self._error = self._error or error
        self._response.close()
        content = self._response.content
        if content.exception() is None:
            content.set_exception(self._error)
        self._end()

    def cancel(self) -> None:
        """Close the connection; harmless after the end."""
        if self._on_end is not None:
            self._response.close()
            self._end()

    def _end(self) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end()


class _ResponseHandler(ResponseHandler):
    """Hears a response though what comes in one piece with it makes no sense.

    Some servers send a body to who has asked with HEAD, or more than they have said. One that sends
    heads, trailers or chunk extensions without end is given up.
    """

    _awaits_head = False
    _body_bytes = 0
    _other_bytes = 0  # that came since the body has grown

    def set_response_params(self, **params: Any) -> None:
        """A request is sent."""
        self._awaits_head = True
        self._body_bytes = self._other_bytes = 0
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Give the parser a head apart from the rest: what it has read is lost where it fails."""
        if self._awaits_head:
            end = data.find(_HEAD_END) + len(_HEAD_END)
            self._awaits_head = end < len(_HEAD_END)
            if len(_HEAD_END) <= end < len(data):
                self._take(data[:end])
                data = data[end:]
        self._take(data)

    def _take(self, data: bytes) -> None:
        super().data_received(data)
        body_bytes = 0 if self._payload is None else self._payload.total_bytes
        if body_bytes > self._body_bytes:
            self._body_bytes, self._other_bytes = body_bytes, 0
            return
        self._other_bytes += len(data)
        if self._other_bytes > MAX_HEAD_BYTES and not self._upgraded and self.transport is not None:
            self.transport.abort()


# The body that each connection brings, or brought last.
_contents: "WeakKeyDictionary[ResponseHandler, aiohttp.StreamReader]" = WeakKeyDictionary()


def _end_with_connection(response: aiohttp.ClientResponse) -> None:
    """See to it that the body fails with its connection.

    aiohttp closes the connection where it cannot make sense of a chunk, and does not tell
    whoever waits for the body.
    """
    protocol = None if response.connection is None else response.connection.protocol
    if protocol is None:
        return
    is_watched = protocol in _contents
    _contents[protocol] = response.content
    closed = protocol.closed
    if closed is None:
        _fail_unfinished(response.content)
    elif not is_watched:
        closed.add_done_callback(functools.partial(_on_connection_closed, protocol))


def _on_connection_closed(protocol: ResponseHandler, closed: "asyncio.Future[None]") -> None:
    if not closed.cancelled():
        closed.exception()  # taken note of, or asyncio complains
    _fail_unfinished(_contents.pop(protocol))


def _fail_unfinished(content: aiohttp.StreamReader) -> None:
    if not content.is_eof() and content.exception() is None:
        content.set_exception(aiohttp.ClientPayloadError("the connection was closed"))


class GuardedResolver(AbstractResolver):
    """Resolves names to those of their addresses that the policy permits."""

    def __init__(self, policy: EgressPolicy, resolver: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        """The permitted addresses. Raises EgressRefused if there are others only."""
        if self._resolver is None:
            self._resolver = ThreadedResolver()
        try:
            found = await self._resolver.resolve(host, port, family)
        except UnicodeError as error:  # a part of the name is empty, or has over 63 characters
            raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
        permitted = [result for result in found if self._permits(host, result["host"])]
        if found and not permitted:
            raise EgressRefused(host)
        return permitted

    def _permits(self, host: str, address: str) -> bool:
        parsed = literal_address(address)
        return parsed is not None and self._policy(host, parsed)

    async def close(self) -> None:
        """Close the resolver behind."""
        if self._resolver is not None:
            await self._resolver.close()


class Connections:
    """Makes requests over one pool of connections. Close it with `close`."""

    def __init__(
        self, egress: EgressPolicy, resolver: AbstractResolver | None, stall_seconds: float
    ) -> None:
        self._egress = egress
        self._resolver = resolver
        self._stall_seconds = stall_seconds
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections; requests under way fail."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def addresses_of(self, host: str, port: int) -> list[str]:
        """See FetchClient."""
        address = literal_address(host)
        if address is None:
            found = await GuardedResolver(self._egress, self._resolver).resolve(host, port)
            return [result["host"] for result in found]
        if not self._egress(host, address):
            raise EgressRefused(host)
        return [host]

    async def request(
        self, request: FetchRequest, handshake: Headers, *, authority: str | None = None
    ) -> aiohttp.ClientResponse:
        """The response to one request, its body unread; redirects are not followed.

        `handshake`: headers that concern the connection; `authority`: what is asked for, where it
        is not the URL's. Raises ScriptError, and BodyError where the request's body failed.
        """
        body = request.body
        target = URL(request.url, encoded=True).with_user(None)
        host = target.host or ""
        address = literal_address(host)
        upload = Upload(body, self._stall_seconds) if isinstance(body, ByteStream) else None
        # What follows a handshake may be silent for as long as both sides like.
        stall_seconds = None if handshake else self._stall_seconds
        name = None if authority is None else urlsplit(f"//{authority}").hostname
        asked_for = [] if authority is None else [("Host", authority)]
        try:
            if address is not None and not self._egress(host, address):
                raise EgressRefused(host)
            response = await self._open_session().request(
                request.method,
                target,
                headers=sent_headers(request.headers, body) + handshake + asked_for,
                server_hostname=name,
                data=body if upload is None else upload.chunks(),
                allow_redirects=False,
                skip_auto_headers=_NO_AUTOMATIC_HEADERS,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=stall_seconds
                ),
            )
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error, upload) from error
        if response.status < MIN_STATUS:
            response.close()
            raise ScriptError("TypeError", CONNECTION_LOST, retryable=True)
        return response

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(self._egress, self._resolver),
                limit=MAX_CONNECTIONS,
                socket_factory=self._socket,
            )
            factory: Any = functools.partial(_ResponseHandler, loop=connector._loop)
            connector._factory = factory
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                max_line_size=MAX_HEADER_BYTES,
                max_field_size=MAX_HEADER_BYTES,
                max_headers=MAX_HEADERS,
            )
        return self._session

    def _socket(self, address: Any) -> socket.socket:
        """A socket that gives up where the other side takes nothing any more."""
        family, kind, protocol, _, _ = address
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            stall_ms = int(self._stall_seconds * 1000)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, stall_ms)
        return made


def received(
    response: aiohttp.ClientResponse,
    url: str,
    method: str,
    on_end: Callable[[], None],
    *,
    redirected: bool,
) -> FetchedResponse:
    """What came back, made ready to be told to a script; see FetchClient.fetch."""
    body = None
    if method == "HEAD" or response.status in _NULL_BODY_STATUSES:
        if response.status != SWITCHING_PROTOCOLS:
            response.release()
        on_end()
    else:
        body = ResponseBody(response, on_end)
    raw = "".join(
        f"{name.decode('latin-1').lower()}\n{value.decode(errors='replace')}\n"
        for name, value in response.raw_headers
    )
    final = url.partition("#")[0]
    return FetchedResponse(response.status, response.reason or "", final, raw, body, redirected)


def _failure(error: Exception, upload: Upload | None) -> Exception:
    """What the script is told of a failure on the way."""
    if upload is not None and upload.error is not None:
        return upload.error
    refused = error.__cause__ if isinstance(error.__cause__, EgressRefused) else error
    if isinstance(refused, EgressRefused):
        return ScriptError("TypeError", str(refused))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ScriptError("TypeError", f"internal error; the name {error.host} does not resolve")
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return ScriptError("TypeError", f"Fetch API cannot load: {error}")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return ScriptError("TypeError", f"TLS peer's certificate is not trusted; reason = {error}")
    log.debug("a fetch failed: %r", error)
    return ScriptError("TypeError", _told(error), retryable=True)


def _told(error: Exception) -> str:
    return STALLED if isinstance(error, aiohttp.ServerTimeoutError) else CONNECTION_LOST
