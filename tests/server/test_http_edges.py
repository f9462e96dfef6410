"""HTTP and service-worker syntax at their edges."""

import asyncio
from itertools import pairwise

import pytest

from holdfast.server.listener import Listener
from holdfast.server.routing import OneScript
from tests.inprocess import Server, start
from tests.patience import PATIENCE_S
from tests.server.test_listener import raw, request_for

EDGES = """
export default {
  async fetch(request) {
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/lies": return new Response("hello", { headers: { "Content-Length": "3", "Transfer-Encoding": "chunked", "Connection": "close, X", "Keep-Alive": "1" } });
      case "/lying-stream": return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array([97])); c.close(); } }), { headers: { "Content-Length": "3" } });
      case "/split": {
        const told = [];
        for (const init of [{ headers: { "x-a": "a\\r\\nx-b: c" } }, { headers: { "x\\r\\n": "a" } }, { headers: { "x-a": "a\\nb" } }, { headers: { "x-a": "a\\0b" } }, { statusText: "OK\\r\\nx-b: c" }]) {
          try { new Response("", init); told.push("accepted"); } catch (e) { told.push(e.name); }
        }
        const h = new Headers(); try { h.append("x-a", "a\\r\\nx-b: c"); told.push("accepted"); } catch (e) { told.push(e.name); }
        return new Response(told.join());
      }
      case "/status": {
        try { return new Response(null, { status: +url.searchParams.get("s") }); } catch (e) { return new Response(e.name); }
      }
      case "/utf-8": return Response.json(request.headers.get("x-in"), { statusText: "é", headers: { "x-out": "日本 é" } });
      case "/ignore": return new Response("ignored");
      case "/slow": await scheduler.wait(30); return new Response("slow");
      case "/headers": return Response.json([...request.headers]);
      case "/forward": return new Response(await new Response(new Request(request).body).text());
      case "/body": return new Response(await request.text());
      case "/url": return new Response(request.url);
      case "/dated": return new Response("", { headers: { Date: "Thu, 01 Jan 1970 00:00:00 GMT" } });
      case "/latin": return new Response("", { headers: { "x-a": "\\u00e9" } });
    }
    return new Response("x");
  }
}
"""


