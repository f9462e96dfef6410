"""The server of the tests' own resources: a checkout over HTTP, as WPT's server serves it.

https://web-platform-tests.org/writing-tests/server-features.html: files with their
`.headers`, `.sub.` substitution, pipes, `.asis` and `.py` handlers.
"""

import asyncio
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote

from aiohttp import web

from tests.wpt.handlers import ECHO, Handlers, RawResponse
from tests.wpt.sockets import SocketServer

HOST = "web-platform.test"
OTHER_HOST = "not-web-platform.test"
SUBSTITUTION = re.compile(rb"\{\{([^}]*)\}\}")
HEADER = re.compile(r"(?:headers\[|header_or_default\()\s*([\w-]+)(?:,\s*(.*?))?\s*[\])]")
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
PIPE = re.compile(r"(\w+)(?:\(([^)]*)\))?")
# What WPT's server serves under another path than it lies at.
REWRITES = {"resources/WebIDLParser.js": "resources/webidl2/lib/webidl2.js"}
# Python knows some types under older names than the tests.
TYPES = {
    ".event_stream": "text/event-stream",
    ".js": "text/javascript",
    ".json": "application/json",
    ".txt": "text/plain",
    ".xml": "application/xml",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens: the ports of two origins, and that for WebSockets."""

    ports: tuple[int, int, int]

    def url(self, file: str) -> str:
        """The URL of a file, relative to the checkout, with its query."""
        return f"http://{HOST}:{self.ports[0]}/{file}"

    def substitute(
        self,
        content: bytes,
        *,
        path: str = "",
        query: str = "",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        """https://web-platform-tests.org/writing-tests/server-pipes.html#sub"""

        def value(match: re.Match[bytes]) -> bytes:
            name = match[1].decode().strip()
            if of_request := HEADER.fullmatch(name):
                return headers.get(of_request[1], of_request[2] or "").encode()
            found = self._value(name, path, query)
            return match[0] if found is None else found.encode()

        return SUBSTITUTION.sub(value, content)

    def _value(self, name: str, path: str, query: str) -> str | None:
        first, second, sockets = self.ports
        origin = f"http://{HOST}:{first}"
        known = {
            "host": HOST,
            "hosts[alt][]": OTHER_HOST,
            "location[server]": origin,
            "location[scheme]": "http",
            "location[host]": f"{HOST}:{first}",
            "location[hostname]": HOST,
            "location[port]": str(first),
            "location[path]": path,
            "location[query]": query,
            "ports[http][1]": str(second),
            "ports[ws][0]": str(sockets),
        }
        if name in known:
            return known[name]
        if match := re.fullmatch(r"ports\[[\w-]+\]\[\d\]", name):
            return str(first)
        if match := re.fullmatch(r"(?:domains|hosts\[\])\[(.*)\]", name):
            return f"{match[1]}.{HOST}".lstrip(".")
        if match := re.fullmatch(r"hosts\[alt\]\[(.+)\]", name):
            return f"{match[1]}.{OTHER_HOST}"
        if match := re.fullmatch(r"GET\[(.*)\]", name):
            pairs = (pair.partition("=") for pair in query.removeprefix("?").split("&"))
            return next((unquote(v) for n, _, v in pairs if n == match[1]), "")
        return None


class Server:
    """Serves a checkout on two ports of the loopback address; an async context manager."""

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout.resolve()
        self._handlers = Handlers()
        self._runner = web.ServerRunner(
            web.Server(self._answer), access_log=None, shutdown_timeout=0.1
        )
        self.address: Address

    async def __aenter__(self) -> "Server":
        await self._runner.setup()
        sites = [web.TCPSite(self._runner, "127.0.0.1", 0) for _ in range(2)]
        for site in sites:
            await site.start()
        first, second = (address[1] for address in self._runner.addresses)
        self._sockets = SocketServer(self._checkout)
        self.address = Address((first, second, self._sockets.port))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        self._sockets.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = unquote(request.raw_path.partition("?")[0]).lstrip("/")
        path = REWRITES.get(path, path)
        file = (self._checkout / path).resolve()
        if path == ECHO and not file.is_file():
            return await self._handlers.echo(request)
        if not file.is_relative_to(self._checkout) or not file.is_file():
            return web.Response(status=404, text=f"{path} is not in the checkout")
        if file.suffix == ".py":
            return await self._handlers.answer(file, request)
        content = file.read_bytes()
        if file.suffix == ".asis":
            return RawResponse(content)
        return await self._static(file, content, request)

    async def _static(
        self, file: Path, content: bytes, request: web.BaseRequest
    ) -> web.StreamResponse:
        response = web.StreamResponse()
        for name, value in [("Content-Type", _type_of(file)), *self._headers_of(file)]:
            if name.lower() == "content-type":
                response.headers.popall(name, None)
            response.headers.add(name, value)
        content, delays = self._piped(response, request, file, content)
        if not delays:
            response.content_length = len(content)
        await response.prepare(request)
        for delay in delays:
            await asyncio.sleep(delay)
        if request.method != "HEAD":
            await response.write(content)
        await response.write_eof()
        return response

    def _piped(
        self,
        response: web.StreamResponse,
        request: web.BaseRequest,
        file: Path,
        content: bytes,
    ) -> tuple[bytes, list[float]]:
        """What the URL's pipes make of a file's content, and how long to wait before it."""
        query = request.raw_path.partition("?")[2]
        delays: list[float] = []
        pipes = _pipes(request.query.get("pipe", ""))
        if ".sub." in file.name:
            pipes.insert(0, ("sub", []))
        for name, arguments in pipes:
            match name:
                case "sub":
                    content = self.address.substitute(
                        content, path=request.path, query=query, headers=request.headers
                    )
                case "header":
                    response.headers[arguments[0]] = arguments[1]
                case "status":
                    response.set_status(int(arguments[0]))
                case "slice":
                    ends = (int(end) if end.lstrip("-").isdigit() else None for end in arguments)
                    content = content[slice(*ends)]
                case "trickle":
                    delays = [float(d[1:]) for d in arguments[0].split(":") if d[0] == "d"]
        return content, delays

    def _headers_of(self, file: Path) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for name in ("__dir__.headers", f"{file.name}.headers", f"{file.name}.sub.headers"):
            source = file.with_name(name)
            if not source.is_file():
                continue
            content = source.read_bytes()
            if ".sub." in name:
                content = self.address.substitute(content)
            for line in content.decode("latin-1").splitlines():
                header, colon, value = line.partition(":")
                if colon:
                    found.append((header.strip(), value.strip()))
        return found


def _type_of(file: Path) -> str:
    guessed = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
    return guessed or "application/octet-stream"


def _pipes(text: str) -> list[tuple[str, list[str]]]:
    return [
        (match[1], [argument.strip() for argument in (match[2] or "").split(",")])
        for match in PIPE.finditer(text)
    ]
