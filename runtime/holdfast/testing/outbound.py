"""`harness.outbound`: who answers the scripts' outgoing fetch()."""

import asyncio
import inspect
import json as json_module
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from holdfast.engine import ScriptError
from holdfast.host.byte_streams import CONNECTION_LOST, BodyError, BufferedBody, ByteStream, collect
from holdfast.host.egress import allow_all
from holdfast.host.fetch import FetchClient, SocketHere
from holdfast.host.fetch_messages import FetchedResponse, FetchRequest
from holdfast.host.header_lines import in_lines
from holdfast.host.redirects import MAX_REDIRECTS, REDIRECT_STATUSES, next_hop
from holdfast.host.redirects import Headers as Pairs
from holdfast.testing.clock import VirtualClock
from holdfast.testing.errors import HarnessError
from holdfast.testing.faults import Faults
from holdfast.testing.outbound_sockets import Answer, SocketRoute
from holdfast.testing.responses import Headers, Request, Response
from holdfast.testing.sockets import AnySocket

if TYPE_CHECKING:
    from holdfast.host.fetch_connections import ResponseBody
    from holdfast.testing.waiting import Waiting

_NO_BODY = frozenset({101, 103, 204, 205, 304})

Url = str | re.Pattern[str]
Predicate = Callable[[Request], bool]


@dataclass(eq=False)
class Route:
    """Requests that are answered, and how; `calls` are those that came."""

    url: Url | None
    method: str | None
    when: Predicate | None
    reply: Callable[[Request], Any]
    error: str | None
    delay: float
    times: int | None
    calls: list[Request] = field(default_factory=list)

    def is_for(self, url: str) -> bool:
        """Whether the URL is one that it answers."""
        return self.url is None or _matches(self.url, url)

    def refusal(self, request: Request) -> str:
        """Why it does not answer a request to a URL that it is for; "" where it does."""
        if self.times is not None and len(self.calls) >= self.times:
            return f"it has answered {self.times} times"
        if self.method is not None and self.method.upper() != request.method:
            return "it is for another method"
        if self.when is not None and not self.when(request):
            return "its when=… says no"
        return ""

    def __repr__(self) -> str:
        url = self.url.pattern if isinstance(self.url, re.Pattern) else self.url
        return f"{self.method or 'any method'} {url or 'any URL'}"


