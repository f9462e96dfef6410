"""What is larger than an isolate has memory for fails by itself: the isolate lives on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from holdfast.catalog import ObjectNamespace, Service
from holdfast.engine import Limits
from tests.inprocess import Server

MEBIBYTE = 1 << 20
TOO_MUCH = 8 * MEBIBYTE
LIMITS = Limits(memory_bytes=64 * MEBIBYTE, turn_cpu_ms=10_000)

FULL = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
const ballast = new Uint8Array(56 << 20);
let calls = 0; // which a new isolate would begin anew
export class Thing extends DurableObject {
  length(text) { return text.length; }
  webSocketMessage(socket, { byteLength }) { socket.send(byteLength); }
  async fetch(request) {
    if (request.headers.has("upgrade")) {
      const [client, server] = Object.values(new WebSocketPair());
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    return new Response((await request.text()).length);
  }
}
export class Entry extends WorkerEntrypoint {
  length(text) { return text.length; }
  async fetch(request) { return new Response((await request.text()).length); }
}
export default { async fetch(request, env, ctx) {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/hibernating") return ctx.exports.Thing.getByName("a").fetch(request);
  if (pathname === "/socket") {
    const [client, server] = Object.values(new WebSocketPair());
    server.binaryType = "arraybuffer";
    server.accept();
    server.addEventListener("message", ({ data }) => server.send(data.byteLength));
    return new Response(null, { status: 101, webSocket: client });
  }
  if (!searchParams.has("ask")) return new Response(++calls);
  return Response.json(await env.Big[searchParams.get("ask")]().then(String, String));
} };
"""
CALLER = """
import { WorkerEntrypoint } from "cloudflare:workers";
export class Big extends WorkerEntrypoint {
  some() { return "some"; }
  much() { return "x".repeat(8 << 20); }
  fail() { throw Object.assign(new Error("failed"), { why: "x".repeat(8 << 20) }); }
}
export default { async fetch(request, env) {
  const { pathname, searchParams } = new URL(request.url);
  const text = "x".repeat(Number(searchParams.get("size")));
  const target = pathname.startsWith("/object") ? env.Thing.getByName("a") : env.Entry;
  try {
    if (pathname.endsWith("/call")) return new Response(await target.length(text));
    return await target.fetch("http://x/", { method: "POST", body: text });
  } catch (e) { return new Response(`${e}`); }
} };
"""
TOLD = "RangeError: Memory limit would be exceeded: "


@asynccontextmanager
async def connected(server: Server, path: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = f"http://127.0.0.1:{server.port}{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, headers={"Host": "main.localhost"}) as socket,
    ):
        yield socket


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Server]:
    """A Worker that has not much memory left, and another that calls it."""
    async with Server(tmp_path, limits=LIMITS) as server:
        namespace = server.sources.add_namespace("main", "Thing")
        server.add("main", FULL, bindings=(Service("Big", "caller", "Big"),))
        thing = ObjectNamespace("Thing", namespace.id)
        server.add("caller", CALLER, bindings=(thing, Service("Entry", "main", "Entry")))
        assert await server.text() == "1"
        yield server
        assert await server.text() == "2"  # it is the same isolate


@pytest.mark.parametrize("way", ["object/call", "object/fetch", "entry/call", "entry/fetch"])
async def test_a_call_that_is_too_large_fails_alone(full: Server, way: str) -> None:
    assert (await full.text(f"/{way}?size={TOO_MUCH}", script="caller")).startswith(TOLD)
    assert await full.text(f"/{way}?size=1000", script="caller") == "1000"


@pytest.mark.parametrize("answer", ["much", "fail"])
async def test_an_answer_that_is_too_large_fails_alone(full: Server, answer: str) -> None:
    assert (await full.text(f"/?ask={answer}")).startswith(f'"{TOLD}')
    assert await full.text("/?ask=some") == '"some"'


@pytest.mark.parametrize("path", ["/socket", "/hibernating"])
async def test_a_message_that_is_too_large_ends_its_socket(full: Server, path: str) -> None:
    async with connected(full, path) as socket:
        await socket.send_bytes(bytes(TOO_MUCH))
        assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    async with connected(full, path) as socket:
        await socket.send_bytes(b"some")
        assert (await socket.receive()).data == "4"
