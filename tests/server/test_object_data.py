"""Objects as data, over the API, while they are in use."""

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from holdfast.objects.ids import IdFactory
from holdfast.server.backup import archive, unpack
from holdfast.server.check import check_folder
from holdfast.storage import portable
from holdfast.storage.going_back import Request, requested
from holdfast.storage.history import History, history_path, newest_ms
from tests.server.deployment import TOKEN, Deployment

SOURCE = """
export class Thing {
  constructor(state) { this.state = state; this.memory = 0; }
  async fetch(request) {
    const { storage } = this.state;
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/fill":
        await storage.put({
          number: 1.5, text: "héllo", list: [1, { a: null }], date: new Date(0),
          map: new Map([["k", new Set([1n])]]), bytes: new Uint8Array([1, 2]), none: null,
        });
        storage.sql.exec("CREATE TABLE notes (text)");
        storage.sql.exec("INSERT INTO notes VALUES ('a'), ('b')");
        return new Response("filled");
      case "/add":
        await storage.put("n", (await storage.get("n") ?? 0) + 1);
        return new Response(String(await storage.get("n")));
      case "/bookmark":
        return new Response(await storage.getCurrentBookmark());
      case "/alarm":
        await storage.setAlarm(Date.now() + 3_600_000);
        return new Response("set");
      case "/slow":
        await storage.put("n", 1);
        await scheduler.wait(60_000);
        return new Response("never");
    }
    return new Response(`${++this.memory} ${await storage.get("n") ?? "nothing"} ${await storage.getAlarm()}`);
  }
  alarm() {}
}
export default {
  fetch(request, env) {
    const name = request.headers.get("x-name") ?? "A";
    return env.THING.get(env.THING.idFromName(name)).fetch(request);
  },
};
"""
METADATA: dict[str, Any] = {
    "bindings": [{"type": "durable_object_namespace", "name": "THING", "class_name": "Thing"}],
}


