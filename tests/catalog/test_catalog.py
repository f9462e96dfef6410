import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from holdfast.catalog import (
    Catalog,
    CatalogUnusable,
    ErrorCode,
    Json,
    Loaded,
    Namespace,
    NamespaceNotFound,
    ObjectNamespace,
    PlainText,
    Script,
    ScriptNotFound,
    SecretText,
    Service,
    Share,
    Syntax,
    Traffic,
    UploadRejected,
    VersionNotFound,
    database,
    versions,
)
from holdfast.catalog.versions import MAX_VERSIONS
from holdfast.engine.modules import Module, ModuleKind


def make_script(name="counter", *, version="v1", bindings=(), content=b"export default {}"):
    return Script(
        name=name,
        main="main.mjs",
        syntax=Syntax.MODULES,
        modules=(
            Module("main.mjs", ModuleKind.ESM, content),
            Module("data.bin", ModuleKind.DATA, bytes(range(256))),
        ),
        bindings=tuple(bindings),
        compatibility_date="2024-01-01",
        compatibility_flags=("nodejs_compat",),
        version=version,
    )


def put(catalog, script, classes=("Counter",), namespaces=()):
    return catalog.put_script(script, handlers=["fetch"], classes=classes, namespaces=namespaces)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "catalog.sqlite"


@pytest.fixture
def catalog(path):
    with Catalog(path) as catalog:
        yield catalog


def test_a_script_is_read_back_as_it_was_put(catalog):
    bindings = (
        PlainText("TEXT", "tëxt \0 \n"),
        SecretText("SECRET", "s3cret"),
        Json("JSON", '{"a": [1, 2.5, null]}'),
        Service("SERVICE", "other", "Admin"),
        Service("PLAIN_SERVICE", "other"),
        Service("PROPS", "other", None, '{"a": [1]}'),
        ObjectNamespace("COUNTER", "0" * 32),
    )
    script = make_script(bindings=bindings)
    put(catalog, script)
    assert catalog.script("counter") == script


def test_a_catalog_is_the_same_after_a_restart(path):
    script = make_script(bindings=[SecretText("S", "s3cret")])
    with Catalog(path) as first:
        put(first, script)
        namespace = first.create_namespace("objects", "counter", "Counter", use_sqlite=True)
    with Catalog(path) as second:
        assert second.script("counter") == script
        assert second.namespaces() == [namespace]
        assert second.namespace(namespace.id).use_sqlite


def test_a_record_lists_what_was_seen_and_no_secret(catalog):
    record = put(catalog, make_script(bindings=[SecretText("S", "s3cret"), PlainText("T", "t")]))
    assert record.handlers == ("fetch",)
    assert record.classes == ("Counter",)
    assert record.bindings == (
        {"name": "S", "type": "secret_text"},
        {"name": "T", "type": "plain_text", "text": "t"},
    )
    assert "s3cret" not in repr(record)
    assert "s3cret" not in repr(catalog.script("counter"))
    assert catalog.records() == [record]


def test_a_second_version_replaces_the_first_and_keeps_its_creation_date(path):
    times = iter(datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))
    with Catalog(path, clock=lambda: next(times)) as catalog:
        first = put(catalog, make_script(version="v1"))
        second = put(catalog, make_script(version="v2", content=b"export default 2"))
        assert first.created_on == first.modified_on == "2026-01-01T00:00:00.000000Z"
        assert second.created_on == first.created_on
        assert second.modified_on == "2026-01-02T00:00:00.000000Z"
        assert second.etag != first.etag
        assert catalog.script("counter").version == "v2"


def test_equal_content_has_an_equal_etag(catalog):
    first = put(catalog, make_script(version="v1"))
    second = put(catalog, make_script(version="v2"))
    assert first.etag == second.etag
    assert len(first.etag) == 64


