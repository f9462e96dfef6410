"""Libraries from npm, unmodified, in Workers that use them as their documentation does.

A Worker in `workers/` checks for itself and answers "ok"; those whose work is HTTP are asked
from outside.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from holdfast.api import ApiSettings
from holdfast.api.auth import SETTINGS
from holdfast.api.s3.credentials import access_key_id, secret_access_key
from holdfast.api.s3.front import serve
from holdfast.catalog import D1, PlainText, QueueProducer, R2Bucket, WorkerLoader
from holdfast.catalog.consumers import ConsumerSettings, DeclaredConsumer
from holdfast.engine import Limits
from tests.inprocess import Server
from tests.libraries.installed import WORKERS, bundled, installed
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.slow

ASKED_FROM_OUTSIDE = {
    *(
        "buckets",
        "drizzle",
        "express",
        "hono",
        "hono-queue",
        "itty-router",
        "partyserver",
        "presigned",
        "trpc",
        "yoga",
    ),
}
CHECK_THEMSELVES = sorted({path.stem for path in WORKERS.glob("*.mjs")} - ASKED_FROM_OUTSIDE)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    # Key pairs take their time on a loaded machine.
    async with Server(tmp_path, limits=Limits(turn_cpu_ms=10_000)) as server:
        yield server


@pytest.mark.parametrize("name", CHECK_THEMSELVES)
async def test_a_library_does_its_work(server: Server, name: str) -> None:
    server.add("main", bundled(name), bindings=(D1("DB", "db"), WorkerLoader("LOADER")))
    assert await server.text() == "ok"


async def test_hono_routes_and_runs_its_middleware(server: Server) -> None:
    server.add("main", bundled("hono"))
    get = server.fetch
    answer = await get("/?who=you")
    assert (answer.text, answer.headers["X-After"]) == ("Hello you", "yes")
    assert await server.text("/html") == "<p>world <b>&</b></p>"
    assert json.loads(await server.text("/users/7/posts/x")) == {"id": "7", "post": "x"}
    assert (await get("/users/a/posts")).status == 404
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    told = await server.text("/form", method="POST", data="a=1&b=%26", headers=form)
    assert json.loads(told) == {"a": "1", "b": "&"}
    as_json = {"Content-Type": "application/json"}
    assert (
        await server.text("/valid", method="POST", data='{"n":2}', headers=as_json) == '{"twice":4}'
    )
    assert (await get("/valid", method="POST", data='{"n":""}', headers=as_json)).status == 400
    cors = await get("/api/data", headers={"Origin": "https://a.example"})
    assert cors.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert (await get("/api/data", method="OPTIONS")).status == 204
    tag = (await get("/etag/x")).headers["ETag"]
    assert (await get("/etag/x", headers={"If-None-Match": tag})).status == 304
    assert (await get("/auth/page")).status == 401
    basic = {"Authorization": "Basic dXNlcjpzZWNyZXQ="}
    assert await server.text("/auth/page", headers=basic) == "welcome"
    token = await server.text("/token")
    bearer = {"Authorization": f"Bearer {token}"}
    assert json.loads(await server.text("/jwt/me", headers=bearer)) == {"sub": "1"}
    assert (await get("/jwt/me")).status == 401
    cookie = (await get("/cookie", headers={"Cookie": "seen=4"})).headers["Set-Cookie"]
    assert cookie == "seen=5; Path=/; HttpOnly"
    assert await server.text("/stream?who=me") == "one me\ntwo me\n"
    assert await server.text("/bytes") == "bytes"
    assert (await get("/redirect")).headers["Location"] == "/"
    assert ((await get("/throws")).status, (await get("/nope")).text) == (418, "nobody here")
    assert await server.text("/nested/deep/x%20y") == "x y"


async def test_hono_and_unstorage_keep_files_in_a_bucket(server: Server) -> None:
    server.runtime.resources.buckets.create("files", 0)
    server.add("main", bundled("buckets"), bindings=(R2Bucket("FILES", "files"),))
    form = aiohttp.FormData()
    content = bytes(range(256)) * 100
    form.add_field("file", content, filename="a.png", content_type="image/png")
    sent = await server.text("/images", method="POST", data=form, headers={"X-User": "me"})
    digest = hashlib.sha256(content).hexdigest()
    assert json.loads(sent) == {"key": "images/a.png", "size": len(content), "sha256": digest}
    assert json.loads(await server.text("/images")) == [["images/a.png", "me"]]
    head = await server.fetch("/images/a.png", headers={"Range": "bytes=65-67"})
    assert (head.status, head.text) == (206, "ABC")
    assert head.headers["Content-Range"] == f"bytes 65-67/{len(content)}"
    tag = head.headers["ETag"]
    assert head.headers["Content-Type"] == "image/png"
    assert (await server.fetch("/images/a.png", headers={"If-None-Match": tag})).status == 304
    assert (await server.fetch("/images/none.png")).status == 404
    kept = json.loads(await server.text("/unstorage"))
    assert kept == [{"n": 1}, [1, 2], ["a:b", "raw"], False, 7, []]
    assert (await server.fetch("/static/a/index.html", method="PUT", data="<p>")).status == 204
    served = await server.fetch("/static/a/index.html")
    assert (served.text, served.headers["Content-Type"]) == ("<p>", "text/html; charset=utf-8")
    tag = served.headers["ETag"]
    again = await server.fetch("/static/a/index.html", headers={"If-None-Match": tag})
    assert again.status == 304
    assert (await server.fetch("/static/none.css")).status == 404


async def test_aws4fetch_signs_urls_by_which_others_upload(server: Server) -> None:
    buckets = server.runtime.resources.buckets
    buckets.create("files", 0)

    async def by_s3(request: web.Request) -> web.StreamResponse:
        return await serve(request, buckets)

    app = web.Application()
    app[SETTINGS] = ApiSettings("token")
    app.router.add_route("*", "/{path:.*}", by_s3)
    async with TestServer(app) as s3, aiohttp.ClientSession() as browser:
        given = {
            "ENDPOINT": str(s3.make_url("")).rstrip("/"),
            "KEY_ID": access_key_id("token"),
            "SECRET": secret_access_key("token"),
        }
        texts = [PlainText(name, value) for name, value in given.items()]
        bindings = (R2Bucket("FILES", "files"), *texts)
        server.add("main", bundled("presigned"), bindings=bindings)
        headers = {"x-amz-meta-by": "a browser"}
        for key in ("a/b%20c", "%C3%BC", "1+1"):
            url = URL(await server.text(f"/{key}?method=PUT"), encoded=True)
            async with browser.put(url, data=b"content", headers=headers) as answer:
                assert (answer.status, await answer.text()) == (200, "")
            async with browser.put(url, data=b"content") as answer:
                assert answer.status == 403  # it was signed with its metadata
        told = json.loads(await server.text("/read/a/b%20c"))
        assert told == [{"by": "a browser"}, "content"]
        url = URL(await server.text("/a/b%20c?method=GET"), encoded=True)
        async with browser.get(url, headers=headers) as answer:
            assert (answer.status, await answer.text()) == (200, "content")


async def test_hono_sends_to_a_queue_and_stands_beside_its_handler(server: Server) -> None:
    server.add("main", bundled("hono-queue"), bindings=(QueueProducer("JOBS", "jobs"),))
    settings = ConsumerSettings(max_wait_time_ms=0)
    server.runtime.resources.queues.deliver_to([DeclaredConsumer("jobs", settings).by("main")])
    told = await server.fetch("/jobs/mail", method="POST", data='{"to":"ada"}')
    assert (told.status, json.loads(told.text)) == (202, {"waiting": 1})
    assert (await server.fetch("/jobs", method="POST", data='[{"name":"a"}]')).status == 202
    assert (await server.fetch("/fail")).status == 500
    async with asyncio.timeout(PATIENCE_S):
        while len(done := json.loads(await server.text("/done"))) < 3:
            pass
    failed = {"name": "error", "message": "as asked"}
    assert done == [{"name": "mail", "to": "ada"}, {"name": "a"}, failed]


async def test_itty_router_routes(server: Server) -> None:
    server.add("main", bundled("itty-router"))
    assert json.loads(await server.text("/")) == "hello"
    told = json.loads(await server.text("/todos/3?a=1&a=2"))
    assert told == {"id": "3", "query": {"a": ["1", "2"]}}
    answer = await server.fetch("/todos", method="POST", data='{"x":1}')
    assert (answer.status, json.loads(answer.text)) == (201, {"x": 1})
    assert (await server.fetch("/broken")).status == 400
    assert json.loads((await server.fetch("/throws")).text)["status"] == 500
    assert (await server.fetch("/nope")).status == 404
    assert json.loads(await server.text("/files/a/b")) == "a/b"


async def test_express_serves_by_node_http(server: Server) -> None:
    server.add("main", bundled("express"))
    answer = await server.fetch("/items/7?a[b]=c")
    expected = {"id": "7", "query": {"a[b]": "c"}, "hostname": "main.localhost", "protocol": "http"}
    assert (answer.status, json.loads(answer.text)) == (201, expected)
    assert answer.headers["Set-Cookie"] == "a=b; Path=/; HttpOnly"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    echoed = await server.text("/echo", method="POST", data="a[b]=c", headers=form)
    assert json.loads(echoed) == {"a": {"b": "c"}}
    as_json = {"Content-Type": "application/json"}
    assert (await server.fetch("/echo", method="POST", data="{", headers=as_json)).status == 400
    assert await server.text("/stream") == "one two"
    assert (await server.fetch("/fails")).text == "teapot"
    assert (await server.fetch("/nope")).status == 404


async def test_trpc_answers_queries_and_hono_validates_with_zod(server: Server) -> None:
    server.add("main", bundled("trpc"))
    told = json.loads(await server.text("/trpc/greet?input=%7B%22name%22%3A%22x%22%7D"))
    assert told["result"]["data"] == "hello x"
    as_json = {"Content-Type": "application/json"}
    added = await server.text("/trpc/add", method="POST", data="[1,2]", headers=as_json)
    assert json.loads(added)["result"]["data"] == 3
    assert (await server.fetch("/trpc/fails")).status == 404
    assert (await server.fetch("/trpc/greet")).status == 400
    assert (await server.fetch("/valid", method="POST", data="{}", headers=as_json)).status == 400
    assert await server.text("/valid", method="POST", data='{"n":3}', headers=as_json) == (
        '{"twice":6}'
    )


async def test_yoga_answers_queries_and_streams_subscriptions(server: Server) -> None:
    server.add("main", bundled("yoga"))
    as_json = {"Content-Type": "application/json"}
    query = json.dumps({"query": '{ hello(name: "x") }'})
    told = await server.text("/graphql", method="POST", data=query, headers=as_json)
    assert json.loads(told) == {"data": {"hello": "hello x"}}
    query = json.dumps({"query": "subscription { count(to: 3) }"})
    events = {**as_json, "Accept": "text/event-stream"}
    told = await server.text("/graphql", method="POST", data=query, headers=events)
    assert [f'"count":{n}' in told for n in (1, 2, 3, 4)] == [True, True, True, False]


async def test_drizzle_keeps_rows_in_an_object(server: Server) -> None:
    server.add("main", bundled("drizzle"))
    assert json.loads(await server.text()) == {"id": 1, "tags": ["a"], "first": "Ann", "left": 1}


async def test_partyserver_finds_its_objects(server: Server) -> None:
    server.add("main", bundled("partyserver"))
    assert await server.text() == "ok"
    for count in (1, 2):
        told = json.loads(await server.text("/parties/party/room"))
        assert told == {
            "name": "room",
            "started": True,
            "count": count,
            "path": "/parties/party/room",
        }


@pytest.mark.parametrize("package", ["uuid", "nanoid", "itty-router", "ms"])
async def test_a_library_is_uploaded_file_by_file(server: Server, package: str) -> None:
    folder = installed() / "node_modules" / package
    kinds = {"uuid": ("dist", "js"), "nanoid": (".", "js"), "itty-router": (".", "mjs")}
    root, suffix = kinds.get(package, (".", "js"))
    modules = {
        f"lib/{path.relative_to(folder / root).as_posix()}": path.read_text()
        for path in (folder / root).rglob(f"*.{suffix}")
        if "node" not in path.parts[len(folder.parts) :]
    }
    imports = {
        "uuid": ("import { v4 } from './lib/index.js'", "v4().length", 36),
        "nanoid": ("import { nanoid } from './lib/index.browser.js'", "nanoid().length", 21),
        "itty-router": ("import { Router } from './lib/index.mjs'", "typeof Router()", "object"),
        "ms": ("import ms from './lib/index.cjs'", "ms('1m')", 60_000),
    }
    if package == "ms":
        modules = {"lib/index.cjs": (folder / "index.js").read_text()}
    statement, expression, expected = imports[package]
    server.add(
        "main",
        f"{statement}; export default {{ fetch: () => Response.json({expression}) }};",
        modules=modules,
    )
    assert json.loads(await server.text()) == expected
