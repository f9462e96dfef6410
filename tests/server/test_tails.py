"""`wrangler tail`: a script's events, over the WebSocket of a tail."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import aiohttp
import pytest

from tests.patience import PATIENCE_S
from tests.server.deployment import Deployment

SOURCE = """
export class Thing {
  fetch() {
    console.info("in the object");
    return new Response("thing");
  }
}
export default {
  async fetch(request, env, ctx) {
    console.log("asked", { for: new URL(request.url).pathname });
    ctx.waitUntil(Promise.resolve().then(() => console.warn("late")));
    if (request.url.endsWith("/throw")) throw new TypeError("no!");
    if (request.url.endsWith("/thing")) return env.THING.get(env.THING.newUniqueId()).fetch(request);
    return new Response("ok");
  },
  scheduled({ cron }) { console.log(cron); },
};
"""
THING = {"bindings": [{"type": "durable_object_namespace", "name": "THING", "class_name": "Thing"}]}


@asynccontextmanager
async def tail(
    deployment: Deployment, script: str = "main", **fields: Any
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """The frames of a tail, as they come."""
    created = await deployment.api("POST", f"scripts/{script}/tails", data=json.dumps(fields))
    assert created["success"], created
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(created["result"]["url"], protocols=["trace-v1"]) as socket,
    ):
        assert socket.protocol == "trace-v1"
        await socket.send_str('{"debug":false}')
        yield socket
    await deployment.api("DELETE", f"scripts/{script}/tails/{created['result']['id']}")


async def frame(socket: aiohttp.ClientWebSocketResponse) -> Any:
    return json.loads((await asyncio.wait_for(socket.receive(), PATIENCE_S)).data)


def lines(told: Any) -> list[Any]:
    return [(log["level"], *log["message"]) for log in told["logs"]]


async def test_each_event_is_told_with_its_logs_and_exceptions(deployment: Deployment) -> None:
    await deployment.upload("main", SOURCE, **THING)
    await deployment.text("main", "/before")
    async with tail(deployment) as socket:
        await deployment.text("main", "/one")
        one = await frame(socket)
        assert lines(one) == [("log", "asked", {"for": "/one"}), ("warn", "late")]
        assert one["scriptName"] == "main"
        assert one["outcome"] == "ok"
        assert one["exceptions"] == one["diagnosticsChannelEvents"] == []
        assert (one["truncated"], one["wallTime"] >= 0) == (False, True)
        assert one["event"]["request"]["method"] == "GET"
        assert one["event"]["request"]["url"].endswith("/one")

        await deployment.text("main", "/throw")
        thrown = await frame(socket)
        assert thrown["outcome"] == "exception"
        [exception] = thrown["exceptions"]
        assert (exception["name"], exception["message"]) == ("TypeError", "no!")
        assert "main.mjs" in exception["stack"]

        await deployment.text("main", "/thing")
        inside, outside = await frame(socket), await frame(socket)
        assert lines(inside) == [("info", "in the object")]
        assert inside["event"]["request"]["url"].endswith("/thing")
        assert inside["event"]["response"] == outside["event"]["response"] == {"status": 200}
        assert (inside["entrypoint"], inside["executionModel"]) == ("Thing", "durableObject")
        assert (outside["entrypoint"], outside["executionModel"]) == (None, "stateless")
        assert lines(outside)[0] == ("log", "asked", {"for": "/thing"})

        await deployment.runtime.worker("main").scheduled("* * * * *", 60_000)
        scheduled = await frame(socket)
        assert scheduled["event"] == {"cron": "* * * * *", "scheduledTime": 60_000}
        assert lines(scheduled) == [("log", "* * * * *")]


OBJECTS = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
export class Thing extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.blockConcurrencyWhile(async () => console.log("made"));
  }
  async slow(name, ms) {
    console.log(`${name} begins`);
    await scheduler.wait(ms);
    console.log(`${name} ends`);
  }
  late() { setTimeout(() => console.log("late"), 1); }
  section() { return this.ctx.blockConcurrencyWhile(async () => console.log("inside")); }
  fail() { throw new RangeError("not so"); }
  setAlarm() { return this.ctx.storage.setAlarm(Date.now()); }
  async alarm() { console.log("woken"); throw new TypeError("not yet"); }
  fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
  webSocketMessage(socket, message) {
    console.log(`heard ${message}`);
    if (message === "fail") throw new Error("no ear");
    socket.send("heard");
  }
  webSocketClose(socket, code) { console.log("closed"); }
}
export class Entry extends WorkerEntrypoint { method() {} }
export default { async fetch(request, env, ctx) {
  const { pathname } = new URL(request.url);
  const thing = ctx.exports.Thing.getByName("a");
  if (request.headers.has("upgrade")) return thing.fetch(request);
  if (pathname === "/both") await Promise.all([thing.slow("one", 20), thing.slow("two", 10)]);
  else if (pathname === "/entry") await ctx.exports.Entry.method();
  else await thing[pathname.slice(1)]().catch(() => {});
  return new Response();
} };
"""


