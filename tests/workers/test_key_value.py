"""KV namespaces as scripts see them."""

import json

import pytest

from holdfast.catalog import KeyValue
from tests.inprocess import Server

# Each case is a function of the namespace; the Worker answers with what it returns or throws.
SOURCE = """
const cases = {
  async values(kv) {
    await kv.put("text", "héllo");
    await kv.put("bytes", new Uint8Array([0, 255]));
    await kv.put("view", new DataView(new Uint8Array([1, 2, 3]).buffer, 1));
    await kv.put("stream", new Response("from a stream").body);
    await kv.put("json", JSON.stringify({ a: [1] }));
    return [
      await kv.get("text"),
      [...new Uint8Array(await kv.get("bytes", "arrayBuffer"))],
      [...new Uint8Array(await kv.get("view", { type: "arrayBuffer" }))],
      await new Response(await kv.get("stream", "stream")).text(),
      await kv.get("json", "json"),
      await kv.get("none"),
    ];
  },
  async changed(kv) {
    const bytes = new Uint8Array([1]);
    const putting = kv.put("k", bytes);
    bytes[0] = 2;
    await putting;
    return [...new Uint8Array(await kv.get("k", "arrayBuffer"))];
  },
  async metadata(kv) {
    await kv.put("k", "v", { metadata: { tags: ["a"] }, expirationTtl: 60 });
    const found = await kv.getWithMetadata("k");
    const { keys: [key] } = await kv.list();
    return [found, Object.keys(key), key.metadata, await kv.getWithMetadata("none")];
  },
  async many(kv) {
    await kv.put("a", "1", { metadata: "m" });
    await kv.put("b", "2");
    const texts = await kv.get(["b", "a", "none"]);
    const parsed = await kv.getWithMetadata(["a"], "json");
    return [texts instanceof Map, [...texts], [...parsed]];
  },
  async list(kv) {
    for (let i = 0; i < 5; i++) await kv.put(`p/${i}`, "");
    await kv.put("q", "");
    const first = await kv.list({ prefix: "p/", limit: 3 });
    const second = await kv.list({ prefix: "p/", limit: 3, cursor: first.cursor });
    return [
      first.keys.map((k) => k.name), first.list_complete, typeof first.cursor,
      second.keys.map((k) => k.name), second.list_complete, "cursor" in second,
    ];
  },
  async deleted(kv) {
    await kv.put("k", "v");
    await kv.delete("k");
    await kv.delete("k");
    return await kv.get("k");
  },
  async deletedTogether(kv) {
    for (const key of ["a", "b", "c"]) await kv.put(key, "v");
    const told = [await kv.deleteBulk(["a", "b", "none"]), await kv.deleteBulk("c")];
    const refused = await kv.deleteBulk(Array(101).fill("k")).catch((error) => error.message);
    return [...told, (await kv.list()).keys, refused];
  },
  async replacedInPlace(kv) {
    await kv.put("k", "1", { metadata: 1, expirationTtl: 60 });
    await kv.put("k", "2");
    const { keys } = await kv.list();
    return [await kv.getWithMetadata("k"), keys];
  },
  empty: (kv) => kv.get(""),
  dots: (kv) => kv.put("..", "v"),
  long: (kv) => kv.get("k".repeat(513)),
  object: (kv) => kv.put("k", { a: 1 }),
  shortTtl: (kv) => kv.put("k", "v", { expirationTtl: 10 }),
  past: (kv) => kv.put("k", "v", { expiration: 1000 }),
  endless: (kv) => kv.put("k", "v", { expirationTtl: Infinity }),
  afar: (kv) => kv.put("k", "v", { expiration: 1e300 }),
  bigMetadata: (kv) => kv.put("k", "v", { metadata: "m".repeat(2000) }),
  bigValue: (kv) => kv.put("k", new Uint8Array(25 * 1024 * 1024 + 1)),
  limit: (kv) => kv.list({ limit: 1001 }),
  shortCache: (kv) => kv.get("k", { cacheTtl: 5 }),
  async badType(kv) {
    await kv.put("k", "v");
    return await kv.get("k", "blob");
  },
  async notJson(kv) {
    await kv.put("k", "{");
    return await kv.get(["k"], "json");
  },
  clone: async (kv) => structuredClone(kv),
  name: async (kv) => [kv.constructor.name, String(kv)],
  full: (kv) => kv.put("k", "v".repeat(1_000_000)),
};
export default {
  async fetch(request, env) {
    try {
      return Response.json(await cases[new URL(request.url).pathname.slice(1)](env.KV) ?? null);
    } catch (error) {
      return Response.json(`${error.name}: ${error.message}`);
    }
  },
};
"""

