"""How WebSockets end: by a close of either side, or by trouble."""

import asyncio
import contextlib
from pathlib import Path

import aiohttp
import pytest

from tests.inprocess import Server
from tests.sockets.clients import Clients, close_of, data, frame, receive, text
from tests.sockets.test_websockets import ECHO, OBJECT, WORKER


@pytest.mark.parametrize("source", [WORKER, OBJECT], ids=["worker", "object"])
async def test_a_clients_close_reaches_the_script_and_is_answered(
    server: Server, clients: Clients, source: str
) -> None:
    server.add("main", source)
    socket = await clients.open()
    await socket.close(code=4321, message="so long \N{WAVING HAND SIGN}".encode())
    assert socket.close_code == 4321
    assert "main log: closed 4321 so long \N{WAVING HAND SIGN} true 3" in server.lines


async def test_a_scripts_close_reaches_the_client(server: Server, clients: Clients) -> None:
    server.add(
        "main",
        """export default { fetch() {
          const [client, server] = Object.values(new WebSocketPair());
          server.accept();
          server.send("last words");
          server.close(3456, "enough");
          return new Response(null, { status: 101, webSocket: client });
        } };""",
    )
    socket = await clients.open(autoclose=False)
    assert await text(socket) == "last words"
    assert await close_of(socket) == (3456, "enough")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (bytes([0x83, 0x80]) + bytes(4), 1002),  # an opcode of no meaning
        (bytes([0xC1, 0x80]) + bytes(4), 1002),  # compressed, though nobody agreed to that
        (frame(0, b"x"), 1002),  # goes on with what never began
        (frame(9, b"x", final=False), 1002),  # a control frame in parts
        (frame(9, bytes(126)), 1002),  # a control frame too long
        (frame(8, b"x"), 1002),  # half a close code
        (frame(8, (1005).to_bytes(2, "big")), 1002),  # a code that is never sent
        (frame(8, b"\x03\xe8\xff"), 1007),
        (frame(1, b"\xff"), 1007),
        (frame(1, bytes(33 << 20))[:14], 1009),
        (bytes([0x82, 0xFF]) + b"\xff" * 8 + bytes(4), 1009),
    ],
)
async def test_a_malformed_frame_ends_the_connection_with_its_code(
    server: Server, clients: Clients, sent: bytes, code: int
) -> None:
    server.add("main", WORKER)
    socket = await clients.raw()
    socket.writer.write(sent)
    rest = await socket.rest()
    assert rest[0] == 0x88 and int.from_bytes(rest[2:4], "big") == code
    other = await clients.open()
    await other.send_str("still there")
    assert await text(other) == "still there"


async def test_a_client_that_vanishes_is_noticed(server: Server, clients: Clients) -> None:
    server.add(
        "main",
        """
        let told, gone = new Promise((resolve) => { told = resolve; });
        export default { async fetch(request) {
          if (request.headers.get("Upgrade") === null) return new Response(await gone);
          const [client, server] = Object.values(new WebSocketPair());
          server.accept();
          server.addEventListener("close", ({ code, reason, wasClean }) => {
            told(`${code} ${reason} ${wasClean}`);
          });
          return new Response(null, { status: 101, webSocket: client });
        } };""",
    )
    socket = await clients.raw()
    socket.writer.transport.abort()
    expected = "1006 WebSocket disconnected without sending Close frame. false"
    assert await server.text() == expected


async def test_a_reset_object_breaks_its_sockets_off(server: Server, clients: Clients) -> None:
    server.add(
        "main",
        ECHO
        + """
        export default { fetch(request, env) {
          return env.Thing.get(env.Thing.idFromName("one")).fetch(request);
        } };
        export class Thing {
          constructor(state) { this.state = state; }
          fetch(request) {
            if (request.headers.get("Upgrade") === null) this.state.abort("on purpose");
            return echo();
          }
        }""",
    )
    socket = await clients.open()
    await server.fetch()
    assert await close_of(socket) == (1006, None)


async def test_new_code_closes_the_sockets_of_objects(server: Server, clients: Clients) -> None:
    server.add("main", OBJECT)
    socket = await clients.open()
    server.add("main", OBJECT)
    assert await close_of(socket) == (1012, "Durable Object reset because its code was updated.")


