"""The past of a server's D1 databases: copied, checked, and removed when it has ended."""

from pathlib import Path

from holdfast.server.backup import archive, unpack
from holdfast.server.check import check_folder
from holdfast.storage.d1 import Created, D1Database, D1Databases, Query
from holdfast.storage.d1.databases import database_in
from holdfast.storage.history import newest_ms
from tests.server.deployment import Deployment

SQL = "SELECT a FROM t"


async def put(databases: D1Databases, database_id: str, value: int) -> None:
    texts = ("CREATE TABLE IF NOT EXISTS t (a)", f"INSERT INTO t VALUES ({value})")
    await databases.run(database_id, [Query(text) for text in texts], str)


def held(database: D1Database) -> list[object]:
    [outcome] = database.read([Query(SQL)]).outcomes
    return [value for (value,) in outcome.rows]


async def test_a_backup_holds_the_past_of_databases(deployment: Deployment, tmp_path: Path) -> None:
    databases = deployment.runtime.resources.d1
    await put(databases, "db", 1)
    bookmark = await databases.bookmark("db")
    await put(databases, "db", 2)
    file, restored = tmp_path / "backup.tar", tmp_path / "restored"
    with file.open("wb") as content:
        async for piece in archive(deployment.runtime):
            content.write(piece)
    restored.mkdir()
    assert {"d1/db.sqlite", "d1/db.history"} <= {*unpack(file, restored)}
    found = {finding.file: finding.problems for finding in check_folder(restored)}
    assert found["d1/db.history"] == ()
    past = restored / "d1" / "db.history"
    original = newest_ms(str(tmp_path / "d1" / "db.history"))
    assert original is not None
    assert abs((newest_ms(str(past)) or 0) - original) < 1_000
    copy = database_in(restored, "db")
    assert held(copy) == [1, 2]
    copy.restore(bookmark)
    assert held(copy) == [1]
    copy.close()
    past.write_bytes(past.read_bytes()[:1024] + b"\xff" * 1024)
    assert any(finding.problems for finding in check_folder(restored))


async def test_what_a_deleted_database_has_left_goes_with_the_pasts_that_have_ended(
    deployment: Deployment, tmp_path: Path
) -> None:
    databases = deployment.runtime.resources.d1
    for database_id in ("kept", "gone"):
        databases.registry.add(Created(database_id, database_id, "2026-01-01T00:00:00Z"))
        await put(databases, database_id, 1)
        await databases.bookmark(database_id)
    databases.registry.delete("gone")
    await deployment.runtime.storage.remove_ended_pasts()
    assert [path.name for path in (tmp_path / "d1").glob("*.history")] == ["kept.history"]
