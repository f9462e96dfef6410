"""`wrangler tail`: a script's events as they happen, over a WebSocket.

The socket's URL has a secret in it, since clients open it without the token.
https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/tail/
"""

import asyncio
import json
import random
import secrets
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.api.auth import OPEN_PREFIX, unauthenticated
from holdfast.api.envelope import ApiRefusal, success
from holdfast.api.json_body import read_object
from holdfast.api.platform import Platform
from holdfast.api.routing import Route
from holdfast.catalog import ErrorCode
from holdfast.catalog.errors import rejected
from holdfast.workers.trace import Frame, shown

PROTOCOL = "trace-v1"
LIFETIME = timedelta(hours=6)
MAX_TAILS = 100
OPENING_SECONDS = 60.0  # that a client has to open the socket
MAX_WAITING = 256  # frames that a client has not read yet

_SERVICE_RESTART = 1012


@dataclass(eq=False)
class _Tail:
    id: str
    script: str
    wants: Callable[[Frame], bool]
    expires_at: str
    stop: Callable[[], None] = lambda: None
    timer: asyncio.TimerHandle | None = None
    frames: "asyncio.Queue[Frame | None]" = field(
        default_factory=lambda: asyncio.Queue(MAX_WAITING + 1)
    )
    lost: bool = False

    def hear(self, frame: Frame) -> None:
        """Keep a frame for the client; one that reads too slowly is told that it misses some."""
        frame = _readable(shown(frame))
        if not self.wants(frame):
            return
        if self.frames.qsize() < MAX_WAITING:
            self.lost = False
            self.frames.put_nowait(frame)
        elif not self.lost:
            self.lost = True
            self.frames.put_nowait({**_OVERLOAD, "eventTimestamp": frame["eventTimestamp"]})

    def end(self) -> None:
        """Hear nothing more, and have the socket closed."""
        self.stop()
        if self.timer is not None:
            self.timer.cancel()
        if self.frames.full():
            self.frames.get_nowait()
        self.frames.put_nowait(None)


_OVERLOAD: Frame = {
    "outcome": "ok",
    "exceptions": [],
    "logs": [],
    "event": {"type": "overload", "message": "Events come too fast: some are left out."},
}


