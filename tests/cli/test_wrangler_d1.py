"""Wrangler's commands for D1 databases, against `holdfast serve`."""

import json
import re
import time

import pytest

from tests.cli.test_wrangler import Project
from tests.peers import wrangler_binary
from tests.serving import Platform

pytestmark = pytest.mark.slow

WORKER = """
export default {
  async fetch(request, env) {
    const { results } = await env.DB.prepare("SELECT name FROM people ORDER BY id").all();
    return Response.json(results.map(({ name }) => name));
  },
};
"""


@pytest.fixture
def project(tmp_path):
    wrangler_binary()
    (tmp_path / "platform").mkdir()
    (tmp_path / "project").mkdir()
    platform = Platform(tmp_path / "platform")
    yield Project(tmp_path / "project", platform)
    platform.process.stop()


def names(project):
    return json.loads(project.platform.ask("people").text)


def write(project, database_id):
    (project.folder / "worker.js").write_text(WORKER)
    database = {"binding": "DB", "database_name": "shop", "database_id": database_id}
    configuration = {
        "name": "people",
        "main": "worker.js",
        "compatibility_date": "2026-01-01",
        "d1_databases": [database],
    }
    (project.folder / "wrangler.json").write_text(json.dumps(configuration))
    migrations = project.folder / "migrations"
    migrations.mkdir()
    (migrations / "0001_people.sql").write_text(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT);\n"
        "CREATE TRIGGER once AFTER INSERT ON people BEGIN SELECT 1; END;\n"
    )
    (migrations / "0002_first.sql").write_text("INSERT INTO people (name) VALUES ('Ada');\n")


def test_wrangler_makes_migrates_asks_exports_and_deletes_a_database(project):
    created = project.run("d1", "create", "shop")
    (database_id,) = re.findall(r'"database_id": "([\w-]+)"', created)
    assert [one["name"] for one in json.loads(project.run("d1", "list", "--json"))] == ["shop"]
    write(project, database_id)

    listed = project.run("d1", "migrations", "list", "shop", "--remote")
    assert "0001_people.sql" in listed and "0002_first.sql" in listed
    project.run("d1", "migrations", "apply", "shop", "--remote")
    assert "No migrations to apply" in project.run("d1", "migrations", "list", "shop", "--remote")
    project.run("deploy")
    assert names(project) == ["Ada"]

    insert = "INSERT INTO people (name) VALUES ('Bob'); SELECT name FROM people"
    told = project.run("d1", "execute", "shop", "--remote", "--json", "--command", insert)
    assert json.loads(told)[1]["results"] == [{"name": "Ada"}, {"name": "Bob"}]
    (project.folder / "more.sql").write_text("INSERT INTO people (name) VALUES ('Cid');\n")
    project.run("d1", "execute", "shop", "--remote", "--yes", "--file", "more.sql")
    assert names(project) == ["Ada", "Bob", "Cid"]
    travel = ("d1", "time-travel")
    now = json.loads(project.run(*travel, "info", "shop", "--json"))["bookmark"]
    project.run("d1", "execute", "shop", "--remote", "--command", "DELETE FROM people")
    assert names(project) == []
    told = json.loads(project.run(*travel, "restore", "shop", "--json", "--bookmark", now))
    assert told["bookmark"] == now < told["previous_bookmark"]
    assert names(project) == ["Ada", "Bob", "Cid"]
    early = project.attempt(*travel, "restore", "shop", "--timestamp", str(int(time.time()) - 3600))
    assert "before the database was made" in early.stdout + early.stderr
    wrong = project.attempt("d1", "execute", "shop", "--remote", "--command", "SELECT * FROM none")
    assert "no such table: none" in wrong.stdout + wrong.stderr

    project.run("d1", "export", "shop", "--remote", "--skip-confirmation", "--output", "out.sql")
    text = (project.folder / "out.sql").read_text()
    assert 'INSERT INTO "people" ("id","name") VALUES(3,\'Cid\');' in text
    info = json.loads(project.run("d1", "info", "shop", "--json"))
    assert (info["uuid"], info["num_tables"]) == (database_id, 2)
    project.run("d1", "delete", "shop", "--skip-confirmation")
    assert json.loads(project.run("d1", "list", "--json")) == []