class Outbound(FetchClient):
    """Answers requests by what the test says; refuses all others."""

    def __init__(
        self,
        clock: VirtualClock,
        faults: Faults,
        waiting: "Waiting",
        told: Callable[[BaseException], None],
        open_socket: Callable[[str], AnySocket],
    ) -> None:
        """`told` hears of what Python code raises that answers.

        `open_socket` makes the test's end of a WebSocket, of a protocol.
        """
        super().__init__(egress=allow_all)
        self._open_socket = open_socket
        self._told = told
        self._clock = clock
        self._faults = faults
        self._waiting = waiting
        self._routes: list[Route] = []
        self._socket_routes: list[SocketRoute] = []
        self._allowed: list[Url] = []
        self.calls: list[Request] = []
        self.refused: list[Request] = []

    # ---- what the test says ----------------------------------------------------------

    def answer(
        self,
        url: Url | None = None,
        *,
        method: str | None = None,
        when: Predicate | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | Callable[[Request], Any] = b"",
        json: Any = None,
        error: str | None = None,
        delay: float = 0.0,
        times: int | None = None,
    ) -> Route:
        """Answer requests to a URL, by a method, that a predicate picks; the first that fits.

        A URL may end with `*`, or be a compiled regular expression. `body` may be a function that
        takes the request, and returns a body, or (status, body), or a whole Response. `error` fails
        the fetch with a message, `delay` are seconds on the harness's clock, `times` is how often
        it answers.
        """
        given = dict(headers or {})
        if json is not None:
            given.setdefault("content-type", "application/json")
            body = json_module.dumps(json)

        async def made(request: Request) -> Any:
            assert callable(body), "it is asked for an answer"
            content = body(request)
            if inspect.isawaitable(content):
                content = await content
            return content if isinstance(content, tuple | Response) else (status, content, given)

        reply = made if callable(body) else lambda _: (status, body, given)

        self._routes.append(Route(url, method, when, reply, error, delay, times))
        return self._routes[-1]

    def websocket(
        self, url: Url, answer: Answer | None = None, *, protocol: str = ""
    ) -> SocketRoute:
        """Be at the other end of WebSockets to a URL (ws: or wss:), which is as that of `answer`.

        `answer` is a function of each message; it returns text or bytes, several of them, or None.
        Without it, the test speaks by the `sockets` of what is returned. `protocol` is chosen.
        """
        route = SocketRoute(partial(_matches, url), repr(url), answer, protocol, self._told)
        self._socket_routes.append(route)
        return route

    def allow(self, url: Url = "*") -> None:
        """Let requests to these URLs out, to the real network."""
        self._allowed.append(url)

    def assert_all_used(self) -> None:
        """Raise AssertionError unless every answer was asked for, as often as `times` says."""
        __tracebackhide__ = True
        unused = [
            f"{route!r} ({len(route.calls)} of {route.times or 1})"
            for route in self._routes
            if len(route.calls) < (route.times or 1)
        ]
        unused += [f"a WebSocket to {one.name}" for one in self._socket_routes if not one.sockets]
        if unused:
            raise AssertionError(f"Answers that no request has asked for: {'; '.join(unused)}")

    # ---- what scripts do (host.fetch.FetchClient) ------------------------------------------

    async def fetch(
        self, request: FetchRequest, on_end: Callable[[], None] = lambda: None
    ) -> FetchedResponse:
        """Answer a request of a script."""
        if any(_matches(url, request.url) for url in self._allowed):
            with self._waiting.outside():
                return await super().fetch(request, on_end)
        try:
            return await self._follow_routes(request, on_end)
        except BaseException:
            on_end()
            raise

    async def _follow_routes(
        self, request: FetchRequest, on_end: Callable[[], None]
    ) -> FetchedResponse:
        method, url, headers = request.method, request.url, request.headers
        content = (
            await collect(request.body) if isinstance(request.body, ByteStream) else request.body
        )
        visited = 0
        while True:
            response = await self._ask(Request(method, url, Headers(headers), content or b""))
            location = response.headers.get("location")
            is_redirect = response.status in REDIRECT_STATUSES and location is not None
            if not is_redirect or request.redirect == "manual":
                return _fetched(response, method, url, on_end, redirected=visited > 0)
            if request.redirect == "error":
                raise ScriptError("TypeError", f"Unexpected redirect of {url}.")
            hop = next_hop(method, url, headers, response.status, location or "")
            visited += 1
            if hop is None or visited > MAX_REDIRECTS:
                raise ScriptError("TypeError", "Too many redirects, or a location that is none.")
            method, url, headers, keeps_body = hop
            content = content if keeps_body else None

    async def _ask(self, request: Request) -> Response:
        self.calls.append(request)
        try:
            route, passed = self._choose(request)
        except Exception as error:
            raise self._failure(error) from error
        delay = self._faults.delay("fetch", request.url) + (route.delay if route else 0.0)
        if route is not None:
            route.calls.append(request)
        if delay:
            await self._sleep(delay)
        if self._faults.fails("fetch", request.url):
            raise ScriptError("TypeError", CONNECTION_LOST, retryable=True)
        if route is None:
            self.refused.append(request)
            raise ScriptError("TypeError", _refusal(request.method, request.url, passed))
        if route.error is not None:
            raise ScriptError("TypeError", route.error, retryable=True)
        try:
            return await answer_of(route.reply(request), self._waiting)
        except Exception as error:
            raise self._failure(error) from error

    def _choose(self, request: Request) -> tuple[Route | None, list[str]]:
        """The first that answers, or else why those do not that are for this URL."""
        passed = []
        for route in self._routes:
            if route.is_for(request.url):
                if not (why := route.refusal(request)):
                    return route, []
                passed.append(f"{route!r}: {why}")
        return None, passed

    def _failure(self, error: Exception) -> ScriptError:
        """What the script is told of an error of the test's own code."""
        self._told(error)
        return ScriptError("Error", str(error) or type(error).__name__)

    async def _sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._clock.call_later(seconds, _wake, future)
        await future

    def socket_here(self, url: str, headers: Pairs) -> SocketHere | None:
        """See FetchClient."""
        route = next((one for one in self._socket_routes if one.is_for(url)), None)
        if route is None:
            return None
        self.calls.append(Request("GET", url, Headers(headers), b""))
        socket = self._open_socket(route.protocol)
        route.opened(socket)
        return SocketHere(socket.end, route.protocol)

    async def follow(self, request: FetchRequest, handshake: Pairs) -> Any:
        """WebSockets of scripts go to the network where that is allowed."""
        if handshake:
            self._check(request.url, "WebSocket")
        return await super().follow(request, handshake)

    async def addresses_of(self, host: str, port: int) -> list[str]:
        """connect() of scripts goes to the network where that is allowed."""
        self._check(f"tcp://{host}:{port}", "connect()")
        return await super().addresses_of(host, port)

    def _check(self, url: str, what: str) -> None:
        if not any(_matches(allowed, url) for allowed in self._allowed):
            self.refused.append(Request("GET", url, Headers([]), b""))
            own = "ws" + url.removeprefix("http")
            hint = f', and outbound.websocket("{own}") answers it' if what == "WebSocket" else ""
            raise ScriptError(
                "TypeError",
                f"{what} to {url} is refused in tests. "
                f'holdfast.outbound.allow("{url}") lets it out{hint}.',
            )


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


