"""Facets as a part of their object: listed, exported, imported, deleted, backed up, checked."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from holdfast.server.backup import archive, unpack
from holdfast.server.check import check_folder
from holdfast.storage import whole
from holdfast.storage.disk import sync_path
from tests.server.deployment import Deployment
from tests.server.test_object_data import Site

SOURCE = """
import { DurableObject } from "cloudflare:workers";
export class Thing extends DurableObject {
  async count(names) {
    const [name, ...inner] = names;
    if (name === undefined) {
      const count = (await this.ctx.storage.get("count") ?? 0) + 1;
      await this.ctx.storage.put("count", count);
      return count;
    }
    return this.ctx.facets.get(name, () => ({ class: this.ctx.exports.Thing })).count(inner);
  }
  async fetch(request) {
    return new Response(await this.count(new URL(request.url).pathname.split("/").filter(Boolean)));
  }
}
export default {
  fetch(request, env) {
    return env.THING.getByName(request.headers.get("x-name")).fetch(request);
  },
};
"""


@pytest.fixture
async def site(deployment: Deployment) -> Site:
    site = Site(deployment, SOURCE)
    await site.start()
    return site


async def filled(site: Site, *paths: str) -> None:
    for path in paths:
        await site.fetch(path)


async def counts(site: Site, *paths: str, name: str = "A") -> list[str]:
    return [await site.fetch(path, name) for path in paths]


async def test_an_object_is_listed_once_and_with_the_sizes_of_its_facets(site: Site) -> None:
    await filled(site, "/")
    [alone] = (await site.api("GET", "?details=true"))["result"]
    await filled(site, "/a", "/a/b")
    [listed] = (await site.api("GET", "?details=true"))["result"]
    assert listed["id"] == alone["id"]
    shown = (await site.api("GET", "/name:A"))["result"]
    assert {*shown["facets"]} == {"a", "a/b"} and min(shown["facets"].values()) > 0
    assert shown["keys"] == 1


async def test_an_object_that_has_nothing_but_facets_is_one(site: Site) -> None:
    await filled(site, "/a")
    [listed] = (await site.api("GET", ""))["result"]
    assert listed["id"] == site.id_of("A")
    content = await site.export("A")
    assert (await site.api("PUT", "/name:B/import", data=content))["success"]
    assert await counts(site, "/a", "/", name="B") == ["2", "1"]


@pytest.mark.slow
async def test_an_export_brings_the_facets_back_and_none_that_came_later(site: Site) -> None:
    await filled(site, "/", "/a", "/a/b", "/a/b", "/c")
    content = await site.export("A")
    await filled(site, "/", "/a", "/d", "/a/e")
    for name in ("A", "copy"):
        answer = await site.api("PUT", f"/name:{name}/import", data=content)
        assert answer["success"], answer
        assert {*answer["result"]["facets"]} == {"a", "a/b", "c"}
        assert await counts(site, "/", "/a", "/a/b", "/c", name=name) == ["2", "2", "3", "2"]
        assert await counts(site, "/d", "/a/e", name=name) == ["1", "1"]


async def test_a_deleted_object_takes_its_facets_along(site: Site, tmp_path: Path) -> None:
    await filled(site, "/", "/a", "/a/b")
    assert (await site.api("DELETE", "/name:A"))["success"]
    assert (await site.api("GET", ""))["result"] == []
    left = [*(tmp_path / "objects" / site.unique_key).glob(f"{site.id_of('A')}*")]
    assert left == []
    assert await counts(site, "/", "/a", "/a/b") == ["1", "1", "1"]


FORGERIES = {
    "a gap": "UPDATE _cf_FACETS SET number = 7 WHERE number = 2",
    "a loop": "UPDATE _cf_FACETS SET parent = 1 WHERE number = 1",
    "no name": "UPDATE _cf_FACETS SET name = ''",
    "a name twice": "INSERT INTO _cf_FACETS SELECT 3, parent, name FROM _cf_FACETS WHERE number = 2",
    "bytes for a name": "UPDATE _cf_FACETS SET name = x'00'",
    "a facet of nobody's": "UPDATE _cf_FACET_PIECES SET facet = 70000 WHERE facet = 1",
    "a damaged facet": "UPDATE _cf_FACET_PIECES SET content = x'00'",
    "text for content": "UPDATE _cf_FACET_PIECES SET content = 'text'",
    "no pieces": "DROP TABLE _cf_FACET_PIECES",
}


@pytest.mark.parametrize("statement", FORGERIES.values(), ids=FORGERIES)
async def test_a_forged_export_is_refused_and_changes_nothing(site: Site, statement: str) -> None:
    await filled(site, "/a", "/b")
    db = sqlite3.connect(":memory:")
    db.deserialize(await site.export("A"))
    db.execute(statement)
    db.commit()
    content = db.serialize()
    db.close()
    answer = await site.api("PUT", "/name:A/import", data=content)
    assert [error["code"] for error in answer["errors"]] == [90002], answer
    assert await counts(site, "/a", "/b") == ["2", "2"]


async def test_a_backup_has_facets_and_is_found_sound(site: Site, tmp_path: Path) -> None:
    await filled(site, "/", "/a", "/a/b")
    file = tmp_path / "backup.tar"
    with file.open("wb") as content:
        async for piece in archive(site.deployment.runtime):
            content.write(piece)
    restored = tmp_path / "restored"
    restored.mkdir()
    object_id = site.id_of("A")
    assert {name.rpartition("/")[2] for name in unpack(file, restored)} >= {
        f"{object_id}.sqlite",
        f"{object_id}.facets",
        f"{object_id}.1.sqlite",
        f"{object_id}.2.sqlite",
    }
    found = {
        finding.file.rpartition("/")[2]: finding.problems for finding in check_folder(restored)
    }
    assert not any(found.values()), found
    assert f"{object_id}.2.sqlite" in found
    folder = restored / "objects" / site.unique_key
    (folder / f"{object_id}.1.sqlite").rename(folder / f"{object_id}.9.sqlite")
    (folder / f"{object_id}.2.sqlite").write_bytes(b"junk")
    found = {
        finding.file.rpartition("/")[2]: finding.problems for finding in check_folder(restored)
    }
    assert "no such facet" in found[f"{object_id}.9.sqlite"][0]
    assert found[f"{object_id}.2.sqlite"]
    (folder / f"{object_id}.facets").write_bytes(b"something else")
    found = {
        finding.file.rpartition("/")[2]: finding.problems for finding in check_folder(restored)
    }
    assert "no index of facets" in found[f"{object_id}.facets"][0]


async def test_who_calls_an_object_just_before_it_is_replaced_spoils_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(site, "/", "/a")
    content = await site.export("A")
    begun, called = threading.Event(), threading.Event()

    def held(path: Path) -> None:
        begun.set()
        assert called.wait(20)
        sync_path(path)

    monkeypatch.setattr(whole, "sync_path", held)
    importing = asyncio.create_task(site.api("PUT", "/name:A/import", data=content))
    assert await asyncio.to_thread(begun.wait, 20)
    assert await counts(site, "/", "/a", "/late") == ["2", "2", "1"]
    called.set()
    assert (await importing)["success"]
    assert await counts(site, "/", "/a", "/later", "/late") == ["2", "2", "1", "1"]