def test_a_hundred_versions_are_kept_or_as_many_as_have_room_and_ten(catalog, monkeypatch):
    sizes = [70_000, *[20_000] * 3, *[10_000] * 12]

    def kept() -> list[str]:
        return [record.script.version for record in catalog.version_records("counter")]

    for number, size in enumerate(sizes):
        put(catalog, make_script(version=f"v{number}", content=b" " * size))
    assert len(kept()) == len(sizes)
    monkeypatch.setattr(versions, "MAX_VERSIONS_BYTES", 150_000)
    put(catalog, make_script(version="next", content=b" " * 5_000))
    assert kept() == ["next", *(f"v{number}" for number in range(15, 2, -1))]
    put(catalog, make_script(version="large", content=b" " * 200_000))
    assert kept() == ["large", "next", *(f"v{number}" for number in range(15, 7, -1))]


def test_only_the_last_versions_are_kept(catalog, path):
    for number in range(MAX_VERSIONS + 3):
        put(catalog, make_script(version=f"v{number}", bindings=[SecretText("S", "s")]))
    put(catalog, make_script("other", version="other"))
    catalog.close()
    with sqlite3.connect(path) as db:
        kept = [row[0] for row in db.execute("SELECT id FROM versions ORDER BY number")]
        orphans = db.execute(
            "SELECT count(*) FROM modules WHERE version NOT IN (SELECT id FROM versions)"
        ).fetchone()
    db.close()
    assert kept == [*(f"v{n}" for n in range(3, MAX_VERSIONS + 3)), "other"]
    assert orphans == (0,)


def test_an_unknown_script_is_not_found(catalog):
    for call in (catalog.script, catalog.record, catalog.delete_script):
        with pytest.raises(ScriptNotFound, match="nobody"):
            call("nobody")


def test_deleting_a_script_forgets_its_namespaces(catalog):
    put(catalog, make_script())
    namespace = catalog.create_namespace("objects", "counter", "Counter")
    assert catalog.delete_script("counter") == (namespace,)
    assert catalog.records() == []
    assert catalog.namespaces() == []


def test_a_script_without_handlers_is_refused_and_the_live_one_stays(catalog):
    put(catalog, make_script(version="v1"))
    with pytest.raises(UploadRejected, match="no registered event handlers") as caught:
        catalog.put_script(make_script(version="v2"), handlers=[], classes=["Counter"])
    assert caught.value.code == ErrorCode.NO_HANDLERS
    assert catalog.script("counter").version == "v1"


def test_a_version_without_a_namespaces_class_is_refused(catalog):
    put(catalog, make_script(version="v1"))
    catalog.create_namespace("objects", "counter", "Counter")
    with pytest.raises(UploadRejected, match=r"class .Counter. which.*exports: Other") as caught:
        put(catalog, make_script(version="v2"), classes=["Other"])
    assert caught.value.code == ErrorCode.STILL_IN_USE
    assert catalog.script("counter").version == "v1"


def test_namespaces_come_with_the_version_that_needs_them_or_not_at_all(catalog):
    namespace = Namespace.new("counter", "Counter")
    with pytest.raises(UploadRejected):
        put(catalog, make_script(), classes=["Other"], namespaces=[namespace])
    assert catalog.records() == []
    assert catalog.namespaces() == []
    put(catalog, make_script(), namespaces=[namespace])
    assert catalog.find_namespace("counter", "Counter") == namespace
    assert namespace.name == "counter_Counter"


def test_a_namespace_needs_a_script_and_a_class(catalog):
    with pytest.raises(ScriptNotFound, match="counter"):
        catalog.create_namespace("objects", "counter", "Counter")
    put(catalog, make_script())
    with pytest.raises(UploadRejected, match="exports: Counter") as caught:
        catalog.create_namespace("objects", "counter", "Counted")
    assert caught.value.code == ErrorCode.CLASS_NOT_FOUND
    assert catalog.namespaces() == []


