"""fetch() from a script to real servers on this machine."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_address
from typing import Any

import brotli
import pytest
from aiohttp import web

from holdfast.engine import Limits, Module, ModuleKind, ScriptError
from holdfast.host.bodies import CONNECTION_LOST, BodyError, Pipe, collect, table_of
from holdfast.host.context import Capabilities, Host
from holdfast.host.egress import allow_all, public_only
from holdfast.host.fetch import FetchClient, FetchRequest
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock

PRELUDE = """
import { Context, runTurn } from "holdfast:kernel/turns.js";
import { fetch } from "holdfast:fetch/fetch.js";
import { Request } from "holdfast:fetch/request.js";
import { Response } from "holdfast:fetch/response.js";
import { bodyForHost } from "holdfast:fetch/transfer.js";
import { AbortController, AbortSignal } from "holdfast:events/abort.js";
import { ReadableStream } from "holdfast:streams/readable.js";
import { FixedLengthStream } from "holdfast:streams/identity.js";
import { TextEncoder } from "holdfast:encoding/text-encoder.js";
import { body_cancel } from "holdfast:ops";
const encode = (text) => new TextEncoder().encode(text);
export const context = new Context();
let outcome;
export function start() {
  runTurn(context, async () => {
    try { outcome = JSON.stringify(await main()) ?? "null"; }
    catch (error) {
      outcome = JSON.stringify({ error: error.name, message: error.message, retryable: error.retryable });
    }
  });
}
export const result = () => outcome;
"""
_platform: list[Platform] = []

Run = Callable[[str], Awaitable[Any]]


class Script:
    """An isolate that runs one script, `main`, with the network that it is given."""

    def __init__(self, client: FetchClient | None) -> None:
        if not _platform:
            _platform.append(Platform())
        capabilities = Capabilities(console=lambda *line: None)
        if client is not None:
            capabilities["fetch"] = client
        self.host = Host(asyncio.get_running_loop(), SystemClock(), capabilities)
        _platform[0].create_isolate(self.host, limits=Limits())
        self.idle = asyncio.Event()
        self.host.on_idle = self.idle.set

    def start(self, main: str) -> None:
        isolate = self.host.isolate
        source = f"{PRELUDE}\nasync function main() {{ {main} }}".encode()
        isolate.add_modules({"holdfast:test": Module("holdfast:test", ModuleKind.ESM, source)})
        namespace = isolate.evaluate("holdfast:test")
        self.result = isolate.export(namespace, "result")
        self.host.enter(isolate.export(namespace, "start"))

    async def outcome(self) -> Any:
        while not (text := self.host.isolate.call(self.result)):
            assert self.host.pending, "the script waits for something that never happens"
            self.idle.clear()
            await asyncio.wait_for(self.idle.wait(), 20)
        return json.loads(str(text))

    def close(self) -> None:
        self.host.close()
        table_of(self.host).close()
        self.host.isolate.close()


@pytest.fixture
async def client() -> AsyncIterator[FetchClient]:
    client = FetchClient(egress=allow_all)
    yield client
    await client.close()


@pytest.fixture
async def run(client: FetchClient) -> AsyncIterator[Run]:
    scripts: list[Script] = []

    async def run(main: str) -> Any:
        script = Script(client)
        scripts.append(script)
        script.start(main)
        return await script.outcome()

    yield run
    for script in scripts:
        script.close()


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    runners: list[web.ServerRunner] = []

    async def serve(handler: Handler) -> str:
        runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield serve
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def serve_bytes() -> AsyncIterator[Callable[[bytes], Awaitable[str]]]:
    """A server that answers whatever comes with these bytes and hangs up."""
    servers: list[asyncio.Server] = []

    async def serve_bytes(answer: bytes) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield serve_bytes
    for server in servers:
        server.close()


async def echo(request: web.BaseRequest) -> web.Response:
    """Tells what was asked."""
    body = await request.read()
    headers = [[n.decode("latin-1"), v.decode("latin-1")] for n, v in request.raw_headers]
    return web.json_response(
        {
            "method": request.method,
            "path": request.raw_path,
            "headers": headers,
            "body": body.decode("latin-1"),
        }
    )


# ---- requests and responses ---------------------------------------------------------


async def test_a_request_carries_nothing_but_what_the_script_said(run: Run, serve: Any) -> None:
    url = await serve(echo)
    host = url.removeprefix("http://")
    got = await run(f'return (await fetch("{url}/a%20b?c=%7C#frag")).json()')
    assert got == {"method": "GET", "path": "/a%20b?c=%7C", "headers": [["Host", host]], "body": ""}
    got = await run(
        f'return (await fetch("{url}/", {{ method: "POST", body: "é", headers: {{ "X-A": "1" }} }})).json()'
    )
    assert sorted(got["headers"]) == sorted(
        [
            ["Host", host],
            ["x-a", "1"],
            ["content-type", "text/plain;charset=UTF-8"],
            ["Content-Length", "2"],
        ]
    )
    assert got["body"] == "é".encode().decode("latin-1")


async def test_headers_of_the_connection_and_credentials_in_the_url_are_not_sent(
    run: Run, serve: Any
) -> None:
    url = (await serve(echo)).replace("//", "//user:pass@")
    got = await run(
        f'return (await fetch("{url}/", {{ method: "POST", headers: {{ host: "other", connection: "close",'
        ' "content-length": "5", "transfer-encoding": "chunked", "accept-encoding": "x" } })).json()'
    )
    assert [name for name, _ in got["headers"]] == ["Host", "accept-encoding", "Content-Length"]


async def test_a_response_has_all_its_parts(run: Run, serve_bytes: Any) -> None:
    url = await serve_bytes(
        b"HTTP/1.1 299 Quite fine\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX: \xc3\xa9\r\n"
        b"Content-Length: 2\r\n\r\nhi"
    )
    got = await run(
        f'const r = await fetch("{url}/x#f");'
        "return [r.status, r.statusText, r.url, r.redirected, r.type, r.ok,"
        ' r.headers.getSetCookie(), r.headers.get("x"), await r.text()];'
    )
    cookies = ["a=1", "b=2"]
    assert got == [299, "Quite fine", f"{url}/x", False, "default", True, cookies, "Ã©", "hi"]


async def test_bodies_that_cannot_be_are_null(run: Run, serve: Any) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        status = int(request.path[1:])
        return web.Response(status=status, body=None if status != 200 else b"xx")

    url = await serve(handler)
    for status in (204, 304):
        assert await run(f'return (await fetch("{url}/{status}")).body') is None
    head = f'const r = await fetch("{url}/200", {{ method: "HEAD" }});'
    assert await run(head + 'return [r.body, r.headers.get("content-length")]') == [None, "2"]


async def test_request_bodies_stream(run: Run, serve: Any) -> None:
    url = await serve(echo)
    source = 'let n = 0; const body = new ReadableStream({ pull(c) { n++ < 3 ? c.enqueue(encode("ab")) : c.close(); } });'
    got = await run(f'{source} return (await fetch("{url}/", {{ method: "POST", body }})).json()')
    assert got["body"] == "ababab"
    assert ["Transfer-Encoding", "chunked"] in got["headers"]
    fixed = (
        "const { readable, writable } = new FixedLengthStream(4); const w = writable.getWriter();"
        'w.write(encode("abcd")); w.close();'
    )
    got = await run(
        f'{fixed} return (await fetch("{url}/", {{ method: "POST", body: readable }})).json()'
    )
    assert got["body"] == "abcd"
    assert ["content-length", "4"] in got["headers"]


async def test_a_response_is_read_as_it_comes(run: Run, serve: Any) -> None:
    proceed = asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/go":
            proceed.set()
            return web.Response()
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await proceed.wait()
        await response.write(b"second")
        return response

    url = await serve(handler)
    got = await run(
        f'const reader = (await fetch("{url}/")).body.getReader();'
        "const first = (await reader.read()).value.length;"
        f'await fetch("{url}/go");'
        "let rest = 0; for (;;) { const { done, value } = await reader.read(); if (done) break; rest += value.length; }"
        "return [first, rest];"
    )
    assert got == [5, 6]


async def test_a_fetched_body_is_passed_on_without_entering_the_isolate(
    client: FetchClient, serve: Any
) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * 1_000_000)

    url = await serve(handler)
    script = Script(client)
    script.start(f'const r = await fetch("{url}/"); return bodyForHost(new Response(r.body, r));')
    stream = table_of(script.host).take(await script.outcome())
    assert stream.length == 1_000_000
    assert await collect(stream) == b"x" * 1_000_000
    script.close()


async def test_a_script_without_the_capability_cannot_fetch() -> None:
    script = Script(None)
    script.start('return fetch("http://example.com/");')
    got = await script.outcome()
    assert got == {"error": "Error", "message": "This script has no access to fetch."}
    script.close()


async def test_the_output_gate_is_waited_for(run: Run, serve: Any) -> None:
    url = await serve(echo)
    got = await run(
        "let open; const opened = new Promise((resolve) => (open = resolve));"
        "const log = []; context.outputGate = { wait: () => opened };"
        f'const answer = fetch("{url}/").then(() => log.push("answered"));'
        'await null; log.push("opening"); open(); await answer;'
        "context.outputGate = { wait: () => Promise.reject(new Error('broken')) };"
        f'await fetch("{url}/").catch((error) => log.push(error.message));'
        "return log;"
    )
    assert got == ["opening", "answered", "broken"]


# ---- redirects ------------------------------------------------------------------------


def redirecting(status: int, location: str) -> Handler:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/start":
            await request.read()
            return web.Response(status=status, headers={"Location": location})
        return await echo(request)

    return handler


@pytest.mark.parametrize(
    ("status", "method", "becomes", "body"),
    [
        (301, "POST", "GET", ""),
        (302, "POST", "GET", ""),
        (302, "PUT", "PUT", "b"),
        (303, "PUT", "GET", ""),
        (307, "POST", "POST", "b"),
        (308, "POST", "POST", "b"),
    ],
)
async def test_redirects_rewrite_the_method(
    run: Run, serve: Any, status: int, method: str, becomes: str, body: str
) -> None:
    url = await serve(redirecting(status, "/end?x#there"))
    got = await run(
        f'const r = await fetch("{url}/start", {{ method: "{method}", body: "b", headers: {{ "content-language": "l" }} }});'
        "return [r.redirected, r.url, await r.json()];"
    )
    redirected, final, asked = got
    assert redirected
    assert final == f"{url}/end?x"
    assert (asked["method"], asked["body"]) == (becomes, body)
    names = {name.lower() for name, _ in asked["headers"]}
    assert ("content-type" in names) == ("content-language" in names) == (body != "")


async def test_credentials_do_not_follow_to_another_origin(run: Run, serve: Any) -> None:
    other = await serve(echo)
    first = await serve(redirecting(302, f"{other}/end"))
    same = await serve(redirecting(302, "/end"))
    headers = '{ headers: { authorization: "a", cookie: "c", "x-other": "o" } }'
    got = await run(f'return (await fetch("{first}/start", {headers})).json()')
    assert {name for name, _ in got["headers"]} == {"Host", "x-other"}
    got = await run(f'return (await fetch("{same}/start", {headers})).json()')
    assert {name for name, _ in got["headers"]} == {"Host", "x-other", "authorization", "cookie"}


async def test_redirect_modes(run: Run, serve: Any) -> None:
    url = await serve(redirecting(302, "/start"))
    manual = f'const r = await fetch("{url}/start", {{ redirect: "manual" }});'
    assert await run(manual + 'return [r.status, r.headers.get("location"), r.redirected]') == [
        302,
        "/start",
        False,
    ]
    error = await run(f'return fetch("{url}/start", {{ redirect: "error" }})')
    assert error["error"] == "TypeError"
    looped = await run(f'return fetch("{url}/start")')
    assert looped["error"] == "TypeError"
    assert looped["message"].startswith("Too many redirects.")


@pytest.mark.parametrize("location", ["http://[bad", "ftp://a.test/", "data:,x", "javascript:1"])
async def test_redirects_lead_to_http_only(run: Run, serve: Any, location: str) -> None:
    url = await serve(redirecting(302, location))
    assert await run(f'return fetch("{url}/start")') == {
        "error": "TypeError",
        "message": "Invalid Location header; unable to follow redirect.",
    }


async def test_a_streamed_body_cannot_be_sent_again(run: Run, serve: Any) -> None:
    url = await serve(redirecting(307, "/end"))
    got = await run(
        "const body = new ReadableStream({ start(c) { c.enqueue(encode('x')); c.close(); } });"
        f'return fetch("{url}/start", {{ method: "POST", body }})'
    )
    assert got["error"] == "TypeError"
    assert "one-time-use body" in got["message"]


# ---- failures ---------------------------------------------------------------------------

LOST = {"error": "Error", "message": CONNECTION_LOST, "retryable": True}


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
    assert got == {"error": "Error", "message": "mine"}


async def test_a_request_body_nobody_takes_is_cancelled(client: FetchClient) -> None:
    pipe = Pipe()
    request = FetchRequest("POST", "http://127.0.0.1:1/", [], pipe)
    with pytest.raises(ScriptError):
        await client.fetch(request)
    assert pipe.gone == CONNECTION_LOST
    with pytest.raises(BodyError):
        pipe.write(b"x")


# ---- aborting ------------------------------------------------------------------------------


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
    await asyncio.wait_for(gone.wait(), 10)


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
    await asyncio.wait_for(gone.wait(), 10)


# ---- content codings -------------------------------------------------------------------------


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
        'return [r.headers.get("content-encoding"), bytes.length, bytes.every((b, i) => b === i % 256)];'
    )
    assert got == [coding, len(content), True]


async def test_a_coded_response_that_is_cut_short_fails(run: Run, serve: Any) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        body = gzip.compress(b"x" * 1000)[:-6] if request.path == "/cut" else b"no gzip at all"
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    url = await serve(handler)
    for path in ("/cut", "/junk"):
        got = await run(f'return (await fetch("{url}{path}")).text()')
        assert got["error"] == "Error"
        assert "zip" in got["message"]


# ---- egress ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::127.0.0.1",
        "ff02::1",
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not public_only("host", ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_addresses_are_permitted(address: str) -> None:
    assert public_only("host", ip_address(address))


class Names:
    """A resolver of names that the test makes up."""

    def __init__(self, **addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        self.asked += 1
        address = self.addresses[host.partition(".")[0]]
        return [
            {"hostname": host, "host": address, "port": port, "family": 2, "proto": 0, "flags": 0}
        ]

    async def close(self) -> None:
        pass


async def test_the_policy_is_asked_of_literals_names_and_redirects(serve: Any) -> None:
    asked: list[tuple[str, str]] = []

    def policy(host: str, address: Any) -> bool:
        asked.append((host, str(address)))
        return host == "open.test"

    url = await serve(redirecting(302, "http://closed.test/"))
    port = url.rpartition(":")[2]
    names: Any = Names(open="127.0.0.1", closed="127.0.0.1")
    client = FetchClient(egress=policy, resolver=names)
    message = "This script may not connect to {}."
    for target, host in [
        (url, "127.0.0.1"),
        (f"http://closed.test:{port}/", "closed.test"),
        (f"http://open.test:{port}/start", "closed.test"),
        (f"http://[::ffff:127.0.0.1]:{port}/", "::ffff:127.0.0.1"),
    ]:
        with pytest.raises(ScriptError) as caught:
            await client.fetch(FetchRequest("GET", target, []))
        assert caught.value.message == message.format(host)
    response = await client.fetch(FetchRequest("GET", f"http://open.test:{port}/", []))
    assert response.body is not None
    assert b"open.test" in await collect(response.body)
    assert ("open.test", "127.0.0.1") in asked
    await client.close()


# ---- data: URLs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "content_type", "text"),
    [
        ("data:,a%20b%FF%u0041", "text/plain;charset=US-ASCII", "a b�%u0041"),
        ("data:text/x;base64,aGk=", "text/x", "hi"),
        ("data:;charset=x; BASE64 ,a Gk", "text/plain;charset=x", "hi"),
        ("data:junk,é#f", "text/plain;charset=US-ASCII", "é"),
        ('data:text/html;charset="a\\"b",', 'text/html;charset="a\\"b"', ""),
    ],
)
async def test_data_urls_are_read(run: Run, url: str, content_type: str, text: str) -> None:
    got = await run(
        f"const r = await fetch({json.dumps(url)});"
        'return [r.status, r.url, r.headers.get("content-type"), await r.text()]'
    )
    assert got == [200, "", content_type, text]