async def test_a_script_cannot_frame_its_response_itself(server: Server) -> None:
    server.add("main", EDGES)
    answer = await raw(server, request_for(server, "/lies"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert body == b"hello"
    assert head.lower().count(b"content-length") == 1 and b"content-length: 5" in head.lower()
    assert b"transfer-encoding" not in head.lower() and b"keep-alive" not in head.lower()
    answer = await raw(server, request_for(server, "/lying-stream"))
    assert answer.endswith(b"1\r\na\r\n0\r\n\r\n") and b"content-length" not in answer.lower()


async def test_a_response_has_one_date(server: Server) -> None:
    server.add("main", EDGES)
    for path in ("/dated", "/ignore"):
        answer = await raw(server, request_for(server, path))
        assert answer.lower().count(b"\r\ndate: ") == 1
        assert (b"1970" in answer) == (path == "/dated")


async def test_no_header_or_status_text_splits_a_response(server: Server) -> None:
    server.add("main", EDGES)
    assert set((await server.text("/split")).split(",")) == {"TypeError"}


async def test_headers_and_status_texts_are_utf_8(server: Server) -> None:
    server.add("main", EDGES)
    ask = request_for(server, "/utf-8").replace(
        b"\r\n\r\n", "\r\nX-In: é 日 ".encode() + b"\xe9\r\n\r\n"
    )
    answer = (await raw(server, ask)).decode()
    assert answer.startswith("HTTP/1.1 200 é\r\n")
    assert "\r\nx-out: 日本 é\r\n" in answer
    assert answer.endswith('"é 日 \ufffd"')


@pytest.mark.parametrize("status", [0, 99, 100, 101, 103, 199, 600, 1000])
async def test_only_final_statuses_leave(server: Server, status: int) -> None:
    server.add("main", EDGES)
    assert await server.text(f"/status?s={status}") == "RangeError"


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_what_has_no_body_keeps_the_connection_in_step(server: Server, status: int) -> None:
    server.add("main", EDGES)
    one = f"GET /status?s={status} HTTP/1.1\r\nHost: main.localhost:{server.port}\r\n\r\n".encode()
    answer = await raw(server, one + request_for(server, "/ignore"))
    assert answer.startswith(b"HTTP/1.1 %d" % status) and answer.endswith(b"ignored")


async def test_a_body_that_nobody_reads_does_not_upset_the_next_request(server: Server) -> None:
    server.add("main", EDGES)
    head = f"POST /ignore HTTP/1.1\r\nHost: main.localhost:{server.port}\r\n"
    for size in (10, 100_000):
        one = f"{head}Content-Length: {size}\r\n\r\n".encode() + b"x" * size
        answer = await raw(server, one + request_for(server, "/headers"))
        assert answer.count(b"HTTP/1.1 200") == 2, answer
    chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + b"3\r\nabc\r\n0\r\n\r\n"
    answer = await raw(server, chunked + request_for(server, "/headers"))
    assert answer.count(b"HTTP/1.1 200") == 1 and b"Connection: close" in answer, answer


async def test_pipelined_requests_are_answered_in_their_order(server: Server) -> None:
    server.add("main", EDGES)
    host = f"Host: main.localhost:{server.port}"
    one = f"GET /slow HTTP/1.1\r\n{host}\r\n\r\nGET /ignore HTTP/1.1\r\n{host}\r\n\r\n".encode()
    answer = await raw(server, one + request_for(server, "/slow"))
    assert answer.index(b"slow") < answer.index(b"ignored") < answer.rindex(b"slow")


async def test_old_clients_and_upgrades_get_their_answer(server: Server) -> None:
    server.add("main", EDGES)
    host = f"Host: main.localhost:{server.port}"
    answer = await raw(server, f"GET /ignore HTTP/1.0\r\n{host}\r\n\r\n".encode())
    assert answer.endswith(b"ignored")
    answer = await raw(
        server,
        request_for(server, "/ignore").replace(
            b"Connection: close",
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ),
        until_close=False,
    )
    assert answer.startswith(b"HTTP/1.1 200") and b"ignored" in answer


async def test_who_sends_no_header_at_all_has_an_address(server: Server) -> None:
    """As load balancers do, to ask whether a server is there."""
    server.add("main", EDGES)
    listener = Listener(server.runtime, OneScript("main"))
    port = await start(listener)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /headers HTTP/1.0\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    writer.close()
    await listener.stop()
    assert answer.endswith(b'[["cf-connecting-ip","127.0.0.1"]]'), answer


async def test_headers_may_be_many(server: Server) -> None:
    server.add("main", EDGES)
    many = [f"x-{number}: {number}" for number in range(2000)]
    answer = await raw(server, request_for(server, "/headers", *many))
    assert b'["x-1999","1999"]' in answer, answer[:500]
    answer = await raw(server, request_for(server, "/headers", *many, *many))
    assert answer.startswith(b"HTTP/1.1 431") and b"2,048" in answer, answer[:500]


@pytest.mark.parametrize("cuts", [[], [100_000], [140_000], [100_000, 200_000]])
async def test_headers_that_are_too_large_are_refused_however_they_arrive(
    server: Server, cuts: list[int]
) -> None:
    server.add("main", EDGES)
    many = [f"x-{number}: {'a' * 150}" for number in range(1500)]
    request = request_for(server, "/headers", *many)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    connections = server.connections
    while not connections:
        await asyncio.sleep(0)
    [connection] = connections
    for begin, end in pairwise([0, *cuts, len(request)]):
        connection.data_received(request[begin:end])
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 431"), answer[:500]


TARGETS = [
    b"/url?\xff\xfe",
    b"/url\xc3\xa9",
    b"/url|^`{}",
    b"/%zz",
    b"//x/url",
    b"/\\x",
    b"/url#f",
    b"*",
    b"http://",
    b"/" + b"a" * 9000,
]


@pytest.mark.parametrize("target", TARGETS, ids=[str(t[:12]) for t in TARGETS])
async def test_strange_targets_are_answered_and_do_no_harm(server: Server, target: bytes) -> None:
    server.add("main", EDGES)
    answer = await raw(
        server,
        b"GET "
        + target
        + b" HTTP/1.1\r\n"
        + f"Host: main.localhost:{server.port}\r\nConnection: close\r\n\r\n".encode(),
    )
    assert answer[9:12] in (b"200", b"400"), answer[:200]
    assert not server.lines, server.lines
    assert await server.text("/ignore") == "ignored"


async def test_letters_beyond_ascii_in_a_target_are_escaped(server: Server) -> None:
    """What curl sends for `curl 'http://…/url?q=é'`; twice, to see that the connection goes on."""
    server.add("main", EDGES)
    host = f"Host: main.localhost:{server.port}\r\n"
    request = f"GET /url?q=\u00e9\u4e2d&x HTTP/1.1\r\n{host}\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for _ in range(2):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        wanted = f"http://main.localhost:{server.port}/url?q=%C3%A9%E4%B8%AD&x".encode()
        assert await reader.readexactly(len(wanted)) == wanted
    writer.close()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 9_000, b"431"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505"),
    ],
    ids=["target", "header", "headers", "HTTP/2"],
)
async def test_what_is_too_long_or_too_new_is_told(
    server: Server, request_: bytes, status: bytes
) -> None:
    if b"Host" not in request_ and status == b"431":
        request_ += (b"\r\nX: " + b"a" * 9_000) * 20
    answer = await raw(server, request_)
    assert answer[9:12] == status, answer[:200]
    assert b"bytearray" not in answer and b"b'" not in answer


