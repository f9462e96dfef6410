"""`kill -9` while objects are put: what was answered is there whole, and nothing half."""

import asyncio
import contextlib
import hashlib
import random
from contextlib import closing
from pathlib import Path

import aiohttp
import apsw
import pytest

from tests.cli.running import holdfast
from tests.serving import HoldfastProcess, free_ports

pytestmark = pytest.mark.slow

CRASHES = 4
CLIENTS = 12
LOAD_S = 1.5

WORKER = """
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const key = pathname.slice(1);
    if (request.method === "DELETE") {
      await env.FILES.delete(key);
      return new Response("");
    }
    if (request.method === "GET") {
      if (key === "") return Response.json((await env.FILES.list()).objects.map((o) => o.key));
      const object = await env.FILES.get(key);
      if (object === null) return new Response(null, { status: 404 });
      return new Response(object.body, { headers: { etag: object.httpEtag } });
    }
    if (!searchParams.has("parts")) {
      const { etag } = await env.FILES.put(key, request.body);
      return new Response(etag);
    }
    const upload = await env.FILES.createMultipartUpload(key);
    const part = await upload.uploadPart(1, request.body);
    return new Response((await upload.complete([part])).etag);
  },
};
"""
CONFIGURATION = """
{"name": "r2", "main": "worker.mjs", "compatibility_date": "2026-01-01",
 "r2_buckets": [{"binding": "FILES", "bucket_name": "files"}]}
"""


class Books:
    """What each key may hold: what was acknowledged last, or what was asked for since."""

    def __init__(self) -> None:
        self.possible: dict[str, set[bytes | None]] = {}
        self.acknowledged = 0

    def begin(self, key: str, content: bytes | None) -> None:
        self.possible.setdefault(key, {None}).add(content)

    def acknowledge(self, key: str, content: bytes | None) -> None:
        self.possible[key] = {content}
        self.acknowledged += 1


async def write(session: aiohttp.ClientSession, base: str, books: Books, client: int) -> None:
    chance = random.Random()
    for number in range(1_000_000):
        key = f"{client}-{chance.randrange(4)}"
        content = None
        if number % 7 != 6:
            content = chance.randbytes(chance.choice([0, 10, 5_000, 100_000, 700_000]))
        books.begin(key, content)
        if content is None:
            async with session.delete(f"{base}/{key}") as answer:
                assert answer.status == 200, await answer.text()
        else:
            query = "?parts" if number % 5 == 4 else ""
            async with session.put(f"{base}/{key}{query}", data=content) as answer:
                text = await answer.text()
                assert answer.status == 200, text
                if not query:
                    assert text == hashlib.md5(content).hexdigest()
        books.acknowledge(key, content)


async def check(session: aiohttp.ClientSession, base: str, books: Books) -> None:
    for key, possible in books.possible.items():
        async with session.get(f"{base}/{key}") as answer:
            content = await answer.read() if answer.status == 200 else None
            assert answer.status in (200, 404), content
            assert content in possible, f"{key} holds neither what was kept nor what was sent"
            etag = answer.headers.get("etag", "")
        if content is not None and "-" not in etag:
            assert etag == f'"{hashlib.md5(content).hexdigest()}"'
        books.acknowledge(key, content)


@pytest.mark.parametrize("workers", ["1", "3"])
async def test_objects_survive_several_crashes(tmp_path: Path, workers: str) -> None:
    (tmp_path / "worker.mjs").write_text(WORKER)
    (tmp_path / "wrangler.json").write_text(CONFIGURATION)
    (port,) = free_ports(1)
    base, books, data = f"http://127.0.0.1:{port}", Books(), tmp_path / "data"
    arguments = ["run", str(tmp_path), "--port", str(port), "--data", str(data)]
    arguments += ["--workers", workers]
    for _ in range(CRASHES):
        process = HoldfastProcess(arguments, [port], tmp_path)
        try:
            async with aiohttp.ClientSession() as session:
                await check(session, base, books)
                load = [
                    asyncio.create_task(write(session, base, books, client))
                    for client in range(CLIENTS)
                ]
                _, running = await asyncio.wait(load, timeout=LOAD_S)
                assert len(running) == CLIENTS
                process.kill()
                for task in load:
                    with contextlib.suppress(aiohttp.ClientError):
                        await task
        finally:
            process.kill()
    assert books.acknowledged > 100
    told = holdfast("check", "--data", data, folder=tmp_path)
    assert told.code == 0, told.out + told.err

    process = HoldfastProcess([*arguments[:-1], "1"], [port], tmp_path)
    try:
        async with aiohttp.ClientSession() as session:
            await check(session, base, books)
            async with session.put(f"{base}/last", data=b"") as answer:
                assert answer.status == 200
            async with session.get(base) as answer:
                objects = await answer.json()
    finally:
        process.kill()
    contents = {path.relative_to(data / "r2").parts[2] for path in data.glob("r2/*/??/*")}
    (database,) = data.glob("r2/*/bucket.sqlite")
    with closing(apsw.Connection(str(database))) as db:
        named = db.execute(
            "SELECT content FROM objects UNION SELECT content FROM uploads WHERE NOT ended"
        )
        assert contents <= {content for (content,) in named}, "what a crash leaves is swept"
    assert len(contents) >= len(objects)
    assert [*data.glob("r2/*/new/*")] == []