@pytest.mark.parametrize(
    ("name", "class_name"), [("objects", "Second"), ("second", "Counter"), ("objects", "Counter")]
)
def test_a_second_namespace_of_a_name_or_a_class_is_refused(catalog, name, class_name):
    put(catalog, make_script(), classes=["Counter", "Second"])
    first = catalog.create_namespace("objects", "counter", "Counter")
    with pytest.raises(UploadRejected, match=first.id) as caught:
        catalog.create_namespace(name, "counter", class_name)
    assert caught.value.code == ErrorCode.NAMESPACE_EXISTS


def test_a_namespace_has_a_key_of_32_hex_digits_of_its_own(catalog):
    put(catalog, make_script(), classes=["A", "B"])
    first = catalog.create_namespace("a", "counter", "A")
    second = catalog.create_namespace("b", "counter", "B")
    assert int(first.id, 16) != int(second.id, 16)
    assert len(first.id) == len(second.id) == 32
    assert first.unique_key == first.id


def test_a_deleted_namespace_is_not_found(catalog):
    put(catalog, make_script())
    namespace = catalog.create_namespace("objects", "counter", "Counter")
    catalog.delete_namespace(namespace.id)
    with pytest.raises(NamespaceNotFound, match=namespace.id):
        catalog.namespace(namespace.id)
    with pytest.raises(NamespaceNotFound):
        catalog.delete_namespace(namespace.id)


def test_users_of_a_script_are_those_bound_to_it_or_to_its_namespaces(catalog):
    put(catalog, make_script())
    namespace = catalog.create_namespace("objects", "counter", "Counter")
    put(catalog, make_script("a", version="a", bindings=[Service("S", "counter")]))
    put(catalog, make_script("b", version="b", bindings=[ObjectNamespace("N", namespace.id)]))
    put(catalog, make_script("c", version="c", bindings=[PlainText("T", "counter")]))
    put(catalog, make_script(version="v2", bindings=[ObjectNamespace("SELF", namespace.id)]))
    assert catalog.users_of("counter") == [("a", "S"), ("b", "N")]
    put(catalog, make_script("a", version="free"))
    catalog.deploy("a", Traffic((Share("free", 99), Share("a", 1))))  # which takes a little still
    assert catalog.users_of("counter") == [("a", "S"), ("b", "N")]
    catalog.deploy("a", Traffic.whole("free"))
    assert catalog.users_of("counter") == [("b", "N")]


def test_two_versions_that_are_live_are_kept_and_found_again(path):
    with Catalog(path) as catalog:
        put(catalog, make_script(version="old"))
        put(catalog, make_script(version="newer"))
        traffic = catalog.deploy("counter", Traffic((Share("newer", 12.5), Share("old", 87.5))))
        assert catalog.record("counter").version == "old", "which takes more"
        for number in range(MAX_VERSIONS + 1):
            catalog.put_version(make_script(version=f"v{number}"), Loaded(["fetch"], ["Counter"]))
        kept = [record.script.version for record in catalog.version_records("counter")]
        assert kept[-2:] == ["newer", "old"] and len(kept) == MAX_VERSIONS + 2
    with Catalog(path) as catalog:
        assert catalog.traffic("counter") == traffic
        assert catalog.deployments("counter")[0].traffic == traffic
        with pytest.raises(VersionNotFound):
            catalog.deploy("counter", Traffic((Share("old", 50), Share("none", 50))))
        assert catalog.traffic("counter") == traffic


def test_a_namespace_is_of_a_class_that_all_live_versions_export(catalog):
    put(catalog, make_script(version="with"))
    catalog.put_version(make_script(version="without"), Loaded(["fetch"], []))
    catalog.deploy("counter", Traffic((Share("without", 0), Share("with", 100))))
    with pytest.raises(UploadRejected, match="Counter") as refused:
        catalog.create_namespace("objects", "counter", "Counter")
    assert refused.value.code == ErrorCode.CLASS_NOT_FOUND
    catalog.deploy("counter", Traffic.whole("with"))
    catalog.create_namespace("objects", "counter", "Counter")