ANSWERS = {
    "changed": [1],
    "values": ["héllo", [0, 255], [2, 3], "from a stream", {"a": [1]}, None],
    "metadata": [
        {"value": "v", "metadata": {"tags": ["a"]}, "cacheStatus": None},
        ["name", "expiration", "metadata"],
        {"tags": ["a"]},
        {"value": None, "metadata": None, "cacheStatus": None},
    ],
    "many": [
        True,
        [["b", "2"], ["a", "1"], ["none", None]],
        [["a", {"value": 1, "metadata": "m"}]],
    ],
    "list": [["p/0", "p/1", "p/2"], False, "string", ["p/3", "p/4"], True, False],
    "deleted": None,
    "deletedTogether": [
        *[None, None, []],
        "KV DELETE failed: 400 You can delete maximum of 100 keys per request",
    ],
    "replacedInPlace": [{"value": "2", "metadata": None, "cacheStatus": None}, [{"name": "k"}]],
    "empty": "TypeError: Key name cannot be empty.",
    "dots": 'TypeError: ".." is not allowed as a key name.',
    "long": "Error: KV GET failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512.",
    "object": "TypeError: KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and "
    "ReadableStreams as values.",
    "shortTtl": "Error: KV PUT failed: 400 Invalid expiration_ttl of 10. "
    "Expiration TTL must be at least 60.",
    "past": "Error: KV PUT failed: 400 Invalid expiration of 1000. Please specify integer greater "
    "than the current number of seconds since the UNIX epoch.",
    "endless": "Error: KV PUT failed: 400 Invalid expiration_ttl of inf. Please specify integer "
    "greater than 0.",
    "afar": "Error: KV PUT failed: 400 Invalid expiration of 1.0000000000000001e+300. Please specify "
    "integer greater than the current number of seconds since the UNIX epoch.",
    "bigMetadata": "Error: KV PUT failed: 413 Metadata length of 2002 exceeds limit of 1024.",
    "bigValue": "Error: KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400.",
    "limit": "Error: KV GET failed: 400 Invalid key_count_limit of 1001. "
    "Please specify an integer less than 1000.",
    "shortCache": "Error: KV GET failed: 400 Invalid cache_ttl of 5. "
    "Cache TTL must be at least 30.",
    "badType": 'TypeError: Unknown response type. Possible types are "text", "arrayBuffer", '
    '"json", and "stream".',
    "notJson": "Error: KV GET_BULK failed: 400 At least one of the requested keys corresponds to a "
    "non-json value",
    "name": ["KvNamespace", "[object KvNamespace]"],
}


@pytest.fixture
async def server(tmp_path):
    async with Server(tmp_path) as server:
        for name in ("one", "other"):
            server.add(name, SOURCE, bindings=(KeyValue("KV", f"id-of-{name}"),))
        yield server


@pytest.mark.parametrize("case", ANSWERS)
async def test_a_namespace_does_what_is_documented(server, case):
    assert json.loads(await server.text(f"/{case}", script="one")) == ANSWERS[case]


async def test_a_full_disk_is_told_without_its_place(server, caplog):
    with server.runtime.resources.key_value._writing() as db:
        db.execute("PRAGMA max_page_count=100")  # SQLite has one error for both
    told = await server.text("/full", script="one")
    assert json.loads(told) == "Error: database or disk is full"
    [logged] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "kv.sqlite failed: database or disk is full" in logged.message
    assert not logged.exc_info


async def test_a_namespace_cannot_be_cloned(server):
    assert (await server.text("/clone", script="one")).startswith('"DataCloneError')


async def test_scripts_share_a_namespace_by_its_id_alone(server):
    server.add("same", SOURCE, bindings=(KeyValue("KV", "id-of-one"),))
    await server.text("/list", script="one")
    assert len(json.loads(await server.text("/list", script="same"))[0]) == 3
    assert server.runtime.resources.key_value.get("id-of-other", "q", 0) is None
    assert server.runtime.resources.key_value.get("id-of-one", "q", 0) is not None
