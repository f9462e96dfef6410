"""Sockets that outlive the instance of their object."""

import asyncio
import contextlib
import json

import pytest

from holdfast.host import context, sockets
from holdfast.host.sockets import table_of
from tests.inprocess import Server
from tests.patience import PATIENCE_S
from tests.sockets.clients import Clients, close_of, frame, line, receive, text

ROUTE = """
  export default { fetch(request, env) {
    const { pathname } = new URL(request.url);
    return env.Thing.get(env.Thing.idFromName(pathname.split("/")[1])).fetch(request);
  } };
"""
THING = (
    ROUTE
    + """
  let instances = 0;
  export class Thing {
    constructor(state, env) {
      this.state = state;
      this.number = ++instances;
      this.seen = 0;
    }
    fetch(request) {
      const [client, server] = Object.values(new WebSocketPair());
      const url = new URL(request.url);
      this.state.acceptWebSocket(server, url.searchParams.getAll("tag"));
      server.serializeAttachment({ name: url.searchParams.get("name"), at: new Date(0) });
      return new Response(null, { status: 101, webSocket: client });
    }
    webSocketMessage(socket, message) {
      this.seen++;
      if (message === "who") {
        const { name, at } = socket.deserializeAttachment();
        const told = [this.number, this.seen, name, at.getTime(), this.state.getTags(socket)];
        socket.send(JSON.stringify(told));
      } else if (message === "others") {
        const [, tag] = this.state.getTags(socket);
        const of = (sockets) => sockets.map((one) => one.deserializeAttachment().name);
        const all = this.state.getWebSockets();
        const tagged = this.state.getWebSockets(tag);
        socket.send(JSON.stringify([of(all), of(tagged), all.includes(socket)]));
      } else if (typeof message === "string") {
        socket.send(`${this.number} ${message}`);
      } else {
        socket.send(new Uint8Array(message).map((byte) => byte + 1));
      }
    }
    webSocketClose(socket, code, reason, wasClean) {
      const { name } = socket.deserializeAttachment();
      console.log("close", this.number, name, code, reason, wasClean, socket.readyState,
        this.state.getTags(socket).join());
    }
    webSocketError(socket, error) {
      console.log("error", error.message);
    }
  }
"""
)

OPEN = """
    const way = new URL(request.url).pathname;
    if (way === "/open" || way === "/shut") {
      globalThis.isOpen = way === "/open";
      return new Response(way);
    }
"""
WAIT_FOR_THE_OPENING = """
      state.blockConcurrencyWhile(async () => {
        while (!globalThis.isOpen) await scheduler.wait(5);
      });
"""


def evict(server: Server) -> None:
    """Let all objects that are idle fall asleep."""
    home = server.runtime.resident("main").home
    for _ in range(10):
        home.sweep(1000)
    while home.evict_idle(1, 100):
        pass
    assert len(server.runtime.directory) == 0


async def test_a_message_wakes_an_object_that_was_evicted(server: Server, clients: Clients) -> None:
    server.add("main", THING)
    socket = await clients.open("/a?name=ann&tag=x&tag=y&tag=x")
    await socket.send_str("who")
    assert json.loads(await text(socket)) == [1, 1, "ann", 0, ["x", "y"]]
    evict(server)
    await socket.send_str("who")
    assert json.loads(await text(socket)) == [2, 1, "ann", 0, ["x", "y"]]
    await socket.send_bytes(b"\x01\x02")
    assert (await receive(socket)).data == b"\x02\x03"


async def test_a_message_wakes_an_object_that_reads_its_storage_first(
    server: Server, clients: Clients
) -> None:
    """The gate that holds the message back opens before the host knows that it was held back."""
    server.add(
        "main",
        THING.replace(
            "this.seen = 0;",
            "this.seen = 0; state.blockConcurrencyWhile(() => state.storage.get('key'));",
        ),
    )
    socket = await clients.open("/a")
    for number in range(2, 5):
        evict(server)
        for message in "ab":
            await socket.send_str(message)
        assert [await text(socket), await text(socket)] == [f"{number} a", f"{number} b"]
    assert table_of(server.runtime.worker("main").host).held_bytes == 0
    assert server.lines == []


