"""`holdfast d1`: on a data folder, and against a server."""

import json

import pytest

from tests.cli.running import Running, holdfast
from tests.cli.serving import Served

pytestmark = pytest.mark.slow

WORKER = """
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/add") {
      const { meta } = await env.DB.prepare("INSERT INTO people (name) VALUES ('new')").run();
      return new Response(String(meta.last_row_id));
    }
    const count = await env.DB.prepare("SELECT count(*) AS n FROM people").first("n");
    return new Response(String(count));
  },
};
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "worker.mjs").write_text(WORKER)
    configure(tmp_path)
    migrations = tmp_path / "migrations"
    migrations.mkdir()
    (migrations / "10_last.sql").write_text("INSERT INTO people (name) VALUES ('Bob') -- no end")
    (migrations / "0001_people.sql").write_text(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT);\n"
        "CREATE TRIGGER once AFTER INSERT ON people BEGIN SELECT 1; SELECT 2; END;\n"
    )
    (migrations / "2_first.sql").write_text("INSERT INTO people (name) VALUES ('Ada');")
    (migrations / ".hidden.sql").write_text("nonsense")
    (migrations / "notes.txt").write_text("nonsense")
    return tmp_path


def configure(folder, **fields):
    database = {"binding": "DB", "database_name": "shop", **fields}
    configuration = {"name": "site", "main": "worker.mjs", "d1_databases": [database]}
    (folder / "wrangler.json").write_text(json.dumps(configuration))


def tell(folder, *arguments):
    done = holdfast("d1", *arguments, folder=folder)
    assert done.code == 0, done.err
    return done.out


def test_a_data_folder_is_migrated_and_asked(project):
    listed = tell(project, "migrations", "list", "shop")
    assert listed.split() == ["0001_people.sql", "2_first.sql", "10_last.sql"]
    assert tell(project, "migrations", "apply", "DB").endswith("3 applied.\n")
    assert tell(project, "migrations", "apply", "DB") == "All migrations are applied.\n"
    rows = tell(project, "execute", "shop", "--command", "SELECT id, name FROM people")
    assert rows == "id  name\n1   Ada\n2   Bob\n"
    told = tell(project, "execute", "shop", "--command", "DELETE FROM people; SELECT 1 AS a")
    assert told == "2 rows changed.\n\na\n1\n"
    sql = "SELECT NULL AS a, x'01' AS b"
    [found] = json.loads(tell(project, "execute", "shop", "--json", "--command", sql))
    assert found["results"] == [{"a": None, "b": [1]}]
    (project / "more.sql").write_text("INSERT INTO people (name) VALUES ('Cid'), ('Dan');\n")
    told = tell(project, "execute", "shop", "--file", "more.sql")
    assert told.startswith("1 statement in ") and told.endswith("2 rows changed.\n")
    tell(project, "export", "shop", "--to", "out.sql")
    assert "VALUES(2,'Dan');" in (project / "out.sql").read_text()


def test_the_table_of_migrations_is_wranglers(project):
    configure(project, migrations_table="done", migrations_dir="migrations/")
    tell(project, "migrations", "apply", "shop")
    sql = "SELECT id, name, applied_at > '2020' AS late FROM done"
    [found] = json.loads(tell(project, "execute", "shop", "--json", "--command", sql))
    assert found["results"][0] == {"id": 1, "name": "0001_people.sql", "late": 1}


def test_a_migration_that_fails_is_undone_and_ends_the_rest(project):
    (project / "migrations" / "2_first.sql").write_text("CREATE TABLE t (a); SELECT * FROM none;")
    done = holdfast("d1", "migrations", "apply", "shop", folder=project)
    assert done.code == 1
    assert done.out == "0001_people.sql is applied.\n"
    assert "2_first.sql was not applied: no such table: none" in done.err
    listed = tell(project, "migrations", "list", "shop")
    assert listed.split() == ["2_first.sql", "10_last.sql"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("execute", "shop"), "either by --command or by --file"),
        (("execute", "shop", "--command", "SELEC"), 'near "SELEC": syntax error'),
        (("execute", "none", "--command", "SELECT 1"), "there is no D1 database 'none'"),
        (("execute", "shop", "--file", "none.sql"), "none.sql: No such file"),
        (("migrations", "list", "none"), "no configuration here has a D1 database"),
        (("migrations", "lst", "shop"), "did you mean 'list'?"),
        (("execut", "shop"), "did you mean 'execute'?"),
        (("time-travel", "restor", "shop"), "did you mean 'restore'?"),
        (("time-travel", "restore", "shop"), "either by --bookmark or by --timestamp"),
        (("time-travel", "restore", "shop", "--bookmark", "x"), "There is no bookmark 'x'"),
        (("time-travel", "info", "shop", "--timestamp", "noon"), "'noon' is neither"),
        (("list", "--api-url", "http://127.0.0.1:9", "--token", "t"), "does not answer"),
    ],
)
def test_mistakes_are_told_with_the_way_out(project, arguments, told):
    if arguments[:2] == ("migrations", "list"):
        (project / ".holdfast" / "d1").mkdir(parents=True)
        (project / ".holdfast" / "d1" / "none.sqlite").touch()
    done = holdfast("d1", *arguments, folder=project)
    assert done.code != 0
    assert told in done.err


def test_dev_tells_of_migrations_that_are_missing(project):
    def notes():
        running = Running("dev", "--port", "0", folder=project)
        running.line(r"listening|http://")
        running.stop()
        return "".join(running.err)

    told = "the D1 database shop lacks 3 migrations, 0001_people.sql first"
    assert told in notes()
    tell(project, "migrations", "apply", "shop")
    assert "lacks" not in notes()


def test_a_server_keeps_migrates_and_backs_up_its_databases(project):
    with Served("--workers", "3", folder=project) as served:
        created = json.loads(served.tell("d1", "create", "shop").out)
        assert json.loads(served.tell("d1", "list").out)[0]["uuid"] == created["uuid"]
        refused = served.tell("deploy")
        assert 'D1 database "DB" not found' in refused.err
        configure(project, database_id=created["uuid"])
        told = served.tell("d1", "migrations", "apply", "shop", "--remote")
        assert told.out.endswith("3 applied.\n"), told.err
        assert served.tell("deploy").code == 0
        for number in range(12):  # connections, which the kernel spreads
            assert served.ask("site", "/add").text == str(3 + number)
            assert served.ask("site").text == str(3 + number)
        # Beside the server, in its folder.
        rows = tell(project, "execute", "shop", "--command", "SELECT max(id) AS id FROM people")
        assert rows == "id\n14\n"
        wrong = served.tell("d1", "execute", "shop", "--remote", "--command", "SELECT * FROM none")
        assert (wrong.code, "no such table: none" in wrong.err) == (1, True)
        served.tell("d1", "export", "shop", "--remote", "--to", "out.sql")
        assert "VALUES(14,'new');" in (project / "out.sql").read_text()
        there = json.loads(
            served.tell("d1", "time-travel", "info", "shop", "--remote", "--json").out
        )
        tell(project, "execute", "shop", "--command", "DELETE FROM people")
        back = ("restore", "shop", "--bookmark", there["bookmark"])
        told = served.tell("d1", "time-travel", *back, "--remote", "--json")
        undo = json.loads(told.out)["previous_bookmark"]
        assert {served.ask("site").text for _ in range(6)} == {"14"}
        # Beside the server, again.
        tell(project, "time-travel", "restore", "shop", "--bookmark", undo)
        assert {served.ask("site").text for _ in range(6)} == {"0"}
        assert "To go back to it" in tell(project, "time-travel", "info", "shop")
        tell(project, "time-travel", *back)
        assert served.tell("backup", "all.tar").code == 0
        # Leaving the block kills it.
    with Served(folder=project) as served:
        assert served.ask("site").text == "14"
    restored = ("--data", project / "restored")
    assert holdfast("restore", "all.tar", *restored, folder=project).code == 0
    with Served(*restored, folder=project) as served:
        assert served.ask("site").text == "14"
        served.stop()
    [file] = (project / "restored" / "d1").glob("*.sqlite")
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    told = holdfast("check", *restored, folder=project)
    assert told.code == 1 and f"d1/{file.name}" in told.out
