"""WebSockets between clients, Workers and objects."""

import contextlib
import json

import aiohttp
import pytest

from holdfast.catalog import Service
from tests.inprocess import Server
from tests.sockets.clients import HANDSHAKE, Clients, close_of, data, frame, text

ECHO = """
  function echo() {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.binaryType = "arraybuffer";
    server.addEventListener("message", ({ data }) => server.send(data));
    server.addEventListener("close", (event) => {
      console.log("closed", event.code, event.reason, event.wasClean, server.readyState);
    });
    server.addEventListener("error", (event) => console.log("error", event.message));
    return new Response(null, { status: 101, webSocket: client, headers: { "X-Told": "yes" } });
  }
"""
WORKER = ECHO + "export default { fetch: echo };"
OBJECT = (
    ECHO
    + """
  export default { fetch(request, env) {
    return env.Thing.get(env.Thing.idFromName("one")).fetch(request);
  } };
  export class Thing { fetch() { return echo(); } }
"""
)


@pytest.mark.parametrize("source", [WORKER, OBJECT], ids=["worker", "object"])
async def test_text_and_bytes_come_back_as_they_were_sent(
    server: Server, clients: Clients, source: str
) -> None:
    server.add("main", source)
    socket = await clients.open()
    for sent in ("", "hello", "ü \N{GRINNING FACE} \0", "x" * 70_000):
        await socket.send_str(sent)
        assert await text(socket) == sent
    for content in (b"", b"\x00\xff", bytes(range(256)) * 300):
        await socket.send_bytes(content)
        assert await data(socket) == content


async def test_the_response_passes_headers_and_a_protocol(server: Server, clients: Clients) -> None:
    server.add(
        "main",
        """export default { fetch(request) {
          const [client, server] = Object.values(new WebSocketPair());
          server.accept();
          const [, second] = request.headers.get("Sec-WebSocket-Protocol").split(/, */);
          const headers = { "Sec-WebSocket-Protocol": second, "X-Told": "yes" };
          return new Response(null, { status: 101, webSocket: client, headers });
        } };""",
    )
    socket = await clients.open(protocols=("first", "second"))
    assert socket.protocol == "second"
    assert socket._response.headers["X-Told"] == "yes"


async def test_fragments_pings_and_a_piece_of_many_frames_are_understood(
    server: Server, clients: Clients
) -> None:
    server.add("main", WORKER)
    socket = await clients.raw()
    assert socket.head.startswith("HTTP/1.1 101 Switching Protocols\r\n")
    assert "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in socket.head
    parts = frame(1, b"one ", final=False) + frame(9, b"?") + frame(0, b"two ", final=False)
    socket.writer.write(parts + frame(0, b"three"))
    assert await socket.reader.readexactly(3) == b"\x8a\x01?"
    assert await socket.reader.readexactly(15) == b"\x81\x0done two three"
    socket.writer.write(b"".join(frame(1, b"%03d" % i) for i in range(1000)))
    expected = b"".join(b"\x81\x03%03d" % i for i in range(1000))
    assert await socket.reader.readexactly(5000) == expected


async def test_frames_that_came_with_the_handshake_are_not_lost(
    server: Server, clients: Clients
) -> None:
    server.add("main", OBJECT)
    socket = await clients.raw(early=frame(1, b"early"))
    assert await socket.reader.readexactly(7) == b"\x81\x05early"


async def test_a_message_of_32_mib_passes(server: Server, clients: Clients) -> None:
    server.add("main", WORKER)
    socket = await clients.open()
    content = bytes(32 << 20)
    await socket.send_bytes(content)
    assert await data(socket) == content
    with contextlib.suppress(ConnectionError):  # the server has heard enough
        await socket.send_bytes(content + b"x")
    assert await close_of(socket) == (1009, "Message is too large: 33554433 > 33554432")


async def test_a_socket_needs_a_request_that_asks_for_it(server: Server) -> None:
    server.add("main", WORKER)
    answer = await server.fetch()
    assert answer.status == 500
    assert any('the header "Upgrade: websocket"' in line for line in server.lines)


