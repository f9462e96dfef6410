"""Time Travel for D1 databases over HTTP, with the answers that `wrangler d1 time-travel` reads."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.test_api_d1 import D1, ask, call, database

__all__ = ["database"]

BOOKMARK = re.compile(r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}")


def ago(**options):
    return (datetime.now(UTC) - timedelta(**options)).isoformat()


async def held(api, database):
    [found] = (await ask(api, database, "SELECT a FROM t", how="raw")).result
    return [value for (value,) in found["results"]["rows"]]


async def bookmark(api, database, **query):
    answer = await call(api, "GET", f"{database}/time_travel/bookmark", params=query)
    return answer.result["bookmark"]


async def restore(api, database, **query):
    return await call(api, "POST", f"{database}/time_travel/restore", params=query)


async def test_a_database_goes_back_to_a_bookmark_and_that_is_undone(api, database):
    await ask(api, database, "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    there = await bookmark(api, database)
    assert BOOKMARK.fullmatch(there)
    await ask(api, database, "INSERT INTO t VALUES (2)")
    restored = (await restore(api, database, bookmark=there)).result
    assert restored == {
        "bookmark": there,
        "message": "Database restored successfully",
        "previous_bookmark": restored["previous_bookmark"],
    }
    assert await held(api, database) == [1]
    await restore(api, database, bookmark=restored["previous_bookmark"])
    assert await held(api, database) == [1, 2]


async def test_a_database_goes_back_to_a_time(api, database):
    await ask(api, database, "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    assert await bookmark(api, database, timestamp=ago(seconds=0)) == await bookmark(api, database)
    restored = (await restore(api, database, timestamp=ago(seconds=0))).result
    assert restored["bookmark"] == restored["previous_bookmark"]
    assert await held(api, database) == [1]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({}, "either"),
        ({"bookmark": "0-0", "timestamp": ago(days=1)}, "either"),
        ({"bookmark": "0-0"}, "no bookmark '0-0'"),
        ({"timestamp": "yesterday"}, "is no time such as"),
        ({"timestamp": "2026-01-31T12:00:00"}, "time zone"),
        ({"timestamp": "0001-01-01T00:00:00+23:00"}, "is no time such as|too long ago"),
        ({"timestamp": ago(days=1)}, "before the database was made"),
        ({"timestamp": ago(days=31)}, "within the last 30 days"),
        ({"timestamp": ago(days=-1)}, "in the future"),
    ],
)
async def test_what_leads_nowhere_is_refused(api, database, query, why):
    await ask(api, database, "CREATE TABLE t (a)")
    answer = await restore(api, database, **query)
    code, message = answer.error
    assert (answer.status, code) == (400, 7400)
    assert re.search(why, message)


async def test_only_what_was_created_travels(api):
    assert (await restore(api, f"{D1}/none", bookmark="x")).error[0] == 7404
    assert (await call(api, "GET", f"{D1}/none/time_travel/bookmark")).error[0] == 7404
