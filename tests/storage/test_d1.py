"""D1 databases on real files."""

import asyncio
import json
import sqlite3
import threading

import pytest

from holdfast.storage import StorageError
from holdfast.storage.d1 import D1Database, D1Databases, D1Error, D1Limits, Query
from holdfast.storage.d1.encoding import decode_query, encode_objects, encode_rows
from holdfast.storage.d1.files import file_of
from tests.patience import PATIENCE_S

COUNT_FOREVER = (
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
)
BRIEF = D1Limits(request_s=0.05)


@pytest.fixture
def database(tmp_path):
    database = D1Database(tmp_path / "d1" / "db.sqlite")
    yield database
    database.close()


@pytest.fixture
async def databases(tmp_path):
    databases = D1Databases(tmp_path)
    yield databases
    databases.close()


def write(database, *texts):
    return database.write([Query(text) for text in texts]).outcomes


def rows(database, text, *params):
    return database.read([Query(text, params)]).outcomes[-1].rows


def test_what_was_written_is_there_after_opening_again(database):
    write(database, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
    again = D1Database(database.path)
    assert rows(again, "SELECT a FROM t") == [(1,)]
    again.close()


def test_a_request_is_one_transaction(database):
    write(database, "CREATE TABLE t (a UNIQUE)")
    with pytest.raises(D1Error, match="UNIQUE constraint failed"):
        write(database, "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)")
    assert rows(database, "SELECT a FROM t") == []


def test_a_constraint_that_only_the_end_violates_undoes_the_request(database):
    write(database, "CREATE TABLE p (id INTEGER PRIMARY KEY)")
    write(database, "CREATE TABLE c (p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(D1Error, match="FOREIGN KEY constraint failed"):
        write(database, "INSERT INTO c VALUES (1)")
    assert rows(database, "SELECT * FROM c") == []


def test_what_undoes_the_whole_transaction_is_an_error_like_any_other(database):
    write(database, "CREATE TABLE t (a UNIQUE)", "INSERT INTO t VALUES (1)")
    with pytest.raises(D1Error, match="UNIQUE"):
        write(database, "INSERT INTO t VALUES (2)", "INSERT OR ROLLBACK INTO t VALUES (1)")
    assert rows(database, "SELECT a FROM t") == [(1,)]


def test_two_who_have_the_file_open_see_what_the_other_wrote(database):
    other = D1Database(database.path)
    write(database, "CREATE TABLE t (a)")
    write(other, "INSERT INTO t VALUES (1)")
    assert rows(database, "SELECT a FROM t") == [(1,)]
    write(database, "ALTER TABLE t ADD COLUMN b DEFAULT 5")
    assert rows(other, "SELECT * FROM t") == [(1, 5)]
    other.close()


def test_columns_are_those_of_the_schema_whoever_has_changed_it(database):
    select = Query("SELECT * FROM t")
    write(database, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
    assert database.read([select]).outcomes[0].columns == ("a",)
    write(database, "ALTER TABLE t ADD COLUMN b")  # which another connection does
    assert database.read([select]).outcomes[0].columns == ("a", "b")
    with pytest.raises(D1Error):
        write(database, "ALTER TABLE t ADD COLUMN c", "SELECT * FROM t -- x", "SELECT * FROM no")
    assert write(database, "SELECT * FROM t -- x")[0].columns == ("a", "b")


def test_a_file_of_miniflare_has_no_count_of_writes_yet(database):
    database.path.parent.mkdir()
    with sqlite3.connect(database.path) as db:
        db.execute("CREATE TABLE _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)")
    db.close()
    assert database.write([Query("CREATE TABLE t (a)")]).writes == 1


def test_writes_are_counted_and_queries_are_not(database):
    assert database.write([Query("CREATE TABLE t (a)")]).writes == 1
    assert database.write([Query("WITH x AS (SELECT 1) SELECT * FROM x")]).writes == 1
    assert database.write([Query("INSERT INTO t VALUES (1)"), Query("DELETE FROM t")]).writes == 2
    assert database.read([Query("SELECT * FROM t")]).writes == 2


def test_what_sql_tells_of_changes_is_the_scripts_own(database):
    write(database, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1), (2), (3)")
    for text in ("SELECT changes()", "SELECT last_insert_rowid()"):
        assert not Query(text).reads
        assert write(database, text)[0].rows == [(3,)]
    assert database.read([Query("SELECT 1")]).outcomes[0].last_row_id == 3


@pytest.mark.parametrize(
    "text", ["SELECT 1", " \n select 1;\n", "VALUES (1)", "SELECT * FROM t WHERE a = 'b'"]
)
def test_a_query_is_seen_to_change_nothing(text):
    assert Query(text).reads


@pytest.mark.parametrize(
    "text", ["DELETE FROM t", "SELECT 1; DELETE FROM t", "WITH x AS (SELECT 1) DELETE FROM t", ""]
)
def test_what_may_write_is_taken_for_a_write(text):
    assert not Query(text).reads


def test_a_setting_is_for_its_transaction_alone(database):
    write(database, "CREATE TABLE t (a CHECK (a > 0))")
    write(database, "PRAGMA ignore_check_constraints = on", "INSERT INTO t VALUES (-1)")
    with pytest.raises(D1Error, match="CHECK"):
        write(database, "INSERT INTO t VALUES (-1)")


@pytest.mark.parametrize("run", [D1Database.read, D1Database.write])
def test_a_query_that_takes_too_long_is_interrupted(tmp_path, run):
    database = D1Database(tmp_path / "db.sqlite", BRIEF)
    with pytest.raises(D1Error, match="exceeded its CPU time limit"):
        run(database, [Query(COUNT_FOREVER)])
    write(database, "CREATE TABLE t (a)")
    database.close()


def test_who_waits_too_long_for_another_process_is_told_so(tmp_path):
    database, other = (D1Database(tmp_path / "db.sqlite", BRIEF) for _ in range(2))
    write(database, "CREATE TABLE t (a)")
    write(other, "SELECT changes()")
    queued_too_long = pytest.raises(D1Error, match="Requests queued for too long")
    with other._writer.transaction(writes=True), queued_too_long:
        write(database, "INSERT INTO t VALUES (1)")
    write(database, "INSERT INTO t VALUES (1)")
    database.close()
    other.close()


def test_a_database_has_a_size_that_it_cannot_pass(tmp_path):
    database = D1Database(tmp_path / "db.sqlite", D1Limits(database_bytes=100_000))
    write(database, "CREATE TABLE t (a)")
    with pytest.raises(D1Error, match="Exceeded maximum DB size"):
        write(database, "INSERT INTO t VALUES (zeroblob(200000))")
    write(database, "INSERT INTO t VALUES (1)")
    database.close()


def test_a_result_has_a_size_that_it_cannot_pass(tmp_path):
    database = D1Database(tmp_path / "db.sqlite", D1Limits(result_bytes=10_000))
    with pytest.raises(D1Error, match="more than 10000 bytes"):
        rows(database, "SELECT zeroblob(20000)")
    database.close()


@pytest.mark.parametrize("text", ["SELECT zeroblob(2000001)", "SELECT length(?)"])
def test_a_value_has_a_size_that_it_cannot_pass(database, text):
    params = ("x" * 2_000_001,) if "?" in text else ()
    with pytest.raises(D1Error, match="too big: SQLITE_TOOBIG"):
        rows(database, text, *params)


def test_a_file_that_another_took_the_place_of_is_opened_anew(database, tmp_path):
    write(database, "CREATE TABLE t (a)")
    rows(database, "SELECT * FROM t")
    other = D1Database(tmp_path / "other.sqlite")
    write(other, "CREATE TABLE u (b)", "INSERT INTO u VALUES (2)")
    other.close()
    for suffix in ("", "-wal", "-shm"):
        database.path.with_name(database.path.name + suffix).unlink()
    other.path.rename(database.path)
    assert rows(database, "SELECT b FROM u") == [(2,)]
    write(database, "INSERT INTO u VALUES (3)")


def test_a_file_that_is_no_database_is_told_to_the_operator(database):
    database.path.parent.mkdir()
    database.path.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError, match=r"db\.sqlite failed: .*not a database"):
        rows(database, "SELECT 1")


def test_any_id_has_a_file_of_its_own(tmp_path):
    ids = ["0123-abc_d", "../x", "a/b", "a b", "ä", "x" * 65, ".."]
    files = {file_of(tmp_path, one) for one in ids}
    assert len(files) == len(ids)
    assert all(file.parent == tmp_path for file in files)
    assert file_of(tmp_path, ids[0]).name == "0123-abc_d.sqlite"


# ---- in their order ---------------------------------------------------------------------


async def run(databases, *texts, database_id="db"):
    queries = [Query(text) for text in texts]
    return await databases.run(database_id, queries, lambda answers: answers.outcomes[-1].rows)


async def test_who_asks_later_finds_what_was_written_before(databases):
    await run(databases, "CREATE TABLE t (a)")
    asked = []
    for number in range(20):
        asked.append(run(databases, f"INSERT INTO t VALUES ({number})"))
        asked.append(run(databases, "SELECT count(*) FROM t"))
    answers = await asyncio.gather(*asked)
    counts = [answer[0][0] for answer in answers[1::2]]
    assert counts == sorted(counts)
    assert all(count > number for number, count in enumerate(counts))


class Slow:
    """Work that goes on until `go` is set."""

    def __init__(self):
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, _database):
        self.begun.set()
        assert self.go.wait(10), "nobody let it go on"


async def test_a_slow_query_holds_up_neither_other_queries_nor_writes(databases):
    slow = Slow()
    await run(databases, "CREATE TABLE t (a)")
    task = asyncio.ensure_future(databases.work("db", slow, reads=True))
    await run(databases, "INSERT INTO t VALUES (1)")
    assert await run(databases, "SELECT a FROM t") == [(1,)]
    slow.go.set()
    await task


async def test_a_slow_write_holds_up_no_other_database(databases):
    slow = Slow()
    task = asyncio.ensure_future(databases.work("db", slow))
    assert await run(databases, "SELECT 1", database_id="other") == [(1,)]
    slow.go.set()
    await task


async def test_one_whose_caller_has_gone_ends_before_the_next_begins(databases):
    slow = Slow()
    task = asyncio.ensure_future(databases.work("db", slow))
    await asyncio.to_thread(slow.begun.wait)
    task.cancel()
    following = asyncio.ensure_future(run(databases, "CREATE TABLE t (a)"))
    await asyncio.wait([task])
    assert task.cancelled()
    assert not following.done()
    slow.go.set()
    await following


async def test_those_who_wait_too_long_and_those_who_are_too_many_are_refused(tmp_path):
    databases = D1Databases(tmp_path, D1Limits(request_s=0.0), max_queued=2)
    slow = Slow()
    first = asyncio.ensure_future(databases.work("db", slow))
    await asyncio.sleep(0)
    waiting = asyncio.ensure_future(run(databases, "SELECT 1"))
    await asyncio.sleep(0)
    with pytest.raises(D1Error, match="Too many requests queued"):
        await run(databases, "SELECT 1")
    slow.go.set()
    with pytest.raises(D1Error, match="Requests queued for too long"):
        await waiting
    with pytest.raises(D1Error, match="Requests queued for too long"):
        await first
    databases.close()


async def test_only_so_many_databases_stay_open(tmp_path):
    databases = D1Databases(tmp_path, max_open=2)
    for number in range(4):
        await run(databases, "CREATE TABLE t (a)", database_id=f"db{number}")
    assert await run(databases, "SELECT * FROM t", database_id="db0") == []
    databases._threads.shutdown()
    open_ones = {path.name for path in (tmp_path / "d1").glob("*-wal")}
    assert open_ones == {"db0.sqlite-wal", "db3.sqlite-wal"}
    databases.close()


async def test_the_end_waits_for_no_slow_query(tmp_path):
    databases = D1Databases(tmp_path)
    begun = threading.Event()

    def count(database):
        begun.set()
        return database.write([Query(COUNT_FOREVER)])

    slow = asyncio.ensure_future(databases.work("db", count))
    await asyncio.to_thread(begun.wait)
    await asyncio.wait_for(asyncio.to_thread(databases.close), PATIENCE_S)
    with pytest.raises(D1Error, match="was reset"):
        await slow
    assert await run(databases, "SELECT 1") == [(1,)]
    databases.close()


@pytest.mark.parametrize("count", [0, 1, 32, 33, 70])
def test_a_result_is_one_list_however_many_rows_it_has(database, count):
    sql = f"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT {max(count, 1)})"
    [outcome] = write(
        database, f"{sql} SELECT x, x'0102' AS b, -0.0 AS z FROM n WHERE x <= {count}"
    )
    told = json.loads(encode_rows(outcome))["results"]["rows"]
    assert told == [[n, [1, 2], 0] for n in range(1, count + 1)]
    assert len(json.loads(encode_objects(outcome))["results"]) == count


def test_parameters_are_read_as_d1_reads_them():
    given = [None, "t", True, 1, [1, 255], [1.9, -1, 257, True], []]
    read = [None, "t", 1.0, 1.0, b"\x01\xff", b"\x01\xff\x01\x01", b""]
    assert decode_query({"sql": "x", "params": given}).params == read
    for wrong in ({}, [1, "a"], [[1] * 1_000_000]):
        with pytest.raises(ValueError, match="must be null, a number") as raised:
            decode_query({"sql": "x", "params": [wrong]})
        assert len(str(raised.value)) < 300