@pytest.mark.parametrize(
    ("missing", "instead"),
    [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: short"),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "X: y"),
    ],
)
async def test_a_handshake_that_is_none_is_refused(
    server: Server, clients: Clients, missing: str, instead: str
) -> None:
    server.add("main", WORKER)
    socket = await clients.raw(handshake=HANDSHAKE.replace(missing, instead))
    assert socket.head.startswith("HTTP/1.1 400 Bad Request\r\n")


async def test_an_upgrade_that_a_script_declines_is_an_ordinary_response(
    server: Server, clients: Clients
) -> None:
    server.add("main", "export default { fetch: () => new Response('no', { status: 426 }) };")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await clients.open()
    assert refusal.value.status == 426


async def test_two_ends_in_one_worker_talk_to_each_other(server: Server) -> None:
    server.add(
        "main",
        """export default { async fetch() {
          const log = [];
          const [one, other] = new WebSocketPair();
          one.accept();
          one.send("before");
          one.send(new Blob(["in a blob"]));
          other.binaryType = "arraybuffer";
          const done = new Promise((resolve) => {
            other.onmessage = ({ data }) => log.push(typeof data, data.byteLength ?? data);
            other.onclose = (event) => { log.push(event.code, other.readyState); resolve(); };
          });
          other.accept();
          one.close(1000, "done");
          log.push(one.readyState);
          await done;
          return Response.json(log);
        } };""",
    )
    assert await server.text() == '[2,"string","before","object",9,1000,3]'


async def test_a_worker_that_passes_a_socket_on_is_out_of_its_way(
    server: Server, clients: Clients
) -> None:
    server.add("inner", WORKER)
    server.add(
        "main",
        """export default { async fetch(request, env) {
          const response = await env.inner.fetch(request);
          return new Response(null, { status: 101, webSocket: response.webSocket });
        } };""",
        bindings=(Service("inner", "inner", None),),
    )
    socket = await clients.open()
    await socket.send_str("through")
    assert await text(socket) == "through"
    assert await server.fetch(script="inner") is not None
    await socket.close(code=4000)
    assert socket.close_code == 4000


async def test_scripts_of_two_isolates_talk_to_each_other(server: Server) -> None:
    server.add("inner", WORKER)
    server.add(
        "main",
        """export default { async fetch(request, env) {
          const headers = { Upgrade: "websocket" };
          const { webSocket } = await env.inner.fetch("http://x/", { headers });
          webSocket.accept();
          const got = [];
          const closed = new Promise((resolve) => webSocket.addEventListener("close", resolve));
          webSocket.addEventListener("message", ({ data }) => {
            got.push(data);
            if (got.length === 300) webSocket.close(3000, "all of them");
          });
          for (let i = 0; i < 300; i++) webSocket.send(`${i}`);
          const { code, reason, wasClean } = await closed;
          const inOrder = got.every((data, i) => data === `${i}`);
          return Response.json([got.length, inOrder, code, reason, wasClean, webSocket.readyState]);
        } };""",
        bindings=(Service("inner", "inner", None),),
    )
    assert await server.text() == '[300,true,3000,"all of them",true,3]'


async def test_a_socket_keeps_its_object_in_memory(server: Server) -> None:
    server.add("main", OBJECT)
    async with Clients(server) as clients:
        socket = await clients.open()
        assert len(server.runtime.directory) == 1
        home = server.runtime.resident("main").home
        for _ in range(10):
            home.sweep(1000)
        home.evict_idle(1, 10)
        assert len(server.runtime.directory) == 1
        await socket.close()
    await server.fetch()  # the object learns of the close before this
    for _ in range(10):
        home.sweep(1000)
    home.evict_idle(1, 10)
    assert len(server.runtime.directory) == 0


