"""SQL as a store runs it: what is allowed, what is atomic, what cursors outlive."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from holdfast.storage import LocalBarrier, SqlError, Storage, StoreBroken
from holdfast.storage.sql import Sql
from holdfast.storage.statements import split
from holdfast.storage.store import _GET
from tests.storage.conftest import UNIQUE_KEY, Owner, Shard, object_id


def never() -> bool:
    return False


def sql_of(owner: Owner) -> Sql:
    return owner.store.sql(never)


def rows(sql: Sql, text: str, *bindings: Any) -> list[Any]:
    """Everything that a statement gives."""
    answer = sql.execute(text, bindings)
    found = [*answer.rows]
    while answer.cursor:
        more, goes_on = sql.fetch(answer.cursor, 100)
        found += more
        if not goes_on:
            break
    return found


async def test_reading_alone_writes_nothing(owner: Owner, shard: Shard) -> None:
    assert rows(sql_of(owner), "SELECT 1") == [(1,)]
    assert owner.store.written == 0
    await owner.store.close()
    assert shard.files() == []


async def test_sql_and_keys_share_a_transaction(owner: Owner) -> None:
    sql = sql_of(owner)
    first = sql.execute("CREATE TABLE t(a)", ()).written
    assert (
        owner.store.put("k", b"v") == sql.execute("INSERT INTO t VALUES (1)", ()).written == first
    )
    owner.store.supersede(RuntimeError("gone"))


async def test_what_is_undone_takes_its_tables_along(owner: Owner, shard: Shard) -> None:
    owner.store.put("kept", b"v")
    await owner.durable()
    sql_of(owner).execute("CREATE TABLE t(a); INSERT INTO t VALUES (1)", ())
    owner.store.put("k", b"v")
    owner.store.supersede(RuntimeError("gone"))
    again = shard.owner()
    assert again.store.get("k") is None
    with pytest.raises(SqlError, match="no such table: t"):
        rows(sql_of(again), "SELECT * FROM t")


async def test_a_script_cannot_borrow_a_statement_of_the_storage(owner: Owner) -> None:
    owner.store.put("key", b"secret")
    assert owner.store.get("key") == b"secret"
    with pytest.raises(SqlError, match="prohibited"):
        rows(sql_of(owner), _GET, "key")
    assert owner.store.get("key") == b"secret"


async def test_no_statement_reaches_another_file(owner: Owner, tmp_path: Path) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE t(a)")
    for text in ("ATTACH ? AS other", "VACUUM INTO ?", "SELECT load_extension(?)"):
        with pytest.raises(SqlError):
            rows(sql, text, str(tmp_path / "other.sqlite"))
    assert not (tmp_path / "other.sqlite").exists()


async def test_no_table_can_take_a_name_of_the_runtime(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE mine(key INTEGER PRIMARY KEY, value)")
    with pytest.raises(SqlError, match="not authorized: SQLITE_AUTH"):
        rows(sql, "ALTER TABLE mine RENAME TO _Cf_METADATA")
    assert rows(sql, "SELECT count(*) FROM mine") == [(0,)]
    rows(sql, "PRAGMA case_sensitive_like=on")
    with pytest.raises(SqlError, match="not authorized: SQLITE_AUTH"):
        rows(sql, "ALTER TABLE mine RENAME TO _CF_METADATA")
    rows(sql, "CREATE VIRTUAL TABLE words USING fts5(x)")
    with pytest.raises(SqlError, match="not authorized: SQLITE_AUTH"):
        rows(sql, "ALTER TABLE words RENAME TO _cf")
    rows(sql, "ALTER TABLE mine RENAME TO yours")
    assert rows(sql, "SELECT count(*) FROM yours") == [(0,)]


async def test_a_statement_that_is_compiled_anew_is_looked_at_anew(owner: Owner) -> None:
    owner.store.put("key", b"secret")
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE t(key); INSERT INTO t VALUES (1), (2), (3)")
    rows(sql, "CREATE VIEW v AS SELECT key FROM t")
    known = [sql.execute("SELECT key FROM v", ()).cursor for _ in range(2)]
    for cursor in known:
        sql.close_cursor(cursor)
    rows(sql, "DROP VIEW v; CREATE VIEW v AS SELECT key FROM _cf_KV")
    with pytest.raises(SqlError, match="prohibited"):
        rows(sql, "SELECT key FROM v")


async def test_who_looks_for_tables_is_told_of_no_columns_of_the_runtimes_own(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE t(a, b)")
    everything = (
        "SELECT s.name, c.name FROM sqlite_schema AS s, pragma_table_info(s.name) AS c"
        " WHERE s.type = 'table'"
    )
    for _ in range(2):  # compiled, and then known
        assert rows(sql, everything) == [("t", "a"), ("t", "b")]
        for spelled in ("SELECT * FROM pragma_table_info('_CF_KV')", "PRAGMA table_info(_cf_KV)"):
            with pytest.raises(SqlError, match="not authorized"):
                rows(sql, spelled)


TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"


async def test_the_table_of_keys_is_there_from_the_first_key_on(shard: Shard) -> None:
    owner = shard.owner()
    sql, store = sql_of(owner), owner.store
    rows(sql, "CREATE TABLE t(a); INSERT INTO t VALUES (1)")
    assert rows(sql, TABLES) == [("t",)]
    assert (store.get("k"), store.get("\ud800"), store.list()) == (None, None, [])
    assert (store.delete("k"), store.delete("\ud800")) == (False, False)
    await owner.durable()
    await shard.reopen()
    again = shard.owner()
    sql, store = sql_of(again), again.store
    assert rows(sql, TABLES) == [("t",)] and store.get("k") is None
    store.save()
    store.put("k", b"1")
    store.release(undo=True)
    assert rows(sql, TABLES) == [("t",)] and store.get("k") is None
    store.put_many([("\ud800", b"1"), ("k", b"2")])
    assert rows(sql, TABLES) == [("t",), ("_cf_KV",)]
    for value in (b"3", b"4", b"5"):
        await again.durable()
        store.put("k", value)
    assert (store.get("k"), store.get("\ud800")) == (b"5", b"1")
    await again.durable()
    await shard.reopen()
    assert shard.owner().store.get("k") == b"5"


async def test_a_default_may_spell_its_functions_as_it_likes(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(
        sql, "CREATE TABLE t(a, b DEFAULT CURRENT_TIMESTAMP, c DEFAULT (Upper('x') || LOWER('Y')))"
    )
    rows(sql, "INSERT INTO t(a) VALUES (1)")
    assert rows(sql, "SELECT length(b), c FROM t") == [(19, "Xy")]
    with pytest.raises(SqlError, match="not authorized to use function: LOAD_EXTENSION"):
        rows(sql, "ALTER TABLE t ADD COLUMN d DEFAULT (LOAD_EXTENSION('x'))")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/* one */ SELECT ? /* too many */", "Wrong number"),
        ("-- one\nSELECT ?", "Wrong number"),
        ("/* none", "did not contain"),
        ("/* none */ -- at all", "did not contain"),
    ],
)
async def test_bindings_for_a_comment_are_told_from_too_many(
    owner: Owner, text: str, told: str
) -> None:
    with pytest.raises(SqlError, match=told):
        sql_of(owner).execute(text, (1, 2))


async def test_bindings_are_counted_before_a_table_is_missed_that_was_there(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE t(a)")
    rows(sql, "SELECT * FROM t")
    rows(sql, "DROP TABLE t")
    with pytest.raises(SqlError, match="Wrong number"):
        sql.execute("SELECT * FROM t", (1,))
    with pytest.raises(SqlError, match="no such table"):
        sql.execute("SELECT * FROM t", ())
    with pytest.raises(SqlError, match="no such table"):
        sql.execute("SELECT a FROM t", (1,))


async def test_columns_follow_the_schema(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE t(a); INSERT INTO t VALUES (1)")
    columns = [sql.execute("SELECT * FROM t", ()).statement.columns]
    owner.store.save()
    rows(sql, "ALTER TABLE t ADD COLUMN b")
    columns.append(sql.execute("SELECT * FROM t", ()).statement.columns)
    owner.store.release(undo=True)
    columns.append(sql.execute("SELECT * FROM t", ()).statement.columns)
    assert columns == [("a",), ("a", "b"), ("a",)]


async def test_a_cursor_outlives_commits(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3)")
    answer = sql.execute("SELECT a FROM t", ())
    await owner.durable()
    rows(sql, "INSERT INTO t VALUES (4)")
    await owner.durable()
    assert answer.rows == [(1,)]
    assert sql.fetch(answer.cursor, 10) == ([(2,), (3,), (4,)], False)


async def test_a_cursor_that_was_read_too_far_is_brought_back(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE t(a)")
    rows(sql, "INSERT INTO t SELECT value FROM json_each('[1,2,3,4,5,6]')")
    query = "SELECT a FROM t"
    answer = sql.execute(query, ())
    assert sql.fetch(answer.cursor, 10) == ([(2,), (3,), (4,), (5,), (6,)], False)
    cursor = sql.stand_at(answer.cursor, 2, query, ())
    rows(sql, "UPDATE t SET a = a * 10")
    assert sql.fetch(cursor, 10) == ([(3,), (40,), (50,), (60,)], False), (
        "of the next it had come to"
    )
    assert sql.stand_at(0, 6, query, ()) == 0


async def test_a_mistake_that_is_met_far_ahead_is_told_when_its_row_is_next(owner: Owner) -> None:
    sql = sql_of(owner)
    values = "SELECT json_extract(value, '$') FROM json_each(?)"
    answer = sql.execute(values, ('["1","2","3","4","none","6"]',))
    assert answer.rows == [(1,)]
    assert sql.fetch(answer.cursor, 10) == ([(2,), (3,)], True)
    with pytest.raises(SqlError, match="malformed"):
        sql.fetch(answer.cursor, 10)
    answer = sql.execute(values, ('["1","none"]',))
    assert answer.rows == [], "the second row is met when the first is taken"
    with pytest.raises(SqlError, match="malformed"):
        sql.fetch(answer.cursor, 1)


@pytest.mark.parametrize(
    ("text", "is_query", "repeats"),
    [
        ("SELECT * FROM v WHERE a IN (SELECT a FROM t)", True, True),
        (
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT n + 1 FROM r LIMIT 3) SELECT n FROM r",
            True,
            True,
        ),
        ("SELECT a FROM t ORDER BY random()", True, False),
        ("SELECT a, CURRENT_TIMESTAMP FROM t", True, False),
        ("SELECT total_changes() FROM t", True, False),
        ("SELECT name FROM sqlite_schema", True, False),
        ("SELECT 1; SELECT a FROM t", False, True),
        ("INSERT INTO t VALUES (1) RETURNING a", False, False),
        ("PRAGMA case_sensitive_like=on", False, False),
        ("PRAGMA table_info(t)", False, False),
        ("SELECT * FROM pragma_table_info('t')", True, True),
        ("SELECT * FROM pragma_table_list", True, False),
        ("CREATE TABLE u(a)", False, False),
    ],
)
async def test_it_is_known_what_a_statement_may_change_and_whether_it_repeats(
    owner: Owner, text: str, is_query: bool, repeats: bool
) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2); CREATE VIEW v AS SELECT a FROM t")
    for _ in range(2):  # compiled, and then known
        if text.startswith("CREATE"):
            rows(sql, "DROP TABLE IF EXISTS u")
        answer = sql.execute(text, ())
        assert (answer.is_query, answer.statement.repeats) == (is_query, repeats)


async def test_a_cursor_keeps_its_connection(tmp_path: Path) -> None:
    shard = Shard(tmp_path, max_open=16)
    reading = shard.owner(1)
    sql = sql_of(reading)
    rows(sql, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3)")
    await reading.durable()
    answer = sql.execute("SELECT a FROM t", ())
    for number in range(2, 40):
        other = shard.owner(number)
        other.store.put("k", b"v")
        await other.durable()
    assert sql.fetch(answer.cursor, 10) == ([(2,), (3,)], False)
    await shard.storage.aclose()


async def test_a_connection_that_was_closed_is_set_up_again(tmp_path: Path) -> None:
    shard = Shard(tmp_path, max_open=16)
    first = shard.owner(1)
    rows(sql_of(first), "PRAGMA foreign_keys=off; CREATE TABLE t(a)")
    first.store.put("k", b"v")
    await first.durable()
    for number in range(2, 40):
        other = shard.owner(number)
        other.store.put("k", b"v")
        await other.durable()
    with pytest.raises(SqlError, match="prohibited"):
        rows(sql_of(first), "SELECT * FROM _cf_KV")
    assert rows(sql_of(first), "SELECT count(*) FROM t") == [(0,)]
    assert rows(sql_of(first), "PRAGMA foreign_keys") == [(0,)]
    await shard.storage.aclose()


async def test_large_rows_come_in_small_portions(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE t(a)")
    for number in range(100):
        rows(sql, "INSERT INTO t VALUES (?)", bytes([number]) * 200_000)
    answer = sql.execute("SELECT a FROM t", ())
    portions = [list(answer.rows)]
    goes_on = True
    while goes_on:
        portion, goes_on = sql.fetch(answer.cursor, 500)
        portions.append(portion)
    assert max(map(len, portions)) < 40
    assert [row[0][0] for portion in portions for row in portion] == [*range(100)]  # type: ignore[index]


async def test_rows_that_a_write_returns_do_not_hold_up_its_commit(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE t(a)")
    answer = sql.execute("INSERT INTO t VALUES (1), (2), (3) RETURNING a", ())
    assert (answer.cursor, answer.rows) == (0, [(1,), (2,), (3,)])
    await owner.durable()


async def test_violated_constraints_reset_the_object_at_its_commit(
    owner: Owner, shard: Shard
) -> None:
    sql = sql_of(owner)
    rows(sql, "CREATE TABLE p(a PRIMARY KEY); CREATE TABLE c(a REFERENCES p(a))")
    await owner.durable()
    owner.store.put("k", b"v")
    rows(sql, "PRAGMA defer_foreign_keys=on; INSERT INTO c VALUES (1)")
    assert "FOREIGN KEY constraint failed" in str(await owner.failure())
    with pytest.raises(StoreBroken):
        rows(sql, "SELECT 1")
    again = shard.owner()
    assert again.store.get("k") is None
    assert rows(sql_of(again), "SELECT * FROM c") == []


async def test_a_statement_that_runs_too_long_is_stopped(owner: Owner) -> None:
    endless = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) "
    looks = iter([False] * 3 + [True] * 1000)
    sql = owner.store.sql(lambda: next(looks))
    with pytest.raises(SqlError, match="SQLITE_INTERRUPT"):
        rows(sql, endless + "SELECT count(*) FROM c")
    assert rows(sql, "SELECT 1") == [(1,)]
    rows(sql, "CREATE TABLE t(a)")
    with pytest.raises(StoreBroken):  # SQLite has undone the whole transaction
        rows(sql, "INSERT INTO t " + endless + "SELECT i FROM c")


async def test_everything_goes_with_delete_all(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(
        sql,
        "CREATE TABLE p(a PRIMARY KEY); CREATE TABLE c(a REFERENCES p(a));"
        "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1); CREATE VIRTUAL TABLE f USING fts5(x);"
        "CREATE VIEW v AS SELECT * FROM p; CREATE INDEX i ON c(a); ANALYZE",
    )
    answer = sql.execute("SELECT name FROM sqlite_schema", ())
    owner.store.delete_all()
    with pytest.raises(SqlError, match="database was deleted"):
        sql.fetch(answer.cursor, 1)
    await owner.durable()
    assert rows(sql, "SELECT name FROM sqlite_schema WHERE name <> '_cf_KV'") == []
    assert rows(sql, "PRAGMA foreign_keys") == [(1,)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("SELECT 1", ("SELECT 1",)),
        ("SELECT 1; ", ("SELECT 1;",)),
        ("SELECT ';'; SELECT 2", ("SELECT ';';", "SELECT 2")),
        ("SELECT 1; -- done; really", ("SELECT 1;", "-- done; really")),
        (
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END; SELECT 3",
            ("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END;", "SELECT 3"),
        ),
        ("", ("",)),
        (";;", (";", ";")),
    ],
)
def test_statements_end_where_sqlite_ends_them(text: str, pieces: tuple[str, ...]) -> None:
    assert split(text) == pieces


class Programs(RuleBasedStateMachine):
    """Random programs of keys, SQL and nested transactions, with crashes, against two dicts."""

    keys = st.sampled_from("abc")
    numbers = st.integers(0, 9)

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()

    @initialize()
    def begin(self) -> None:
        # What may be found after a crash: what was confirmed, and each commit since.
        self.committed: list[dict[str, int]] = []
        self.levels: list[dict[str, int]] = [{}]
        self.kinds: list[str] = []
        self.open()
        self.sql("CREATE TABLE t(k PRIMARY KEY, v)")
        self.confirm()

    def open(self) -> None:
        async def opened() -> tuple[Storage, Owner]:
            storage = Storage(Path(self.folder.name), barrier=LocalBarrier(self.loop))
            return storage, Owner(storage, UNIQUE_KEY, object_id())

        self.storage, self.owner = self.loop.run_until_complete(opened())

    def sql(self, text: str, *bindings: object) -> list[Any]:
        return rows(sql_of(self.owner), text, *bindings)

    @rule(key=keys, number=numbers)
    def put(self, key: str, number: int) -> None:
        self.owner.store.put(key, bytes([number]))
        self.levels[-1]["kv " + key] = number

    @rule(key=keys)
    def delete(self, key: str) -> None:
        there = self.levels[-1].pop("kv " + key, None) is not None
        assert self.owner.store.delete(key) is there

    @rule(key=keys, number=numbers)
    def upsert(self, key: str, number: int) -> None:
        self.sql(
            "INSERT INTO t VALUES (?, ?) ON CONFLICT DO UPDATE SET v = excluded.v", key, number
        )
        self.levels[-1]["sql " + key] = number

    @rule(number=numbers)
    def delete_rows(self, number: int) -> None:
        self.sql("DELETE FROM t WHERE v < ?", number)
        self.levels[-1] = {
            k: v for k, v in self.levels[-1].items() if k.startswith("kv") or v >= number
        }

    @rule(key=keys)
    def fail(self, key: str) -> None:
        with pytest.raises(SqlError):
            self.sql("INSERT INTO t SELECT ?, 1 UNION ALL SELECT ?, 2", key, key)

    @precondition(lambda self: len(self.levels) < 4 and "sync" not in self.kinds)
    @rule()
    def begin_transaction(self) -> None:
        self.owner.store.begin()  # what was written before is committed
        if not self.kinds:
            self.committed.append(dict(self.levels[0]))
        self.kinds.append("async")
        self.levels.append(dict(self.levels[-1]))

    @precondition(lambda self: len(self.levels) < 5)
    @rule()
    def save(self) -> None:
        self.owner.store.save()
        self.kinds.append("sync")
        self.levels.append(dict(self.levels[-1]))

    @precondition(lambda self: self.kinds)
    @rule(undo=st.booleans())
    def end(self, undo: bool) -> None:
        level = self.levels.pop()
        store = self.owner.store
        if self.kinds.pop() == "sync":
            store.release(undo=undo)
        elif undo:
            store.rollback()
        else:
            store.commit()
        if not undo:
            self.levels[-1] = level
            if not self.kinds:
                self.committed.append(dict(level))

    @precondition(lambda self: not self.kinds)
    @rule()
    def confirm(self) -> None:
        self.owner.store.flush()
        self.loop.run_until_complete(self.owner.durable())
        self.committed = [dict(self.levels[0])]

    @rule()
    def crash(self) -> None:
        """What no round has confirmed is undone, as when the isolate is stopped in its turn."""
        self.owner.store.supersede(RuntimeError("crashed"))
        self.loop.run_until_complete(self.storage.aclose())
        self.open()
        self.kinds = []
        found = self.contents()
        assert found in (*self.committed, self.levels[0]), (
            "whole transactions, and what was confirmed"
        )
        self.levels = [found]
        self.committed = [dict(found)]

    def contents(self) -> dict[str, int]:
        found = {"kv " + key: value[0] for key, value in self.owner.store.list()}
        return found | {f"sql {key}": value for key, value in self.sql("SELECT k, v FROM t")}

    @invariant()
    def same(self) -> None:
        if hasattr(self, "storage"):
            assert self.contents() == self.levels[-1]

    def teardown(self) -> None:
        if hasattr(self, "storage"):
            self.owner.store.supersede(RuntimeError("over"))
            self.loop.run_until_complete(self.storage.aclose())
        self.loop.close()
        self.folder.cleanup()


@pytest.mark.slow
def test_random_programs_leave_what_a_dict_would_hold() -> None:
    run_state_machine_as_test(
        Programs, settings=settings(max_examples=60, stateful_step_count=30, deadline=None)
    )
