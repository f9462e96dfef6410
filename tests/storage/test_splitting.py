"""SQL as its statements."""

import io
import random

import apsw
import pytest

from holdfast.storage.d1 import Query
from holdfast.storage.d1.sql_script import statements_in
from holdfast.storage.splitting import is_empty, split, statement_ends

TRIGGER = "CREATE TEMP /* ; */ TRIGGER t AFTER INSERT ON a BEGIN SELECT ';END;'; SELECT 2; END;"


@pytest.mark.parametrize(
    ("sql", "pieces"),
    [
        ("SELECT 1", ("SELECT 1",)),
        ("SELECT 1; ", ("SELECT 1;",)),
        (" SELECT ';' ; -- a;\nSELECT \"b;\";", (" SELECT ';' ;", '-- a;\nSELECT "b;";')),
        (f"{TRIGGER} SELECT 3", (TRIGGER, "SELECT 3")),
        ("EXPLAIN QUERY PLAN SELECT 1; x", ("EXPLAIN QUERY PLAN SELECT 1;", "x")),
        ("SELECT 'open; SELECT 2;", ("SELECT 'open; SELECT 2;",)),
        ("SELECT [a;b], `c;d` /* ; */;;", ("SELECT [a;b], `c;d` /* ; */;", ";")),
        ("", ("",)),
    ],
)
def test_a_statement_ends_with_its_semicolon(sql, pieces):
    assert split(sql) == pieces


def test_statements_end_where_sqlite_says():
    chance = random.Random(7)
    words = "; ;; ' \" ` [ ] -- /* */ create CREATE temp temporary trigger end explain x 1 - / é $a"
    for _ in range(3_000):
        sql = " ".join(chance.choices([*words.split(), "\n"], k=chance.randint(1, 12)))
        start, ends = 0, []
        for place in range(len(sql)):
            if sql[place] == ";" and apsw.complete(sql[start : place + 1]):
                start = place + 1
                ends.append(start)
        assert [*statement_ends(sql)] == ends, sql


def test_a_file_is_read_statement_by_statement_however_long_they_are():
    inserts = [f"INSERT INTO t VALUES ('{n};\n');" for n in range(9_000)]
    long = "INSERT INTO t VALUES ('" + ";\n" * 50_000 + "');"
    whole = "\n".join([*inserts, TRIGGER, long, "-- the end", "SELECT 1"])
    read = [one.lstrip() for one in statements_in(io.BytesIO(whole.encode()))]
    assert read == [*inserts, TRIGGER, long, "-- the end\nSELECT 1"]


def test_sql_that_is_made_to_take_long_does_not():
    assert split(f"SELECT '{';' * 99_000}'") == (f"SELECT '{';' * 99_000}'",)
    assert len(split(f"CREATE TRIGGER t BEGIN {'SELECT 1;' * 10_000} END; SELECT 2")) == 2
    assert not is_empty("-- DROP TABLE t;    \n" * 2_000 + "SELECT 1")
    assert is_empty("-- DROP TABLE t;    \n" * 2_000 + "/* ; ")
    assert not Query(f"SELECT{' ' * 99_000};x").reads
    assert not Query("\n" * 99_000 + "x").is_blank


@pytest.mark.parametrize("sql", ["", " ", " -- a", "\n\n-- a  \n\n  -- b", "\n --a"])
def test_d1_leaves_out_what_is_but_a_comment(sql):
    assert Query(sql).is_blank


@pytest.mark.parametrize("sql", ["-- a", " -- a\n-- b", "x", " --a\nx", "x --a"])
def test_d1_runs_all_else(sql):
    assert not Query(sql).is_blank