class _AnswerBody(BufferedBody):
    def fail(self, error: BodyError) -> None:
        """See ResponseBody: the fetch was aborted; whoever reads finds out."""
        self.content = b""


def _fetched(
    response: Response, method: str, url: str, on_end: Callable[[], None], *, redirected: bool
) -> FetchedResponse:
    on_end()
    raw = in_lines((name.lower(), value) for name, value in response.headers.pairs)
    empty = method == "HEAD" or response.status in _NO_BODY
    body = None if empty else cast("ResponseBody", _AnswerBody(response.content))
    final = url.partition("#")[0]
    return FetchedResponse(response.status, response.status_text, final, raw, body, redirected)


async def answer_of(value: Any, waiting: "Waiting") -> Response:
    """The response that Python code means.

    That is a Response, text, bytes, JSON, or a tuple (status, body) or (status, body, headers).
    Raises HarnessError for anything else.
    """
    if inspect.isawaitable(value):
        with waiting.outside():
            value = await value
    headers: Mapping[str, str] = {}
    status = 200
    if isinstance(value, tuple) and len(value) in (2, 3) and isinstance(value[0], int):
        status, headers = value[0], value[2] if len(value) == 3 else {}
        value = value[1]
        if inspect.isawaitable(value):
            with waiting.outside():
                value = await value
    if isinstance(value, Response):
        return value
    pairs = [*headers.items()]
    if value is None or isinstance(value, bytes):
        return Response(status, Headers(pairs), value or b"")
    if isinstance(value, str):
        return Response(status, Headers(pairs), value.encode())
    if isinstance(value, dict | list):
        if "content-type" not in {name.lower() for name, _ in pairs}:
            pairs.append(("content-type", "application/json"))
        return Response(status, Headers(pairs), json_module.dumps(value).encode())
    raise HarnessError(
        f"{value!r} is no answer to a request. Return a Response, text, bytes, a dict or list "
        "for JSON, or a tuple (status, body) or (status, body, headers)."
    )


def _matches(wanted: Url, url: str) -> bool:
    if isinstance(wanted, re.Pattern):
        return wanted.search(url) is not None
    if wanted.endswith("*"):
        return fnmatchcase(url, wanted.replace("[", "[[]").replace("?", "[?]"))
    return url in (wanted, wanted + "/")


def _refusal(method: str, url: str, passed: list[str]) -> str:
    why = f" ({'; '.join(passed)})" if passed else ""
    return (
        f"fetch() of {method} {url} is refused in tests, since nothing answers it{why}. "
        f'holdfast.outbound.answer("{url}", json=…) answers it, '
        f'holdfast.outbound.allow("{url}") lets it out to the network.'
    )
