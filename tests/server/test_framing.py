"""Where requests end, and what is refused: RFC 9110 and 9112, attacked."""

import asyncio

import pytest

from tests.inprocess import Server
from tests.patience import PATIENCE_S

SCRIPT = """
export default { async fetch(request) {
  const { pathname } = new URL(request.url);
  if (pathname === "/ignore") return new Response("ignored");
  if (pathname === "/headers") return Response.json(Object.fromEntries(request.headers));
  if (pathname === "/wait") await scheduler.wait(20);
  try { return new Response(await request.text()); }
  catch (error) { console.log("broken"); throw error; }
} };
"""
HOST = b"Host: main.localhost\r\n"
NEXT = b"GET /headers HTTP/1.1\r\n" + HOST + b"X-Next: yes\r\nConnection: close\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def post(headers: bytes, body: bytes = b"", path: bytes = b"/") -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + headers + b"\r\n" + body


class Client:
    """Writes bytes, piece by piece as the server reads them, and reads until it closes."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def __aenter__(self) -> "Client":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        while not self._server.connections:
            await asyncio.sleep(0)
        [self.connection] = self._server.connections
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        while self._server.connections:
            await asyncio.sleep(0)

    def feed(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.connection.data_received(piece)

    async def until(self, text: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.readuntil(text)

    async def rest(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.read()


REFUSED = [
    (post(b"Content-Length: 4\r\n" + CHUNKED, b"0\r\n\r\n"), 400),
    (post(CHUNKED + b"Content-Length: 4\r\n", b"0\r\n\r\n"), 400),
    (post(b"Content-Length: 3\r\nContent-Length: 3\r\n", b"abc"), 400),
    (post(b"Content-Length: +3\r\n", b"abc"), 400),
    (post(b"Content-Length: 3, 3\r\n", b"abc"), 400),
    (post(b"Content-Length: 9223372036854775808\r\n", b"abc"), 413),
    (post(b"Content-Length: 18446744073709551615\r\n", b"abc"), 413),
    (post(b"Content-Length: 18446744073709551616\r\n", b"abc"), 400),
    (post(CHUNKED + CHUNKED, b"0\r\n\r\n"), 400),
    (post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 501),
    (post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), 400),
    (post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"), 400),
    (post(CHUNKED, b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    (post(CHUNKED, b"3\nabc\n0\n\n"), 400),
    (post(CHUNKED, b"3 \r\nabc\r\n0\r\n\r\n"), 400),
    (post(CHUNKED, b"10000000000000003\r\nabc\r\n0\r\n\r\n"), 400),
    (post(CHUNKED, b"3\r\nabcd\r\n0\r\n\r\n"), 400),
    (NEXT.replace(b"\r\n\r\n", b"\r\n folded\r\n\r\n"), 400),
    (NEXT.replace(b"\r\n", b"\n"), 400),
    (NEXT.replace(b"yes", b"a\rb"), 400),
    (NEXT.replace(HOST, HOST + HOST), 400),
    (NEXT.replace(HOST, b""), 400),
    (NEXT.replace(b"HTTP/1.1", b"HTTP/2.0"), 505),
    (NEXT.replace(b"HTTP/1.1", b"HTTP/1.2"), 505),
    (b"GET /\r\n\r\n", 505),
    (b"CONNECT a.test:80 HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    (bytes(range(256)), 400),
]


async def test_what_can_be_read_in_two_ways_is_refused_and_ends_the_connection(
    server: Server,
) -> None:
    server.add("main", SCRIPT)
    for request, status in REFUSED:
        async with Client(server) as client:
            client.feed(request, NEXT)
            answer = await client.rest()
        case = (request, answer)
        assert answer.startswith(b"HTTP/1.1 %d" % status), case
        assert answer.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in answer, case
        assert b"\\x" not in answer, "it shows nobody's bytes"
        assert not server.lines, case


TRAILERS = post(CHUNKED, b"3\r\nabc\r\n0\r\nX-A: b\r\nX-Evil: c\r\n\r\n")
DECLINED = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


APART = [
    [TRAILERS, NEXT],
    [TRAILERS[:-30], TRAILERS[-30:], NEXT],
    [TRAILERS[:-3], TRAILERS[-3:-1], TRAILERS[-1:], NEXT],
    [TRAILERS.replace(CHUNKED, CHUNKED + DECLINED), NEXT],
    [TRAILERS.replace(CHUNKED, CHUNKED + DECLINED) + NEXT],
]


async def test_no_trailer_is_a_header_of_the_next_request(server: Server) -> None:
    server.add("main", SCRIPT)
    for pieces in APART:
        async with Client(server) as client:
            client.feed(*pieces)
            answer = await client.rest()
        assert b"abc" in answer and b'"x-next":"yes"' in answer, (pieces, answer)
        assert b"evil" not in answer, (pieces, answer)


TO_UPGRADE = NEXT.replace(b"Connection: close\r\n", DECLINED)
CUT_OFF = [
    [TRAILERS + TO_UPGRADE],
    [TRAILERS[:-9], TRAILERS[-9:] + TO_UPGRADE],
    [TRAILERS + NEXT],
    [TRAILERS[:-9], TRAILERS[-9:] + NEXT],
    [post(CHUNKED, b"3\r\nabc\r\n0\r\n\r\n") + NEXT],
    [post(b"Content-Length: 3\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n", b"abc") + NEXT],
]


async def test_where_the_parser_may_mistake_what_follows_the_connection_ends(
    server: Server,
) -> None:
    server.add("main", SCRIPT)
    for pieces in CUT_OFF:
        async with Client(server) as client:
            client.feed(*pieces)
            answer = await client.rest()
        assert answer.count(b"HTTP/1.1 200") == 1 and answer.endswith(b"abc"), (pieces, answer)
        assert b"Connection: close" in answer, (pieces, answer)


MISTAKES = [
    ([NEXT + NEXT], 1),
    ([NEXT + b"garbage"], 1),
    ([post(b"Content-Length: 3\r\nConnection: close\r\n", b"abcd")], 1),
    ([post(b"Content-Length: 3\r\n", b"abc") * 2 + b"garbage\r\n"], 2),
    ([post(b"Content-Length: 3\r\n", b"abc") + post(CHUNKED, b"zz\r\n")], 1),
    ([post(CHUNKED, b"3\r\nabc\r\n0\r\nX-Evil: c\r\n\r\n") + NEXT + b"garbage"], 1),
]


async def test_requests_before_a_mistake_are_answered(server: Server) -> None:
    server.add("main", SCRIPT)
    for pieces, count in MISTAKES:
        async with Client(server) as client:
            client.feed(*pieces)
            answer = await client.rest()
        case = (pieces, answer)
        assert answer.count(b"HTTP/1.1 200") == answer.count(b"HTTP/1.1 ") == count, case
        assert answer.count(b"Connection: close") == 1 and b"evil" not in answer, case


@pytest.mark.parametrize(
    "body", [(b"",), (b"abc",), (b"a", b"bc")], ids=["none", "at once", "in parts"]
)
async def test_an_upgrade_that_is_not_known_is_answered_as_any_request(
    server: Server, body: tuple[bytes, ...]
) -> None:
    """Java's client asks for h2c whenever it connects."""
    server.add("main", SCRIPT)
    length = sum(map(len, body))
    head = post(b"Content-Length: %d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" % length)
    async with Client(server) as client:
        client.feed(head + body[0], *body[1:], NEXT)
        answer = await client.rest()
    assert answer.count(b"HTTP/1.1 200") == 2 and b'"x-next":"yes"' in answer, answer


