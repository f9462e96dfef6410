"""D1 databases in tests, as docs/testing.md has them."""

import json

import pytest

from holdfast.testing import HarnessError

SHOP = """
export default {
  async fetch(request, env) {
    const name = new URL(request.url).pathname.slice(1);
    if (name) await env.DB.prepare("INSERT INTO things (name) VALUES (?)").bind(name).run();
    const { results } = await env.DB.prepare("SELECT name FROM things ORDER BY id").all();
    return Response.json(results.map((row) => row.name));
  },
};
"""
CREATE = "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "shop.mjs").write_text(SHOP)
    database = {"binding": "DB", "database_name": "shop", "database_id": "1234"}
    fields = {"name": "shop", "main": "shop.mjs", "d1_databases": [database]}
    (tmp_path / "wrangler.json").write_text(json.dumps(fields))
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_things.sql").write_text(CREATE)
    (tmp_path / "migrations" / "0002_tea.sql").write_text(
        "INSERT INTO things (name) VALUES ('tea')"
    )
    return tmp_path


def test_a_database_is_bound_and_at_hand(holdfast):
    database = holdfast.d1("things")
    database.sql(CREATE)
    worker = holdfast.worker(SHOP, env={"DB": database})
    assert worker.fetch("/tea").json() == ["tea"]
    database.sql("INSERT INTO things (name) VALUES (?), (?)", "milk", "cake")
    assert worker.fetch("/").json() == ["tea", "milk", "cake"]
    assert database.sql("SELECT id FROM things WHERE name = 'milk'") == [{"id": 2}]
    assert worker.d1("DB").id == database.id == "things"


def test_each_test_has_databases_of_its_own(holdfast):
    with pytest.raises(HarnessError, match="no such table: things"):
        holdfast.d1("things").sql("SELECT * FROM things")


def test_a_project_is_migrated(holdfast, project):
    worker = holdfast.worker(project)
    assert worker.d1("DB").apply_migrations() == ["0001_things.sql", "0002_tea.sql"]
    assert worker.d1("DB").apply_migrations() == []
    assert worker.fetch("/").json() == ["tea"]


def test_migrations_come_from_any_folder(holdfast, project):
    database = holdfast.d1("things")
    assert len(database.apply_migrations(project / "migrations")) == 2
    (project / "migrations" / "0003_wrong.sql").write_text("SELEC")
    with pytest.raises(HarnessError, match=r"0003_wrong.sql was not applied: near .SELEC."):
        database.apply_migrations(project / "migrations")


def test_what_a_database_has_survives_a_crash(holdfast):
    worker = holdfast.worker(SHOP, env={"DB": holdfast.d1("things")})
    worker.d1("DB").sql(CREATE)
    worker.fetch("/tea")
    holdfast.crash()
    assert worker.fetch("/").json() == ["tea"]
    assert worker.d1("DB").sql("SELECT count(*) AS n FROM things") == [{"n": 1}]


def test_mistakes_are_told(holdfast):
    worker = holdfast.worker(SHOP, env={"DB": holdfast.d1("things")})
    with pytest.raises(HarnessError, match="no D1 database 'NONE' in its env; it has: DB"):
        worker.d1("NONE")
    with pytest.raises(HarnessError, match="There is no folder of migrations migrations"):
        worker.d1("DB").apply_migrations()


async def test_an_async_harness_has_them_too(aholdfast):
    database = aholdfast.d1("things")
    database.sql(CREATE)
    worker = aholdfast.worker(SHOP, env={"DB": database})
    assert (await worker.fetch("/tea")).json() == ["tea"]
