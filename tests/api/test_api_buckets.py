"""R2 buckets and objects over the API."""

import json

import pytest

from tests.api.fakes import MAIN, esm

BUCKETS = "/client/v4/accounts/a/r2/buckets"


async def call(api, method, path="", **options):
    return await api.call(method, f"{BUCKETS}{path}", absolute=True, **options)


async def create(api, name="files", **fields):
    return await call(api, "POST", data=json.dumps({"name": name, **fields}))


async def test_buckets_are_created_listed_shown_and_deleted(api):
    assert (await call(api, "GET")).result == {"buckets": []}
    made = await create(api)
    assert (made.status, made.result["name"], made.result["storage_class"]) == (
        200,
        "files",
        "Standard",
    )
    await create(api, "archive", storageClass="InfrequentAccess")
    listed = await call(api, "GET")
    assert [one["name"] for one in listed.result["buckets"]] == ["archive", "files"]
    page = await call(api, "GET", "?per_page=1")
    assert page.envelope["result_info"]["cursor"] == "archive"
    assert (await call(api, "GET", "/files")).result == made.result
    assert (await call(api, "DELETE", "/files")).status == 200
    assert (await call(api, "GET", "/files")).error[0] == 10006


@pytest.mark.parametrize(
    ("name", "code"),
    [("files", 10004), ("UPPER", 10005), ("a", 10005), ("../x", 10005), (None, 10005)],
)
async def test_a_bucket_that_cannot_be_created_is_told(api, name, code):
    await create(api)
    assert (await create(api, name)).error[0] == code


async def test_an_object_is_put_read_listed_and_removed(api):
    await create(api)
    headers = {"Content-Type": "text/css", "Cache-Control": "no-cache"}
    put = await call(api, "PUT", "/files/objects/a/b%20c.css", data=b"h1 {}", headers=headers)
    assert (put.result["key"], put.result["size"]) == ("a/b c.css", 5)
    got = await call(api, "GET", "/files/objects/a/b%20c.css")
    assert got.body == b"h1 {}"
    assert (got.headers["Content-Type"], got.headers["Cache-Control"]) == ("text/css", "no-cache")
    assert got.headers["ETag"] == f'"{put.result["etag"]}"'
    part = await call(api, "GET", "/files/objects/a/b%20c.css", headers={"Range": "bytes=1-2"})
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"1 ", "bytes 1-2/5")
    listed = await call(api, "GET", "/files/objects?delimiter=/")
    assert (listed.result, listed.envelope["result_info"]["delimited"]) == ([], ["a/"])
    listed = await call(api, "GET", "/files/objects?prefix=a/")
    assert [one["key"] for one in listed.result] == ["a/b c.css"]
    assert listed.result[0]["http_metadata"]["contentType"] == "text/css"
    refused = await call(api, "DELETE", "/files")
    assert (refused.status, refused.error[0]) == (409, 10008)
    assert (await call(api, "DELETE", "/files/objects/a/b%20c.css")).result == {"key": "a/b c.css"}
    assert (await call(api, "GET", "/files/objects/a/b%20c.css")).error[0] == 10007
    assert (await call(api, "DELETE", "/files")).status == 200


async def test_an_object_goes_nowhere_without_a_bucket(api):
    assert (await call(api, "PUT", "/none/objects/k", data=b"v")).error[0] == 10006
    assert (await call(api, "GET", "/none/objects")).error[0] == 10006


async def test_an_upload_that_is_bound_to_no_bucket_is_refused(api):
    binding = {"type": "r2_bucket", "name": "B", "bucket_name": "files"}
    refused = await api.upload("w", {**MAIN, "bindings": [binding]}, esm())
    assert refused.error[0] == 10085
    assert "files" in refused.error[1]
    await create(api)
    assert (await api.upload("w", {**MAIN, "bindings": [binding]}, esm())).status == 200
    assert (await api.call("GET", "/scripts/w/bindings")).result == [binding]