class Site:
    """The script above, or another one, deployed."""

    def __init__(
        self, deployment: Deployment, source: str = SOURCE, *, kind: str = "new_sqlite_classes"
    ) -> None:
        self.deployment = deployment
        self._source = source
        self._metadata = METADATA | {"migrations": {"new_tag": "v1", kind: ["Thing"]}}
        self.namespace = ""

    async def start(self) -> None:
        answer = await self.deployment.upload("main", self._source, **self._metadata)
        assert answer["success"], answer
        [namespace] = self.deployment.catalog.namespaces()
        self.namespace = namespace.id
        self.unique_key = namespace.unique_key

    def id_of(self, name: str) -> str:
        return IdFactory(self.unique_key).from_name(name)

    async def fetch(self, path: str, name: str = "A") -> str:
        url = f"http://127.0.0.1:{self.deployment.port}{path}"
        headers = {"Host": "main.localhost", "x-name": name}
        async with self.deployment.session.get(url, headers=headers) as response:
            return f"{await response.text()}" if response.status == 200 else str(response.status)

    async def api(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        path = f"durable_objects/namespaces/{self.namespace}/objects{path}"
        return await self.deployment.api(method, path, **options)

    async def export(self, name: str) -> bytes:
        url = (
            f"http://127.0.0.1:{self.deployment.api_port}/client/v4/accounts/a/workers/"
            f"durable_objects/namespaces/{self.namespace}/objects/name:{name}/export"
        )
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self.deployment.session.get(url, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.read()


@pytest.fixture
async def site(deployment: Deployment) -> Site:
    site = Site(deployment)
    await site.start()
    return site


async def test_objects_are_listed_with_their_names_and_sizes(site: Site) -> None:
    for name in ("A", "u/b"):
        await site.fetch("/add", name)
    listed = (await site.api("GET", "?details=true"))["result"]
    assert {o["name"]: o["id"] for o in listed} == {n: site.id_of(n) for n in ("A", "u/b")}
    assert all(o["size"] >= 0 and o["hasStoredData"] for o in listed)
    first = await site.api("GET", "?details=true&limit=1")
    cursor = first["result_info"]["cursor"]
    second = await site.api("GET", f"?details=true&limit=1&cursor={cursor}")
    assert [*first["result"], *second["result"]] == listed
    assert second["result_info"]["cursor"] == ""


async def test_names_are_known_after_a_restart(site: Site, tmp_path: Path) -> None:
    await site.fetch("/add", "kept")
    await site.deployment.runtime.storage.aclose()
    with sqlite3.connect(tmp_path / "objects" / site.unique_key / "names.sqlite") as db:
        assert db.execute("SELECT id, CAST(name AS TEXT) FROM names").fetchall() == [
            (site.id_of("kept"), "kept")
        ]
    db.close()


async def test_an_object_is_shown_by_name_and_by_id(site: Site) -> None:
    await site.fetch("/fill")
    await site.fetch("/alarm")
    by_name = (await site.api("GET", "/name:A"))["result"]
    by_id = (await site.api("GET", f"/{site.id_of('A')}"))["result"]
    assert by_name == by_id
    assert by_name["keys"] == 7 and by_name["tables"] == {"notes": 2}
    assert by_name["name"] == "A" and by_name["alarm"].startswith("20")


async def test_values_are_shown_decoded(site: Site) -> None:
    await site.fetch("/fill")
    answer = await site.api("GET", "/name:A/keys")
    assert {e["key"]: (e["value"], e["exact"]) for e in answer["result"]} == {
        "bytes": ({"$type": "Uint8Array", "base64": "AQI="}, False),
        "date": ({"$type": "Date", "value": "1970-01-01T00:00:00Z"}, False),
        "list": ([1, {"a": None}], True),
        "map": (
            {
                "$type": "Map",
                "entries": [["k", {"$type": "Set", "values": [{"$type": "BigInt", "value": "1"}]}]],
            },
            False,
        ),
        "none": (None, True),
        "number": (1.5, True),
        "text": ("héllo", True),
    }
    page = await site.api("GET", "/name:A/keys?prefix=n&limit=1")
    assert [e["key"] for e in page["result"]] == ["none"]
    page = await site.api("GET", f"/name:A/keys?prefix=n&cursor={page['result_info']['cursor']}")
    assert [e["key"] for e in page["result"]] == ["number"]


async def test_a_page_of_values_ends_before_it_is_too_large(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.fetch("/fill")
    whole = await site.api("GET", "/name:A/keys")
    monkeypatch.setattr(portable, "MAX_PAGE_BYTES", 0)
    page = await site.api("GET", "/name:A/keys")
    assert page["result"] == whole["result"][:1]
    assert page["result_info"]["cursor"] == whole["result"][0]["key"]


async def test_an_export_is_one_moment_and_the_object_goes_on(site: Site) -> None:
    async def add() -> None:
        for _ in range(50):
            await site.fetch("/add")

    adding = asyncio.create_task(add())
    exports = [await site.export("A") for _ in range(5) if await site.fetch("/add")]
    await adding
    counts = []
    for content in exports:
        db = sqlite3.connect(":memory:")
        db.deserialize(content)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        counts += db.execute("SELECT count(*) FROM _cf_KV").fetchone()
        db.close()
    assert counts == [1] * 5
    assert (await site.fetch("/")).split()[1] == "55"


async def test_an_export_comes_back_as_another_object_or_the_same(site: Site) -> None:
    await site.fetch("/add")
    await site.fetch("/fill")
    await site.fetch("/alarm")
    content = await site.export("A")
    before = await site.fetch("/")
    await site.fetch("/add")
    for name in ("A", "copy"):
        answer = await site.api("PUT", f"/name:{name}/import", data=content)
        assert answer["success"] and answer["result"]["keys"] == 8, answer
        # The instance that knew other data is gone.
        assert (await site.fetch("/", name)).split()[1:] == before.split()[1:]
    assert (await site.fetch("/")).split()[0] == "2"


async def test_a_replaced_object_fails_what_is_under_way(site: Site) -> None:
    await site.fetch("/add")
    content = await site.export("A")
    waiting = asyncio.create_task(site.fetch("/slow"))
    while (await site.fetch("/")).split()[1] != "1":
        await asyncio.sleep(0)
    assert (await site.api("PUT", "/name:A/import", data=content))["success"]
    assert await waiting == "500"
    assert (await site.fetch("/add")) == "2"


async def test_a_deleted_object_begins_anew(site: Site) -> None:
    await site.fetch("/add")
    await site.fetch("/alarm")
    assert (await site.api("DELETE", "/name:A"))["success"]
    assert await site.fetch("/") == "1 nothing null"
    assert (await site.api("GET", ""))["result"] == []
    assert (await site.api("DELETE", "/name:A"))["success"]  # nothing to delete is fine


async def test_an_object_goes_back_in_time_and_forth_again(site: Site) -> None:
    await site.fetch("/add")
    first = await site.fetch("/bookmark")
    await site.fetch("/add")
    went = await site.api("POST", "/name:A/restore", json={"bookmark": first})
    assert went["success"], went
    assert (await site.fetch("/")).split()[1] == "1"
    undo = went["result"]["undo"]
    assert (await site.api("POST", "/name:A/restore", json={"bookmark": undo}))["success"]
    assert (await site.fetch("/")).split()[1] == "2"


async def test_a_moment_that_is_none_is_refused(site: Site) -> None:
    await site.fetch("/add")
    for body in ({}, {"bookmark": "a", "time": "b"}, {"time": "soon"}, {"bookmark": 1}):
        assert (await refused(site, "POST", "/name:A/restore", json=body))[0] == 90003
    await site.fetch("/bookmark")
    code, message = await refused(site, "POST", "/name:A/restore", json={"bookmark": "x"})
    assert code == 90003 and "no point in time" in message
    now = datetime.now(UTC).isoformat()
    code, message = await refused(site, "POST", "/name:never/restore", json={"time": now})
    assert code == 90003 and "holds nothing" in message


async def test_what_an_import_has_replaced_comes_back(site: Site) -> None:
    await site.fetch("/add")
    content = await site.export("A")
    for _ in range(2):
        await site.fetch("/add")
    before = datetime.now(UTC).isoformat()
    await site.api("PUT", "/name:A/import", data=content)
    assert (await site.fetch("/")).split()[1] == "1"
    assert (await site.api("POST", "/name:A/restore", json={"time": before}))["success"]
    assert (await site.fetch("/")).split()[1] == "3"
    await site.api("DELETE", "/name:A")
    code, message = await refused(site, "POST", "/name:A/restore", json={"time": before})
    assert code == 90003 and "holds nothing" in message, "what was deleted leaves nothing behind"


async def test_an_import_leaves_no_past_to_an_object_whose_class_has_none(
    deployment: Deployment, tmp_path: Path
) -> None:
    site = Site(deployment, kind="new_classes")
    await site.start()
    await site.fetch("/add")
    content = await site.export("A")
    await site.fetch("/add")
    await site.api("PUT", "/name:A/import", data=content)
    assert (await site.fetch("/")).split()[1] == "1"
    assert not [*tmp_path.rglob("*.history")], "nobody could go back to it"
    now = datetime.now(UTC).isoformat()
    code, message = await refused(site, "POST", "/name:A/restore", json={"time": now})
    assert code == 90003 and "with SQLite storage" in message


async def refused(site: Site, method: str, path: str, **options: Any) -> tuple[int, str]:
    answer = await site.api(method, path, **options)
    assert not answer["success"]
    [error] = answer["errors"]
    return error["code"], error["message"]


async def test_what_holds_nothing_is_told(site: Site) -> None:
    for path in ("/name:none", "/name:none/keys", "/name:none/export"):
        code, message = await refused(site, "GET", path)
        assert code == 90001 and "holds nothing" in message


@pytest.mark.parametrize("bad", ["x", "0" * 64])
async def test_an_id_of_another_namespace_is_refused(site: Site, bad: str) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/import"), ("GET", "/export")):
        assert (await refused(site, method, f"/{bad}{path}", data=b""))[0] == 90002


def forged(statement: str) -> bytes:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
    db.execute("INSERT INTO _cf_KV VALUES ('k', x'FF0F4902')")
    db.executescript(statement)
    content = db.serialize()
    db.close()
    return content


async def test_a_file_that_is_no_object_is_refused_and_changes_nothing(site: Site) -> None:
    await site.fetch("/add")
    good = await site.export("A")
    damaged = bytearray(good)
    damaged[4100:4200] = b"\xaa" * 100
    for content in (
        b"",
        b"no database",
        good[: len(good) // 2],
        bytes(damaged),
        forged("DROP TABLE _cf_KV; CREATE TABLE _cf_KV (a, b, c)"),
        forged("UPDATE _cf_KV SET value = x'00'"),
        forged("CREATE TRIGGER t AFTER INSERT ON _cf_KV BEGIN DELETE FROM _cf_KV; END"),
    ):
        code, message = await refused(site, "PUT", "/name:A/import", data=content)
        assert code == 90002 and message
    assert (await site.fetch("/")).split()[1] == "1"
    assert json.dumps((await site.api("GET", ""))["result"])


async def test_nothing_is_left_in_the_data_folder(site: Site, tmp_path: Path) -> None:
    await site.fetch("/add")
    content = await site.export("A")
    await site.api("PUT", "/name:A/import", data=content)
    await site.api("PUT", "/name:A/import", data=b"x")
    assert [*(tmp_path / ".scratch").iterdir()] == []


async def test_a_backup_holds_the_past_and_what_is_to_come_back(site: Site, tmp_path: Path) -> None:
    await site.fetch("/add")
    bookmark = await site.fetch("/bookmark")
    await site.fetch("/add")
    went = await site.api("POST", "/name:A/restore", json={"bookmark": bookmark})
    file, restored = tmp_path / "backup.tar", tmp_path / "restored"
    with file.open("wb") as content:
        async for piece in archive(site.deployment.runtime):
            content.write(piece)
    restored.mkdir()
    name = f"{site.id_of('A')}.sqlite"
    assert f"objects/{site.unique_key}/{name}" in {*unpack(file, restored)}
    copy = restored / "objects" / site.unique_key / name
    assert requested(copy) == Request(bookmark, went["result"]["undo"])
    assert History(copy, lambda: 0.0, 30).has(bookmark)
    original = tmp_path / "objects" / site.unique_key / name
    marked = [newest_ms(str(history_path(path))) for path in (original, copy)]
    assert marked[0] and marked[0] == pytest.approx(marked[1], abs=2_000)
    assert not any(finding.problems for finding in check_folder(restored))
