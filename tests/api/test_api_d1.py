"""D1 databases over HTTP."""

import asyncio
import hashlib

import pytest

from holdfast.storage.d1 import D1Error, Query
from tests.api.fakes import MAIN, esm
from tests.patience import PATIENCE_S

D1 = "/client/v4/accounts/0123456789abcdef/d1/database"


@pytest.fixture
async def database(api):
    created = await call(api, "POST", D1, json={"name": "shop"})
    return f"{D1}/{created.result['uuid']}"


async def call(api, method, path, **options):
    return await api.call(method, path, absolute=True, **options)


async def ask(api, database, sql, *params, how="query"):
    body = {"sql": sql, "params": list(params)}
    return await call(api, "POST", f"{database}/{how}", json=body)


async def test_a_database_is_created_listed_described_and_deleted(api):
    created = (await call(api, "POST", D1, json={"name": "one"})).result
    assert created["name"] == "one" and len(created["uuid"]) == 36
    assert created["num_tables"] == 0
    [listed] = (await call(api, "GET", f"{D1}?name=one")).result
    assert listed["uuid"] == created["uuid"]
    assert (await call(api, "GET", f"{D1}?name=two")).result == []
    path = f"{D1}/{created['uuid']}"
    await ask(api, path, "CREATE TABLE t (a); CREATE VIRTUAL TABLE f USING fts5(b)")
    described = (await call(api, "GET", f"{D1}/one")).result
    assert (described["uuid"], described["num_tables"]) == (created["uuid"], 7)
    assert described["file_size"] > 0
    assert (await call(api, "DELETE", path)).result is None
    told = (7404, f"The database {created['uuid']} could not be found")
    assert (await call(api, "GET", path)).error == told
    assert (await call(api, "POST", D1, json={"name": "one"})).status == 200


async def test_a_name_is_given_once(api, database):
    code, message = (await call(api, "POST", D1, json={"name": "shop"})).error
    assert (code, "already" in message) == (7502, True)
    for name in ("", " ", 5, None, "\ud800"):
        assert (await call(api, "POST", D1, json={"name": name})).status == 400


async def test_queries_answer_as_at_cloudflare(api, database):
    made = await ask(api, database, "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, x'00ff')")
    assert [one["success"] for one in made.result] == [True, True]
    [found] = (await ask(api, database, "SELECT a, b FROM t WHERE a = ?", 1)).result
    assert found["results"] == [{"a": 1, "b": [0, 255]}]
    assert found["meta"]["rows_read"] >= 1
    [raw] = (await ask(api, database, "SELECT a FROM t", how="raw")).result
    assert raw["results"] == {"columns": ["a"], "rows": [[1]]}
    batch = {"batch": [{"sql": "INSERT INTO t VALUES (?, ?)", "params": [2, None]}] * 2}
    assert len((await call(api, "POST", f"{database}/query", json=batch)).result) == 2


async def test_a_trigger_is_one_statement(api, database):
    sql = (
        "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; SELECT 1; END;"
    )
    assert len((await ask(api, database, sql)).result) == 2


async def test_what_fails_is_undone_and_told(api, database):
    code, message = (await ask(api, database, "CREATE TABLE t (a); SELECT * FROM none")).error
    assert (code, message) == (7500, "no such table: none: SQLITE_ERROR")
    assert (await ask(api, database, "SELECT * FROM t")).status == 400
    for body in ({}, {"sql": 5}, {"sql": "SELECT ?", "params": [{}]}, {"batch": 5}, {"batch": [5]}):
        answer = await call(api, "POST", f"{database}/query", json=body)
        assert (answer.status, answer.error[0]) == (400, 7400), body
    assert (await ask(api, f"{D1}/none", "SELECT 1")).error[0] == 7404
    assert (await ask(api, database, "")).error == (7500, "No SQL statements detected.")


async def test_an_upload_is_bound_to_a_database_that_exists(api, database):
    def metadata(database_id):
        return {**MAIN, "bindings": [{"type": "d1", "name": "DB", "id": database_id}]}

    answer = await api.upload("one", metadata("none"), esm())
    assert answer.error[0] == 10181 and 'D1 database "none" not found' in answer.error[1]
    accepted = await api.upload("one", metadata(database.rpartition("/")[2]), esm())
    assert accepted.status == 200


async def test_a_database_that_was_deleted_is_not_made_anew_by_who_is_bound_to_it(
    api, database, platform
):
    database_id = database.rpartition("/")[2]
    await call(api, "DELETE", database)
    with pytest.raises(D1Error, match="could not be found"):
        await platform.d1.run(database_id, [Query("SELECT 1")], str)


