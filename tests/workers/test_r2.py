"""R2 buckets as scripts see them. tests/differential/test_r2.py compares them with workerd."""

import json

import pytest

from holdfast.catalog import R2Bucket
from tests.inprocess import Server

SOURCE = """
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    switch (request.method) {
      case "PUT": {
        const stored = await env.BUCKET.put(key, request.body, { httpMetadata: request.headers });
        return Response.json(stored);
      }
      case "DELETE":
        await env.BUCKET.delete(key);
        return new Response(null, { status: 204 });
      default: {
        const object = await env.BUCKET.get(key, { range: request.headers, onlyIf: request.headers });
        if (object === null) return new Response("none", { status: 404 });
        const headers = new Headers({ etag: object.httpEtag });
        object.writeHttpMetadata(headers);
        return new Response(object.body, { headers, status: object.body ? 200 : 304 });
      }
    }
  },
};
"""


@pytest.fixture
async def server(tmp_path):
    async with Server(tmp_path) as server:
        server.sources.implies_stores = False
        server.runtime.buckets.create("files", 0)
        server.add("main", SOURCE, bindings=(R2Bucket("BUCKET", "files"),))
        yield server


async def test_a_body_goes_to_the_disk_and_comes_back(server):
    content = bytes(range(256)) * 4096
    put = await server.fetch("/a/b", method="PUT", data=content, headers={"Content-Type": "x/y"})
    told = json.loads(put.text)
    assert (told["size"], told["key"]) == (len(content), "a/b")
    async with server._session.get(
        f"http://127.0.0.1:{server.port}/a/b", headers={"Host": "main.localhost"}
    ) as answer:
        assert answer.headers["content-type"] == "x/y"
        assert answer.headers["content-length"] == str(len(content))
        assert await answer.read() == content
        etag = answer.headers["etag"]
    assert (await server.fetch("/a/b", headers={"If-None-Match": etag})).status == 304
    assert await server.text("/a/b", headers={"Range": "bytes=65-67"}) == "ABC"
    assert (await server.fetch("/a/b", method="DELETE")).status == 204
    assert (await server.fetch("/a/b")).status == 404


async def test_a_bucket_that_is_not_there_is_told(server):
    server.add("other", SOURCE, bindings=(R2Bucket("BUCKET", "gone"),))
    assert (await server.fetch("/k", script="other")).status == 500
    assert "get: The specified bucket does not exist. (10006)" in "".join(server.lines)
