"""R2 buckets as scripts see them. tests/differential/test_r2.py compares them with workerd."""

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from holdfast.catalog import R2Bucket
from tests.inprocess import Server
from tests.patience import PATIENCE_S

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
        server.runtime.resources.buckets.create("files", 0)
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


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("2025-12-02", [["offset", "length"], [], ["objects", "truncated", "delimitedPrefixes"]]),
        ("2025-12-03", [["offset", "length", "suffix"], 6, 4]),
    ],
)
async def test_the_date_decides_whether_what_there_is_not_is_left_out(server, date, told):
    source = """
      export default { async fetch(request, { BUCKET }) {
        await BUCKET.put("k", "value");
        const { range, httpMetadata } = await BUCKET.get("k", { range: { suffix: 2 } });
        return Response.json([range, httpMetadata, await BUCKET.list()].map(Object.keys));
      } };
    """
    bindings = (R2Bucket("BUCKET", "files"),)
    server.add("dated", source, bindings=bindings, compatibility_date=date)
    found = json.loads((await server.fetch(script="dated")).text)
    counted = zip(found, told, strict=True)
    assert [len(keys) if isinstance(want, int) else keys for keys, want in counted] == told


async def test_a_bucket_that_is_not_there_is_told(server):
    server.add("other", SOURCE, bindings=(R2Bucket("BUCKET", "gone"),))
    assert (await server.fetch("/k", script="other")).status == 500
    assert "get: The specified bucket does not exist. (10006)" in "".join(server.lines)


PARTS_SOURCE = """
export default {
  async fetch(request, env) {
    if (request.method === "GET") {
      const { body } = await env.BUCKET.get("large", { range: request.headers });
      return new Response(body);
    }
    const upload = await env.BUCKET.createMultipartUpload("large");
    const parts = [];
    for (const [index, text] of ["a", "b", "c"].entries()) {
      const size = index === 2 ? 3 : 5 * 1024 * 1024;
      parts.push(await upload.uploadPart(index + 1, text.repeat(size)));
    }
    return new Response((await upload.complete(parts)).size);
  },
};
"""


def open_contents():
    """The files of buckets that this process has open, without those of SQLite."""
    links = []
    for fd in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(fd.readlink()))
    return [
        link for link in links if "/r2/" in link and "sqlite" not in link and "/new" not in link
    ]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells open files")
async def test_parts_are_read_one_after_the_other_and_let_go_of(server):
    size = 5 * 1024 * 1024
    server.add("parts", PARTS_SOURCE, bindings=(R2Bucket("BUCKET", "files"),))
    assert await server.text(method="POST", script="parts") == str(2 * size + 3)
    assert await server.text(script="parts") == "a" * size + "b" * size + "ccc"
    headers = {"Range": f"bytes={size - 2}-{size + 1}"}
    assert await server.text(script="parts", headers=headers) == "aabb"
    for _ in range(3):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: parts.localhost\r\n\r\n")
        await writer.drain()
        writer.transport.abort()
    async with asyncio.timeout(PATIENCE_S):
        while open_contents() or server.runtime.overload.count_connections() > 1:
            await asyncio.sleep(0)
    assert await server.text(script="parts", headers=headers) == "aabb"
