"""Responses that a peer cuts into pieces anywhere, or cuts short."""

import asyncio
import gzip
import itertools
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.host.egress import allow_all
from holdfast.host.fetch import FetchClient
from tests.host.fetching import Script

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
}
READ = """
const response = await fetch("%s/");
const pieces = [];
for await (const piece of response.body) pieces.push(piece);
return (await new Blob(pieces).bytes()).toHex();
"""


async def fetched(pieces: list[bytes]) -> Any:
    """What a script reads from a peer that sends these pieces one by one, and then no more."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    client = FetchClient(egress=allow_all)
    script = Script(client)
    try:
        script.start(READ % f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        return await script.outcome()
    finally:
        script.close()
        await client.close()
        server.close()
        await server.wait_closed()


def cut(content: bytes, at: list[int]) -> list[bytes]:
    """The content cut at these places, which may be past its end."""
    places = sorted({0, len(content), *(place % (len(content) + 1) for place in at)})
    return [content[start:end] for start, end in itertools.pairwise(places)]


def message(body: bytes, coding: str, chunks: list[int] | None) -> bytes:
    """A response; its body is chunked at these places, or has its length told."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\n" % coding.encode()
    if chunks is None:
        return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    coded = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in cut(body, chunks))
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + coded + b"0\r\n\r\n"


PLACES = st.lists(st.integers(0, 2000), max_size=8)
BODIES = st.binary(max_size=40).map(lambda seed: seed * 30)


@pytest.mark.slow
@settings(max_examples=60)
@given(BODIES, st.sampled_from(sorted(CODINGS)), st.none() | PLACES, PLACES)
def test_a_body_arrives_whole_wherever_it_is_cut(
    body: bytes, coding: str, chunks: list[int] | None, at: list[int]
) -> None:
    sent = cut(message(CODINGS[coding](body), coding, chunks), at)
    assert asyncio.run(fetched(sent)) == body.hex()


@pytest.mark.slow
@settings(max_examples=60)
@given(BODIES, st.sampled_from(sorted(CODINGS)), st.none() | PLACES, PLACES, st.integers(1, 60))
def test_a_body_that_is_cut_short_fails(
    body: bytes, coding: str, chunks: list[int] | None, at: list[int], missing: int
) -> None:
    whole = message(CODINGS[coding](body), coding, chunks)
    end = whole.index(b"\r\n\r\n") + 4
    short = whole[: max(len(whole) - missing, end - 2)]
    got = asyncio.run(fetched(cut(short, at)))
    if short == whole[:end] and chunks is None and not CODINGS[coding](body):
        assert got == ""
    else:
        assert isinstance(got, dict), got
        assert got["error"] == "TypeError"
