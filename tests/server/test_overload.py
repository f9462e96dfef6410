"""More than a script, an object or a server can carry: what is too much is refused at once."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from holdfast.server.settings import Bounds
from tests.gate import Gate
from tests.inprocess import Answer, Server
from tests.patience import PATIENCE_S
from tests.server.test_listener import request_for

WAITING = """
import { DurableObject } from "cloudflare:workers";

const told = ({ name, message, overloaded, retryable, remote, durableObjectReset, constructor }) =>
  Response.json({ name, message, overloaded, retryable, remote, durableObjectReset, isOurs: constructor === Error });

export class Box extends DurableObject {
  async fetch(request) {
    const gate = request.headers.get("x-gate");
    return gate ? fetch(gate) : new Response("at once");
  }
  async wait(gate) {
    return (await fetch(gate)).text();
  }
  async take(data, gate) {
    await fetch(gate);
    return data.length ?? data.byteLength;
  }
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const box = env.Box.get(env.Box.idFromName(searchParams.get("name") ?? "box"));
    const gate = request.headers.get("x-gate");
    try {
      switch (pathname) {
        case "/worker": return gate ? fetch(gate) : new Response("at once");
        case "/rpc": return new Response(await box.wait(gate));
        case "/data": return new Response(await box.take(new Uint8Array(40_000_000), gate));
        case "/fetch": return await box.fetch(request);
        case "/body": return await box.fetch("http://box/", { method: "POST", body: "x".repeat(40_000_000), headers: { "x-gate": gate } });
      }
    } catch (error) {
      return told(error);
    }
    return box.fetch(request);
  },
};
"""

OVERLOADED = {"name": "Error", "overloaded": True, "isOurs": True}
TOO_MANY = "Durable Object is overloaded. Too many requests queued."
TOO_MUCH = "Durable Object is overloaded. Too much data queued."

Serve = Callable[[Bounds], Awaitable[Server]]


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    async with Gate() as gate:
        yield gate


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """A server of WAITING with these bounds."""
    servers: list[Server] = []

    async def start(bounds: Bounds) -> Server:
        server = Server(tmp_path, bounds=bounds, allow_private_egress=True)
        servers.append(await server.__aenter__())
        server.add("main", WAITING)
        return server

    yield start
    for server in servers:
        await server.__aexit__(None, None, None)


async def waiting(server: Server, gate: Gate, path: str, count: int) -> list[asyncio.Task[Answer]]:
    """So many requests, all of which have come to the gate."""
    there = gate.came + count
    tasks = [
        asyncio.create_task(server.fetch(path, headers={"x-gate": gate.url})) for _ in range(count)
    ]
    await gate.until(there)
    return tasks


async def all_answered(tasks: list[asyncio.Task[Answer]]) -> bool:
    return [(answer.status, answer.text) for answer in await asyncio.gather(*tasks)] == [
        (200, "open")
    ] * len(tasks)


def refusal(answer: Answer) -> Any:
    assert answer.status == 200, answer
    return json.loads(answer.text)


@pytest.mark.parametrize("path", ["/fetch", "/rpc"])
async def test_an_object_takes_so_many_calls_and_refuses_the_next(
    serve: Serve, gate: Gate, path: str
) -> None:
    server = await serve(Bounds(object_calls=5))
    accepted = await waiting(server, gate, path, 5)
    for way in ("/fetch", "/rpc"):
        assert refusal(await server.fetch(way)) == {**OVERLOADED, "message": TOO_MANY}
    assert gate.came == 5
    assert await server.text("/fetch?name=other") == "at once"
    gate.open()
    assert await all_answered(accepted)
    assert await server.text("/fetch") == "at once"


async def test_the_client_gets_a_503_where_the_script_lets_the_error_through(
    serve: Serve, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve(Bounds(object_calls=2))
    accepted = await waiting(server, gate, "/plain", 2)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            answer = await server.fetch("/plain")
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert "overloaded" in answer.text
    assert [line for line in server.lines if TOO_MANY in line] == server.lines[:1] != []
    assert len(caplog.records) == 1  # which says that it has begun
    caplog.clear()
    server.runtime.overload.close()
    assert "3: an object gets more calls" in caplog.text
    gate.open()
    assert await all_answered(accepted)


async def test_data_that_waits_for_an_object_is_bounded(serve: Serve, gate: Gate) -> None:
    server = await serve(Bounds())
    one = asyncio.create_task(server.fetch("/body", headers={"x-gate": gate.url}))
    await gate.until(1)
    answer = await server.fetch("/body", headers={"x-gate": gate.url})
    assert refusal(answer) == {**OVERLOADED, "message": TOO_MUCH}
    assert await server.text("/fetch") == "at once"
    gate.open()
    assert (await one).text == "open"
    assert await server.text("/body", headers={"x-gate": gate.url}) == "open"


async def test_a_script_is_given_so_many_requests_and_others_go_on(
    serve: Serve, gate: Gate
) -> None:
    server = await serve(Bounds(requests=4))
    server.add("other", 'export default { fetch: () => new Response("other") };')
    accepted = await waiting(server, gate, "/worker", 4)
    answer = await server.fetch("/worker")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.text == "The server is overloaded; try again later.\n"
    assert await server.text(script="other") == "other"
    gate.open()
    assert await all_answered(accepted)
    assert await server.text("/worker") == "at once"


async def test_a_request_whose_client_has_gone_counts_until_it_is_answered(
    serve: Serve, gate: Gate
) -> None:
    server = await serve(Bounds(requests=1))
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request_for(server, "/worker", f"x-gate: {gate.url}"))
    await gate.until(1)
    writer.close()
    await writer.wait_closed()
    assert (await server.fetch("/worker")).status == 503
    gate.open()
    async with asyncio.timeout(PATIENCE_S):
        while (await server.fetch("/worker")).status == 503:
            await asyncio.sleep(0)


async def test_the_oldest_idle_connections_make_way_for_new_ones(serve: Serve) -> None:
    server = await serve(Bounds(connections=3))
    request = f"GET /worker HTTP/1.1\r\nHost: main.localhost:{server.port}\r\n\r\n".encode()
    clients = []
    for _ in range(6):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        clients.append((reader, writer))
    for number, (reader, writer) in enumerate(clients):
        if number < 3:  # closed, once its answer is read
            await reader.read()
        else:
            writer.write(request)
            await reader.readuntil(b"at once")
            await reader.readuntil(b"at once")
        writer.close()
        await writer.wait_closed()


async def test_a_connection_too_many_is_told_so_where_none_is_idle(
    serve: Serve, gate: Gate
) -> None:
    server = await serve(Bounds(connections=2))
    clients = []
    for number in (1, 2):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request_for(server, "/worker", f"x-gate: {gate.url}"))
        await gate.until(number)
        clients.append((reader, writer))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 503 ") and b"Connection: close" in answer
    writer.close()
    await writer.wait_closed()
    gate.open()
    for reader, writer in clients:
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()
    assert await server.text("/worker") == "at once"


async def test_headers_that_never_end_are_refused(server: Server) -> None:
    server.add("main", 'export default { fetch: () => new Response("hello") };')
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET / HTTP/1.1\r\nHost: main.localhost:{server.port}\r\n".encode())
    for number in range(100):
        writer.write(b"x-%d: %b\r\n" % (number, b"x" * 30_000))
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 431 ") and b"128 kB" in answer
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    assert await server.text() == "hello"


async def test_requests_that_wait_on_one_connection_are_read_bit_by_bit(
    serve: Serve, gate: Gate
) -> None:
    server = await serve(Bounds())
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"GET /worker HTTP/1.1\r\nHost: main.localhost:{server.port}\r\nx-gate: {gate.url}\r\n"
    request = f"{head}x-large: {'x' * 30_000}\r\n\r\n".encode()
    count = 64
    writer.write(request * count)
    await gate.until(1)
    assert server._listener._server is not None
    (connection,) = server._listener._server.connections
    while not connection._buffer_paused:
        await asyncio.sleep(0)
    assert len(connection._messages) < 32
    gate.open()
    for _ in range(count):
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await reader.readuntil(b"\r\n\r\nopen")
    writer.close()
    await writer.wait_closed()


STREAMS = """
let told = "nothing";
export default {
  async fetch(request) {
    if (request.method === "POST") {
      told = await request.text().catch((error) => error.message);
      return new Response("never read");
    }
    if (new URL(request.url).pathname === "/told") return new Response(told);
    return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(65536)); } }));
  },
};
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "request_text",
    ["GET / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf"],
    ids=["reads nothing", "sends half a body"],
)
async def test_a_client_that_stops_in_the_middle_is_cut_off(
    server: Server, monkeypatch: pytest.MonkeyPatch, request_text: str
) -> None:
    monkeypatch.setattr("holdfast.server.connection.IDLE_SECONDS", 0.2)
    server.add("main", STREAMS)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head, _, body = request_text.partition("\r\n\r\n")
    host = f"Host: main.localhost:{server.port}"
    writer.write(f"{head}\r\n{host}\r\n\r\n{body}".encode())
    assert server._listener._server is not None
    async with asyncio.timeout(PATIENCE_S):
        while not (connections := server._listener._server.connections):
            await asyncio.sleep(0)
        while connections:
            await asyncio.sleep(0)
    if body:
        assert await server.text("/told") == "Network connection lost."
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


