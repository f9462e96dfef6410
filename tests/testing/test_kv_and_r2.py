"""KV namespaces and R2 buckets at hand: filled before a test, looked into afterwards."""

import json
from pathlib import Path

import pytest

from holdfast.testing import Harness, HarnessError

SOURCE = """
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    if (request.method === "PUT") {
      await env.FILES.put(key, request.body, { customMetadata: { by: "ada" } });
      await env.CACHE.put(key, "new", { expirationTtl: 60, metadata: { by: "ada" } });
      return new Response();
    }
    const object = await env.FILES.get(key);
    const { value, metadata } = await env.CACHE.getWithMetadata(key);
    return Response.json([(await object?.text()) ?? null, value, metadata]);
  },
};
"""


def test_what_a_test_puts_is_there_and_what_a_script_puts_is_seen(holdfast: Harness) -> None:
    cache, files = holdfast.kv("cache"), holdfast.r2("files")
    worker = holdfast.worker(SOURCE, env={"CACHE": cache, "FILES": files})
    assert cache.get("k") is files.get("k") is files.head("k") is None
    cache.put("k", "old", metadata=[1])
    files.put("k", "text", http_metadata={"contentType": "text/plain"})
    assert worker.fetch("/k").json() == ["text", "old", [1]]
    large = b"x" * 300_000
    worker.fetch("/k", method="PUT", body=large)
    assert files.get("k") == large and "k" in files
    head = files.head("k")
    assert head is not None and (head.size, head.custom_metadata) == (300_000, {"by": "ada"})
    assert (cache.get("k"), cache.get_bytes("k"), cache.metadata("k")) == (
        "new",
        b"new",
        {"by": "ada"},
    )
    holdfast.clock.advance(61)
    assert cache.get("k") is None and "k" not in cache


def test_keys_are_listed_and_removed(holdfast: Harness) -> None:
    for store in (holdfast.kv("cache"), holdfast.r2("files")):
        for key in ("a/2", "b", "a/1"):
            store.put(key, b"v")
        assert store.keys() == ["a/1", "a/2", "b"] and store.keys("a/") == ["a/1", "a/2"]
        store.delete("a/1")
        store.delete("nothing")
        assert store.keys("a/") == ["a/2"]


def test_those_of_a_project_are_found_by_their_bindings(holdfast: Harness, tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(SOURCE)
    bound = {
        "kv_namespaces": [{"binding": "CACHE", "id": "1"}],
        "r2_buckets": [{"binding": "FILES", "bucket_name": "files"}],
    }
    (tmp_path / "wrangler.json").write_text(json.dumps({"main": "main.mjs", **bound}))
    worker = holdfast.worker(tmp_path)
    worker.kv("CACHE").put("k", "v", expiration_ttl=60)
    worker.r2("FILES").put("k", "w")
    assert worker.fetch("/k").json() == ["w", "v", None]
    with pytest.raises(HarnessError, match="no R2 bucket 'CACHE' in its env; it has: FILES"):
        worker.r2("CACHE")