async def test_an_export_makes_the_database_again_by_an_import(api, database):
    await ask(
        api,
        database,
        """CREATE TABLE "od d" (id INTEGER PRIMARY KEY AUTOINCREMENT, t, u AS (typeof(t)));
        CREATE INDEX by_t ON "od d" (t);
        CREATE VIEW v AS SELECT count(*) AS n FROM "od d";
        CREATE TRIGGER g AFTER DELETE ON "od d" BEGIN INSERT INTO "od d" (t) VALUES (1); END;""",
    )
    values = ["it's", "a\nb\\n\r;", "nul\0", None, 1.5, -3, 2**53, 1e300, [0, 255], "é"]
    for value in values:
        await ask(api, database, 'INSERT INTO "od d" (t) VALUES (?)', value)
    await ask(api, database, 'INSERT INTO "od d" (t) VALUES (9e999), (-9e999), (9007199254740993)')
    select = 'SELECT id, t, typeof(t), u FROM "od d"'
    before = (await ask(api, database, select, how="raw")).result[0]["results"]["rows"]

    text = await exported(api, database)
    other = f"{D1}/{(await call(api, 'POST', D1, json={'name': 'other'})).result['uuid']}"
    done = await imported(api, other, text)
    assert done["status"] == "complete"
    assert done["result"]["num_queries"] == text.count(b";\n")
    assert done["result"]["meta"]["changes"] >= 13
    after = (await ask(api, other, select, how="raw")).result[0]["results"]["rows"]
    assert after == before
    assert (await ask(api, other, "SELECT n FROM v")).result[0]["results"] == [{"n": 13}]
    assert await exported(api, other) == text


async def exported(api, database, **options):
    body = {"output_format": "polling", "dump_options": options}
    told = (await call(api, "POST", f"{database}/export", json=body)).result
    assert told["status"] == "complete", told
    async with api.session.get(told["result"]["signed_url"]) as answer:
        assert answer.status == 200
        return await answer.read()


async def imported(api, database, text):
    etag = hashlib.md5(text).hexdigest()
    steps = f"{database}/import"
    begun = (await call(api, "POST", steps, json={"action": "init", "etag": etag})).result
    async with api.session.put(begun["upload_url"], data=text) as answer:
        assert (answer.status, answer.headers["ETag"]) == (200, f'"{etag}"')
    body = {"action": "ingest", "filename": begun["filename"], "etag": etag}
    return (await call(api, "POST", steps, json=body)).result


async def test_an_export_leaves_out_what_is_not_wanted(api, database):
    await ask(api, database, "CREATE TABLE a (x); CREATE TABLE b (y); INSERT INTO a VALUES (1)")
    begin = b"PRAGMA defer_foreign_keys=TRUE;\n"
    assert await exported(api, database, no_schema=True) == begin + (
        b'INSERT INTO "a" ("x") VALUES(1);\n'
    )
    assert await exported(api, database, no_data=True, tables=["b"]) == begin + (
        b"CREATE TABLE b (y);\n"
    )
    await ask(api, database, "CREATE VIRTUAL TABLE f USING fts5(t)")
    told = (await call(api, "POST", f"{database}/export", json={})).result
    assert (told["status"], "Virtual Tables" in told["error"]) == ("error", True)


async def test_an_import_that_fails_leaves_everything_as_it_was(api, database):
    for text, why in (
        (b"CREATE TABLE t (a);\nINSERT INTO none VALUES (1);", "no such table"),
        (
            b"CREATE TABLE t (a);\nINSERT INTO t VALUES ('\xff');",
            "Line 2 of the SQL file is not UTF-8",
        ),
        (b"-- nothing\n", "No SQL statements"),
        (b"BEGIN TRANSACTION;\nCREATE TABLE t (a);\nCOMMIT;", "To execute a transaction"),
    ):
        told = await imported(api, database, text)
        assert told["status"] == "error"
        assert why in told["errors"][0]
    assert (await ask(api, database, "SELECT * FROM t")).status == 400


async def test_an_import_takes_statements_over_many_lines_and_many_on_one(api, database):
    text = b"\xef\xbb\xbfCREATE TABLE t (\n a,\n b\n); INSERT INTO t VALUES (1, 'a;\nb');"
    text += b" \n\n-- x;\nSELECT 1"
    assert (await imported(api, database, text))["result"]["num_queries"] == 3
    assert (await ask(api, database, "SELECT b FROM t")).result[0]["results"] == [{"b": "a;\nb"}]


async def test_what_takes_long_is_asked_for_again(api, database, monkeypatch):
    monkeypatch.setattr("holdfast.api.d1_transfer.WORK_SECONDS", 0.0)
    await ask(api, database, "CREATE TABLE t (a)")
    told = (await call(api, "POST", f"{database}/export", json={})).result
    async with asyncio.timeout(PATIENCE_S):
        while told["status"] == "active":
            await asyncio.sleep(0)
            body = {"current_bookmark": told["at_bookmark"]}
            told = (await call(api, "POST", f"{database}/export", json=body)).result
    assert told["status"] == "complete"


async def test_files_are_for_those_who_know_their_secret(api, database):
    url = D1.replace("database", "file/none")
    async with api.session.get(f"{api.base}{url}") as answer:
        assert answer.status == 404
    steps = f"{database}/import"
    body = {"action": "ingest", "filename": "none", "etag": ""}
    assert (await call(api, "POST", steps, json=body)).error[0] == 7400
    assert (await call(api, "POST", steps, json={"action": "poll"})).error[0] == 7400
    assert (await call(api, "POST", steps, json={})).error[0] == 7400