class TailHandlers:
    """The handlers of `/workers/scripts/:name/tails`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._tails: dict[str, _Tail] = {}
        self._closing = False

    def routes(self, account: str) -> list[Route]:
        """The handlers below `account`, the path of an account."""
        tails = f"{account}/workers/scripts/{{name}}/tails"
        return [
            ("GET", tails, self.list_all),
            ("POST", tails, self.create),
            ("DELETE", f"{tails}/{{id}}", self.delete),
            ("GET", f"{OPEN_PREFIX}{{id}}", self.socket),
        ]

    async def list_all(self, request: web.Request) -> web.Response:
        """The script's tails, without their secrets."""
        name = request.match_info["name"]
        self._platform.catalog.record(name)
        mine = [tail for tail in self._tails.values() if tail.script == name]
        return success([{"id": "", "url": "", "expires_at": tail.expires_at} for tail in mine])

    async def create(self, request: web.Request) -> web.Response:
        """Begin to listen; the answer tells where."""
        name = request.match_info["name"]
        self._platform.catalog.record(name)
        fields = await read_object(request) if request.body_exists else {}
        wants = _filter(fields.get("filters"))
        if len(self._tails) >= MAX_TAILS:
            raise ApiRefusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                ErrorCode.INVALID_SCRIPT,
                f"There are {MAX_TAILS} tails already.",
            )
        tail = _Tail(
            secrets.token_hex(16),
            name,
            wants,
            (datetime.now(UTC) + LIFETIME).isoformat().replace("+00:00", "Z"),
        )
        tail.stop = await self._platform.listen(name, tail.hear)
        self._tails[tail.id] = tail
        self._end_after(OPENING_SECONDS, tail)
        scheme = "wss" if request.headers.get("X-Forwarded-Proto") == "https" else "ws"
        url = f"{scheme}://{request.host}{OPEN_PREFIX}{tail.id}"
        return success({"id": tail.id, "url": url, "expires_at": tail.expires_at})

    async def delete(self, request: web.Request) -> web.Response:
        """Listen no more."""
        self._end(request.match_info["id"])
        return success(None)

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Send each event as a frame until either side closes."""
        tail = self._tails.get(request.match_info["id"])
        if tail is None:
            raise unauthenticated()
        self._end_after(LIFETIME.total_seconds(), tail)
        socket = web.WebSocketResponse(protocols=(PROTOCOL,))
        await socket.prepare(request)
        reading = asyncio.ensure_future(_drain(socket))
        reading.add_done_callback(lambda _: self._end(tail.id))
        try:
            while (frame := await tail.frames.get()) is not None:
                await socket.send_str(json.dumps(frame, default=str))
        except ConnectionError:
            pass  # it has gone
        finally:
            self._end(tail.id)
            await socket.close(code=_SERVICE_RESTART if self._closing else 1000)
            reading.cancel()
        return socket

    def _end_after(self, seconds: float, tail: _Tail) -> None:
        if tail.timer is not None:
            tail.timer.cancel()
        tail.timer = asyncio.get_running_loop().call_later(seconds, self._end, tail.id)

    def _end(self, tail_id: str) -> None:
        tail = self._tails.pop(tail_id, None)
        if tail is not None:
            tail.end()

    async def end_all(self, _app: web.Application) -> None:
        """Close all sockets: the server stops."""
        self._closing = True
        for tail_id in [*self._tails]:
            self._end(tail_id)


async def _drain(socket: web.WebSocketResponse) -> None:
    """Read what the client says, which is of no interest, until it closes."""
    async for _ in socket:
        pass


def _readable(frame: Frame) -> Frame:
    """A frame with what was published as values, as far as JSON has them."""
    published = frame["diagnosticsChannelEvents"]
    if not published:
        return frame
    from holdfast.engine.v8format import decode

    read = [{**event, "message": decode(b64decode(event["message"]))} for event in published]
    return {**frame, "diagnosticsChannelEvents": read}


def _all(_frame: Frame) -> bool:
    return True


def _filter(filters: object) -> Callable[[Frame], bool]:
    """True for the frames that meet all `filters`. Raises UploadRejected for what is none."""
    if filters is None:
        return _all
    if not isinstance(filters, list) or not all(isinstance(entry, dict) for entry in filters):
        raise rejected('"filters" must be a list of objects.')
    checks = [_check(kind, wanted) for entry in filters for kind, wanted in entry.items()]
    return lambda frame: all(check(frame) for check in checks)


def _check(kind: str, wanted: Any) -> Callable[[Frame], bool]:
    match kind, wanted:
        case "sampling_rate", int() | float():
            return lambda _: random.random() < wanted  # noqa: S311 - which events are shown
        case "outcome", list():
            return lambda frame: frame["outcome"] in wanted
        case "method", list():
            return lambda frame: _request(frame).get("method") in wanted
        case "header", {"key": str(key), **rest}:
            value = rest.get("query")
            return lambda frame: _has_header(frame, key.lower(), value)
        case "client_ip", list():
            return lambda frame: _header(frame, "cf-connecting-ip") in wanted
        case "query", str():
            return lambda frame: any(
                wanted in str(value) for log in frame["logs"] for value in log["message"]
            )
    raise rejected(f"Holdfast has no filter {kind!r} for tails, or none of such a value.")


def _request(frame: Frame) -> dict[str, Any]:
    return (frame["event"] or {}).get("request", {})  # type: ignore[no-any-return]


def _header(frame: Frame, name: str) -> str | None:
    return _request(frame).get("headers", {}).get(name)  # type: ignore[no-any-return]


def _has_header(frame: Frame, name: str, value: object) -> bool:
    found = _header(frame, name)
    return found is not None and (not isinstance(value, str) or value in found)
