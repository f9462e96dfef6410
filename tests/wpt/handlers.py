"""`.py` handlers of a checkout, and responses sent as they are.

A handler is a Python file with `main(request, response)`, written for WPT's own server:
https://web-platform-tests.org/tools/wptserve/docs/handlers.html. It runs in a thread, since
handlers sleep, and writes to the connection by itself when it wants to.
"""

import asyncio
import functools
import json
import runpy
import sys
import threading
import types
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from tests.wpt.requests import HandlerRequest, ResponseHeaders, Stash, to_bytes

BODILESS = frozenset({204, 205, 304})

# What the subset's tests need and the subset does not carry.
ECHO = "fetch/api/resources/echo-content.py"


class RawResponse(web.Response):
    """Bytes that went to the socket as they are, headers and all; the connection ends with them."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__()
        self._raw = content
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send everything."""
        if self._raw and request.transport is not None:
            request.transport.write(self._raw)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """All has been sent."""


class Handlers:
    """Runs the handlers of a checkout; they share one stash."""

    def __init__(self) -> None:
        self._stash = Stash()
        _install_modules()

    async def answer(self, file: Path, request: web.BaseRequest) -> web.StreamResponse:
        """What the handler in `file` answers."""
        try:
            main = runpy.run_path(str(file))["main"]
        except Exception as error:  # noqa: BLE001 - whatever the handler does at its top
            return web.Response(status=500, text=f"{file.name}: {error!r}")
        body = await request.read()
        asked = HandlerRequest(request, body, self._stash)
        response = HandlerResponse(request, asyncio.get_running_loop())
        await _in_thread(functools.partial(_run, main, asked, response))
        return RawResponse()

    async def echo(self, request: web.BaseRequest) -> web.StreamResponse:
        """What `fetch/api/resources/echo-content.py` answers: the request's body."""
        return web.Response(body=await request.read(), content_type="text/plain")


class HandlerResponse:
    """The `response` that a handler fills in or writes by itself."""

    def __init__(self, request: web.BaseRequest, loop: asyncio.AbstractEventLoop) -> None:
        self._request = request
        self._loop = loop
        self.headers = ResponseHeaders()
        self.content: Any = b""
        self.writer = self
        self.add_required_headers = True
        self.close_connection = True
        self.explicit_flush = False
        self.has_written = False
        self._status: tuple[int, bytes] = (200, b"OK")

    @property
    def status(self) -> tuple[int, bytes]:
        """The code and its phrase."""
        return self._status

    @status.setter
    def status(self, value: "int | tuple[int, Any]") -> None:
        code, phrase = value if isinstance(value, tuple) else (value, None)
        if phrase is None:
            known = {status.value: status.phrase for status in HTTPStatus}
            phrase = known.get(int(code), "")
        self._status = (int(code), to_bytes(phrase))

    def set_cookie(self, name: Any, value: Any, path: str = "/", **options: Any) -> None:
        """A Set-Cookie header."""
        parts = [to_bytes(name) + b"=" + to_bytes(value), b"Path=" + to_bytes(path)]
        for option, given in options.items():
            if given is True:
                parts.append(to_bytes(option))
            elif given:
                parts.append(to_bytes(option.replace("_", "-")) + b"=" + to_bytes(str(given)))
        self.headers.append(b"Set-Cookie", b"; ".join(parts))

    # ---- what handlers write by themselves ------------------------------------

    def write_status(self, code: int, message: Any = None) -> None:
        """The status line."""
        self.status = (code, message) if message is not None else code
        self._send(b"HTTP/1.1 %d %b\r\n" % self._status)

    def write_header(self, name: Any, value: Any) -> None:
        """One line of the head."""
        self._send(to_bytes(name) + b": " + to_bytes(value) + b"\r\n")

    def end_headers(self) -> None:
        """The end of the head."""
        self._send(b"\r\n")

    def write_status_headers(self) -> None:
        """The whole head, without a length: the body ends with the connection."""
        self.write_status(*self._status)
        for name, value in self.headers.items():
            self.write_header(name, value)
        if self.add_required_headers:
            self.write_header("Connection", "close")
        self.end_headers()

    def write_content(self, data: Any) -> bool:
        """Bytes of the body. False once the client has gone."""
        return self._send(to_bytes(data))

    write_raw_content = write_content

    def write(self, data: Any = None) -> bool:
        """Bytes as they are, or without an argument the whole response."""
        if data is not None:
            return self._send(to_bytes(data))
        content = self.content
        if isinstance(content, types.GeneratorType) or callable(content):
            content = b"".join(map(to_bytes, content() if callable(content) else content))
        content = to_bytes(content)
        has_body = self._request.method != "HEAD" and self._status[0] not in BODILESS
        if self._status[0] not in BODILESS and b"content-length" not in self.headers:
            self.headers.set(b"Content-Length", len(content))
        self.write_status_headers()
        return self._send(content) if has_body else True

    def flush(self) -> None:
        """Nothing is held back."""

    def _send(self, data: bytes) -> bool:
        self.has_written = True
        writing = self._write(data)
        try:
            return asyncio.run_coroutine_threadsafe(writing, self._loop).result()
        except (OSError, RuntimeError, CancelledError):
            writing.close()
            return False

    async def _write(self, data: bytes) -> bool:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            return False
        transport.write(data)
        while transport.get_write_buffer_size() > 1 << 20 and not transport.is_closing():
            await asyncio.sleep(0.005)
        return True


def _run(
    main: Callable[[HandlerRequest, HandlerResponse], Any],
    request: HandlerRequest,
    response: HandlerResponse,
) -> None:
    """Call a handler and send what it returned, if it has sent nothing itself."""
    try:
        result = main(request, response)
    except Exception as error:  # noqa: BLE001 - the test sees a 500, as with WPT's own server
        if not response.has_written:
            response.status, response.content = 500, f"{type(error).__name__}: {error}"
            response.write()
        return
    if isinstance(result, tuple):
        *status, headers, content = result
        if status:
            response.status = status[0]
        response.headers.update(headers)
        response.content = content
    elif result is not None:
        response.content = result
    if not response.has_written:
        response.write()


async def _in_thread(run: Callable[[], None]) -> None:
    """Run something in a thread that keeps nobody from ending, as handlers may run for ever."""
    loop = asyncio.get_running_loop()
    finished = loop.create_future()

    def finish() -> None:
        if not finished.done():
            finished.set_result(None)

    def work() -> None:
        run()
        with suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(finish)

    threading.Thread(target=work, daemon=True).start()
    await finished


def _install_modules() -> None:
    """The modules of WPT's server that handlers import."""

    def json_handler(main: Callable[..., Any]) -> Callable[..., Any]:
        def answer(request: HandlerRequest, response: HandlerResponse) -> Any:
            result = main(request, response)
            response.headers.set(b"Content-Type", b"application/json")
            if isinstance(result, tuple):
                return (*result[:-1], json.dumps(result[-1]))
            return json.dumps(result, default=lambda value: value.decode("latin-1"))

        return answer

    utils = types.ModuleType("wptserve.utils")
    utils.isomorphic_encode = to_bytes  # type: ignore[attr-defined]
    utils.isomorphic_decode = lambda text: (  # type: ignore[attr-defined]
        text.decode("latin-1") if isinstance(text, bytes) else text
    )
    handlers = types.ModuleType("wptserve.handlers")
    handlers.json_handler = json_handler  # type: ignore[attr-defined]
    package = types.ModuleType("wptserve")
    sys.modules.update(
        {"wptserve": package, "wptserve.utils": utils, "wptserve.handlers": handlers}
    )
