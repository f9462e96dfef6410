"""The HTTP client behind the global fetch().

One `FetchClient` serves a process: `host.capabilities.fetch`. It keeps no cookies, asks no
proxy, adds no headers of its own but those that HTTP needs, Accept, Accept-Encoding and User-Agent,
and follows redirects itself, so that the egress policy is asked at each hop. Bodies stream in
both directions; they cross encoded as they came (see codings.py).

A connection on which nothing moves for `STALL_S` is given up, whoever should have moved:
the server, its network or the script that makes the request's body.

A fetch under way, until the end of its response's body, is an `Exchange` that the
script may abort by its number.
"""

import asyncio
import functools
import logging
import socket
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from holdfast.engine import ScriptError
from holdfast.host.bodies import (
    CONNECTION_LOST,
    BodyError,
    BodyTable,
    ByteStream,
    body_errors_for_script,
    table_of,
)
from holdfast.host.constants import MAX_CALL_DEPTH
from holdfast.host.egress import EgressPolicy, EgressRefused, literal_address, public_only
from holdfast.host.loops import via_headers
from holdfast.host.ops import async_op, op
from holdfast.host.outgoing import Upload, header_pairs, sent_headers, with_defaults
from holdfast.host.redirects import MAX_REDIRECTS, REDIRECT_STATUSES, Headers, next_hop

if TYPE_CHECKING:
    from holdfast.host.context import Host

log = logging.getLogger("holdfast.host.fetch")

CONNECT_TIMEOUT_S = 30
STALL_S = 300.0
MAX_HEADER_BYTES = 65_536
MAX_CONNECTIONS = 1_024

SWITCHING_PROTOCOLS = 101
_NULL_BODY_STATUSES = frozenset({101, 103, 204, 205, 304})
_NO_AUTOMATIC_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
ABORTED = "The operation was aborted"
STALLED = f"{CONNECTION_LOST} Nothing has come for too long."
_ONE_TIME_BODY = (
    "A request with a one-time-use body (it was initialized from a stream, not a buffer) "
    "encountered a redirect requiring the body to be retransmitted. To avoid this error in "
    "the future, construct this request from a buffer-like body initializer."
)


class FetchRequest(NamedTuple):
    """What to send; header names in lower case. `redirect`: "follow", "manual", "error"."""

    method: str
    url: str
    headers: Headers
    body: bytes | ByteStream | None = None
    redirect: str = "follow"
    calls_left: int = MAX_CALL_DEPTH


class FetchedResponse(NamedTuple):
    """What came back; `body` is None where there can be none, and has to be read or cancelled."""

    status: int
    status_text: str
    url: str
    headers: str
    body: "ResponseBody | None"
    redirected: bool


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
        found = await self._resolver.resolve(host, port, family)
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


