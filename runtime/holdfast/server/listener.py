"""Requests to Workers, and what clients are told when that fails."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from aiohttp.http_parser import RawRequestMessage

from holdfast.catalog import ScriptNotFound
from holdfast.host.byte_streams import ByteStream
from holdfast.server.connection import Connection
from holdfast.server.http_server import HttpServer
from holdfast.server.movable import MovableConnection
from holdfast.server.overload import Reason
from holdfast.server.response import OVERLOADED, overloaded, plain_response
from holdfast.server.routing import Routes, canonical_url
from holdfast.server.runtime import Runtime
from holdfast.server.settings import Settings
from holdfast.workers import (
    Durations,
    NotCompiled,
    ScriptFailed,
    ScriptInvalid,
    WorkerError,
    WorkerResponse,
    WorkerTerminated,
)

if TYPE_CHECKING:
    from holdfast.server.proxies import Proxies
    from holdfast.server.shards.balance import Balance

log = logging.getLogger("holdfast.server")

REMEMBERED_CLIENTS = 256
MAX_REMEMBERED_HEADERS = 4096  # characters

RawHeaders = tuple[tuple[bytes, bytes], ...]
RequestLog = Callable[[str, str, int, float], None]


class Listener:
    """Serves a runtime's Workers to those who connect."""

    def __init__(
        self, runtime: Runtime, routes: Routes, *, on_request: RequestLog | None = None
    ) -> None:
        """`on_request(method, target, status, milliseconds)` is told of each answer."""
        self._runtime = runtime
        self._routes = routes
        self._overload = runtime.overload
        self._proxies = _proxies(runtime.settings)
        self._edge_header = runtime.settings.edge.header.encode()
        self._max_requests = runtime.overload.bounds.requests
        self._on_request = on_request
        self._waiting = 0  # for code that is compiled
        self._server: HttpServer | None = None

    async def start_on(
        self,
        listeners: Sequence[socket.socket],
        on_request: Callable[[], None] | None = None,
        balance: "Balance | None" = None,
    ) -> None:
        """See HttpServer; with a balance, connections go to other shards and come from them."""
        loop = asyncio.get_running_loop()
        connection = Connection if balance is None else MovableConnection
        self._server = HttpServer(self, loop, self._overload, connection)
        await self._server.start_on(listeners, on_request)
        if balance is not None:
            balance.begin(self._server)

    async def stop(self) -> None:
        """Take no new connections, let the requests under way finish, and what they go on with.

        All of that may take `Settings.drain_seconds`; what is left then is cut off.
        """
        server, self._server = self._server, None
        if server is not None:
            clock = asyncio.get_running_loop().time
            end = clock() + self._runtime.settings.drain_seconds
            await server.stop(end - clock())
            await self._runtime.drain(end - clock())

    # ---- one request ---------------------------------------------------------------

    def handle(
        self, message: RawRequestMessage, client: str, body: bytes | ByteStream | None
    ) -> "WorkerResponse | asyncio.Future[WorkerResponse]":
        """See http_server.Handler."""
        route = self._routes.route(message.headers.get("Host", ""), message.path)
        if route is None:
            return self._refused(message, 404, self._routes.nowhere)
        origin = route.origin
        if self._proxies is not None:
            if self._edge_header:
                message = self._proxies.without_claims(client, message, self._edge_header)
            client, origin = self._proxies.seen_by(client, message.headers, origin)
        url = canonical_url(origin, message.path)
        if url is None:
            return self._refused(message, 400, "The request's target is no path of its host.")
        try:
            worker = self._runtime.worker_unless_slow(route.script)
        except NotCompiled as late:
            if self._waiting >= self._max_requests:
                return self.refuse(message, Reason.REQUESTS)
            return asyncio.ensure_future(self._handle_after(late.done, message, client, body))
        except ScriptNotFound:
            text = f'There is no Worker named "{route.script}".'
            return self._refused(message, 404, text)
        except WorkerError as error:
            self._runtime.counts_of(route.script).responses[5] += 1
            self._runtime.tell(route.script, "error", str(error))
            return self._refused(message, 500, _told(error))
        except Exception:  # a mistake of ours is no reason to hang up
            log.exception("%s cannot be brought up", route.script, extra={"script": route.script})
            return self._refused(message, 500, "internal error")
        if worker.unanswered >= self._max_requests:
            return self.refuse(message, Reason.REQUESTS)
        answer = worker.fetch(message.method, url, raw_headers(message, client), body)
        if self._on_request is not None or worker.counts.durations is not None:
            self._time(answer, message, worker.counts.durations)
        return answer

    async def _handle_after(
        self,
        done: "asyncio.Future[object]",
        message: RawRequestMessage,
        client: str,
        body: bytes | ByteStream | None,
    ) -> WorkerResponse:
        self._waiting += 1
        try:
            await asyncio.wait([done])
        finally:
            self._waiting -= 1
        answer = self.handle(message, client, body)
        return answer if isinstance(answer, WorkerResponse) else await answer

    def refuse(self, message: RawRequestMessage, reason: Reason) -> WorkerResponse:
        """See http_server.Handler."""
        self._overload.note(reason)
        if self._on_request is not None:
            self._on_request(message.method, message.path, OVERLOADED.status, 0.0)
        return OVERLOADED

    def told_of_leaving(
        self, message: RawRequestMessage, answer: "asyncio.Future[WorkerResponse] | None"
    ) -> bool:
        """See http_server.Handler."""
        route = self._routes.route(message.headers.get("Host", ""), message.path)
        if route is None or answer is None:
            return True
        workers = [resident.worker for resident in self._runtime.versions(route.script).values()]
        workers = [w for w in workers if w.host.compatibility.request_signals]
        for worker in workers:
            number = worker.number_of(answer)
            if number is not None:
                worker.client_left("event", number)
                return True
        return not workers

    def result_of(
        self, answer: "asyncio.Future[WorkerResponse]", message: RawRequestMessage
    ) -> WorkerResponse:
        """See http_server.Handler. The client learns that the script failed, the log how."""
        error = answer.exception()
        if error is None:
            return answer.result()
        route = self._routes.route(message.headers.get("Host", ""), message.path)
        assert route is not None, "a request without a route has no future"
        self._runtime.counts_of(route.script).responses[5] += 1
        is_new = not _is_overload(error) or self._overload.note(Reason.OBJECT)
        if is_new:
            self._runtime.tell(route.script, "error", str(error))
        return _page(error)

    def _refused(self, message: RawRequestMessage, status: int, text: str) -> WorkerResponse:
        """An answer of our own; the request's body stays unread."""
        if self._on_request is not None:
            self._on_request(message.method, message.path, status, 0.0)
        return plain_response(status, text)

    def _time(
        self,
        answer: "asyncio.Future[WorkerResponse]",
        message: RawRequestMessage,
        durations: Durations | None,
    ) -> None:
        started = time.perf_counter()

        def tell(done: "asyncio.Future[WorkerResponse]") -> None:
            if done.cancelled():
                return
            elapsed = time.perf_counter() - started
            if durations is not None:
                durations.note(elapsed)
            if self._on_request is not None:
                error = done.exception()
                status = _page(error).status if error else done.result().status
                self._on_request(message.method, message.path, status, elapsed * 1000)

        answer.add_done_callback(tell)


