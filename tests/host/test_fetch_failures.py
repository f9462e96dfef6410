"""What becomes of a fetch when the network, the peer or the script breaks it off."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import brotli
import pytest
from aiohttp import web

from holdfast.engine import ScriptError
from holdfast.host import fetch_connections
from holdfast.host.byte_streams import CONNECTION_LOST, BodyError, Pipe
from holdfast.host.egress import allow_all
from holdfast.host.fetch import FetchClient
from holdfast.host.fetch_messages import FetchRequest
from tests.host.fetching import Run, Script, client, echo, run, serve, serve_bytes
from tests.patience import PATIENCE_S

__all__ = ["client", "run", "serve", "serve_bytes"]  # fixtures

# ---- failures ------------------------------------------------------------------------

LOST = {"error": "TypeError", "message": CONNECTION_LOST, "retryable": True}


async def test_lost_connections_are_told_as_such(run: Run, serve_bytes: Any) -> None:
    assert await run('return fetch("http://127.0.0.1:1/")') == LOST
    dropping = await serve_bytes(b"")
    assert await run(f'return fetch("{dropping}/")') == LOST
    nonsense = await serve_bytes(b"what?\r\n\r\n")
    assert await run(f'return fetch("{nonsense}/")') == LOST
    half = await serve_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    assert await run(f'return (await fetch("{half}/")).text()') == LOST
    cut = await serve_bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
    assert await run(f'return (await fetch("{cut}/")).text()') == LOST


@pytest.mark.parametrize("url", ["ftp://a.test/", "file:///etc/passwd", "blob:x", "data:bad"])
async def test_other_schemes_are_refused(run: Run, url: str) -> None:
    got = await run(f'return fetch("{url}")')
    assert got == {"error": "TypeError", "message": f"Fetch API cannot load: {url}"}


async def test_a_failing_request_body_fails_the_fetch(run: Run, serve: Any) -> None:
    url = await serve(echo)
    got = await run(
        "const body = new ReadableStream({ pull() { throw new RangeError('mine'); } });"
        f'return fetch("{url}/", {{ method: "POST", body }})'
    )
    assert got == {"error": "RangeError", "message": "mine"}


async def test_a_request_body_nobody_takes_is_cancelled(client: FetchClient) -> None:
    pipe = Pipe()
    request = FetchRequest("POST", "http://127.0.0.1:1/", [], pipe)
    with pytest.raises(ScriptError):
        await client.fetch(request)
    assert pipe.gone == CONNECTION_LOST
    with pytest.raises(BodyError):
        pipe.write(b"x")


# ---- aborting ------------------------------------------------------------------------


async def test_an_abort_rejects_with_the_signals_reason(run: Run, serve: Any) -> None:
    reached = asyncio.Event()
    gone = asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return web.Response()

    url = await serve(handler)
    before = f'return fetch("{url}/", {{ signal: AbortSignal.abort(new RangeError("q")) }})'
    assert await run(before) == {"error": "RangeError", "message": "q"}
    assert not reached.is_set()
    during = await run(
        "const controller = new AbortController();"
        f'const answer = fetch("{url}/", {{ signal: controller.signal }});'
        "controller.abort(); return answer;"
    )
    assert during["error"] == "AbortError"


async def test_an_abort_breaks_the_body_off(run: Run, serve: Any) -> None:
    gone = asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        transport = request.transport
        while transport is not None and not transport.is_closing():
            await response.write(b"more")
            await asyncio.sleep(0)
        gone.set()
        return response

    url = await serve(handler)
    got = await run(
        "const controller = new AbortController();"
        f'const reader = (await fetch("{url}/", {{ signal: controller.signal }})).body.getReader();'
        'await reader.read(); controller.abort(new RangeError("enough"));'
        "for (;;) await reader.read();"
    )
    assert got == {"error": "RangeError", "message": "enough"}
    await asyncio.wait_for(gone.wait(), PATIENCE_S)


async def test_a_cancelled_body_closes_its_connection(run: Run, serve: Any) -> None:
    gone = asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        finally:
            gone.set()

    url = await serve(handler)
    await run(f'const r = await fetch("{url}/"); await r.body.cancel(); return 1;')
    await asyncio.wait_for(gone.wait(), PATIENCE_S)


# ---- content codings -----------------------------------------------------------------


def _raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


CODED = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": _raw_deflate,
    "br": brotli.compress,
}


@pytest.mark.parametrize("coding", list(CODED))
async def test_responses_are_decoded(run: Run, serve: Any, coding: str) -> None:
    content = bytes(range(256)) * 4000

    async def handler(request: web.BaseRequest) -> web.Response:
        encoded = CODED[coding](content)
        return web.Response(body=encoded, headers={"Content-Encoding": coding})

    url = await serve(handler)
    got = await run(
        f'const r = await fetch("{url}/"); const bytes = await r.bytes();'
        "const isRight = bytes.every((b, i) => b === i % 256);"
        'return [r.headers.get("content-encoding"), bytes.length, isRight];'
    )
    assert got == [coding, len(content), True]


async def test_a_body_whose_chunks_make_no_sense_fails(run: Run) -> None:
    go_on = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /go-on"):
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            go_on.set()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            writer.write(b"4\r\ntext\r\n")
            await go_on.wait()
            writer.write(b"garbage")
            assert await reader.read() == b""  # until the client hangs up
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        outcome = await run(f"""
          const reader = (await fetch("{url}/")).body.getReader();
          const {{ value }} = await reader.read();
          const next = reader.read().catch((error) => error.message);
          await fetch("{url}/go-on");
          return [value.length, await next];
        """)
    assert outcome == [4, "Network connection lost."]


async def test_a_coded_response_that_is_cut_short_fails(run: Run, serve: Any) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        body = gzip.compress(b"x" * 1000)[:-6] if request.path == "/cut" else b"no gzip at all"
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    url = await serve(handler)
    for path in ("/cut", "/junk"):
        got = await run(f'return (await fetch("{url}{path}")).text()')
        assert got["error"] == "TypeError"
        assert "zip" in got["message"]


# ---- stalls ------------------------------------------------------------------------------


async def impatient(main: str) -> Any:
    """What a script gets of a client that soon gives up a connection on which nothing moves."""
    client = FetchClient(egress=allow_all, stall_seconds=0.2)
    script = Script(client)
    try:
        script.start(main)
        return await script.outcome()
    finally:
        script.close()
        await client.close()


STALLED = {"error": "TypeError", "message": fetch_connections.STALLED, "retryable": True}


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer", [None, b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"]
)
async def test_a_server_that_stalls_is_given_up(serve_silence: Any, answer: bytes | None) -> None:
    url = await serve_silence(answer or b"")
    assert await impatient(f'return (await fetch("{url}/")).text()') == STALLED


@pytest.mark.slow
async def test_a_request_body_that_stalls_is_given_up(serve: Any) -> None:
    url = await serve(echo)
    got = await impatient(
        "const body = new ReadableStream({ start(c) { c.enqueue(encode('a')); } });"
        f'return (await fetch("{url}/", {{ method: "POST", body }})).text()'
    )
    assert got == {"error": "TypeError", "message": "The request's body has stalled for too long."}


@pytest.fixture
async def serve_silence() -> AsyncIterator[Callable[[bytes], Awaitable[str]]]:
    """Servers that answer every request with these bytes, and then stay silent."""
    servers = []
    ended = asyncio.Event()

    async def serve_silence(answer: bytes) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await ended.wait()
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield serve_silence
    ended.set()
    for server in servers:
        server.close()
        await server.wait_closed()