async def of_objects(socket: aiohttp.ClientWebSocketResponse) -> Any:
    """The next frame that is an object's."""
    while (told := await frame(socket))["executionModel"] != "durableObject":
        pass
    assert told["entrypoint"] == "Thing" and len(told["durableObjectId"]) == 64
    return told


async def test_calls_of_objects_are_events_with_lines_of_their_own(
    deployment: Deployment,
) -> None:
    await deployment.upload("main", OBJECTS, **THING)
    async with tail(deployment) as socket:
        await deployment.text("main", "/both")
        two, one = await of_objects(socket), await of_objects(socket)
        assert two["event"] == one["event"] == {"rpcMethod": "slow"}
        assert lines(two) == [("log", "two begins"), ("log", "two ends")]
        assert lines(one) == [("log", "made"), ("log", "one begins"), ("log", "one ends")]
        await deployment.text("main", "/section")
        assert lines(await of_objects(socket)) == [("log", "inside")]
        await deployment.text("main", "/fail")
        failed = await of_objects(socket)
        assert failed["outcome"] == "exception"
        assert failed["exceptions"][0]["message"] == "not so"
        await deployment.text("main", "/late")
        call, later = await of_objects(socket), await of_objects(socket)
        assert (lines(call), lines(later)) == ([], [("log", "late")])
        assert later["event"] == call["event"] == {"rpcMethod": "late"}


async def test_an_alarm_that_fails_is_an_event(deployment: Deployment) -> None:
    await deployment.upload("main", OBJECTS, **THING)
    async with tail(deployment) as socket:
        await deployment.text("main", "/setAlarm")
        assert (await of_objects(socket))["event"] == {"rpcMethod": "setAlarm"}
        alarm = await of_objects(socket)
        assert list(alarm["event"]) == ["scheduledTime"]
        assert datetime.fromisoformat(alarm["event"]["scheduledTime"]).tzinfo == UTC
        assert alarm["outcome"] == "exception"
        assert [e["message"] for e in alarm["exceptions"]] == ["not yet"]
        assert lines(alarm) == [("log", "woken")]


async def test_what_sleeping_sockets_bring_are_events(deployment: Deployment) -> None:
    await deployment.upload("main", OBJECTS, **THING)
    async with tail(deployment) as socket:
        url, headers = f"http://127.0.0.1:{deployment.port}", {"Host": "main.localhost"}
        async with deployment.session.ws_connect(url, headers=headers) as client:
            assert (await of_objects(socket))["event"]["response"] == {"status": 101}
            for message in ("one", "fail"):
                await client.send_str(message)
            heard, failed = await of_objects(socket), await of_objects(socket)
        closed = await of_objects(socket)
    message = {"getWebSocketEvent": {"webSocketEventType": "message"}}
    assert heard["event"] == failed["event"] == message
    assert (lines(heard), heard["outcome"]) == ([("log", "heard one")], "ok")
    assert failed["exceptions"][0]["message"] == "no ear"
    assert closed["event"]["getWebSocketEvent"]["webSocketEventType"] == "close"
    assert closed["event"]["getWebSocketEvent"]["wasClean"] is True
    assert lines(closed) == [("log", "closed")]


async def test_a_method_of_an_entrypoint_is_told_with_it(deployment: Deployment) -> None:
    await deployment.upload("main", OBJECTS, **THING)
    async with tail(deployment) as socket:
        await deployment.text("main", "/entry")
        told = await frame(socket)
        assert (told["entrypoint"], told["event"]) == ("Entry", {"rpcMethod": "method"})


async def test_a_tail_goes_on_with_the_next_version_and_ends_with_its_socket(
    deployment: Deployment,
) -> None:
    await deployment.upload("main", SOURCE, **THING)
    async with tail(deployment) as socket:
        await deployment.upload("main", SOURCE.replace("asked", "asked again"), **THING)
        await deployment.text("main", "/two")
        assert lines(await frame(socket))[0] == ("log", "asked again", {"for": "/two"})
    assert not deployment.runtime.tails.scripts
    assert deployment.runtime.worker("main").host.tracer is None


async def test_headers_that_tell_who_the_client_is_are_redacted(deployment: Deployment) -> None:
    await deployment.upload("main", SOURCE, **THING)
    async with tail(deployment) as socket:
        headers = {"Authorization": "Bearer secret", "Cookie": "a=secret", "X-Shown": "shown"}
        await deployment.text("main", "/", headers=headers)
        told = await frame(socket)
        assert told["event"]["request"]["headers"]["x-shown"] == "shown"
        assert "secret" not in json.dumps(told)