async def test_a_client_that_does_not_read_is_given_up(server: Server, clients: Clients) -> None:
    server.add(
        "main",
        """
        let told, gone = new Promise((resolve) => { told = resolve; });
        export default { async fetch(request) {
          if (request.headers.get("Upgrade") === null) return new Response(await gone);
          const [client, server] = Object.values(new WebSocketPair());
          server.accept();
          const megabyte = new Uint8Array(1 << 20);
          server.addEventListener("close", ({ code }) => told(String(code)));
          server.addEventListener("message", () => {
            for (let i = 0; i < 100; i++) server.send(megabyte);
          });
          return new Response(null, { status: 101, webSocket: client });
        } };""",
    )
    socket = await clients.raw()
    socket.writer.transport.pause_reading()  # type: ignore[attr-defined]
    socket.writer.write(frame(1, b"go"))
    assert await server.text() == "1006"


async def test_a_burst_of_messages_reaches_a_client_that_reads(
    server: Server, clients: Clients
) -> None:
    server.add("main", WORKER.replace("server.send(data)", "many()").replace(
        "server.accept();",
        """server.accept();
        const megabyte = new Uint8Array(1 << 20);
        const many = () => { for (let i = 0; i < 48; i++) server.send(megabyte); };""",
    ))  # fmt: skip
    socket = await clients.open()
    await socket.send_str("go")
    assert {len(await data(socket)) for _ in range(48)} == {1 << 20}


async def test_closing_before_a_close_frame_was_answered_ends_in_time(
    server: Server, clients: Clients
) -> None:
    server.add(
        "main",
        """export default { fetch() {
          const [client, server] = Object.values(new WebSocketPair());
          server.accept({ allowHalfOpen: true });
          server.addEventListener("close", ({ code }) => {
            server.send("one more");
            server.close(4000, `you said ${code} in state ${server.readyState}`);
          });
          return new Response(null, { status: 101, webSocket: client });
        } };""",
    )
    socket = await clients.raw()
    socket.writer.write(frame(8, (3001).to_bytes(2, "big")))
    rest = await socket.rest()
    assert rest[:10] == b"\x81\x08one more"
    assert rest[12:14] == (4000).to_bytes(2, "big") and rest[14:] == b"you said 3001 in state 2"


async def test_nothing_is_left_of_sockets_that_are_closed(server: Server, clients: Clients) -> None:
    server.add("main", OBJECT)
    for _ in range(5):
        socket = await clients.open()
        await socket.send_str("x")
        await receive(socket)
        await socket.close()
    worker = server.runtime.worker("main")
    assert not worker.host.sockets.ends
    assert worker.host.pending == 0


async def test_a_server_that_stops_says_so(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server(tmp_path))
        server.add("main", OBJECT)
        async with Clients(server) as clients:
            socket = await clients.open()
            await stack.aclose()
            assert await close_of(socket) == (1001, "")


async def test_a_script_that_exceeds_its_limits_breaks_its_sockets_off(
    server: Server, clients: Clients
) -> None:
    server.add("main", WORKER.replace("({ data }) =>", "({ data }) => { while (1); }, (_) =>"))
    socket = await clients.open()
    await socket.send_str("spin")
    assert await close_of(socket) == (1006, None)
    other = await clients.open()  # in an isolate of its own
    await other.close()


async def test_sockets_end_when_the_client_has_left_before_the_answer(
    server: Server, clients: Clients
) -> None:
    server.add(
        "main",
        """
        let state = "new";
        const until = async (wanted) => { while (state !== wanted) await scheduler.wait(1); };
        export default { async fetch(request) {
          const { pathname } = new URL(request.url);
          if (pathname === "/started") {
            await until("started");
            return new Response("yes");
          }
          if (pathname === "/go") {
            state = "go";
            await until("closed as 1006");
            return new Response(state);
          }
          state = "started";
          await until("go");
          const [client, server] = Object.values(new WebSocketPair());
          server.accept();
          server.addEventListener("close", ({ code }) => { state = `closed as ${code}`; });
          return new Response(null, { status: 101, webSocket: client });
        } };""",
    )
    opening = asyncio.create_task(clients.open())
    assert await server.text("/started") == "yes"
    opening.cancel()
    assert await server.text("/go") == "closed as 1006"


async def test_a_socket_that_was_lost_cannot_be_passed_on(server: Server, clients: Clients) -> None:
    server.add(
        "main",
        """
        import { DurableObject } from "cloudflare:workers";
        export class Thing extends DurableObject {
          fetch() {
            const [client, server] = Object.values(new WebSocketPair());
            server.accept();
            return new Response(null, { status: 101, webSocket: client });
          }
          reset() { this.ctx.abort("on purpose"); }
        }
        export default { async fetch(request, env) {
          const stub = env.Thing.getByName("one");
          const response = await stub.fetch(request);
          await stub.reset().catch(() => {});
          return response;
        } };""",
    )
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await close_of(await clients.open())
    assert refusal.value.status == 500
    assert any("Network connection lost." in line for line in server.lines)
