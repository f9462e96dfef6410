"""Sockets that scripts open: `new WebSocket()` and fetch() with an upgrade."""

import asyncio
import json
import os
import socket
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from holdfast.host.egress import public_only
from holdfast.host.sockets import table_of
from tests.gate import Gate
from tests.inprocess import Server
from tests.sockets.clients import Clients, text
from tests.sockets.test_websockets import WORKER

# A server that chooses the second protocol, tells what it hears and closes when told to.
PEER = """
export default { fetch(request) {
  if (request.url.endsWith("moved")) return Response.redirect(new URL("/", request.url), 307);
  const refuses = request.url.endsWith("refuse") || !request.headers.has("Upgrade");
  if (refuses) return new Response("plain", { status: 418 });
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.binaryType = "arraybuffer";
  server.addEventListener("message", ({ data }) => {
    if (data === "authorization") server.send(request.headers.get(data));
    else if (data === "close") server.close(4001, "as you wish");
    else server.send(data);
  });
  const headers = {};
  const offered = request.headers.get("Sec-WebSocket-Protocol")?.split(/, */);
  if (offered) headers["Sec-WebSocket-Protocol"] = offered.at(-1);
  return new Response(null, { status: 101, webSocket: client, headers });
} };
"""


async def run(server: Server, body: str) -> object:
    """What a script's function returns, with `peer` the ws: URL of PEER."""
    server.add("peer", PEER)
    server.add(
        "main",
        f"""
        const events = (socket) => {{
          const log = [];
          for (const type of ["open", "message", "error", "close"]) {{
            socket.addEventListener(type, (event) => {{
              const {{ data, code, reason, wasClean }} = event;
              log.push(type === "close" ? [type, code, reason, wasClean]
                : type === "message" ? [type, data] : [type, event.constructor.name]);
            }});
          }}
          return log;
        }};
        const next = (socket, type) =>
          new Promise((resolve) => socket.addEventListener(type, resolve, {{ once: true }}));
        async function run(peer, http) {{ {body} }}
        export default {{ async fetch(request) {{
          const peer = "peer.localhost:{server.port}";
          return Response.json((await run("ws://" + peer + "/", "http://" + peer + "/")) ?? null);
        }} }};""",
    )
    return json.loads(await server.text())


