"""`kill -9` during imports: an object holds one file or the other, whole, and what was accepted."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.faults.site import CONNECTION_ERRORS, DEADLINE_S, Site
from tests.serving import TOKEN

pytestmark = pytest.mark.slow

KEYS = 200
NAMES = tuple("abcdefgh")
ACCEPTED = (20, 33)  # imports before each crash

# Tells how many keys there are, and what different values they have. A POST writes one as it is.
THING = """
export class Thing {
  constructor({ storage }) { this.storage = storage; }
  async fetch(request) {
    const stored = await this.storage.list();
    const numbers = new Set(stored.values());
    if (request.method === "POST") {
      const [number] = numbers;
      await this.storage.put("key 0", number);
    }
    return Response.json([stored.size, ...numbers]);
  }
}
export default {
  fetch(request, env) {
    return env.Thing.getByName(new URL(request.url).pathname.slice(1)).fetch(request);
  },
};
"""


def database(number: int) -> bytes:
    """An object all of whose keys hold a number."""
    zigzag = number * 2
    value = bytes([0xFF, 0x0F, 0x49])
    while zigzag > 0x7F:
        value += bytes([zigzag & 0x7F | 0x80])
        zigzag >>= 7
    value += bytes([zigzag])
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
    db.executemany("INSERT INTO _cf_KV VALUES (?, ?)", ((f"key {n}", value) for n in range(KEYS)))
    db.commit()
    content = db.serialize()
    db.close()
    return content


class Importer:
    """Puts one file after the other in an object's place, until the server dies."""

    def __init__(self, site: Site, namespace: str, name: str) -> None:
        self.sent = self.accepted = 0
        self._site, self._name = site, name
        self._url = (
            f"http://127.0.0.1:{site.api_port}/client/v4/accounts/a/workers/durable_objects/"
            f"namespaces/{namespace}/objects/name:{name}/import"
        )

    async def run(self, told: asyncio.Semaphore) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        while True:
            self.sent += 1
            try:
                content = database(self.sent)
                async with self._site.session.put(
                    self._url, data=content, headers=headers
                ) as answer:
                    assert answer.status == 200, await answer.text()
                    await answer.read()
                self.accepted = self.sent
                told.release()
                # The object is in use: it is brought up, and writes to what was put there.
                status, text = await self._site.fetch("main", f"/{self._name}", method="POST")
                assert (status, text) == (200, f"[{KEYS},{self.sent}]")
            except CONNECTION_ERRORS:
                return


async def test_imports_survive_crashes_whole_or_not_at_all(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        metadata = {"migrations": {"new_sqlite_classes": ["Thing"]}}
        assert await site.deploy("main", THING, "Thing", metadata=metadata) == 200
        importers = [Importer(site, await namespace_of(site), name) for name in NAMES]
        for count in ACCEPTED:
            told = asyncio.Semaphore(0)
            async with asyncio.TaskGroup() as group:
                for importer in importers:
                    group.create_task(importer.run(told))
                async with asyncio.timeout(DEADLINE_S):
                    for _ in range(count):
                        await told.acquire()
                site.crash()
            site.start()
            for importer, name in zip(importers, NAMES, strict=True):
                text = await site.get("main", f"/{name}")
                possible = {f"[{KEYS},{n}]" for n in {importer.accepted, importer.sent} if n}
                assert text in possible | (set() if importer.accepted else {"[0]"}), name
        assert [*(site.data / ".scratch").glob("*")] == [], "a crash leaves nothing behind"


async def namespace_of(site: Site) -> str:
    url = (
        f"http://127.0.0.1:{site.api_port}/client/v4/accounts/a/workers/durable_objects/namespaces"
    )
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with site.session.get(url, headers=headers) as answer:
        [namespace] = (await answer.json())["result"]
        return str(namespace["id"])