class FetchClient:
    """Sends requests over one pool of connections. Close it with `close`."""

    def __init__(
        self,
        *,
        egress: EgressPolicy = public_only,
        resolver: AbstractResolver | None = None,
        stall_seconds: float = STALL_S,
    ) -> None:
        self._egress = egress
        self._stall_seconds = stall_seconds
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections; fetches under way fail."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def addresses_of(self, host: str, port: int) -> list[str]:
        """The addresses of a host that a script may connect to. Raises OSError, EgressRefused."""
        address = literal_address(host)
        if address is None:
            found = await GuardedResolver(self._egress, self._resolver).resolve(host, port)
            return [result["host"] for result in found]
        if not self._egress(host, address):
            raise EgressRefused(host)
        return [host]

    async def fetch(
        self, request: FetchRequest, on_end: Callable[[], None] = lambda: None
    ) -> FetchedResponse:
        """Send a request and follow its redirects, up to the response's headers.

        `on_end` is called when all is over: a failure, or the end of the body. Raises
        ScriptError, and BodyError where the request's body failed; that is cancelled then.
        """
        try:
            return await self._follow(request, on_end)
        except BaseException:
            on_end()
            if isinstance(request.body, ByteStream):
                request.body.cancel()
            raise

    async def _follow(self, request: FetchRequest, on_end: Callable[[], None]) -> FetchedResponse:
        method, url, body = request.method, request.url, request.body
        headers = with_defaults(request.headers)
        visited = [url]
        while True:
            via = via_headers(url, request.calls_left)
            response = await self._send(method, url, headers + via, body)
            location = response.headers.get("Location")
            if (
                request.redirect == "manual"
                or response.status not in REDIRECT_STATUSES
                or location is None
            ):
                return received(response, url, method, on_end, redirected=len(visited) > 1)
            response.close()
            if request.redirect == "error":
                raise ScriptError("TypeError", f"Unexpected redirect of {url}.")
            hop = next_hop(method, url, headers, response.status, location)
            if hop is None:
                raise ScriptError(
                    "TypeError", "Invalid Location header; unable to follow redirect."
                )
            method, url, headers, keeps_body = hop
            visited.append(url)
            if len(visited) > MAX_REDIRECTS + 1:
                raise ScriptError("TypeError", "Too many redirects." + ", ".join(visited[:-1]))
            if not keeps_body:
                body = None
            elif isinstance(body, ByteStream):
                raise ScriptError("TypeError", _ONE_TIME_BODY)

    async def send(self, request: FetchRequest, handshake: Headers) -> aiohttp.ClientResponse:
        """Send a request with these headers added that concern the connection.

        The response is given as it comes, and is the caller's to release. Raises ScriptError.
        """
        return await self._send(
            request.method, request.url, request.headers, request.body, handshake
        )

    async def _send(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: bytes | ByteStream | None,
        handshake: Headers = [],  # noqa: B006 - nobody changes it
    ) -> aiohttp.ClientResponse:
        target = URL(url, encoded=True).with_user(None)
        host = target.host or ""
        address = literal_address(host)
        upload = Upload(body, self._stall_seconds) if isinstance(body, ByteStream) else None
        # What follows a handshake may be silent for as long as both sides like.
        stall_seconds = None if handshake else self._stall_seconds
        try:
            if address is not None and not self._egress(host, address):
                raise EgressRefused(host)
            return await self._open_session().request(
                method,
                target,
                headers=sent_headers(headers, body) + handshake,
                data=body if upload is None else upload.chunks(),
                allow_redirects=False,
                skip_auto_headers=_NO_AUTOMATIC_HEADERS,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=stall_seconds
                ),
            )
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error, upload) from error

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(self._egress, self._resolver),
                limit=MAX_CONNECTIONS,
                socket_factory=self._socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                max_line_size=MAX_HEADER_BYTES,
                max_field_size=MAX_HEADER_BYTES,
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
        f"{name.decode('latin-1').lower()}\n{value.decode('latin-1')}\n"
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


# ---- ops -------------------------------------------------------------------------


class Exchange:
    """A fetch of a script, until the end of its response's body."""

    def __init__(self, task: "asyncio.Task[FetchedResponse]") -> None:
        self.task = task
        self.aborted = False

    def abort(self) -> None:
        """End it, wherever it stands."""
        self.aborted = True
        if not self.task.done():
            self.task.cancel()
        elif not self.task.cancelled() and self.task.exception() is None:
            body = self.task.result().body
            if body is not None:
                body.fail(BodyError(ABORTED, name="AbortError"))


_exchanges: "WeakKeyDictionary[Host, dict[int, Exchange]]" = WeakKeyDictionary()


@async_op
def fetch_send(
    host: "Host",
    number: int,
    method: str,
    url: str,
    headers: str,
    redirect: str,
    calls_left: int,
    body: str | bytes | int | None,
) -> Coroutine[Any, Any, str]:
    """Send a request; `number` is the script's name for it, for `fetch_abort`.

    `calls_left`: how often it may come back to this process, and on, before it is a loop.
    Returns lines: status, status text, URL, "1" where redirected, the handle of the
    body (none: empty), then the headers' raw string.
    """
    client: FetchClient = host.capabilities.fetch
    with body_errors_for_script():
        received = table_of(host).received(body)
    request = FetchRequest(method, url, header_pairs(headers), received, redirect, calls_left)
    exchanges = _exchanges.setdefault(host, {})
    fetching = client.fetch(request, functools.partial(_forget, exchanges, number))
    exchange = exchanges[number] = Exchange(host.loop.create_task(fetching))
    return _answer(table_of(host), exchange)


async def _answer(table: BodyTable, exchange: Exchange) -> str:
    with body_errors_for_script():
        try:
            response = await exchange.task
        except asyncio.CancelledError:
            if exchange.aborted:
                raise ScriptError("AbortError", ABORTED) from None
            raise
    handle = "" if response.body is None else table.add(response.body)
    redirected = "1" if response.redirected else ""
    return (
        f"{response.status}\n{response.status_text}\n{response.url}\n{redirected}\n{handle}\n"
        f"{response.headers}"
    )


def _forget(exchanges: dict[int, Exchange], number: int) -> None:
    exchanges.pop(number, None)


@op
def fetch_abort(host: "Host", number: int) -> None:
    """Abort a fetch: its promise or its response's body fails; harmless after that."""
    exchange = _exchanges.get(host, {}).pop(number, None)
    if exchange is not None:
        exchange.abort()
