"""A script in an isolate that may fetch, and servers for it to fetch from."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from holdfast.engine import Limits, Module, ModuleKind
from holdfast.host.bodies import table_of
from holdfast.host.context import Capabilities, Host
from holdfast.host.egress import allow_all
from holdfast.host.fetch import FetchClient
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock
from tests.patience import PATIENCE_S

PRELUDE = """
import { Context, runTurn } from "holdfast:kernel/turns.js";
import { fetch } from "holdfast:fetch/fetch.js";
import { Request } from "holdfast:fetch/request.js";
import { Response } from "holdfast:fetch/response.js";
import { bodyForHost } from "holdfast:fetch/transfer.js";
import { AbortController, AbortSignal } from "holdfast:events/abort.js";
import { ReadableStream } from "holdfast:streams/readable.js";
import { FixedLengthStream } from "holdfast:streams/identity.js";
import { TextEncoder } from "holdfast:encoding/text-encoder.js";
import { body_cancel, body_move } from "holdfast:ops";
const encode = (text) => new TextEncoder().encode(text);
export const context = new Context();
let outcome;
export function start() {
  runTurn(context, async () => {
    try { outcome = JSON.stringify(await main()) ?? "null"; }
    catch (error) {
      const { name, message, retryable } = error;
      outcome = JSON.stringify({ error: name, message, retryable });
    }
  });
}
export const result = () => outcome;
"""
_platform: list[Platform] = []

Run = Callable[[str], Awaitable[Any]]


class Script:
    """An isolate that runs one script, `main`, with the network that it is given."""

    def __init__(self, client: FetchClient | None) -> None:
        if not _platform:
            _platform.append(Platform())
        capabilities = Capabilities(console=lambda *line: None)
        if client is not None:
            capabilities["fetch"] = client
        self.host = Host(asyncio.get_running_loop(), SystemClock(), capabilities)
        _platform[0].create_isolate(self.host, limits=Limits())
        self.idle = asyncio.Event()
        self.host.on_idle = self.idle.set

    def start(self, main: str) -> None:
        isolate = self.host.isolate
        source = f"{PRELUDE}\nasync function main() {{ {main} }}".encode()
        isolate.add_modules({"holdfast:test": Module("holdfast:test", ModuleKind.ESM, source)})
        namespace = isolate.evaluate("holdfast:test")
        self.result = isolate.export(namespace, "result")
        self.host.enter(isolate.export(namespace, "start"))

    async def outcome(self) -> Any:
        while not (text := self.host.isolate.call(self.result)):
            assert self.host.pending, "the script waits for something that never happens"
            self.idle.clear()
            await asyncio.wait_for(self.idle.wait(), PATIENCE_S)
        return json.loads(str(text))

    def close(self) -> None:
        self.host.close()
        table_of(self.host).close()
        self.host.isolate.close()


@pytest.fixture
async def client() -> AsyncIterator[FetchClient]:
    client = FetchClient(egress=allow_all)
    yield client
    await client.close()


@pytest.fixture
async def run(client: FetchClient) -> AsyncIterator[Run]:
    scripts: list[Script] = []

    async def run(main: str) -> Any:
        script = Script(client)
        scripts.append(script)
        script.start(main)
        return await script.outcome()

    yield run
    for script in scripts:
        script.close()


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    runners: list[web.ServerRunner] = []

    async def serve(handler: Handler) -> str:
        runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield serve
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def serve_bytes() -> AsyncIterator[Callable[[bytes], Awaitable[str]]]:
    """A server that answers whatever comes with these bytes and hangs up."""
    servers: list[asyncio.Server] = []

    async def serve_bytes(answer: bytes) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield serve_bytes
    for server in servers:
        server.close()


async def echo(request: web.BaseRequest) -> web.Response:
    """Tells what was asked."""
    body = await request.read()
    headers = [[n.decode("latin-1"), v.decode("latin-1")] for n, v in request.raw_headers]
    return web.json_response(
        {
            "method": request.method,
            "path": request.raw_path,
            "headers": headers,
            "body": body.decode("latin-1"),
        }
    )


def redirecting(status: int, location: str) -> Handler:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/start":
            await request.read()
            return web.Response(status=status, headers={"Location": location})
        return await echo(request)

    return handler
