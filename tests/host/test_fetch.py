"""fetch() from a script to real servers on this machine."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

import holdfast
from holdfast.host.bodies import table_of
from holdfast.host.byte_streams import collect
from holdfast.host.fetch import FetchClient
from tests.host.fetching import Run, Script, client, echo, redirecting, run, serve, serve_bytes

__all__ = ["client", "run", "serve", "serve_bytes"]  # fixtures

# ---- requests and responses ----------------------------------------------------------


AGENT = ["user-agent", f"Holdfast/{holdfast.__version__}"]
DEFAULTS = [["accept", "*/*"], AGENT, ["accept-encoding", "br, gzip"]]


async def test_a_request_carries_little_but_what_the_script_said(run: Run, serve: Any) -> None:
    url = await serve(echo)
    host = url.removeprefix("http://")
    got = await run(f'return (await fetch("{url}/a%20b?c=%7C#frag")).json()')
    headers = [["Host", host], *DEFAULTS]
    assert got == {"method": "GET", "path": "/a%20b?c=%7C", "headers": headers, "body": ""}
    init = '{ method: "POST", body: "é", headers: { "X-A": "1" } }'
    got = await run(f'return (await fetch("{url}/", {init})).json()')
    assert sorted(got["headers"]) == sorted(
        [
            ["Host", host],
            ["x-a", "1"],
            ["content-type", "text/plain;charset=UTF-8"],
            ["Content-Length", "2"],
            *DEFAULTS,
        ]
    )
    assert got["body"] == "é".encode().decode("latin-1")


async def test_headers_of_the_connection_and_credentials_in_the_url_are_not_sent(
    run: Run, serve: Any
) -> None:
    url = (await serve(echo)).replace("//", "//user:pass@")
    headers = {
        "host": "other",
        "connection": "close",
        "content-length": "5",
        "transfer-encoding": "chunked",
        "accept-encoding": "x",
    }
    init = json.dumps({"method": "POST", "headers": headers})
    got = await run(f'return (await fetch("{url}/", {init})).json()')
    assert [name for name, _ in got["headers"]] == [
        "Host",
        "accept-encoding",
        "accept",
        "user-agent",
        "Content-Length",
    ]


async def test_a_part_of_a_resource_is_asked_for_as_it_is(run: Run, serve: Any) -> None:
    url = await serve(echo)
    init = '{ headers: { Range: "bytes=0-1", Accept: "text/x" } }'
    got = await run(f'return (await fetch("{url}/", {init})).json()')
    assert ["accept-encoding", "identity"] in got["headers"]
    assert ["accept", "text/x"] in got["headers"]
    assert ["accept", "*/*"] not in got["headers"]


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
    assert got == [299, "Quite fine", f"{url}/x", False, "basic", True, cookies, "é", "hi"]


async def test_text_is_decoded_as_utf8_without_its_mark(run: Run, serve_bytes: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    url = await serve_bytes(head + b'\xef\xbb\xbf["\xc3\xa9\xff"]')
    assert await run(f'return (await fetch("{url}/")).text()') == '["é\ufffd"]'
    assert await run(f'return (await fetch("{url}/")).json()') == ["é\ufffd"]
    looked = f'const r = await fetch("{url}/"); r.body;'
    assert await run(f"{looked} return r.text()") == '["é\ufffd"]'
    assert await run(f'return (await (await fetch("{url}/")).bytes()).length') == 10


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
    source = (
        'let n = 0; const pull = (c) => n++ < 3 ? c.enqueue(encode("ab")) : c.close();'
        "const body = new ReadableStream({ pull });"
    )
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
        "for (let rest = 0; ; ) {"
        "  const { done, value } = await reader.read();"
        "  if (done) return [first, rest];"
        "  rest += value.length;"
        "}"
    )
    assert got == [5, 6]


async def test_a_fetched_body_is_passed_on_without_entering_the_isolate(
    client: FetchClient, serve: Any
) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * 1_000_000)

    url = await serve(handler)
    script = Script(client)
    script.start(
        f'const r = await fetch("{url}/"); return body_move(bodyForHost(new Response(r.body, r)));'
    )
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


# ---- redirects -----------------------------------------------------------------------


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
        'const headers = { "content-language": "l" };'
        f'const init = {{ method: "{method}", body: "b", headers }};'
        f'const r = await fetch("{url}/start", init);'
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
    added = {"Host", "accept", "accept-encoding", "user-agent"}
    assert {name for name, _ in got["headers"]} == {*added, "x-other"}
    got = await run(f'return (await fetch("{same}/start", {headers})).json()')
    assert {name for name, _ in got["headers"]} == {*added, "x-other", "authorization", "cookie"}


async def test_redirects_are_followed_as_the_mode_says(run: Run, serve: Any) -> None:
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


# ---- data: URLs ----------------------------------------------------------------------


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
        f"const url = {json.dumps(url)}; const r = await fetch(url);"
        "const own = r.url === new Request(url).url.split('#')[0];"
        'return [r.status, own, r.headers.get("content-type"), await r.text()]'
    )
    assert got == [200, True, content_type, text]


# ---- blob: URLs ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("bytes=1-3", [206, "bytes 1-3/6", "3", "bcd"]),
        ("bytes = 4 -", [206, "bytes 4-5/6", "2", "ef"]),
        ("bytes=-2", [206, "bytes 4-5/6", "2", "ef"]),
        ("bytes=0-99", [206, "bytes 0-5/6", "6", "abcdef"]),
    ],
)
async def test_a_part_of_a_blob_is_fetched(run: Run, asked: str, told: list[object]) -> None:
    got = await run(
        "const url = URL.createObjectURL(new Blob(['abcdef'], { type: 'text/x' }));"
        f"const r = await fetch(url, {{ headers: {{ range: {json.dumps(asked)} }} }});"
        'return [r.status, r.headers.get("content-range"), r.headers.get("content-length"),'
        " await r.text()]"
    )
    assert got == told


@pytest.mark.parametrize(
    "asked", ["bytes=6-", "bytes=3-1", "bytes=-", "lines=1-2", "bytes=0-1,3-4"]
)
async def test_a_part_that_a_blob_does_not_have_is_refused(run: Run, asked: str) -> None:
    got = await run(
        "const url = URL.createObjectURL(new Blob(['abcdef']));"
        f"return fetch(url, {{ headers: {{ range: {json.dumps(asked)} }} }})"
    )
    assert got["error"] == "TypeError"


async def test_a_redirect_may_lead_to_bytes_that_are_no_text(run: Run, serve_bytes: Any) -> None:
    url = await serve_bytes(
        b"HTTP/1.1 302 Found\r\nLocation: /x?\xff\xe2\x98\x83\r\nContent-Length: 0\r\n\r\n"
    )
    got = await run(f'return fetch("{url}/").catch((error) => error.message)')
    assert "/x?%FF%E2%98%83" in got
