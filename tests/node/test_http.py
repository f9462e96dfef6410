"""node:http: servers as fetch handlers, requests by fetch."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.catalog import ObjectNamespace
from holdfast.workers.errors import ScriptInvalid
from tests.inprocess import Server

SERVER = """
import http from "node:http";
import { httpServerHandler } from "cloudflare:node";
const server = http.createServer(async (request, response) => { %s });
server.listen(3000);
export default httpServerHandler({ port: 3000 });
"""

NOT_FOUND = (
    "Error: Http server with port 1 not found. This is likely a bug with your code. You should"
    " check if server.listen() was called with the same port (1)"
)
LISTENS_ALREADY = (
    "Error [ERR_SERVER_ALREADY_LISTEN]: Listen method has been called more than once without"
    " closing."
)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path, allow_private_egress=True) as server:
        yield server


async def test_a_server_sees_the_request_and_answers_it(server: Server) -> None:
    server.add(
        "main",
        SERVER
        % """
        let body = "";
        for await (const chunk of request.setEncoding("utf8")) body += chunk;
        const { method, url, headers, httpVersion, complete } = request;
        response.statusCode = 201;
        response.setHeader("X-List", ["a", "b"]);
        response.setHeader("Set-Cookie", ["c=1", "d=2"]);
        response.end(JSON.stringify(
          { method, url, mine: headers["x-mine"], httpVersion, complete, body }));
        """,
    )
    answer = await server.fetch("/a?b=c", method="PUT", data="héllo", headers={"X-Mine": "1"})
    assert json.loads(answer.text) == {
        "method": "PUT",
        "url": "/a?b=c",
        "mine": "1",
        "httpVersion": "1.1",
        "complete": True,
        "body": "héllo",
    }
    assert answer.status == 201
    headers = answer.headers
    assert headers.getall("X-List") == ["a", "b"]  # type: ignore[attr-defined]
    assert headers.getall("Set-Cookie") == ["c=1", "d=2"]  # type: ignore[attr-defined]
    assert answer.headers["Content-Length"] == str(len(answer.text.encode()))


async def test_a_response_streams_once_it_is_not_ended_at_once(server: Server) -> None:
    server.add(
        "main",
        SERVER
        % """
        response.on("finish", () => console.log("finish"));
        response.on("close", () => console.log("close"));
        response.writeHead(200, "Fine", { "Content-Type": "text/plain" });
        response.write("one ");
        setTimeout(() => { response.write("two "); response.end("three"); }, 1);
        """,
    )
    answer = await server.fetch()
    assert (answer.text, answer.headers["Content-Type"]) == ("one two three", "text/plain")
    assert "Content-Length" not in answer.headers
    assert server.lines == ["main log: finish", "main log: close"]


async def test_head_and_204_have_no_body(server: Server) -> None:
    server.add(
        "main",
        SERVER
        % """
        response.writeHead(+request.url.slice(1)).write("text");
        setTimeout(() => { while (response.write("more")) ; response.end("text"); }, 1);
        response.on("finish", () => console.log("finish"));
        """,
    )
    head = await server.fetch("/200", method="HEAD")
    empty = await server.fetch("/204")
    assert (head.status, head.text, empty.status, empty.text) == (200, "", 204, "")
    assert server.lines == ["main log: finish"] * 2


async def test_the_head_cannot_change_once_it_is_written(server: Server) -> None:
    server.add(
        "main",
        SERVER
        % """
        const told = [response.headersSent];
        const attempt = (run) => { try { run(); } catch (error) { told.push(error.code); } };
        attempt(() => response.setHeader("bad name", "x"));
        attempt(() => response.setHeader("x", "\\n"));
        attempt(() => response.setHeader("x", undefined));
        attempt(() => response.writeHead(5));
        attempt(() => response.appendHeader());
        attempt(() => response.write(5));
        attempt(() => response.end({}));
        told.push(response.headersSent);
        response.writeHead(200);
        told.push(response.headersSent);
        attempt(() => response.setHeader("x", "y"));
        attempt(() => response.writeHead(200));
        response.end(JSON.stringify(told));
        """,
    )
    assert json.loads(await server.text()) == [
        False,
        "ERR_INVALID_HTTP_TOKEN",
        "ERR_INVALID_CHAR",
        "ERR_HTTP_INVALID_HEADER_VALUE",
        "ERR_HTTP_INVALID_STATUS_CODE",
        "ERR_INVALID_HTTP_TOKEN",
        "ERR_INVALID_ARG_TYPE",
        "ERR_INVALID_ARG_TYPE",
        False,
        True,
        "ERR_HTTP_HEADERS_SENT",
        "ERR_HTTP_HEADERS_SENT",
    ]


async def test_who_writes_on_and_on_is_told_to_wait(server: Server) -> None:
    server.add(
        "main",
        SERVER
        % """
        let count = 0;
        while (response.write("0123456789")) count++;
        const told = [count < 10_000, response.headersSent, response.writableNeedDrain];
        response.once("drain", () => response.end(JSON.stringify(told)));
        """,
    )
    assert json.loads((await server.text()).lstrip("0123456789")) == [True, True, True]


async def test_a_response_is_as_long_as_its_head_says(server: Server) -> None:
    server.add(
        "main",
        SERVER
        % """
        const length = { "Content-Length": "5" };
        response.writeHead(200, { ...length, "Content-Disposition": "x=b\u00c3\u00a5r" });
        if (request.url === "/long") { response.write("012"); response.end("345678"); return; }
        response.strictContentLength = true;
        const told = [];
        const failure = (run) => { try { run(); } catch (error) { told.push(error.message); } };
        failure(() => response.write("0123456789", () => {}));
        failure(() => response.end("x"));
        console.log(told.join());
        response.end("12345");
        """,
    )
    mismatch = "Response body's content-length of {} byte(s) does not match the content-length of"
    told = [f"{mismatch.format(size)} 5 byte(s) set in header" for size in (10, 1)]
    assert (await server.text("/long"), await server.text("/strict")) == ("01234", "12345")
    assert server.lines == [f"main log: {','.join(told)}"]


async def test_a_server_passes_on_a_large_body_as_it_comes(server: Server) -> None:
    server.add("main", SERVER % "request.pipe(response);")
    body = "0123456789" * 100_000
    answer = await server.fetch(method="POST", data=body)
    assert answer.text == body


async def test_a_request_handler_that_throws_fails_the_request(server: Server) -> None:
    server.add(
        "main",
        SERVER.replace("async (request", "(request") % "throw new Error('no ' + request.url);",
    )
    assert (await server.fetch("/x")).status == 500
    assert any("no /x" in line for line in server.lines)


async def test_a_server_is_told_what_the_worker_knows(server: Server) -> None:
    server.add(
        "main",
        """
        import { createServer } from "node:http";
        import { httpServerHandler } from "cloudflare:node";
        const told = ({ cloudflare, socket }) => JSON.stringify([
          cloudflare.cf.country, typeof cloudflare.env, typeof cloudflare.ctx.waitUntil,
          Object.keys(cloudflare).sort(), socket.localPort, socket.localAddress,
          socket.remotePort >= 32_768 && socket.remotePort < 65_536,
        ]);
        createServer((request, response) => response.end(told(request))).listen(8080);
        export default httpServerHandler({ port: 8080 });
        """,
    )
    told = json.loads(await server.text())
    host = f"main.localhost:{server.port}"
    assert told == ["XX", "object", "function", ["cf", "ctx", "env"], 8080, host, True]


async def test_servers_find_ports_whatever_a_script_makes_of_chance(server: Server) -> None:
    server.add(
        "main",
        """
        import { createServer } from "node:http";
        Math.random = () => 0;
        const ports = [0, 0, 0].map((port) => createServer().listen(port).address().port);
        export default { fetch: () => new Response(`${new Set(ports).size}`) };
        """,
    )
    assert await server.text() == "3"


async def test_handlers_find_their_server_by_its_port(server: Server) -> None:
    server.add(
        "main",
        """
        import { createServer } from "node:http";
        import { handleAsNodeRequest, httpServerHandler } from "cloudflare:node";
        const one = createServer((request, response) => response.end("one"));
        const two = createServer((request, response) => response.end("two")).listen(0);
        const handler = httpServerHandler(one);
        const failure = (run) => new Promise((resolve) => resolve(run())).catch(String);
        export default { async fetch(request) {
          const told = [one.listening, one.address().address];
          told.push(await (await handler.fetch(request)).text());
          told.push(await (await handleAsNodeRequest(two.address().port, request)).text());
          await new Promise((resolve) => two.close(resolve));
          told.push(two.address(), await failure(() => handleAsNodeRequest(1, request)));
          told.push(await failure(() => httpServerHandler({})));
          told.push(await failure(() => one.listen(1)));
          return Response.json(told);
        } };
        """,
    )
    assert json.loads(await server.text()) == [
        True,
        "127.0.0.1",
        "one",
        "two",
        None,
        NOT_FOUND,
        "Error: Failed to determine port for server",
        LISTENS_ALREADY,
    ]


async def test_only_scripts_with_nodejs_compat_have_cloudflare_node(server: Server) -> None:
    with_node = 'import "cloudflare:node"; export default { fetch() {} };'
    server.add("main", with_node, compatibility_flags=("no_nodejs_compat",))
    with pytest.raises(ScriptInvalid, match="cloudflare:node"):
        server.runtime.worker("main")


CLIENT = """
import http from "node:http";
import https from "node:https";
globalThis.fetch = async (url, init) => {
  const sent = { url: `${url}`, ...init, signal: undefined };
  if (init.body) sent.body = await new Response(init.body).text();
  if (sent.url.endsWith("/never")) return new Promise((_, reject) =>
    init.signal.addEventListener("abort", () => reject(init.signal.reason)));
  if (sent.url.endsWith("/fails")) throw new TypeError("unreachable");
  const headers = [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"], ["X", "1"], ["X", "2"]];
  return new Response(JSON.stringify(sent), { status: 202, statusText: "Accepted", headers });
};
const told = [];
const run = async () => { %s };
export default { async fetch() { await run(); return Response.json(told); } };
"""


IDENTITY = ["accept-encoding", "identity"]


async def test_requests_go_by_fetch(server: Server) -> None:
    server.add(
        "main",
        CLIENT
        % """
        const heard = (request) => new Promise((resolve, reject) => request.on("error", reject)
          .on("response", async (response) => {
            let text = "";
            for await (const chunk of response) text += chunk;
            told.push([response.statusCode, response.statusMessage, response.headers["set-cookie"],
              response.headers.x, JSON.parse(text)]);
            resolve();
          }));
        await heard(http.get("http://a.example:81/b?c#d", { headers: { A: "b" } }));
        await heard(https.get({ hostname: "a.example", path: "/x", auth: "u:p" }));
        const post = http.request(new URL("http://a.example/y"), { method: "post" });
        post.setHeader("Content-Type", "text/plain");
        post.write("one ");
        setTimeout(() => post.end("two"), 1);
        await heard(post);
        """,
    )
    rest = ["Accepted", ["a=1", "b=2"], "1, 2"]
    told = json.loads(await server.text())
    assert [entry[:4] for entry in told] == [[202, *rest]] * 3
    assert [entry[4] for entry in told] == [
        {
            "url": "http://a.example:81/b?c",
            "method": "GET",
            "headers": [["A", "b"], IDENTITY],
            "redirect": "manual",
            "encodeResponseBody": "manual",
        },
        {
            "url": "https://a.example/x",
            "method": "GET",
            "headers": [["Authorization", "Basic dTpw"], IDENTITY],
            "redirect": "manual",
            "encodeResponseBody": "manual",
        },
        {
            "url": "http://a.example/y",
            "method": "POST",
            "headers": [["Content-Type", "text/plain"], IDENTITY],
            "redirect": "manual",
            "encodeResponseBody": "manual",
            "body": "one two",
        },
    ]


async def test_a_request_that_fails_or_is_given_up_says_so(server: Server) -> None:
    server.add(
        "main",
        CLIENT
        % """
        const failure = (request) => new Promise((resolve) => request.on("error", (error) => {
          told.push([error.code ?? error.name, error.message]);
          request.on("close", resolve);
        }));
        await failure(http.get("http://a.example/fails"));
        const waiting = http.get("http://a.example/never", { timeout: 1 });
        waiting.on("timeout", () => { told.push("timeout"); waiting.destroy(); });
        await failure(waiting);
        const controller = new AbortController();
        const aborted = http.get("http://a.example/never", { signal: controller.signal });
        setTimeout(() => controller.abort(), 1);
        await failure(aborted);
        try { https.get({ protocol: "http:", host: "a" }); } catch (e) { told.push(e.code); }
        """,
    )
    assert json.loads(await server.text()) == [
        ["ECONNREFUSED", "unreachable"],
        "timeout",
        ["ECONNRESET", "socket hang up"],
        ["ABORT_ERR", "The operation was aborted"],
        "ERR_INVALID_PROTOCOL",
    ]


async def test_a_response_may_be_given_up_and_what_comes_too_slowly_says_so(server: Server) -> None:
    server.add(
        "main",
        CLIENT
        % """
        globalThis.fetch = async (url, { signal }) => new Response(new ReadableStream({
          start(stream) {
            stream.enqueue(new TextEncoder().encode("begins"));
            signal.addEventListener("abort", () => told.push(signal.reason.message));
          },
        }));
        const given = (timeout, reason) => new Promise((resolve) => {
          const request = http.get("http://a.example/", { timeout }, (response) => {
            response.on("data", (chunk) => {
              told.push(`${chunk}`);
              if (timeout === 0) request.destroy(reason);
            });
            response.on("aborted", () => told.push("aborted"));
            if (timeout === 0) response.on("error", ({ code }) => told.push(code));
            response.on("close", () => resolve(told.push(response.complete)));
          });
          request.on("timeout", () => { told.push("timeout"); request.destroy(reason); });
          request.on("error", ({ message }) => told.push(message));
        });
        await given(0);
        await given(5, new Error("too slow"));
        """,
    )
    given_up = "The operation was aborted"
    assert json.loads(await server.text()) == [
        *("begins", given_up, "aborted", "ECONNRESET", False),
        *("begins", "timeout", "too slow", "aborted", "too slow", False),
    ]


async def test_a_body_that_is_written_bit_by_bit_is_as_long_as_its_head_says(
    server: Server,
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        said = [line for line in head if line.startswith(("content-length", "transfer-encoding"))]
        body = "; ".join(said).encode() + await reader.readexactly(6)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    web = await asyncio.start_server(answer, "127.0.0.1", 0)
    server.add(
        "main",
        """
        import http from "node:http";
        import { text } from "node:stream/consumers";
        export default { fetch: (incoming) => new Promise((resolve, reject) => {
          const options = { method: "POST", headers: { "Content-Length": 6 } };
          const url = `http://127.0.0.1:${new URL(incoming.url).pathname.slice(1)}`;
          const request = http.request(url, options, async (response) =>
            resolve(new Response(await text(response))));
          request.on("error", reject);
          request.write("abc", () => request.end("def"));
        }) };
        """,
    )
    async with web:
        told = await server.text(f"/{web.sockets[0].getsockname()[1]}")
    assert told == "content-length: 6abcdef"


async def test_a_body_arrives_as_it_was_sent(server: Server) -> None:
    asked = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        asked.append("accept-encoding: identity" in head)
        body = gzip.compress(b"hello")
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()
        await writer.wait_closed()

    web = await asyncio.start_server(answer, "127.0.0.1", 0)
    server.add(
        "main",
        """
        import http from "node:http";
        import { gunzipSync } from "node:zlib";
        const got = (url) => new Promise((resolve, reject) =>
          http.get(url, resolve).on("error", reject));
        const told = ({ code, message }) => code ?? message;
        const failure = (run) => { try { run(); } catch (error) { return told(error); } };
        export default { async fetch(request) {
          const { pathname } = new URL(request.url);
          const url = `http://127.0.0.1:${pathname.slice(1)}/`;
          const response = await got(url);
          const packed = await (await fetch(url, { encodeResponseBody: "manual" })).bytes();
          const asked = new Request(url, { encodeResponseBody: "manual" });
          return Response.json([
            response.headers["content-encoding"],
            `${gunzipSync(Buffer.concat(await response.toArray()))}`,
            `${gunzipSync(packed)}`,
            (await (await fetch(new Request(asked))).bytes()).length === packed.length,
            await (await fetch(url)).text(),
            await (await fetch(asked, { encodeResponseBody: "automatic" })).text(),
            failure(() => new Request(url, { encodeResponseBody: "never" })),
            failure(() => http.get({ headers: { host: [] } })),
          ]);
        } };
        """,
    )
    async with web:
        told = json.loads(await server.text(f"/{web.sockets[0].getsockname()[1]}"))
    assert told == [
        "gzip",
        "hello",
        "hello",
        True,
        "hello",
        "hello",
        "encodeResponseBody: unexpected value: never",
        "ERR_INVALID_ARG_TYPE",
    ]
    assert asked[0], "node:http asks for no coding"


async def test_a_path_cannot_name_another_host(server: Server) -> None:
    """A request must not leave for elsewhere because of what a client wrote into its path."""
    server.add(
        "main",
        """
        import http from "node:http";
        import https from "node:https";
        export default { async fetch() {
          const told = [];
          for (const path of ["//other/x", "/\\\\other", "\\\\/other", "http://other/", "x:y"])
            for (const { request } of [http, https])
              try { request({ host: "here", path }); told.push(path); }
              catch (error) { told.push(error.code); }
          const late = http.request({ host: "here" });
          late.path = "//other/x";
          told.push(await new Promise((resolve) => late.on("error", resolve).end()));
          told.push(told.pop().code);
          return Response.json(told);
        } };
        """,
    )
    assert json.loads(await server.text()) == ["ERR_INVALID_ARG_VALUE"] * 11


async def test_files_are_an_objects_own_and_an_events_own(server: Server) -> None:
    namespace = server.sources.add_namespace("main", "Files")
    server.add(
        "main",
        """
        import { DurableObject } from "cloudflare:workers";
        import fs from "node:fs";
        const note = (name) => {
          const before = fs.readdirSync("/tmp");
          fs.writeFileSync(`/tmp/${name}`, "x");
          return before;
        };
        note("global");
        export class Files extends DurableObject {
          note(name) { return note(name); }
        }
        const refused = (run) => { try { run(); } catch (error) { return error.message; } };
        export default { async fetch(request, env) {
          const told = [note("event"), fs.readdirSync("/"), fs.readdirSync("/bundle")];
          for (const name of ["a", "a", "b"])
            told.push(await env.Files.getByName(name).note(name));
          told.push(refused(() => fs.writeFileSync("/x", "")), refused(() => fs.mkdirSync("/y")),
            refused(() => fs.rmSync("/tmp", { recursive: true })),
            refused(() => fs.writeFileSync("/dev/full", "x")),
            refused(() => fs.truncateSync("/tmp/event", 2 ** 31)),
            refused(() => fs.watch("/tmp")));
          return Response.json(told);
        } };
        """,
        bindings=(ObjectNamespace("Files", namespace.id),),
    )
    expected = [
        [],
        ["bundle", "dev", "tmp"],
        ["main.mjs"],
        [],
        ["a"],
        [],
        "EPERM: operation not permitted, open '/x'",
        "EPERM: operation not permitted, mkdir '/y'",
        "EPERM: operation not permitted, rm '/tmp'",
        "ENOSPC: no space left on device, write",
        "ENOSPC: no space left on device, write",
        "fs.watch is not supported by a Worker's files",
    ]
    assert json.loads(await server.text()) == expected
    assert json.loads(await server.text())[0] == [], "another event has other files"
