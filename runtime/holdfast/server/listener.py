"""HTTP in, a Worker's response out."""

import logging
import time
from collections.abc import Callable

from aiohttp import web

from holdfast.catalog import ScriptNotFound
from holdfast.host.bodies import ByteStream, ReaderBody
from holdfast.server.response import OutgoingResponse
from holdfast.server.routing import Routes, canonical_url
from holdfast.server.runtime import Runtime
from holdfast.workers import ScriptInvalid, WorkerError, WorkerResponse, WorkerTerminated

log = logging.getLogger("holdfast.server")

INLINE_REQUEST_BYTES = 65_536
MAX_TARGET_BYTES = 16_384  # Cloudflare's limit on a URL
MAX_HEADER_BYTES = 32_768

RequestLog = Callable[[str, str, int, float], None]


class Listener:
    """Serves a runtime's Workers on an address."""

    def __init__(
        self, runtime: Runtime, routes: Routes, *, on_request: RequestLog | None = None
    ) -> None:
        """`on_request(method, url, status, milliseconds)` is told of each answer."""
        self._runtime = runtime
        self._routes = routes
        self._on_request = on_request
        self._runner: web.ServerRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, also where 0 asked for any. Raises OSError when it is taken."""
        server = web.Server(
            self._handle,
            access_log=None,
            auto_decompress=False,
            # A client that leaves ends its response's stream, though that be silent.
            handler_cancellation=True,
            max_line_size=MAX_TARGET_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )
        self._runner = web.ServerRunner(
            server, shutdown_timeout=self._runtime.settings.drain_seconds
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=1024)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Take no new connections, let the requests under way finish, close."""
        if self._runner is not None:
            await self._runner.cleanup()

    # ---- one request ---------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        started = time.perf_counter()
        response = await self._answer(request)
        if self._on_request is not None:
            elapsed = (time.perf_counter() - started) * 1000
            self._on_request(request.method, request.path_qs, response.status, elapsed)
        return OutgoingResponse(response)

    async def _answer(self, request: web.BaseRequest) -> WorkerResponse:
        route = self._routes.route(request.headers.get("Host", ""))
        if route is None:
            return _page(404, "There is no Worker at this host.")
        url = canonical_url(route.origin, request.raw_path)
        if url is None:
            return _page(400, "The request's target is no path.")
        try:
            worker = self._runtime.worker(route.script)
            answer = worker.fetch(
                request.method, url, raw_headers(request), await self._body(request)
            )
            return await answer
        except ScriptNotFound:
            return _page(404, f'There is no Worker named "{route.script}".')
        except WorkerError as error:
            return self._failure(route.script, error)

    async def _body(self, request: web.BaseRequest) -> bytes | ByteStream | None:
        if not request.body_exists:
            return None
        if request.headers.get("Expect", "").lower() == "100-continue":
            assert request.transport is not None
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = request.content_length
        if length is not None and length <= INLINE_REQUEST_BYTES:
            return await request.read()
        return ReaderBody(request.content.readany, length=length)

    def _failure(self, script: str, error: WorkerError) -> WorkerResponse:
        """The client learns that the script failed; the log learns how."""
        self._runtime.tell(script, "error", str(error))
        if isinstance(error, WorkerTerminated):
            return _page(500, "The Worker exceeded its limits or was replaced (error 1102).")
        if isinstance(error, ScriptInvalid):
            return _page(500, "The Worker does not load (error 1101); its log says why.")
        return _page(500, "The Worker threw an exception (error 1101); its log says which.")


def raw_headers(request: web.BaseRequest) -> str:
    """The request's headers as one string, with the client's address told by us alone."""
    parts: list[bytes] = []
    for name, value in request.raw_headers:
        if name.lower() != b"cf-connecting-ip":
            parts.append(name)
            parts.append(value)
    text = b"\n".join(parts).decode("latin-1")
    return f"{text}\nCF-Connecting-IP\n{client_address(request)}\n"


def client_address(request: web.BaseRequest) -> str:
    """The address at the other end of the connection."""
    return request.remote or ""


def _page(status: int, message: str) -> WorkerResponse:
    return WorkerResponse(
        status, "", "content-type\ntext/plain;charset=UTF-8\n", message.encode() + b"\n"
    )