def test_a_catalog_of_the_schema_before_gradual_deployments_is_taken_over(path):
    with Catalog(path) as catalog:
        put(catalog, make_script())
    with sqlite3.connect(path) as db:
        db.execute("DROP INDEX deployments_of_other")
        db.execute("ALTER TABLE deployments DROP COLUMN percentage")
        db.execute("ALTER TABLE deployments DROP COLUMN other")
        db.execute("ALTER TABLE deployments DROP COLUMN max_delay")
        db.execute("ALTER TABLE versions DROP COLUMN cpu_ms")
        db.execute("PRAGMA user_version = 8")
    db.close()
    with Catalog(path) as catalog:
        assert catalog.traffic("counter") == Traffic.whole("v1")
        catalog.put_version(make_script(version="v2"), Loaded(["fetch"], ["Counter"]))
        shares = (Share("v2", 1), Share("v1", 99))
        assert catalog.deploy("counter", Traffic(shares)).shares == shares


# The file


def run_python(code, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.mark.slow
def test_what_was_put_survives_kill_9(path):
    code = """
        import os, signal, sys
        from pathlib import Path
        from holdfast.catalog import Catalog, Script, Syntax
        from holdfast.engine.modules import Module, ModuleKind
        catalog = Catalog(Path(sys.argv[1]))
        module = Module("m", ModuleKind.ESM, b"x" * 100_000)
        script = Script("killed", "m", Syntax.MODULES, (module,), (), None, (), "v1")
        catalog.put_script(script, handlers=["fetch"], classes=["C"])
        catalog.create_namespace("objects", "killed", "C")
        with catalog._database.transaction() as db:
            db.execute("DELETE FROM scripts")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    result = run_python(code, path)
    assert result.returncode == -signal.SIGKILL, result.stderr
    with Catalog(path) as catalog:
        assert len(catalog.script("killed").main_module.content) == 100_000
        assert [n.name for n in catalog.namespaces()] == ["objects"]


def test_commits_are_synchronous(catalog):
    with catalog._database.reading() as db:
        assert db.pragma("synchronous") == 2
        assert db.pragma("journal_mode") == "wal"


def test_a_catalog_in_use_cannot_be_opened_and_the_holder_is_named(catalog, path):
    with pytest.raises(CatalogUnusable, match=rf"in use by another.*process {os.getpid()}"):
        Catalog(path)


def test_a_closed_catalog_can_be_opened_again(path):
    Catalog(path).close()
    Catalog(path).close()


def test_a_newer_schema_is_refused_and_left_alone(path):
    Catalog(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(CatalogUnusable, match=r"newer Holdfast.*99.*Upgrade"):
        Catalog(path)


def test_another_programs_database_is_refused(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE diary (entry)")
    db.close()
    with pytest.raises(CatalogUnusable, match="not a Holdfast catalog"):
        Catalog(path)


def test_a_file_that_is_no_database_is_refused(path):
    path.parent.mkdir()
    path.write_bytes(b"not a database " * 1000)
    with pytest.raises(CatalogUnusable, match="not a Holdfast catalog"):
        Catalog(path)


@pytest.mark.parametrize("how", ["no content", "no tables"])
def test_a_catalog_that_was_emptied_is_refused_before_anything_is_taken_for_unused(path, how):
    Catalog(path).close()
    path.write_bytes(b"")
    if how == "no tables":
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA journal_mode=WAL")
        db.close()
    with pytest.raises(CatalogUnusable, match=r"is empty.*Restore it from a backup, or remove it"):
        Catalog(path)


def test_a_catalog_is_whole_before_it_has_its_name(path, monkeypatch):
    def fail(connection):
        raise KeyboardInterrupt

    monkeypatch.setattr(database, "create", fail)
    with pytest.raises(KeyboardInterrupt):
        Catalog(path)
    assert not path.exists()
    monkeypatch.undo()
    Catalog(path).close()
    assert not path.with_name("catalog.sqlite.new").exists()


def test_a_refused_file_is_not_left_locked(path):
    path.parent.mkdir()
    path.write_bytes(b"not a database " * 1000)
    with pytest.raises(CatalogUnusable):
        Catalog(path)
    path.unlink()
    Catalog(path).close()


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CatalogUnusable, match="cannot be written"):
        Catalog(tmp_path / "file" / "catalog.sqlite")


OPEN_AS_ANYBODY = """
    import os, sys
    from pathlib import Path
    from holdfast.catalog import Catalog, CatalogUnusable
    if os.geteuid() == 0:
        os.setuid(65534)  # root may write anywhere
    try:
        Catalog(Path(sys.argv[1]))
    except CatalogUnusable as error:
        print(error)
"""


@pytest.fixture
def open_folder(tmp_path):
    """A data folder that an unprivileged user can reach."""
    folder = tmp_path / "data"
    folder.mkdir()
    # pytest keeps its three levels of temporary folders to their owner.
    levels = [(p, p.stat().st_mode) for p in [tmp_path, *tmp_path.parents][:3]]
    for level, mode in levels:
        level.chmod(mode | 0o055)
    yield folder
    for level, mode in levels:
        level.chmod(mode)
    folder.chmod(0o700)


def test_a_read_only_folder_is_refused(open_folder):
    open_folder.chmod(0o555)
    result = run_python(OPEN_AS_ANYBODY, open_folder / "catalog.sqlite")
    assert "cannot be written" in result.stdout, result.stderr


def test_a_read_only_file_is_refused_at_once(open_folder):
    path = open_folder / "catalog.sqlite"
    Catalog(path).close()
    open_folder.chmod(0o777)
    path.with_name("catalog.sqlite.lock").chmod(0o666)
    path.chmod(0o444)
    result = run_python(OPEN_AS_ANYBODY, path)
    assert "cannot be written" in result.stdout, result.stderr


def test_a_failed_transaction_changes_nothing_and_the_catalog_goes_on(catalog):
    put(catalog, make_script())

    def delete_and_fail():
        with catalog._database.transaction() as db:
            db.execute("DELETE FROM scripts")
            raise KeyError

    with pytest.raises(KeyError):
        delete_and_fail()
    assert catalog.script("counter").version == "v1"
    put(catalog, make_script(version="v2"))


def test_times_are_given_in_utc(path):
    moment = datetime.fromisoformat("2026-05-05T12:00:00+02:00") + timedelta(microseconds=7)
    with Catalog(path, clock=lambda: moment) as catalog:
        assert put(catalog, make_script()).modified_on == "2026-05-05T10:00:00.000007Z"


def test_the_data_folder_is_made(tmp_path):
    path = tmp_path / "a" / "b" / "catalog.sqlite"
    Catalog(path).close()
    assert Path(path).is_file()


def test_a_catalog_of_the_first_schema_is_taken_over(path):
    secret = SecretText("TOKEN", "a secret that nobody sees")
    with Catalog(path) as catalog:
        put(catalog, make_script(version="v1", bindings=(secret,)))
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE scripts DROP COLUMN migration_tag")
        db.execute("DROP TABLE secrets")
        db.execute("CREATE TABLE secrets (version TEXT, name TEXT, text TEXT)")
        db.execute("INSERT INTO secrets VALUES ('v1', 'TOKEN', ?)", (secret.text,))
        db.execute("DROP TABLE schedules")
        db.execute("DROP TABLE deployments")
        db.execute("ALTER TABLE scripts DROP COLUMN settings")
        for column in ("serial", "annotations", "source", "startup_time_ms", "cpu_ms"):
            db.execute(f"ALTER TABLE versions DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 1")
    db.close()
    with Catalog(path) as catalog:
        assert catalog.script("counter").bindings == (secret,)
        assert [d.traffic.main for d in catalog.deployments("counter")] == ["v1"]
        assert [v.number for v in catalog.version_records("counter")] == [1]
        assert all(secret.text.encode() not in p.read_bytes() for p in path.parent.iterdir())
        put(catalog, make_script(version="v2"))
        assert catalog.record("counter").migration_tag is None
        assert catalog.script("counter").version == "v2"