async def test_what_an_object_sends_waits_until_its_writes_are_durable(
    server: Server, clients: Clients
) -> None:
    server.add(
        "main",
        """
        export default { fetch(request, env) {
          return env.Thing.get(env.Thing.idFromName("one")).fetch(request);
        } };
        export class Thing {
          constructor({ storage }) { this.storage = storage; }
          async fetch() {
            const [client, server] = Object.values(new WebSocketPair());
            server.accept();
            server.addEventListener("message", async ({ data }) => {
              for (let i = 0; i < 20; i++) {
                this.storage.put(`${data}${i}`, i);
                server.send(`${data}${i}`);
                if (i % 3 === 0) await this.storage.get("x");
              }
            });
            return new Response(null, { status: 101, webSocket: client });
          }
        }""",
    )
    socket = await clients.open()
    await socket.send_str("a")
    assert [await text(socket) for _ in range(20)] == [f"a{i}" for i in range(20)]


async def test_what_arrives_waits_for_a_critical_section(server: Server, clients: Clients) -> None:
    server.add(
        "main",
        """
        export default { fetch(request, env) {
          return env.Thing.get(env.Thing.idFromName("one")).fetch(request);
        } };
        export class Thing {
          constructor(state) { this.state = state; }
          async fetch() {
            const [client, server] = Object.values(new WebSocketPair());
            server.accept();
            const log = [];
            server.addEventListener("message", ({ data }) => {
              if (data === "block") {
                this.state.blockConcurrencyWhile(async () => {
                  server.send("blocked");
                  await scheduler.wait(30);
                  log.push("end");
                });
              } else {
                log.push(data);
                server.send(log.join());
              }
            });
            return new Response(null, { status: 101, webSocket: client });
          }
        }""",
    )
    socket = await clients.open()
    await socket.send_str("block")
    await socket.send_str("one")
    assert await text(socket) == "blocked"
    await socket.send_str("two")
    assert await text(socket) == "end,one"
    assert await text(socket) == "end,one,two"


async def test_a_classic_script_takes_sockets_too(server: Server, clients: Clients) -> None:
    server.add("main", ECHO + "addEventListener('fetch', (event) => event.respondWith(echo()));")
    socket = await clients.open()
    await socket.send_str("classic")
    assert await text(socket) == "classic"


async def test_sockets_are_no_values(server: Server) -> None:
    server.add(
        "main",
        """
        import { DurableObject } from "cloudflare:workers";
        export class Thing extends DurableObject {
          socket() { return new WebSocketPair()[0]; }
          response() {
            return new Response(null, { status: 101, webSocket: new WebSocketPair()[0] });
          }
        }
        export default { async fetch(request, env) {
          const stub = env.Thing.getByName("one");
          const attempts = [
            () => stub.socket(),
            () => stub.response(),
            async () => structuredClone(new WebSocketPair()[0]),
          ];
          const failures = attempts.map((attempt) => attempt().then(() => "none", String));
          return Response.json([...new Set(await Promise.all(failures))]);
        } };""",
    )
    reason = "This type does not support serialization."
    assert json.loads(await server.text()) == [
        f'DataCloneError: Could not serialize object of type "WebSocket". {reason}'
    ]


@pytest.mark.parametrize(
    ("date", "told"),
    [("2026-07-01", ["blob", "Blob", 3]), ("2026-01-01", ["arraybuffer", "ArrayBuffer", 2])],
)
async def test_the_compatibility_date_decides_on_blobs_and_closes(
    server: Server, date: str, told: list[object]
) -> None:
    server.add(
        "main",
        """export default { async fetch() {
          const [one, other] = new WebSocketPair();
          one.accept();
          other.accept();
          const message = new Promise((resolve) => { other.onmessage = resolve; });
          const close = new Promise((resolve) => { other.onclose = resolve; });
          one.send(new Uint8Array(1));
          one.close(1000);
          const { data } = await message;
          await close;
          return Response.json([other.binaryType, data.constructor.name, other.readyState]);
        } };""",
        compatibility_date=date,
    )
    assert json.loads(await server.text()) == told
