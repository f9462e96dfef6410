"""HTTP as clients see it: routing, bodies, methods, headers, broken clients."""

import asyncio
import socket

import pytest

from tests.inprocess import Server
from tests.patience import PATIENCE_S

ECHO = """
export default {
  async fetch(request) {
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/echo": return new Response(request.body, { headers: { "content-type": "application/x-echo" } });
      case "/length": return new Response(String((await request.arrayBuffer()).byteLength));
      case "/headers": return Response.json([...request.headers]);
      case "/url": return new Response(request.url);
      case "/ip": return new Response(request.headers.get("CF-Connecting-IP"));
      case "/redirect": return Response.redirect("http://elsewhere.test/", 302);
      case "/empty": return new Response(null, { status: 204 });
      case "/cookies": return new Response("", { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] });
      case "/stream": {
        const { readable, writable } = new TransformStream();
        const writer = writable.getWriter();
        (async () => {
          for (let i = 0; i < 5; i++) await writer.write(new TextEncoder().encode("chunk" + i));
          await writer.close();
        })();
        return new Response(readable);
      }
      case "/breaks": {
        let n = 0;
        return new Response(new ReadableStream({ pull(c) {
          if (n++ < 2) c.enqueue(new TextEncoder().encode("part")); else c.error(new Error("broke"));
        } }));
      }
      case "/fixed": {
        const { readable, writable } = new FixedLengthStream(6);
        const writer = writable.getWriter();
        writer.write(new TextEncoder().encode("abcdef")); writer.close();
        return new Response(readable);
      }
    }
    return new Response("Not here", { status: 404 });
  }
}
"""


