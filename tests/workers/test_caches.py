"""The Cache API as scripts use it, with a clock that the test moves."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.host.system import SystemClock
from tests.inprocess import Server

# One request does one thing: ?do=put&key=…&… with the response's headers as JSON.
SCRIPT = """
const textOf = async (response) => response && {
  status: response.status,
  text: response.url === "" ? await response.text() : "a URL",
  headers: Object.fromEntries(response.headers),
};
export default {
  async fetch(request, env, ctx) {
    const { searchParams } = new URL(request.url);
    const get = (name) => searchParams.get(name) ?? undefined;
    const cache = get("cache") ? await caches.open(get("cache")) : caches.default;
    const headers = JSON.parse(get("headers") ?? "{}");
    const cf = get("cacheKey") && { cacheKey: get("cacheKey") };
    const key = new Request(get("key") ?? "http://example.com/", { headers, cf });
    switch (get("do")) {
      case "put": {
        const init = { status: +(get("status") ?? 200), headers: JSON.parse(get("response") ?? "{}") };
        await cache.put(key, new Response(request.body ?? "cached", init));
        return Response.json("put");
      }
      case "delete": return Response.json(await cache.delete(key));
      default: return Response.json(await textOf(await cache.match(key)) ?? null);
    }
  },
};
"""


class MovedClock(SystemClock):
    ahead_ms = 0.0

    def now_ms(self) -> float:
        return super().now_ms() + self.ahead_ms


@pytest.fixture
async def cached(tmp_path: Path) -> AsyncIterator["Cached"]:
    async with Server(tmp_path) as server:
        server.add("main", SCRIPT)
        yield Cached(server)


class Cached:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.clock = MovedClock()
        server.runtime.clock = self.clock

    async def do(self, action: str, data: bytes | None = None, **parameters: object) -> object:
        query = {"do": action}
        for name, value in parameters.items():
            query[name] = json.dumps(value) if isinstance(value, dict) else str(value)
        method = "GET" if data is None else "POST"
        return json.loads(await self.server.text("/", params=query, data=data, method=method))

    async def put(self, response: dict[str, str], **parameters: object) -> None:
        assert await self.do("put", response=response, **parameters) == "put"

    async def match(self, **parameters: object) -> dict[str, object] | None:
        found = await self.do("match", **parameters)
        assert found is None or isinstance(found, dict)
        return found


FOR_AN_HOUR = {"Cache-Control": "max-age=3600", "Content-Type": "text/x", "X-Own": "1"}


async def test_what_was_put_is_found_until_it_expires_or_is_deleted(cached: Cached) -> None:
    assert await cached.match() is None
    assert await cached.do("delete") is False
    await cached.put(FOR_AN_HOUR, status=404)
    found = await cached.match()
    assert found == {
        "status": 404,
        "text": "cached",
        "headers": {
            "age": "0",
            "cache-control": "max-age=3600",
            "cf-cache-status": "HIT",
            "content-length": "6",
            "content-type": "text/x",
            "x-own": "1",
        },
    }
    cached.clock.ahead_ms += 3_500_000
    found = await cached.match()
    assert found is not None
    assert found["headers"]["age"] == "3500"  # type: ignore[index]
    cached.clock.ahead_ms += 100_000
    assert await cached.match() is None
    await cached.put(FOR_AN_HOUR)
    assert await cached.do("delete") is True
    assert await cached.match() is None


async def test_caches_and_keys_are_apart_from_each_other(cached: Cached) -> None:
    await cached.put(FOR_AN_HOUR, key="http://example.com/a?b#c")
    assert await cached.match(key="http://example.com/a?b") is not None
    assert await cached.match(key="http://example.com/a") is None
    assert await cached.match(key="https://example.com/a?b") is None
    assert await cached.match(key="http://example.com/a?b", cache="named") is None
    await cached.put(FOR_AN_HOUR, cache="named", cacheKey="mine")
    assert await cached.match(cache="named", cacheKey="mine", key="http://other/") is not None
    assert await cached.match(cache="named") is None
    cached.server.add("other", SCRIPT)
    answer = await cached.server.text("/?key=http://example.com/a?b", script="other")
    assert json.loads(answer) is None


@pytest.mark.parametrize(
    "response",
    [
        {"Cache-Control": "no-store"},
        {"Cache-Control": "private"},
        {"Cache-Control": "no-cache, max-age=60"},
        {"Cache-Control": "max-age=0"},
        {"Cache-Control": "max-age=60, s-maxage=0"},
        {"Cache-Control": "max-age=60", "Age": "60"},
        {"Expires": "0"},
        {"Cache-Control": "max-age=60", "Set-Cookie": "a=b"},
    ],
)
async def test_what_may_not_be_kept_is_not(cached: Cached, response: dict[str, str]) -> None:
    await cached.put(response)
    assert await cached.match() is None


async def test_a_cookie_that_is_private_is_left_out(cached: Cached) -> None:
    headers = {"Cache-Control": "private=Set-Cookie, max-age=60", "Set-Cookie": "a=b"}
    await cached.put(headers)
    found = await cached.match()
    assert found is not None
    assert "set-cookie" not in found["headers"]  # type: ignore[operator]


async def test_conditions_and_ranges_are_answered(cached: Cached) -> None:
    headers = {"ETag": '"tag"', "Last-Modified": "Sat, 01 Jan 2022 00:00:00 GMT"}
    await cached.put(FOR_AN_HOUR | headers)

    async def status(**request: str) -> tuple[object, object]:
        named = {name.replace("_", "-"): value for name, value in request.items()}
        found = await cached.match(headers=named)
        assert found is not None
        return found["status"], found["text"]

    assert await status(If_None_Match='"other", W/"tag"') == (304, "")
    assert await status(If_None_Match="*") == (304, "")
    assert await status(If_None_Match='"other"') == (200, "cached")
    assert await status(If_Modified_Since="Sat, 01 Jan 2022 00:00:00 GMT") == (304, "")
    assert await status(If_Modified_Since="Fri, 31 Dec 2021 00:00:00 GMT") == (200, "cached")
    assert await status(If_Modified_Since="yesterday") == (200, "cached")
    assert await status(Range="bytes=1-3") == (206, "ach")
    assert await status(Range="bytes=-2") == (206, "ed")
    assert await status(Range="bytes=4-") == (206, "ed")
    assert await status(Range="bytes=6-") == (416, "")
    assert await status(Range="lines=1-2") == (416, "")
    assert await status(Range="bytes=0-1,3-4") == (200, "cached")
    found = await cached.match(headers={"Range": "bytes=1-3"})
    assert found is not None
    assert found["headers"]["content-range"] == "bytes 1-3/6"  # type: ignore[index]


async def test_a_large_body_streams_through_and_comes_back_whole(cached: Cached) -> None:
    body = bytes(range(256)) * 3_000
    await cached.do("put", data=body, response=FOR_AN_HOUR | {"Content-Encoding": "identity"})
    found = await cached.match(headers={"Range": "bytes=262143-262145"})
    assert found is not None
    assert found["status"] == 206
    assert found["headers"]["content-length"] == "3"  # type: ignore[index]
    whole = await cached.match()
    assert whole is not None
    assert whole["headers"]["content-length"] == str(len(body))  # type: ignore[index]


async def test_a_body_that_breaks_off_leaves_what_was_there(cached: Cached) -> None:
    cached.server.add(
        "main",
        """
        const key = "http://example.com/";
        const headers = { "Cache-Control": "max-age=60" };
        export default {
          async fetch() {
            await caches.default.put(key, new Response("first", { headers }));
            const broken = new ReadableStream({
              start(controller) {
                controller.enqueue(new TextEncoder().encode("second"));
                controller.error(new RangeError("broken"));
              },
            });
            let error;
            try { await caches.default.put(key, new Response(broken, { headers })); }
            catch (reason) { error = reason; }
            return new Response(`${error?.message} ${await (await caches.default.match(key)).text()}`);
          },
        };
        """,
    )
    assert await cached.server.text() == "broken first"


async def test_caches_outlive_the_process_and_are_bounded(tmp_path: Path) -> None:
    async with Server(tmp_path) as server:
        server.add("main", SCRIPT)
        await Cached(server).put(FOR_AN_HOUR)
    async with Server(tmp_path, cache_bytes=3_000) as server:
        server.add("main", SCRIPT)
        cached = Cached(server)
        assert await cached.match() is not None
        for number in range(5):
            await cached.do(
                "put", data=b"x" * 400, response=FOR_AN_HOUR, key=f"http://example.com/{number}"
            )
            assert await cached.match() is not None, "it was used last"
        found = [await cached.match(key=f"http://example.com/{number}") for number in range(5)]
        assert [entry is not None for entry in found] == [False, False, False, True, True]


async def test_a_response_that_is_replaced_is_still_read_to_its_end(cached: Cached) -> None:
    cached.server.add(
        "main",
        """
        const key = "http://example.com/";
        const headers = { "Cache-Control": "max-age=60" };
        const put = (text) => caches.default.put(key, new Response(text, { headers }));
        export default {
          async fetch() {
            await put("a".repeat(600_000));
            const first = await caches.default.match(key);
            const reader = first.body.getReader();
            let length = (await reader.read()).value.length;
            await put("b");
            await caches.default.delete(key);
            for (let part; !(part = await reader.read()).done; ) length += part.value.length;
            return new Response(`${length} ${await caches.default.match(key)}`);
          },
        };
        """,
    )
    assert await cached.server.text() == "600000 undefined"


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 500])
async def test_a_damaged_file_is_thrown_away(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "cache" / "cache.sqlite"
    file.parent.mkdir()
    file.write_bytes(damage)
    async with Server(tmp_path) as server:
        server.add("main", SCRIPT)
        cached = Cached(server)
        assert await cached.match() is None
        await cached.put(FOR_AN_HOUR)
        assert await cached.match() is not None


async def test_damage_under_way_makes_the_cache_begin_anew(tmp_path: Path) -> None:
    async with Server(tmp_path) as server:
        server.add("main", SCRIPT)
        await Cached(server).do("put", data=b"x" * 300_000, response=FOR_AN_HOUR)
    file = tmp_path / "cache" / "cache.sqlite"
    content = bytearray(file.read_bytes())
    content[100:60_000] = bytes(59_900)
    file.write_bytes(content)
    async with Server(tmp_path) as server:
        server.add("main", SCRIPT)
        cached = Cached(server)
        assert await cached.match() is None
        await cached.put(FOR_AN_HOUR)
        assert await cached.match() is not None


REFUSALS = """
const told = [];
const refused = async (run) => {
  try { told.push(String(await run())); } catch (error) { told.push(`${error.name}: ${error.message}`); }
};
export default {
  async fetch() {
    const cache = caches.default;
    const post = new Request("http://x/", { method: "POST" });
    await refused(() => cache.put(post, new Response("x")));
    await refused(() => cache.put("http://x/", new Response("x", { status: 206 })));
    await refused(() => cache.put("http://x/", new Response("x", { headers: { Vary: "a, *" } })));
    await refused(() => cache.put("http://x/", Response.error()));
    await refused(() => cache.put("http://x/", new Response(null, { status: 304 })));
    await refused(() => cache.match("nope"));
    await refused(() => cache.match("data:,x"));
    await refused(() => cache.match(post));
    await refused(() => cache.delete(post));
    await refused(() => cache.match(post, { ignoreMethod: true }));
    await refused(() => cache.match("http://x/", { ignoreSearch: true }));
    await refused(() => cache.add("http://x/"));
    await refused(() => caches.open("x".repeat(1024)));
    await refused(() => caches.has("x"));
    await refused(() => new Cache());
    return new Response(told.join("\\n"));
  },
};
"""


async def test_refusals_have_cloudflares_words(server: Server) -> None:
    server.add("main", REFUSALS)
    assert (await server.text()).split("\n") == [
        "TypeError: Cannot cache response to non-GET request.",
        "TypeError: Cannot cache response to a range request (206 Partial Content).",
        "TypeError: Cannot cache response with 'Vary: *' header.",
        "TypeError: Cache is unable to store an error response",
        "undefined",
        "TypeError: Invalid URL: nope",
        "TypeError: Invalid URL. Cache API keys must be fully-qualified, valid URLs.",
        "undefined",
        "false",
        "undefined",
        "Error: The 'ignoreSearch' field on 'CacheQueryOptions' is not implemented.",
        "Error: Failed to execute 'add' on 'Cache': the method is not implemented.",
        "TypeError: Cache name is too long.",
        "Error: Failed to execute 'has' on 'CacheStorage': the method is not implemented.",
        "TypeError: Illegal constructor",
    ]


async def test_compressed_responses_are_kept_as_they_came(cached: Cached) -> None:
    cached.server.add(
        "main",
        """
        const key = "http://example.com/";
        export default {
          async fetch(request) {
            const headers = { "Cache-Control": "max-age=60", "Content-Encoding": "gzip" };
            await caches.default.put(key, new Response("hello ".repeat(100), { headers }));
            const found = await caches.default.match(key);
            const length = +found.headers.get("content-length");
            return new Response(`${length < 100} ${(await found.text()).length}`);
          },
        };
        """,
    )
    assert await cached.server.text() == "true 600"


async def test_many_at_once_do_not_disturb_each_other(cached: Cached) -> None:
    keys = [f"http://example.com/{number}" for number in range(20)]
    await asyncio.gather(*(cached.put(FOR_AN_HOUR, key=key) for key in keys))
    found = await asyncio.gather(*(cached.match(key=key) for key in keys))
    assert all(entry is not None and entry["text"] == "cached" for entry in found)