class EverythingIsHere(AbstractResolver):
    """Every name leads to this machine."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        inet = socket.AF_INET
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=inet, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """There is nothing to close."""


@pytest.fixture(autouse=True)
def _reachable(server: Server) -> None:
    server.runtime._fetch._resolver = EverythingIsHere()


async def test_a_client_has_the_standards_states_and_events(server: Server) -> None:
    told = await run(
        server,
        """
        const socket = new WebSocket(peer, ["chat", "echo"]);
        const log = events(socket);
        log.push(socket.readyState, socket.url === peer, socket.protocol, socket.binaryType);
        await next(socket, "open");
        log.push(socket.readyState, socket.protocol, socket.extensions, socket.bufferedAmount);
        socket.send("hellö");
        log.push(socket.bufferedAmount);
        await next(socket, "message");
        socket.binaryType = "arraybuffer";
        socket.send(new Uint16Array([1, 2]).subarray(1));
        const { data, origin } = await next(socket, "message");
        log.push(data.byteLength, origin === peer.slice(0, -1));
        socket.close(3000, "bye");
        socket.close();
        log.push(socket.readyState);
        await next(socket, "close");
        socket.send("too late");
        log.push(socket.readyState, socket.bufferedAmount);
        return log;
        """,
    )
    assert told == [
        *[0, True, "", "blob"],
        *[["open", "Event"], 1, "echo", "", 0, 6],
        *[["message", "hellö"], ["message", {}], 2, True],
        *[2, ["close", 3000, "bye", True], 3, 8],
    ]


async def test_credentials_of_a_url_are_sent(server: Server) -> None:
    told = await run(
        server,
        """
        const socket = new WebSocket(peer.replace("://", "://user:pass%20word@"));
        socket.onopen = () => socket.send("authorization");
        const { data } = await next(socket, "message");
        return [data, atob(data.slice(6))];
        """,
    )
    assert told == ["Basic dXNlcjpwYXNzIHdvcmQ=", "user:pass word"]


async def test_a_servers_close_reaches_the_client(server: Server) -> None:
    told = await run(
        server,
        """
        const socket = new WebSocket(peer);
        const log = events(socket);
        socket.onopen = () => socket.send("close");
        await next(socket, "close");
        return [...log, socket.readyState];
        """,
    )
    assert told == [["open", "Event"], ["close", 4001, "as you wish", True], 3]


@pytest.mark.parametrize("url", ["'http://127.0.0.1:1/'", "`${peer}refuse`"])
async def test_a_client_that_cannot_connect_gets_an_error_and_a_close(
    server: Server, url: str
) -> None:
    told = await run(
        server,
        f"""
        const socket = new WebSocket({url});
        const log = events(socket);
        await next(socket, "close");
        return [...log, socket.readyState];
        """,
    )
    assert told == [["error", "ErrorEvent"], ["close", 1006, "", False], 3]


async def test_closing_does_not_wait_for_a_server_that_says_nothing(server: Server) -> None:
    came: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set_result(writer)

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with Gate() as gate, silent:
        port = silent.sockets[0].getsockname()[1]
        script = f"""
            const socket = new WebSocket("ws://127.0.0.1:{port}");
            const log = events(socket);
            await fetch("{gate.url}");
            socket.close();
            await next(socket, "close");
            return log;
            """
        running = asyncio.create_task(run(server, script))
        writer = await came
        gate.open()
        assert await running == [["error", "ErrorEvent"], ["close", 1006, "", False]]
        writer.close()
        await writer.wait_closed()


async def test_closing_while_connecting_fails_the_connection(server: Server) -> None:
    told = await run(
        server,
        """
        const socket = new WebSocket(peer);
        const log = events(socket);
        try { socket.send("x"); } catch (error) { log.push(error.name); }
        socket.close(1000);
        log.push(socket.readyState);
        await next(socket, "close");
        return [...log, socket.readyState];
        """,
    )
    assert told == ["InvalidStateError", 2, ["error", "ErrorEvent"], ["close", 1006, "", False], 3]


async def test_fetch_opens_a_socket_where_the_server_agrees(server: Server) -> None:
    told = await run(
        server,
        """
        const headers = { Upgrade: "websocket" };
        const response = await fetch(http, { headers });
        const { webSocket } = response;
        webSocket.accept();
        webSocket.send("over fetch");
        const { data } = await next(webSocket, "message");
        webSocket.close(1000, "");
        const plain = await fetch(http);
        return [response.status, data, plain.status, plain.webSocket, await plain.text()];
        """,
    )
    assert told == [101, "over fetch", 418, None, "plain"]


async def test_a_server_that_does_not_agree_gives_a_response(server: Server) -> None:
    told = await run(
        server,
        """
        const response = await fetch(http + "refuse", { headers: { Upgrade: "websocket" } });
        return [response.status, response.webSocket, await response.text()];
        """,
    )
    assert told == [418, None, "plain"]


async def test_redirects_are_followed_to_a_socket_by_fetch_and_by_nobody_else(
    server: Server,
) -> None:
    told = await run(
        server,
        """
        const headers = { Upgrade: "websocket" };
        const response = await fetch(http + "moved", { headers });
        response.webSocket.accept();
        response.webSocket.send("arrived");
        const { data } = await next(response.webSocket, "message");
        response.webSocket.close();
        const manual = await fetch(http + "moved", { headers, redirect: "manual" });
        await manual.text();
        const socket = new WebSocket(peer + "moved");
        await next(socket, "close");
        return [response.redirected, response.url === http, data, manual.status];
        """,
    )
    assert told == [True, True, "arrived", 307]


async def test_the_egress_policy_holds_for_sockets(server: Server) -> None:
    server.runtime._fetch._egress = public_only
    told = await run(
        server,
        """
        const log = events(new WebSocket(peer));
        const socket = new WebSocket(peer);
        await next(socket, "close");
        const failure = await fetch(http, { headers: { Upgrade: "websocket" } }).catch(String);
        return [log, failure];
        """,
    )
    log, refusal = told
    assert log == [["error", "ErrorEvent"], ["close", 1006, "", False]]
    assert refusal.startswith("TypeError: This script may not connect to peer.localhost: ")


async def test_a_worker_relays_a_client_to_a_server_outside(server: Server) -> None:
    server.add("peer", WORKER)
    server.add(
        "main",
        f"""export default {{ fetch(request) {{
          return fetch("http://peer.localhost:{server.port}/", request);
        }} }};""",
    )
    async with Clients(server) as clients:
        socket = await clients.open()
        for number in range(100):
            await socket.send_str(f"{number}")
        assert [await text(socket) for _ in range(100)] == [f"{n}" for n in range(100)]
        await socket.close(code=4444, message=b"end")
        assert socket.close_code == 4444


@pytest.mark.skipif("HOLDFAST_STRESS" in os.environ, reason="it is collected at once")
async def test_a_socket_that_nobody_accepted_ends_when_it_is_forgotten(server: Server) -> None:
    await run(server, 'await fetch(http, { headers: { Upgrade: "websocket" } });')
    host = server.runtime.worker("main").host
    first = next(iter(table_of(host).ends))
    for _ in range(3):  # turns, in which the registry tells of what was lost before
        host.isolate.collect_garbage()
        await server.fetch()
    assert first not in table_of(host).ends
