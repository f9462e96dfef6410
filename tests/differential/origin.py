"""A server on this machine that fixtures fetch from: `env.ORIGIN` is its URL."""

import asyncio
import gzip
import threading
import zlib
from collections.abc import Awaitable, Callable

from aiohttp import web

VARIABLE = "ORIGIN"
# What tells nothing of the script's request, or what Holdfast is known to add.
UNRELATED_HEADERS = {"host", "accept", "accept-encoding", "user-agent", "connection"}


class Origin:
    """The server, on a thread of its own, until `close`."""

    def __init__(self) -> None:
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._runner: web.ServerRunner
        self._thread = threading.Thread(target=self._loop.run_forever, name="origin")
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    async def _start(self) -> None:
        self._runner = web.ServerRunner(web.Server(_handle))  # type: ignore[arg-type]
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _handle(request: web.BaseRequest) -> web.StreamResponse:
    return await _ANSWERS[request.path](request)


async def _echo(request: web.BaseRequest) -> web.Response:
    """What was asked, but for what every HTTP client does its own way."""
    body = await request.read()
    told = {
        "method": request.method,
        "path": request.raw_path,
        "headers": sorted(
            f"{name.decode().lower()}: {value.decode('latin-1')}"
            for name, value in request.raw_headers
            if name.decode().lower() not in UNRELATED_HEADERS
        ),
        "body": body.decode("latin-1"),
    }
    return web.json_response(told)


async def _redirect(request: web.BaseRequest) -> web.Response:
    await request.read()
    headers = {"Location": request.query["to"]} if "to" in request.query else {}
    return web.Response(status=int(request.query.get("status", 302)), headers=headers)


async def _count_down(request: web.BaseRequest) -> web.Response:
    left = int(request.query["n"])
    if left == 0:
        return web.Response(text="done")
    return web.Response(status=302, headers={"Location": f"/count?n={left - 1}"})


async def _coded(request: web.BaseRequest) -> web.Response:
    coding = request.query["coding"]
    encode = {"gzip": gzip.compress, "deflate": zlib.compress}.get(coding, bytes)
    content = b"junk" if "junk" in request.query else encode(b"hello")
    return web.Response(body=content, headers={"Content-Encoding": coding, "X-Coded": coding})


async def _status(request: web.BaseRequest) -> web.Response:
    status = int(request.query["status"])
    return web.Response(status=status, reason="As Told", headers={"ETag": '"tag"'})


async def _cookies(request: web.BaseRequest) -> web.Response:
    response = web.Response(text="x")
    for name, value in (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X", "1"), ("X", "2")):
        response.headers.add(name, value)
    return response


async def _drop(request: web.BaseRequest) -> web.StreamResponse:
    """Break off: after the headers and a part of the body, or before them."""
    response = web.StreamResponse(headers={"Content-Length": "100"})
    if "late" in request.query:
        await response.prepare(request)
        await response.write(b"half")
    assert request.transport is not None, "a request that is handled has a connection"
    request.transport.close()
    return response


async def _stall(request: web.BaseRequest) -> web.StreamResponse:
    """A part of the body, and then nothing until the client has gone."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"a")
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(0.01)
    return response


_ANSWERS: dict[str, Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]] = {
    "/echo": _echo,
    "/redirect": _redirect,
    "/count": _count_down,
    "/coded": _coded,
    "/status": _status,
    "/cookies": _cookies,
    "/drop": _drop,
    "/stall": _stall,
}
