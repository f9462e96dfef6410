"""Bodies between real clients, Workers and objects: streams that end early, or never."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.catalog import ObjectNamespace
from tests.inprocess import Server
from tests.patience import PATIENCE_S

SCRIPT = """
let cancelled = null;
let made = 0;
const chunk = new Uint8Array(65536);

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/endless") {
      return new Response(new ReadableStream({
        pull(controller) { made++; controller.enqueue(chunk); },
        cancel(reason) { cancelled = String(reason); },
      }));
    }
    if (pathname === "/idle") {
      return new Response(new ReadableStream({
        start(controller) { controller.enqueue(chunk); },
        cancel(reason) { cancelled = String(reason); },
      }));
    }
    if (pathname === "/failing") {
      let n = 0;
      return new Response(new ReadableStream({
        pull(controller) {
          if (n++ < 2) controller.enqueue(chunk);
          else throw new Error("failed on the way");
        },
      }));
    }
    if (pathname === "/told") return Response.json({ cancelled, made });
    if (pathname === "/first") {
      const { value } = await request.body.getReader().read();
      return new Response(String(value.length > 0));
    }
    if (pathname === "/upload") {
      try { return new Response(String((await request.arrayBuffer()).byteLength)); }
      catch (error) { cancelled = error.message; throw error; }
    }
    const id = env.OBJECT.idFromName("one");
    return env.OBJECT.get(id).fetch(request);
  },
};

export class Echo {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/object/echo") return new Response(request.body);
    return new Response(String((await request.arrayBuffer()).byteLength));
  }
}
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path) as server:
        namespace = server.sources.add_namespace("main", "Echo")
        server.add("main", SCRIPT, bindings=(ObjectNamespace("OBJECT", namespace.id),))
        yield server


class Client:
    """A client that keeps to HTTP as little as it likes."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def send(self, path: str, *pieces: bytes, head: str = "") -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        method = "POST" if head else "GET"
        request = f"{method} {path} HTTP/1.1\r\nHost: main.localhost\r\n{head}\r\n"
        self.writer.write(request.encode())
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def leave(self) -> None:
        self.writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


async def told(server: Server, wanted: Callable[[Any], bool]) -> Any:
    """What the script knows, as soon as it is what the test waits for."""
    async with asyncio.timeout(PATIENCE_S):
        while not wanted(news := json.loads(await server.text("/told"))):
            await asyncio.sleep(0)
    return news


@pytest.mark.parametrize("path", ["/endless", "/idle"])
async def test_a_client_that_leaves_cancels_the_stream(
    server: Server, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.server.connection.SILENT_SECONDS", 0.02)
    client = Client(server)
    await client.send(path)
    await client.head()
    await client.reader.read(1000)
    await client.leave()
    news = await told(server, lambda news: news["cancelled"] is not None)
    assert news["cancelled"] == "undefined", "as in workerd"


async def test_a_client_that_does_not_read_holds_the_stream_back(server: Server) -> None:
    client = Client(server)
    await client.send("/endless")
    await client.head()
    before = -1
    while (made := (await told(server, lambda _: True))["made"]) != before:
        before = made
        for _ in range(50):
            await asyncio.sleep(0)
    assert made < 400, "the sockets' buffers hold some megabytes"
    await client.leave()


async def test_a_stream_that_fails_breaks_the_connection_off(server: Server) -> None:
    client = Client(server)
    await client.send("/failing")
    await client.head()
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := await asyncio.wait_for(client.reader.read(65_536), PATIENCE_S):
            received += piece
    assert not received.endswith(b"0\r\n\r\n"), "the part is taken for the whole"
    await client.leave()


async def test_an_upload_that_breaks_off_fails_the_reader(server: Server) -> None:
    client = Client(server)
    await client.send("/upload", b"x" * 100_000, head="Content-Length: 200000\r\n")
    await client.leave()
    news = await told(server, lambda news: news["cancelled"] is not None)
    assert news["cancelled"] == "Network connection lost."


async def test_an_upload_may_be_answered_before_its_end(server: Server) -> None:
    client = Client(server)
    await client.send("/first", b"x" * 100_000, head="Content-Length: 50000000\r\n")
    assert b" 200 " in await asyncio.wait_for(client.head(), PATIENCE_S)
    await client.leave()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 90_000), max_size=6))
def test_uploads_arrive_however_they_are_cut(tmp_path_factory: Any, sizes: list[int]) -> None:
    async def check() -> None:
        folder = tmp_path_factory.mktemp("data")
        async with Server(folder) as server:
            namespace = server.sources.add_namespace("main", "Echo")
            server.add("main", SCRIPT, bindings=(ObjectNamespace("OBJECT", namespace.id),))
            content = [bytes([i % 256]) * size for i, size in enumerate(sizes)]
            chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in content]
            whole = b"".join(content)
            for path in ("/upload", "/object/count"):
                client = Client(server)
                head = "Transfer-Encoding: chunked\r\nConnection: close\r\n"
                await client.send(path, *chunks, b"0\r\n\r\n", head=head)
                answer = await client.reader.read()
                assert answer.endswith(b"\r\n\r\n%d" % len(whole)), answer[:300]
                await client.leave()

    asyncio.run(check())


async def test_a_body_goes_through_an_object_and_back(server: Server) -> None:
    content = bytes(range(256)) * 8000
    client = Client(server)
    head = f"Content-Length: {len(content)}\r\nConnection: close\r\n"
    await client.send("/object/echo", content, head=head)
    answer = (await client.reader.read()).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(content)}".encode() in answer[0]
    assert answer[2] == content
    await client.leave()