async def test_strange_headers_do_no_harm(server: Server) -> None:
    server.add("main", EDGES)
    for header in (
        "X-A: \xff\xfe",
        "X-A: a\x0bb",
        "X-A:",
        "X-A: a\r\n  folded",
        "x_a: b",
        "Cookie: a=1\r\nCookie: b=2",
        "CF-Connecting-IP : 6.6.6.6",
    ):
        answer = await raw(server, request_for(server, "/headers", header))
        assert answer[9:12] in (b"200", b"400"), answer
        assert b"6.6.6.6" not in answer or answer[9:12] == b"400"
        assert b'"x-a","a\\r' not in answer
    assert not server.lines, server.lines


@pytest.mark.parametrize(
    "host",
    ["MAIN.LocalHost:{}", "main.localhost.:{}", "main.localhost:0{}", "[::1]:{}", "main.localhost"],
)
async def test_forms_of_the_host_header(server: Server, host: str) -> None:
    server.add("main", EDGES)
    answer = await server.fetch("/ignore", headers={"Host": host.format(server.port)})
    assert answer.status == (200 if host.lower().startswith("main.localhost") else 404), answer


async def test_a_get_with_a_body_is_served_and_forwarded(server: Server) -> None:
    server.add("main", EDGES)
    for path in ("/body", "/ignore", "/forward"):
        answer = await server.fetch(path, method="GET", data="hello")
        assert answer.status == 200, (path, server.lines)


async def test_respond_with_is_called_once_and_in_time(server: Server) -> None:
    server.add(
        "main",
        """
        const told = [];
        addEventListener("fetch", (event) => {
          if (event.request.url.endsWith("/told")) return event.respondWith(new Response(told.join()));
          if (event.request.url.endsWith("/twice")) {
            event.respondWith(new Response("once"));
            try { event.respondWith(new Response("twice")); } catch (e) { told.push("twice " + e.name); }
            return;
          }
          if (event.request.url.endsWith("/thenable")) return event.respondWith({ get then() { throw new Error("no then"); } });
          queueMicrotask(() => {
            try { event.respondWith(new Response("late")); } catch (e) { told.push("late " + e.name); }
          });
        });
        """,
    )
    assert await server.text("/twice") == "once"
    assert (await server.fetch("/late")).status == 500
    assert (await server.fetch("/thenable")).status == 500
    assert await server.text("/told") == "twice InvalidStateError,late InvalidStateError"
    assert any("no then" in line for line in server.lines)


async def test_several_listeners_run_until_one_responds(server: Server) -> None:
    server.add(
        "main",
        """
        const removed = () => { throw new Error("was removed"); };
        addEventListener("fetch", removed);
        addEventListener("fetch", (event) => { event.first = true; });
        addEventListener("fetch", { handleEvent(event) { event.respondWith(new Response(String(event.first))); } });
        addEventListener("fetch", () => { throw new Error("not reached"); });
        addEventListener("other", () => {});
        removeEventListener("fetch", removed);
        """,
    )
    assert await server.text() == "true"


async def test_an_upload_that_is_slow_outlives_a_new_version(server: Server) -> None:
    server.add("main", EDGES)
    await server.text("/ignore")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    host = f"Host: main.localhost:{server.port}"
    writer.write(
        f"POST /body HTTP/1.1\r\n{host}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nab".encode()
    )
    await writer.drain()
    await server.text("/ignore")
    server.add("main", EDGES.replace("await request.text()", "'new ' + await request.text()"))
    await server.text("/ignore")
    writer.write(b"cd")
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read(-1)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"abcd"), answer


async def test_a_client_that_asks_and_does_not_listen_fills_no_memory(server: Server) -> None:
    server.add(
        "main",
        "const big = 'x'.repeat(1_000_000); export default { fetch: () => new Response(big) }",
    )
    await server.text()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1000)
    one = f"GET / HTTP/1.1\r\nHost: main.localhost:{server.port}\r\n\r\n".encode()
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(40):
        writer.write(one * 5)
        await asyncio.sleep(0.005)
    connections = server._listener._server.connections
    waiting = sum(c.transport.get_write_buffer_size() for c in connections if c.transport)
    writer.transport.abort()
    assert waiting < 10_000_000


async def test_a_client_that_listens_late_gets_everything(server: Server) -> None:
    server.add(
        "main",
        "const big = 'x'.repeat(1_000_000); export default { fetch: () => new Response(big) }",
    )
    one = f"GET / HTTP/1.1\r\nHost: main.localhost:{server.port}\r\n\r\n".encode()
    answer = await raw(server, one * 40 + request_for(server, "/"))
    assert answer.count(b"HTTP/1.1 200") == 41 and answer.count(b"x") >= 41_000_000


@pytest.mark.parametrize("handler", ["return", "await scheduler.wait(1); return"])
async def test_any_number_of_requests_can_be_pipelined(server: Server, handler: str) -> None:
    server.add("main", f"export default {{ async fetch() {{ {handler} new Response('ok'); }} }}")
    one = f"GET / HTTP/1.1\r\nHost: main.localhost:{server.port}\r\n\r\n".encode()
    for count in (31, 32, 33, 100, 1000):
        answer = await raw(server, one * count + request_for(server, "/"))
        assert answer.count(b"HTTP/1.1 200") == count + 1
