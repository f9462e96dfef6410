"""Databases in memory that are lent to one object after another."""

from collections.abc import Iterator

import apsw
import pytest

from holdfast.storage.nursery import Nursery, bound
from holdfast.storage.template import UNBOUNDED, is_template, template
from tests.storage.conftest import Shard

SECRET = b"nobody else's business"
MAX_PAGES = 1000


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery(MAX_PAGES)
    yield nursery
    nursery.close()


def put(connection: apsw.Connection, key: str, value: bytes) -> None:
    with connection:
        connection.execute("INSERT INTO _cf_KV VALUES (?, ?)", (key, value))


def test_a_database_is_lent_as_the_template(nursery: Nursery) -> None:
    connection = nursery.lend()
    assert is_template(connection.serialize("main"))
    assert len(connection.serialize("main")) == len(template())
    connection.close()


def test_nothing_of_an_object_is_left_for_the_next(nursery: Nursery) -> None:
    first = nursery.lend()
    put(first, "secret", SECRET)
    assert SECRET in first.serialize("main")
    nursery.take_back(first)
    second = nursery.lend()
    assert second is first
    assert is_template(second.serialize("main"))
    assert SECRET not in second.serialize("main")
    second.close()


def test_a_database_without_a_bound_has_one_again_when_it_is_lent(nursery: Nursery) -> None:
    first = nursery.lend()
    bound(first, UNBOUNDED)
    nursery.take_back(first, is_bounded=False)
    second = nursery.lend()
    assert second is first
    assert second.execute("PRAGMA max_page_count").get == MAX_PAGES
    second.close()


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO _cf_KV VALUES ('many pages', zeroblob(100000))",
        "CREATE TABLE other (a)",
        "CREATE INDEX other ON _cf_KV (value)",
        "PRAGMA user_version=7",
        "BEGIN",
    ],
)
def test_a_database_that_differs_is_not_lent_again(nursery: Nursery, change: str) -> None:
    connection = nursery.lend()
    connection.execute(change).fetchall()
    nursery.take_back(connection)
    with pytest.raises(apsw.ConnectionClosedError):
        connection.execute("SELECT 1")


async def test_an_object_finds_nothing_of_the_one_before_in_its_memory(shard: Shard) -> None:
    before = shard.owner(1)
    before.store.put("secret", SECRET)
    await before.durable()
    await before.store.close()
    after = shard.owner(2)
    after.store.put("own", b"1")
    await after.durable()
    assert after.store.list() == [("own", b"1")]
    assert SECRET not in shard.path(2).read_bytes()
    assert SECRET in shard.path(1).read_bytes()
    assert before.store.durable == 1


async def test_a_script_that_used_sql_takes_its_connection_along(shard: Shard) -> None:
    before = shard.owner(1)
    before.store.sql(bool).execute("PRAGMA case_sensitive_like=ON", [])
    before.store.put("a", b"1")
    await before.durable()
    await before.store.close()
    after = shard.owner(2)
    after.store.put("own", b"1")
    assert after.store.sql(bool).execute("SELECT 'A' LIKE 'a'", []).rows == [(1,)]


def test_a_database_for_sql_is_made_without_a_table_and_with_the_bound(nursery: Nursery) -> None:
    connection = nursery.make()
    assert connection.execute("SELECT * FROM sqlite_schema").fetchall() == []
    assert connection.pragma("max_page_count") == MAX_PAGES
    nursery.take_back(connection)
    assert nursery.lend() is not connection, "it is no database for keys"
