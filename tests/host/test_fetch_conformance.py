"""Servers that answer badly: RFC 9110 and 9112 from a client's side."""

from typing import Any

import pytest

from holdfast.host.byte_streams import CONNECTION_LOST
from tests.host.fetching import Run, client, run, serve_bytes

__all__ = ["client", "run", "serve_bytes"]  # fixtures

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ABC = b"Content-Length: 3\r\n\r\nabc"
LOST = CONNECTION_LOST

# What a server sends, and what a script reads: a status and a text, or an error.
GET: dict[str, tuple[bytes, list[Any]]] = {
    "more than it said": (OK + ABC + b"def", [200, "abc"]),
    "two answers": (OK + ABC + OK + ABC, [200, "abc"]),
    "a body for 204": (b"HTTP/1.1 204 No Content\r\n" + ABC, [204, ""]),
    "a body for 304": (b"HTTP/1.1 304 Not Modified\r\n" + ABC, [304, ""]),
    "less than it said": (OK + b"Content-Length: 4\r\n\r\nabc", [200, LOST]),
    "until it closes": (OK + b"\r\nabc", [200, "abc"]),
    "two lengths": (OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", [LOST]),
    "a negative length": (OK + b"Content-Length: -3\r\n\r\nabc", [LOST]),
    "a length too large": (OK + b"Content-Length: 99999999999999999999\r\n\r\nabc", [LOST]),
    "chunks and trailers": (CHUNKED + b"3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n", [200, "abc"]),
    "no last chunk": (CHUNKED + b"3\r\nabc\r\n", [200, LOST]),
    "a wrong chunk": (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", [200, LOST]),
    "no chunk": (CHUNKED + b"zz\r\n", [200, LOST]),
    "a chunk too large": (CHUNKED + b"fffffffffffffffff\r\nabc", [200, LOST]),
    "100 before": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + ABC, [200, "abc"]),
    "early hints": (b"HTTP/1.1 103 E\r\nLink: </a>\r\n\r\n" * 3 + OK + ABC, [200, "abc"]),
    "many headers": (OK + b"X: y\r\n" * 500 + ABC, [200, "abc"]),
    "too many headers": (OK + b"X: y\r\n" * 600 + ABC, [LOST]),
    "too large a header": (OK + b"X: " + b"y" * 70_000 + b"\r\n" + ABC, [LOST]),
    "heads without end": (b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000 + OK + ABC, [LOST]),
    "too large a head": (OK + (b"X: " + b"y" * 2_000 + b"\r\n") * 500 + ABC, [LOST]),
    "too large a trailer": (
        CHUNKED + b"3\r\nabc\r\n0\r\n" + (b"X: " + b"y" * 2_000 + b"\r\n") * 500 + b"\r\n",
        [200, LOST],
    ),
    "a long extension": (CHUNKED + b"3;" + b"a" * 600_000 + b"\r\nabc\r\n0\r\n\r\n", [200, LOST]),
    "status 0": (b"HTTP/1.1 000 X\r\n" + ABC, [LOST]),
    "status 999": (b"HTTP/1.1 999 X\r\n" + ABC, [999, "abc"]),
    "no status": (b"HTTP/1.1 OK\r\n" + ABC, [LOST]),
    "a header with NUL": (OK + b"X: a\0b\r\n" + ABC, [LOST]),
    "a header with CR": (OK + b"X: a\rb\r\n" + ABC, [LOST]),
    "no name": (OK + b": a\r\n" + ABC, [LOST]),
    "an upgrade that nobody asked for": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\nabc",
        [101, ""],
    ),
}
READ = """
const told = [];
try {
  const response = await fetch("%s/", %s);
  told.push(response.status);
  told.push(await response.text());
} catch (error) { told.push(error.message); }
return told;
"""


@pytest.mark.parametrize("case", GET)
async def test_an_answer_is_read_as_far_as_it_makes_sense(
    run: Run, serve_bytes: Any, case: str
) -> None:
    answer, told = GET[case]
    assert await run(READ % (await serve_bytes(answer), "{}")) == told


async def test_a_body_for_head_is_not_the_answers(run: Run, serve_bytes: Any) -> None:
    url = await serve_bytes(OK + ABC)
    assert await run(READ % (url, '{ method: "HEAD" }')) == [200, ""]