UNREAD = """
export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/large") return new Response(new Uint8Array(20_000_000));
    if (pathname === "/none") return new Response("at once");
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.onmessage = () => server.send(new Uint8Array(500_000));
    return new Response(null, { status: 101, webSocket: client });
  },
};
"""
UPGRADE = (
    "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
)


async def test_who_does_not_read_is_let_go_rather_than_that_others_are_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.host.holders.STUCK_SECONDS", 0.2)
    server = await serve(Bounds(held_bytes=14_000_000))
    server.add("main", UNREAD)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
    writer.write(request_for(server, "/large"))
    assert await reader.read(1)  # and no more
    assert (await server.fetch("/none")).status == 503
    async with asyncio.timeout(PATIENCE_S):
        while (await server.fetch("/none")).status == 503:
            await asyncio.sleep(0.01)
    writer.transport.abort()


async def test_what_all_websockets_leave_unread_is_bounded(serve: Serve) -> None:
    server = await serve(Bounds(held_bytes=8_000_000))
    server.add("main", UNREAD)
    please = b"\x81\x80\0\0\0\0"  # an empty message, masked
    clients = []
    for _ in range(4):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        writer.write(request_for(server, "/socket", UPGRADE) + please * 30)
        assert await reader.read(1)
        clients.append(writer)
    http = server._listener._server
    assert http is not None
    async with asyncio.timeout(PATIENCE_S):
        while len(http.sockets) == len(clients):
            assert sum(wire.backlog for wire in http.sockets) < 20_000_000
            await asyncio.sleep(0)
    for writer in clients:
        writer.transport.abort()
    async with asyncio.timeout(PATIENCE_S):
        while http.sockets:
            await asyncio.sleep(0)
    assert await server.text("/none") == "at once"