async def raw(server: Server, request: bytes, *, until_close: bool = True) -> bytes:
    """What the server sends on a plain connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    await writer.drain()
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read(-1 if until_close else 65_536)
    writer.close()
    return answer


def request_for(server: Server, target: str, *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: main.localhost:{server.port}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")


async def test_the_hosts_first_label_names_the_script(server: Server) -> None:
    server.add("main", ECHO)
    server.add("other", "export default { fetch: () => new Response('other') }")
    assert (await server.fetch("/nowhere")).status == 404
    assert await server.text(script="other") == "other"
    answer = await server.fetch(script="unknown")
    assert answer.status == 404 and 'no Worker named "unknown"' in answer.text
    for host in (
        "localhost",
        "a.b.localhost",
        "main.elsewhere",
        "",
        "bad host",
        "main.localhost@x",
    ):
        answer = await server.fetch(headers={"Host": host})
        assert answer.status == 404, host


async def test_a_mistake_of_ours_is_a_500_and_is_logged(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(name: str) -> None:
        raise RuntimeError(f"nobody foresaw {name}")

    monkeypatch.setattr(server.sources, "script", fail)
    answer = await server.fetch("/", data=b"a body that nobody reads")
    assert (answer.status, answer.text) == (500, "internal error\n")
    assert "nobody foresaw main" in caplog.text
    monkeypatch.undo()
    server.add("main", ECHO)
    assert await server.text("/ip") == "127.0.0.1"


async def test_the_clients_address_cannot_be_forged(server: Server) -> None:
    server.add("main", ECHO)
    assert await server.text("/ip") == "127.0.0.1"
    for name in ("CF-Connecting-IP", "cf-connecting-ip"):
        assert await server.text("/ip", headers={name: "6.6.6.6"}) == "127.0.0.1"


async def test_urls_are_canonical_and_keep_their_query(server: Server) -> None:
    server.add("main", ECHO)
    origin = f"http://main.localhost:{server.port}"
    told = {
        "/url": "/url",
        "/x/../url?a=%20b": "/url?a=%20b",
        "/%2e/url?q='\"<>": "/url?q=%27%22%3C%3E",
    }
    for target, canonical in told.items():
        encoded = target.encode("utf-8").decode("latin-1")
        answer = await raw(server, request_for(server, encoded))
        assert answer.endswith((origin + canonical).encode()), (target, answer)


async def test_an_absolute_target_gives_its_path(server: Server) -> None:
    server.add("main", ECHO)
    answer = await raw(server, request_for(server, f"http://main.localhost:{server.port}/ip"))
    assert answer.endswith(b"127.0.0.1")
    answer = await raw(server, request_for(server, f"HTTP://MAIN.localhost:{server.port}?ip"))
    assert answer.startswith(b"HTTP/1.1 404") and answer.endswith(b"Not here")
    for other in ("http://other.localhost/ip", "http://u@main.localhost/ip", "ftp://a.test/"):
        assert (await raw(server, request_for(server, other))).startswith(b"HTTP/1.1 400"), other


async def test_bodies_of_any_size_go_in_and_out(server: Server) -> None:
    server.add("main", ECHO)
    for size in (0, 1, 65_535, 65_537, 3_000_000):
        body = b"x" * size
        answer = await server.fetch("/echo", method="POST", data=body)
        assert answer.status == 200 and len(answer.text) == size
        assert await server.text("/length", method="POST", data=body) == str(size)


async def test_a_chunked_request_is_streamed(server: Server) -> None:
    server.add("main", ECHO)

    async def chunks():  # type: ignore[no-untyped-def]
        for i in range(10):
            yield b"%d" % i * 10_000

    answer = await server.fetch("/echo", method="POST", data=chunks())
    assert answer.text == "".join(str(i) * 10_000 for i in range(10))
    assert answer.headers["content-type"] == "application/x-echo"


async def test_head_has_the_headers_and_no_body(server: Server) -> None:
    server.add("main", ECHO)
    answer = await raw(server, request_for(server, "/url", method="HEAD"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and b"content-length" in head.lower() and body == b""


async def test_redirects_empty_answers_and_cookies_pass_unchanged(server: Server) -> None:
    server.add("main", ECHO)
    redirect = await server.fetch("/redirect")
    assert (redirect.status, redirect.headers["location"]) == (302, "http://elsewhere.test/")
    empty = await server.fetch("/empty")
    assert empty.status == 204 and "content-length" not in empty.headers
    cookies = await server.fetch("/cookies")
    assert cookies.headers.getall("set-cookie") == ["a=1", "b=2"]  # type: ignore[attr-defined]


async def test_streams_leave_as_they_come(server: Server) -> None:
    server.add("main", ECHO)
    answer = await server.fetch("/stream")
    assert answer.text == "chunk0chunk1chunk2chunk3chunk4"
    assert answer.headers["transfer-encoding"] == "chunked"
    fixed = await server.fetch("/fixed")
    assert (fixed.text, fixed.headers["content-length"]) == ("abcdef", "6")


async def test_a_body_that_breaks_off_is_no_complete_answer(server: Server) -> None:
    server.add("main", ECHO)
    answer = await raw(server, request_for(server, "/breaks"))
    assert b"200" in answer.split(b"\r\n")[0] and not answer.endswith(b"0\r\n\r\n")
    assert await server.text("/ip") == "127.0.0.1"


async def test_a_client_that_leaves_hurts_nobody(server: Server) -> None:
    server.add("main", ECHO)
    for request in (
        request_for(server, "/length", "Content-Length: 100000", method="POST") + b"some",
        request_for(server, "/stream"),
        b"GET / HT",
        b"",
    ):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(request)
        connection.close()
    assert await server.text("/ip") == "127.0.0.1"


BIT_BY_BIT = """
const bits = (count) => {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      await scheduler.wait(10);
      count-- ? controller.enqueue(encoder.encode(`${count} `)) : controller.close();
    },
  });
};
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/late") await scheduler.wait(10);
    return new Response(pathname === "/bits" ? bits(5) : `${pathname} ${await request.text()}`);
  },
};
"""


@pytest.mark.parametrize("flags", [(), ("enable_request_signal",)])
@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (["/now"], [b"/now asked"]),
        (["/late"], [b"/late asked"]),
        (["/bits"], [b"4 ", b"3 ", b"2 ", b"1 ", b"0 ", b"\r\n0\r\n\r\n"]),
        (["/late", "/bits", "/late"], [b"/late asked", b"0 ", b"\r\n0\r\n\r\n", b"/late asked"]),
    ],
)
async def test_who_has_ended_its_side_gets_what_it_has_asked_for(
    server: Server, targets: list[str], expected: list[bytes], flags: tuple[str, ...]
) -> None:
    server.add("main", BIT_BY_BIT, compatibility_flags=flags)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for target in targets:
        head = f"POST {target} HTTP/1.1\r\nHost: main.localhost:{server.port}\r\n"
        writer.write(f"{head}Content-Length: 5\r\n\r\nasked".encode())
    writer.write_eof()
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    for part in expected:
        before, found, answer = answer.partition(part)
        assert found, (part, before)
    assert not answer
    writer.close()


async def test_garbage_gets_400(server: Server) -> None:
    server.add("main", ECHO)
    for request in (b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\n\n", b"\x16\x03\x01 tls?\r\n\r\n"):
        answer = await raw(server, request)
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")), answer


async def test_expect_continue_is_answered_before_the_body_comes(server: Server) -> None:
    server.add("main", ECHO)
    head = request_for(
        server, "/length", "Content-Length: 5", "Expect: 100-continue", method="POST"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head)
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"hello")
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"5")
    writer.close()


async def test_connections_are_kept_alive_and_pipelined(server: Server) -> None:
    server.add("main", ECHO)
    one = f"GET /ip HTTP/1.1\r\nHost: main.localhost:{server.port}\r\n\r\n".encode()
    answer = await raw(server, one * 3 + request_for(server, "/ip"))
    assert answer.count(b"HTTP/1.1 200") == 4


async def test_headers_arrive_in_lower_case_and_without_the_connections_own(server: Server) -> None:
    server.add("main", ECHO)
    text = await server.text("/headers", headers={"X-One": "1", "Accept-Language": "de"})
    assert '["x-one","1"]' in text and '["accept-language","de"]' in text


async def test_a_request_that_meets_a_stop_on_a_kept_connection_is_answered(
    server: Server,
) -> None:
    """A proxy that sends it cannot know of the stop, and may not send it to anybody else."""
    server.add("main", "export default { fetch() { return new Response('kept'); } }")
    request = request_for(server, "/").replace(b"Connection: close\r\n", b"")
    kept = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    kept[0][1].write(request)
    assert b"Connection: close" not in await kept[0][0].readuntil(b"kept")
    stopping = asyncio.create_task(server._listener.stop())
    await asyncio.sleep(0)
    for reader, writer in kept:  # the other one may not have been accepted yet
        writer.write(request * 2)
        answer = await reader.read()
        assert answer.count(b"kept") == 1 and b"Connection: close" in answer
        writer.close()
    await stopping