@pytest.mark.parametrize(
    "beside", [b"0\r\n" + b"X: aaaaaaaaaaaa\r\n" * 20_000, b"1;" + b"a" * 300_000]
)
async def test_trailers_and_chunk_extensions_have_a_bound(server: Server, beside: bytes) -> None:
    server.add("main", SCRIPT)
    async with Client(server) as client:
        client.feed(post(CHUNKED, b"3\r\nabc\r\n"))
        for at in range(0, len(beside), 50_000):
            client.feed(beside[at : at + 50_000])
        answer = await client.rest()
    assert b"HTTP/1.1 500" in answer and server.lines[0].endswith("broken"), answer


async def test_a_script_hears_of_a_body_whose_chunks_make_no_sense(server: Server) -> None:
    server.add("main", SCRIPT)
    async with Client(server) as client:
        client.feed(post(CHUNKED, b"3\r\nabc\r\n"), b"zz\r\n")
        await client.until(b"HTTP/1.1 500")
        await client.rest()
    assert server.lines[0].endswith("broken")


async def test_who_waits_to_send_a_body_is_told_to_when_it_is_wanted(server: Server) -> None:
    server.add("main", SCRIPT)
    expecting = b"Content-Length: 3\r\nExpect: 100-continue\r\n"
    async with Client(server) as client:
        client.feed(post(expecting))
        assert await client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.feed(b"abc", post(expecting, path=b"/ignore"))
        answer = await client.rest()
    assert b"100 Continue" not in answer and b"abc" in answer and answer.endswith(b"ignored")
    assert answer.count(b"Connection: close") == 1, "it may or may not send what it held back"
    async with Client(server) as client:
        client.feed(post(expecting).replace(b"HTTP/1.1", b"HTTP/1.0"), b"abc")
        assert b"100 Continue" not in await client.rest(), "it could not be told"


async def test_what_comes_before_an_upgrade_is_answered_is_not_all_kept(server: Server) -> None:
    server.add("main", SCRIPT)
    async with Client(server) as client:
        client.feed(b"GET /wait HTTP/1.1\r\n" + HOST + DECLINED + b"\r\n", bytes(100_000))
        transport = client.connection.transport
        assert transport is not None and not transport.is_reading()
        transport.abort()
