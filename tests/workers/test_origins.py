"""Origins behind Workers: what scripts fetch of their hosts, and what is passed through."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from holdfast.host.egress import allow_all, public_only
from holdfast.host.fetch import FetchClient
from holdfast.host.origins import Origins
from tests.inprocess import Server

HOST = "main.localhost"


async def echo(request: web.Request) -> web.Response:
    """What was asked."""
    told = {"method": request.method, "path": request.raw_path, "host": request.host}
    loop = {"via": "cf-ew-via" in request.headers, "body": await request.text()}
    return web.json_response({**told, **loop})


@asynccontextmanager
async def behind(folder: Path, script: str, *, lies_behind: bool = True) -> AsyncIterator[Server]:
    """A server of a script, with an origin behind its host that echoes."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo)
    async with TestServer(app) as origin, Server(folder) as server:
        by_host = {HOST: ("http", f"127.0.0.1:{origin.port}")} if lies_behind else {}
        server.runtime._fetch = FetchClient(egress=public_only, origins=Origins(by_host))
        server.add("main", script)
        yield server
        await server.runtime._fetch.close()


async def test_what_a_script_fetches_of_its_own_host_is_asked_of_the_origin(tmp_path: Path) -> None:
    script = "export default { fetch: (request) => fetch(request) };"
    async with behind(tmp_path, script) as server:
        told = json.loads(await server.text("/a%2Fb?c=%20d", method="POST", data="sent"))
        assert told == {
            "method": "POST",
            "path": "/a%2Fb?c=%20d",
            "host": f"{HOST}:{server.port}",
            "via": False,
            "body": "sent",
        }


async def test_the_script_sees_the_url_that_it_has_asked_for(tmp_path: Path) -> None:
    script = """export default { async fetch(request) {
      const url = new URL("/x", request.url);
      return new Response((await fetch(url)).url === url.href);
    } };"""
    async with behind(tmp_path, script) as server:
        assert await server.text() == "true"


async def test_where_the_origin_is_stays_refused_to_scripts(tmp_path: Path) -> None:
    script = (
        "export default { fetch: (r) => fetch(r.headers.get('to')).catch((e) => new Response(e)) };"
    )
    async with behind(tmp_path, script) as server:
        ((_, authority),) = server.runtime._fetch.origins.by_host.values()
        told = await server.text("/", headers={"to": f"http://{authority}/"})
        assert told.startswith("TypeError: This script may not connect to 127.0.0.1: ")


THROWS = "export default { fetch(request, env, ctx) { ctx.passThroughOnException(); throw new Error('x'); } };"
REJECTS = """export default { async fetch(request, env, ctx) {
  ctx.passThroughOnException(); await null; throw new Error('x'); } };"""
CLASSIC = """addEventListener("fetch", (event) => {
  event.passThroughOnException(); event.respondWith(Promise.reject(new Error('x'))); });"""
SILENT = 'addEventListener("fetch", () => {});'


@pytest.mark.parametrize("script", [THROWS, REJECTS, CLASSIC, SILENT])
async def test_a_request_passes_through_to_the_origin(tmp_path: Path, script: str) -> None:
    async with behind(tmp_path, script) as server:
        told = json.loads(await server.text("/a", method="PUT", data="sent"))
        assert (told["method"], told["path"], told["body"]) == ("PUT", "/a", "sent")
        errors = [line for line in server.lines if line.startswith("main error: Uncaught Error: x")]
        assert len(errors) == (0 if script == SILENT else 1)


@pytest.mark.parametrize("script", [THROWS, CLASSIC, SILENT])
async def test_without_an_origin_a_failure_is_one(tmp_path: Path, script: str) -> None:
    async with behind(tmp_path, script, lies_behind=False) as server:
        assert (await server.fetch("/")).status == 500
        assert len(server.lines) == 1


async def test_what_was_read_cannot_pass_through(tmp_path: Path) -> None:
    script = """export default { async fetch(request, env, ctx) {
      ctx.passThroughOnException(); await request.text(); throw new Error('x'); } };"""
    async with behind(tmp_path, script) as server:
        answer = await server.fetch("/", method="POST", data="sent")
        assert answer.status == 500
        assert "Cannot reconstruct a Request with a used body." in server.lines[-1]


def test_a_policy_of_ones_own_changes_nothing_of_other_hosts() -> None:
    client = FetchClient(egress=allow_all, origins=Origins({"a.example": ("https", "b.example")}))
    assert client.origins.behind("http://other.example/") is None
    found = client.origins.behind("http://u:p@A.example:81/x?y#z")
    assert found is not None
    assert (found.url, found.authority) == ("https://b.example/x?y", "A.example:81")