@pytest.mark.parametrize(
    "filters",
    [
        [{"outcome": ["exception", "unknown"]}],
        [{"method": ["POST"]}],
        [{"header": {"key": "X-Wanted"}}],
        [{"header": {"key": "x-wanted", "query": "yes"}}, {"sampling_rate": 1}],
        [{"query": "/throw"}],
    ],
)
async def test_only_what_the_filters_ask_for_is_told(deployment: Deployment, filters: Any) -> None:
    await deployment.upload("main", SOURCE, **THING)
    async with tail(deployment, filters=filters) as socket:
        await deployment.text("main", "/other")
        await deployment.text("main", "/throw", method="POST", headers={"X-Wanted": "yes"})
        assert (await frame(socket))["event"]["request"]["url"].endswith("/throw")


@pytest.mark.slow
async def test_an_event_that_takes_too_long_is_told_as_such(deployment: Deployment) -> None:
    loop = "export default { fetch() { console.log('begins'); for (;;); } }"
    await deployment.upload("main", loop)
    async with tail(deployment) as socket:
        await deployment.text("main")
        told = await frame(socket)
        assert told["outcome"] == "exceededCpu"
        assert lines(told) == [("log", "begins")]


async def test_what_is_logged_is_bounded(deployment: Deployment) -> None:
    many = "for (let i = 0; i < 300; i++) console.log('x'.repeat(i % 2 ? 1 : 2000));"
    await deployment.upload(
        "main", f"export default {{ fetch() {{ {many} return new Response() }} }}"
    )
    async with tail(deployment) as socket:
        await deployment.text("main")
        cut = await frame(socket)
        told = lines(cut)
        assert cut["truncated"] is True
        assert 100 < len(told) <= 256
        assert sum(len(text) for _, text in told) <= 256 << 10
        assert told[-1][0] == "warn" and "256KB" in told[-1][1]


async def test_a_tail_that_is_deleted_closes_its_socket(deployment: Deployment) -> None:
    await deployment.upload("main", SOURCE, **THING)
    created = (await deployment.api("POST", "scripts/main/tails"))["result"]
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(created["url"], protocols=["trace-v1"]) as socket,
    ):
        await deployment.api("DELETE", f"scripts/main/tails/{created['id']}")
        closed = await asyncio.wait_for(socket.receive(), PATIENCE_S)
        assert closed.type is aiohttp.WSMsgType.CLOSE
        assert closed.data == 1000
    assert not deployment.runtime.tails.scripts


async def test_what_makes_no_tail_is_refused(deployment: Deployment) -> None:
    missing = await deployment.api("POST", "scripts/nobody/tails")
    assert missing["errors"][0]["code"] == 10007
    await deployment.upload("main", SOURCE, **THING)
    for filters in (5, [5], [{"outcome": "ok"}], [{"color": ["red"]}]):
        refused = await deployment.api(
            "POST", "scripts/main/tails", data=json.dumps({"filters": filters})
        )
        assert refused["errors"][0]["code"] == 10021
    assert (await deployment.api("GET", "scripts/main/tails"))["result"] == []


async def test_a_tail_that_nobody_was_given_is_as_closed_as_any_path(
    deployment: Deployment,
) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{deployment.api_port}/tails/{'0' * 32}"
        async with session.get(url) as response:
            assert response.status == 401


async def test_a_client_that_leaves_is_told(deployment: Deployment) -> None:
    slow = """
    const text = new TextEncoder().encode("x".repeat(1000));
    export default {
      async fetch(request) {
        if (request.url.endsWith("/slow")) await scheduler.wait(50);
        return new Response(new ReadableStream({
          async pull(controller) {
            await scheduler.wait(1);
            console.log("pulled");
            controller.enqueue(text);
          },
        }));
      },
    };
    """
    await deployment.upload("main", slow)
    async with tail(deployment) as socket:
        for path, outcome in (("/slow", "canceled"), ("/stream", "responseStreamDisconnected")):
            reader, writer = await asyncio.open_connection("127.0.0.1", deployment.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: main.localhost\r\n\r\n".encode())
            if path == "/stream":
                await reader.readuntil(b"x" * 1000)
            else:
                await writer.drain()
                while not deployment.runtime.worker("main").unanswered:
                    await asyncio.sleep(0)
            # Without waiting for anything: an end of the connection alone may be half of it.
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
            writer.close()
            told = await frame(socket)
            assert told["outcome"] == outcome
            assert path == "/slow" or ("log", "pulled") in lines(told)