async def test_messages_to_a_sleeping_object_arrive_in_order(
    server: Server, clients: Clients
) -> None:
    server.add(
        "main",
        THING.replace(
            "this.seen = 0;",
            "this.seen = 0; state.blockConcurrencyWhile(() => scheduler.wait(20));",
        ),
    )
    socket = await clients.open("/a")
    evict(server)
    for number in range(200):
        await socket.send_str(f"{number}")
    assert [await text(socket) for _ in range(200)] == [f"2 {n}" for n in range(200)]


async def test_a_message_does_not_overtake_those_that_were_held_back(
    server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(
        "main",
        THING.replace(
            "this.seen = 0;",
            "this.seen = 0; state.blockConcurrencyWhile(() => scheduler.wait(20));",
        ),
    )
    socket = await clients.open("/a")
    evict(server)
    monkeypatch.setattr(context, "TURNS_PER_ENTRY", 1)
    for number in range(100):
        await socket.send_str(f"{number}")
    told = [await text(socket)]
    for number in range(100, 120):
        await socket.send_str(f"{number}")
    assert told + [await text(socket) for _ in range(119)] == [f"2 {n}" for n in range(120)]


async def test_an_object_finds_its_sockets_by_tag(server: Server, clients: Clients) -> None:
    server.add("main", THING)
    for name, tag in (("one", "x"), ("two", "y"), ("three", "x")):
        socket = await clients.open(f"/a?name={name}&tag=all&tag={tag}")
    await clients.open("/b?name=other")
    evict(server)
    await socket.send_str("others")
    assert json.loads(await text(socket)) == [["three", "two", "one"], ["one", "three"], True]


async def test_a_close_wakes_the_object_and_is_answered(server: Server, clients: Clients) -> None:
    server.add("main", THING)
    socket = await clients.open("/a?name=ann&tag=t")
    evict(server)
    await socket.close(code=4000, message=b"bye")
    assert socket.close_code == 4000
    assert await line(server, "close") == "close 2 ann 4000 bye true 2 t"
    assert not server.runtime.worker("main").host.sockets.ends


async def test_a_handler_may_close_with_a_code_of_its_own(server: Server, clients: Clients) -> None:
    server.add("main", THING.replace("console.log(", 'socket.close(4999, "mine"); console.log(', 1))
    socket = await clients.open("/a")
    await socket.close(code=1000)
    assert socket.close_code == 4999


async def test_an_object_without_handlers_still_answers_a_close(
    server: Server, clients: Clients
) -> None:
    server.add("main", THING[: THING.index("    webSocketMessage")] + "}")
    socket = await clients.open("/a")
    await socket.send_str("nobody listens")
    await socket.close(code=4000)
    assert socket.close_code == 4000


async def test_a_client_that_vanishes_is_told_as_1006(server: Server, clients: Clients) -> None:
    server.add("main", THING)
    socket = await clients.raw("/a?name=ann")
    evict(server)
    socket.writer.transport.abort()
    told = "close 2 ann 1006 WebSocket disconnected without sending Close frame. false 2 "
    assert await line(server, "close") == told


async def test_a_malformed_frame_is_told_as_an_error(server: Server, clients: Clients) -> None:
    server.add("main", THING)
    socket = await clients.raw("/a")
    socket.writer.write(frame(1, b"\xff"))
    assert (await socket.rest())[2:4] == (1007).to_bytes(2, "big")
    assert await line(server, "error") == "error Invalid UTF-8 text message"


async def test_an_automatic_response_does_not_wake_the_object(
    server: Server, clients: Clients
) -> None:
    server.add(
        "main",
        ROUTE
        + """
        let instances = 0;
        export class Thing {
          constructor(state) {
            this.state = state;
            instances++;
            state.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
          }
          fetch(request) {
            const [client, server] = Object.values(new WebSocketPair());
            this.state.acceptWebSocket(server);
            return new Response(null, { status: 101, webSocket: client });
          }
          webSocketMessage(socket, message) {
            const { request, response } = this.state.getWebSocketAutoResponse();
            const at = this.state.getWebSocketAutoResponseTimestamp(socket);
            if (message === "off") this.state.setWebSocketAutoResponse();
            socket.send(JSON.stringify([instances, request, response, at instanceof Date]));
          }
        }""",
    )
    socket = await clients.open("/a")
    await socket.send_str("state")
    assert json.loads(await text(socket)) == [1, "ping", "pong", False]
    evict(server)
    await socket.send_str("ping")
    assert await text(socket) == "pong"
    assert len(server.runtime.directory) == 0
    await socket.send_str("off")
    assert json.loads(await text(socket)) == [2, "ping", "pong", True]
    await socket.send_bytes(b"ping")
    assert "TypeError" in await line(server, "TypeError")  # there is no pair any more


LIMITS = {
    "state.acceptWebSocket(server, Array.from({ length: 11 }, (_, i) => `${i}`))": (
        "Error: a Hibernatable WebSocket cannot have more than 10 tags"
    ),
    "state.acceptWebSocket(server, ['x'.repeat(257)])": (
        f'Error: "{"x" * 257}" is longer than the max tag length (256 characters).'
    ),
    "server.accept(); state.acceptWebSocket(server)": (
        "Error: Cannot call `acceptWebSocket()` if the WebSocket was already accepted via "
        "`accept()`"
    ),
    "client.accept(); state.acceptWebSocket(server)": (
        "Error: Cannot call `acceptWebSocket()` on this WebSocket because its pair has already "
        "been accepted or used in a Response."
    ),
    "state.acceptWebSocket(server); server.accept()": (
        "TypeError: Can't accept() WebSocket after enabling hibernation."
    ),
    "state.acceptWebSocket({})": (
        "TypeError: Failed to execute 'acceptWebSocket' on 'DurableObjectState': parameter 1 is "
        "not of type 'WebSocket'."
    ),
    "server.accept(); state.getTags(server)": (
        "Error: only hibernatable websockets can have tags."
    ),
    "state.getTags(server)": (
        "Error: you must call 'acceptWebSocket()' before attempting to access the tags of a "
        "WebSocket."
    ),
    "server.serializeAttachment('x'.repeat(16384))": (
        "Error: A WebSocket 'attachment' cannot be larger than 16384 bytes.'attachment' was "
        "16390 bytes."
    ),
    "state.setWebSocketAutoResponse(new WebSocketRequestResponsePair('x'.repeat(2049), ''))": (
        "RangeError: Request cannot be larger than 2048 bytes. A request of size 2049 was provided."
    ),
    "state.setHibernatableWebSocketEventTimeout(604800001)": (
        "Error: Event timeout should not exceed 604800000 ms."
    ),
    "server.send('x')": (
        "TypeError: You must call one of accept() or state.acceptWebSocket() on this WebSocket "
        "before sending messages."
    ),
}


@pytest.mark.parametrize(("code", "error"), LIMITS.items())
async def test_what_is_too_much_or_out_of_order_is_refused(
    server: Server, code: str, error: str
) -> None:
    server.add(
        "main",
        ROUTE
        + f"""
        export class Thing {{
          constructor(state) {{ this.state = state; }}
          fetch() {{
            const {{ state }} = this;
            const [client, server] = Object.values(new WebSocketPair());
            try {{ {code} }} catch (error) {{ return new Response(error); }}
            return new Response("nothing was thrown");
          }}
        }}""",
    )
    assert await server.text("/a") == error


async def test_a_worker_holds_the_other_end_of_an_objects_socket(server: Server) -> None:
    server.add(
        "main",
        THING.replace(
            "    return env.Thing",
            """
    if (pathname === "/") return talk(env);
    return env.Thing""",
        )
        + """
        async function talk(env) {
          const stub = env.Thing.get(env.Thing.idFromName("a"));
          const headers = { Upgrade: "websocket" };
          const { webSocket } = await stub.fetch("http://x/a?name=worker", { headers });
          webSocket.accept();
          const got = [];
          const closed = new Promise((resolve) => { webSocket.onclose = resolve; });
          webSocket.onmessage = ({ data }) => { got.push(data); webSocket.close(3333, "enough"); };
          webSocket.send("hello");
          const { code, reason } = await closed;
          return Response.json([got, code, reason]);
        }""",
    )
    assert json.loads(await server.text()) == [["1 hello"], 3333, "enough"]


async def test_new_code_closes_sleeping_sockets(server: Server, clients: Clients) -> None:
    server.add("main", THING)
    socket = await clients.open("/a")
    evict(server)
    server.add("main", THING)
    assert await close_of(socket) == (1012, "Durable Object reset because its code was updated.")
    assert not [told for told in server.lines if "close" in told]


async def test_a_reset_breaks_an_objects_sockets_off(server: Server, clients: Clients) -> None:
    server.add(
        "main", THING.replace("this.seen++;", "if (message === 'abort') this.state.abort();")
    )
    socket = await clients.open("/a")
    other = await clients.open("/b")
    await socket.send_str("abort")
    assert await close_of(socket) == (1006, None)
    await other.send_str("still there")
    assert await text(other) == "2 still there"


async def test_what_a_handler_throws_is_logged_and_the_socket_stays(
    server: Server, clients: Clients
) -> None:
    server.add("main", THING.replace("this.seen++;", "if (message === 'x') throw new Error('oh');"))
    socket = await clients.open("/a")
    await socket.send_str("x")
    await socket.send_str("y")
    assert await text(socket) == "1 y"
    assert any("oh" in told for told in server.lines)


async def test_a_handler_under_way_keeps_its_object_in_memory(
    server: Server, clients: Clients
) -> None:
    server.add(
        "main",
        THING.replace(
            "webSocketMessage(socket, message) {",
            """async webSocketMessage(socket, message) {
              if (message === "wait") {
                socket.send("waiting");
                await new Promise((resolve) => { this.go = resolve; });
                socket.send(`went on ${this.number}`);
                return;
              }
              this.go?.();""",
        ),
    )
    socket = await clients.open("/a")
    await socket.send_str("wait")
    assert await text(socket) == "waiting"
    with contextlib.suppress(AssertionError):
        evict(server)
    await socket.send_str("go")
    assert [await text(socket), await text(socket)] == ["1 go", "went on 1"]


async def test_a_flood_of_pings_leaves_a_sleeping_object_asleep_and_loses_none(
    server: Server, clients: Clients
) -> None:
    server.add(
        "main",
        THING.replace(
            "this.seen = 0;",
            "state.setWebSocketAutoResponse(new WebSocketRequestResponsePair('p', 'q'));",
        ),
    )
    socket = await clients.raw("/a")
    evict(server)
    socket.writer.write(frame(1, b"p") * 5000)
    assert await socket.reader.readexactly(15_000) == b"\x81\x01q" * 5000
    assert len(server.runtime.directory) == 0


async def test_what_an_object_sends_from_a_handler_waits_for_its_writes(
    server: Server, clients: Clients
) -> None:
    server.add(
        "main",
        THING.replace(
            "this.seen++;",
            "for (let i = 0; i < 5; i++) { this.state.storage.put(`${i}`, message); "
            "socket.send(`${i}`); } return;",
        ),
    )
    socket = await clients.open("/a")
    await socket.send_str("x")
    assert [await text(socket) for _ in range(5)] == ["0", "1", "2", "3", "4"]


async def test_sockets_wait_together_for_an_object_that_lets_nothing_in(
    server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "MAX_HELD_TOGETHER", 100_000)
    script = THING.replace("this.seen = 0;", f"this.seen = 0; {WAIT_FOR_THE_OPENING}")
    server.add("main", script.replace("fetch(request, env) {", f"fetch(request, env) {{ {OPEN}", 1))
    await server.fetch("/open")
    opened = [await clients.open("/a") for _ in range(10)]
    evict(server)
    await server.fetch("/shut")
    for number in range(40):
        for socket in opened:
            await socket.send_str(f"{number} {'x' * 10_000}")
    table = table_of(server.runtime.worker("main").host)
    async with asyncio.timeout(PATIENCE_S):
        while not all(end._peer_waits for end in table.ends.values()):
            await asyncio.sleep(0)
    assert 100_000 < table.held_bytes < 3_000_000, "each may add what had been read already"
    await server.fetch("/open")
    for socket in opened:
        told = [(await text(socket)).split()[1] for _ in range(40)]
        assert told == [f"{number}" for number in range(40)]
    assert table.held_bytes == 0
