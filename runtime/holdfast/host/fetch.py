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
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from holdfast.engine import ScriptError
from holdfast.host.bodies import BodyTable, body_errors_for_script, table_of
from holdfast.host.byte_streams import BodyError, ByteStream, discard_body
from holdfast.host.egress import EgressPolicy, allow_all, public_only
from holdfast.host.fetch_messages import FetchedResponse, FetchRequest
from holdfast.host.loops import via_headers
from holdfast.host.ops import async_op, op
from holdfast.host.origins import Origins
from holdfast.host.outgoing import header_pairs, with_defaults
from holdfast.host.redirects import MAX_REDIRECTS, REDIRECT_STATUSES, Headers, next_hop

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver

    from holdfast.host.context import Host
    from holdfast.host.fetch_connections import Connections
    from holdfast.host.sockets_end import SocketEnd

STALL_S = 300.0
ABORTED = "The operation was aborted"
_ONE_TIME_BODY = (
    "A request with a one-time-use body (it was initialized from a stream, not a buffer) "
    "encountered a redirect requiring the body to be retransmitted. To avoid this error in "
    "the future, construct this request from a buffer-like body initializer."
)


class SocketHere(NamedTuple):
    """The other end of a WebSocket, and the protocol that it has chosen, or ""."""

    end: "SocketEnd"
    protocol: str


class FetchClient:
    """Sends requests over one pool of connections. Close it with `close`."""

    def __init__(
        self,
        *,
        egress: EgressPolicy = public_only,
        resolver: "AbstractResolver | None" = None,
        stall_seconds: float = STALL_S,
        origins: Origins = Origins(),  # noqa: B008  (it never changes)
    ) -> None:
        self._egress = egress
        self._resolver = resolver
        self._stall_seconds = stall_seconds
        self.origins = origins
        self._opened: Connections | None = None
        self._to_origins: Connections | None = None

    def _connections(self) -> "Connections":
        if self._opened is None:
            from holdfast.host.fetch_connections import Connections

            self._opened = Connections(self._egress, self._resolver, self._stall_seconds)
        return self._opened

    async def close(self) -> None:
        """Close all connections; fetches under way fail."""
        opened = self._opened, self._to_origins
        self._opened = self._to_origins = None
        for connections in opened:
            if connections is not None:
                await connections.close()

    async def addresses_of(self, host: str, port: int) -> list[str]:
        """The addresses of a host that a script may connect to. Raises OSError, EgressRefused."""
        return await self._connections().addresses_of(host, port)

    def socket_here(self, url: str, headers: Headers) -> "SocketHere | None":
        """What is at the other end of a WebSocket to this URL, within this process: in tests."""
        return None

    async def fetch(
        self, request: FetchRequest, on_end: Callable[[], None] = lambda: None
    ) -> FetchedResponse:
        """Send a request and follow its redirects, up to the response's headers.

        `on_end` is called when all is over: a failure, or the end of the body. Raises
        ScriptError, and BodyError where the request's body failed; that is cancelled then.
        """
        try:
            return await self._received(request, on_end)
        except BaseException:
            on_end()
            discard_body(request.body)
            raise

    async def _received(self, request: FetchRequest, on_end: Callable[[], None]) -> FetchedResponse:
        asked = request._replace(headers=with_defaults(request.headers))
        response, url, redirected = await self.follow(asked, [])
        from holdfast.host.fetch_connections import SWITCHING_PROTOCOLS, received

        answer = received(response, url, request.method, on_end, redirected=redirected)
        if response.status == SWITCHING_PROTOCOLS:  # nobody has asked for that
            response.close()
        return answer

    async def follow(
        self, request: FetchRequest, handshake: Headers
    ) -> "tuple[aiohttp.ClientResponse, str, bool]":
        """The response at the end of a request's redirects, its URL, and whether there were any.

        `handshake`: headers that concern the connection. The response is given as it comes, and is
        the caller's to release. Raises as `fetch` does.
        """
        visited = [request.url]
        while True:
            response = await self._sent(request, handshake)
            location = response.headers.get("Location")
            if (
                request.redirect == "manual"
                or response.status not in REDIRECT_STATUSES
                or location is None
            ):
                return response, request.url, len(visited) > 1
            response.close()
            if request.redirect == "error":
                raise ScriptError("TypeError", f"Unexpected redirect of {request.url}.")
            hop = next_hop(request.method, request.url, request.headers, response.status, location)
            if hop is None:
                raise ScriptError(
                    "TypeError", "Invalid Location header; unable to follow redirect."
                )
            visited.append(hop.url)
            if len(visited) > MAX_REDIRECTS + 1:
                raise ScriptError("TypeError", "Too many redirects." + ", ".join(visited[:-1]))
            if hop.keeps_body and isinstance(request.body, ByteStream):
                raise ScriptError("TypeError", _ONE_TIME_BODY)
            body = request.body if hop.keeps_body else None
            request = request._replace(
                method=hop.method, url=hop.url, headers=hop.headers, body=body
            )

    async def _sent(self, request: FetchRequest, handshake: Headers) -> "aiohttp.ClientResponse":
        """One request, to the origin of its host or where that leads."""
        origin = self.origins.behind(request.url) if self.origins.by_host else None
        if origin is None:
            if not handshake:
                via = via_headers(request.url, request.calls_left)
                request = request._replace(headers=request.headers + via)
            return await self._connections().request(request, handshake)
        if self._to_origins is None:
            from holdfast.host.fetch_connections import Connections

            self._to_origins = Connections(allow_all, self._resolver, self._stall_seconds)
        request = request._replace(url=origin.url)
        return await self._to_origins.request(request, handshake, authority=origin.authority)


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