_last_headers: dict[str, tuple[RawHeaders, str]] = {}  # of clients: as they came, as a string


def raw_headers(message: RawRequestMessage, client: str) -> str:
    """The request's headers as one string, with the client's address told by us alone.

    Who comes by a Unix socket has none. A client sends the same with most of its requests, and
    gets the same string then.
    """
    headers = message.raw_headers
    last = _last_headers.get(client)
    if last is not None and last[0] == headers:
        return last[1]
    told = headers
    if "CF-Connecting-IP" in message.headers:
        told = tuple(field for field in headers if field[0].lower() != b"cf-connecting-ip")
    lines = [*chain.from_iterable(told)]
    if client:
        lines += b"CF-Connecting-IP", client.encode()
    text = b"\n".join([*lines, b""]).decode(errors="replace")
    if len(text) <= MAX_REMEMBERED_HEADERS:
        if len(_last_headers) >= REMEMBERED_CLIENTS:
            _last_headers.clear()
        _last_headers[client] = headers, text
    return text


def _proxies(settings: Settings) -> "Proxies | None":
    networks = settings.trusted_proxies
    if not networks and not settings.edge.header:
        return None
    from holdfast.server.proxies import Proxies

    return Proxies(networks)


def _is_overload(error: BaseException) -> bool:
    """Whether the script let through that one of its objects has too much to do."""
    return isinstance(error, ScriptFailed) and "overloaded" in error.flags.split(",")


def _page(error: BaseException) -> WorkerResponse:
    """What a client gets in the place of a response."""
    if _is_overload(error):
        return overloaded("The Worker is overloaded; its log says why.")
    return plain_response(500, _told(error))


def _told(error: BaseException) -> str:
    """What a client may know of a failure."""
    if isinstance(error, WorkerTerminated):
        return "The Worker exceeded its limits or was replaced (error 1102)."
    if isinstance(error, ScriptInvalid):
        return "The Worker does not load (error 1101); its log says why."
    return "The Worker threw an exception (error 1101); its log says which."
