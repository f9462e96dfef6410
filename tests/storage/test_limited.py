"""DELETE and UPDATE with a LIMIT: which rows they take, and what is no such statement."""

from typing import Any

import apsw
import pytest

from holdfast.storage import SqlError
from holdfast.storage.limited import without_limit
from tests.storage.conftest import Owner
from tests.storage.test_sql import rows, sql_of

TABLE = "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t "
VALUES = "SELECT value, value % 3, 0 FROM json_each('[1,2,3,4,5,6,7,8,9]')"


@pytest.mark.parametrize(
    ("text", "bindings", "taken"),
    [
        ("DELETE FROM t LIMIT 2", (), [1, 2]),
        ("DELETE FROM t ORDER BY id DESC LIMIT 2;", (), [8, 9]),
        ("delete from t where a = ? order by id limit ? offset ?", (1, 2, 1), [4, 7]),
        ("DELETE FROM main.t AS x NOT INDEXED WHERE x.a = 0 ORDER BY x.id LIMIT 1, 1", (), [6]),
        (
            'WITH k(n) AS (SELECT 2) DELETE FROM "t" WHERE a IN (SELECT n FROM k) -- L\nLIMIT 1',
            (),
            [2],
        ),
        ("DELETE FROM t ORDER BY id /* LIMIT 9 */ LIMIT 1 -- one", (), [1]),
        ("UPDATE t SET b = 'LIMIT' WHERE a = 0 LIMIT 2", (), [3, 6]),
        ("UPDATE OR IGNORE t SET b = ? WHERE id > ? ORDER BY id DESC LIMIT ?", (1, 3, 1), [9]),
        ("UPDATE t SET b = a IS NOT DISTINCT FROM 1 WHERE a = 1 LIMIT 1", (), [1]),
        ("UPDATE t SET b = (SELECT max(id) FROM t ORDER BY 1 LIMIT 1) LIMIT 3, 2", (), [4, 5]),
    ],
)
def test_it_takes_the_rows_that_its_words_say(
    text: str, bindings: tuple[Any, ...], taken: list[int]
) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(TABLE + VALUES)
    said = without_limit(text)
    assert said is not None
    connection.execute(said, bindings)
    left = {n for (n,) in connection.execute("SELECT id FROM t WHERE b = 0")}
    assert [n for n in range(1, 10) if n not in left] == taken


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DELETE",
        "DELETE FROM t",
        "DELETE FROM t ORDER BY id",
        "DELETE FROM t LIMIT 1 WHERE a = 1",
        "DELETE FROM t WHERE a IN (SELECT 1 LIMIT 1)",
        "DELETE FROM t WHERE a = 'x LIMIT 1'",
        "DELETE FROM t RETURNING a + ? LIMIT 1",
        "DELETE t LIMIT 1",
        "UPDATE t LIMIT 1",
        "UPDATE OR LIMIT 1",
        "UPDATE t SET a = 1 FROM u LIMIT 1",
        "SELECT * FROM t LIMIT 1",
        "INSERT INTO t SELECT * FROM u LIMIT 1",
        "DELETE FROM t WHERE 'a LIMIT 1",
        pytest.param(f"DELETE FROM t WHERE {'[' * 90_000} LIMIT 1", id="brackets"),
    ],
)
def test_nothing_else_is_said_in_other_words(text: str) -> None:
    assert without_limit(text) is None


async def test_a_script_may_limit_what_it_changes(owner: Owner) -> None:
    sql = sql_of(owner)
    rows(sql, TABLE + VALUES)
    for taken in (2, 5):  # compiled, and then known
        text = "UPDATE t SET b = b + 1 WHERE a = ? AND b = 0 RETURNING id, b ORDER BY id LIMIT 1"
        assert rows(sql, text, 2) == [(taken, 1)]
    assert rows(sql, "DELETE FROM t ORDER BY id LIMIT 7; SELECT id FROM t") == [(8,), (9,)]
    with pytest.raises(SqlError, match="Wrong number"):
        rows(sql, "DELETE FROM t WHERE a = ? LIMIT 1")
    with pytest.raises(SqlError, match="no such column: nope"):
        rows(sql, "DELETE FROM t WHERE nope LIMIT 1")
    with pytest.raises(SqlError, match="syntax error"):
        rows(sql, "DELETE FROM t WHERE WHERE LIMIT 1")
    assert rows(sql, "SELECT count(*) FROM t") == [(2,)]
