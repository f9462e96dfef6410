"""Objects by S3."""

import asyncio
import gzip
import hashlib
import time
from email.utils import formatdate
from urllib.parse import urlsplit

import pytest

from holdfast.storage.r2 import Metadata
from tests.api.s3_client import base64_of, escaped


async def test_an_object_is_put_read_and_removed(s3):
    headers = {
        "Content-Type": "text/css",
        "Cache-Control": "no-cache",
        "Content-Language": "de",
        "Content-Disposition": "inline",
        "Expires": "Wed, 21 Oct 2026 07:28:00 GMT",
        "x-amz-meta-Colour": "red",
        "x-amz-storage-class": "STANDARD_IA",
    }
    put = await s3.call("PUT", "/files/a/b", b"h1 {}", headers)
    assert put.headers["ETag"] == f'"{hashlib.md5(b"h1 {}").hexdigest()}"'
    for method, body in (("GET", b"h1 {}"), ("HEAD", b"")):
        told = await s3.call(method, "/files/a/b")
        assert (told.status, told.body, told.headers["Content-Length"]) == (200, body, "5")
        assert {name: told.headers[name] for name in headers} == headers
        assert told.headers["ETag"] == put.headers["ETag"]
        assert told.headers["Accept-Ranges"] == "bytes"
    assert (await s3.call("DELETE", "/files/a/b")).status == 204
    assert (await s3.call("DELETE", "/files/a/b")).status == 204
    told = await s3.call("GET", "/files/a/b")
    assert (told.status, told.code) == (404, "NoSuchKey")
    told = await s3.call("HEAD", "/files/a/b")
    assert (told.status, told.body) == (404, b"")


async def test_where_there_is_no_bucket_there_is_no_object(s3):
    for method in ("GET", "PUT", "DELETE"):
        told = await s3.call(method, "/none/k")
        assert (told.status, told.code) == (404, "NoSuchBucket")


async def test_a_bucket_comes_with_its_first_object_if_that_is_asked_for(s3):
    for body in (b"1", b"2"):
        headers = {"cf-create-bucket-if-missing": "true"}
        assert (await s3.call("PUT", "/fresh/k", body, headers)).status == 200
    assert (await s3.call("GET", "/fresh/k")).body == b"2"


@pytest.mark.parametrize(
    ("header", "status", "body", "told"),
    [
        ("bytes=1-2", 206, b"12", "bytes 1-2/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-30", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=0-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=3-2", 200, b"0123456789", None),
        ("bytes=1-2,4-5", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
async def test_a_range_is_read(s3, header, status, body, told):
    await s3.call("PUT", "/files/k", b"0123456789")
    got = await s3.call("GET", "/files/k", headers={"Range": header})
    assert (got.status, got.body, got.headers.get("Content-Range")) == (status, body, told)


async def test_a_range_without_bytes_is_refused(s3):
    await s3.call("PUT", "/files/k", b"0123456789")
    for header in ("bytes=10-", "bytes=10-20", "bytes=-0"):
        got = await s3.call("GET", "/files/k", headers={"Range": header})
        assert (got.status, got.code) == (416, "InvalidRange")


async def test_a_range_is_of_the_object_that_others_were_of(s3):
    first = await s3.call("PUT", "/files/k", b"0123456789")
    date = (await s3.call("HEAD", "/files/k")).headers["Last-Modified"]
    for same, status in (
        (first.headers["ETag"], 206),
        (date, 206),
        ('"other"', 200),
        (f"W/{first.headers['ETag']}", 200),
        (formatdate(0, usegmt=True), 200),
    ):
        headers = {"Range": "bytes=1-2", "If-Range": same}
        assert (await s3.call("GET", "/files/k", headers=headers)).status == status


async def test_conditions_of_a_read(s3):
    etag = (await s3.call("PUT", "/files/k", b"x")).headers["ETag"]
    before, after = formatdate(time.time() - 60, usegmt=True), formatdate(time.time(), usegmt=True)
    cases = [
        ({"If-Match": etag}, 200),
        ({"If-Match": f'"other", {etag}'}, 200),
        ({"If-Match": etag.strip('"')}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-None-Match": etag}, 304),
        ({"If-None-Match": f"W/{etag}"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-Modified-Since": before}, 200),
        ({"If-Modified-Since": after}, 304),
        ({"If-Unmodified-Since": before}, 412),
        ({"If-Unmodified-Since": after}, 200),
        ({"If-Match": etag, "If-Unmodified-Since": before}, 200),
        ({"If-None-Match": '"other"', "If-Modified-Since": after}, 200),
        ({"If-Match": etag, "If-None-Match": etag}, 304),
    ]
    for headers, status in cases:
        for method in ("GET", "HEAD"):
            told = await s3.call(method, "/files/k", headers=headers)
            assert (headers, told.status) == (headers, status)
            if status == 304:
                assert told.headers["ETag"] == etag


async def test_conditions_of_a_put(s3):
    assert (await s3.call("PUT", "/files/k", b"x", {"If-Match": "*"})).status == 412
    put = await s3.call("PUT", "/files/k", b"1", {"If-None-Match": "*"})
    assert (await s3.call("PUT", "/files/k", b"2", {"If-None-Match": "*"})).status == 412
    etag = put.headers["ETag"]
    assert (await s3.call("PUT", "/files/k", b"3", {"If-Match": etag})).status == 200
    assert (await s3.call("PUT", "/files/k", b"4", {"If-Match": etag})).status == 412
    assert (await s3.call("GET", "/files/k")).body == b"3"


async def test_metadata_may_be_unicode(s3, platform):
    headers = {"x-amz-meta-a": "=?UTF-8?B?w7w=?=", "x-amz-meta-b": "=?utf-8?q?=C3=A9?= plain"}
    await s3.call("PUT", "/files/k", b"", headers)
    stored = platform.buckets.use("files", lambda bucket: bucket.head("k"))
    assert stored.metadata.custom == {"a": "ü", "b": "é plain"}
    assert (await s3.call("HEAD", "/files/k")).headers["x-amz-meta-a"] == "=?UTF-8?B?w7w=?="


async def test_what_a_script_gives_that_no_header_can_have_breaks_no_answer(s3, platform):
    def put(bucket):
        metadata = Metadata({"contentType": "a\r\nb: c"}, {"ö": "1", "a\nb": "2", "c": "d\r\ne"})
        with bucket.begin("k") as new:
            bucket.put("k", new, metadata, now_ms=0)

    platform.buckets.use("files", put)
    told = await s3.call("GET", "/files/k")
    assert (told.status, told.headers["Content-Type"]) == (200, "a b: c")
    assert told.headers["x-amz-missing-meta"] == "2"
    assert "x-amz-meta-c" in told.headers


async def test_a_content_that_is_compressed_stays_so(s3):
    content = gzip.compress(b"x" * 1_000)
    await s3.call("PUT", "/files/k", content, {"Content-Encoding": "gzip"})
    told = await s3.call("GET", "/files/k")
    assert (told.body, told.headers["Content-Encoding"]) == (content, "gzip")


async def test_what_an_answer_says_of_its_content_may_be_asked_for(s3):
    await s3.call("PUT", "/files/k", b"x")
    asked = {
        "Content-Type": "a/b",
        "Content-Disposition": 'attachment; filename="k"',
        "Cache-Control": "no-store",
    }
    query = "&".join(f"response-{name.lower()}={escaped(value)}" for name, value in asked.items())
    told = await s3.call("GET", f"/files/k?{query}")
    assert {name: told.headers[name] for name in asked} == asked


async def test_many_objects_are_removed_at_once(s3):
    for key in ("a", "b&c", "d"):
        await s3.call("PUT", f"/files/{escaped(key)}", b"x")
    body = (
        b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object>'
        b"<Object><Key>b&amp;c</Key></Object><Object><Key>none</Key></Object><Object><Key>"
        + b"k" * 1_025
        + b"</Key></Object></Delete>"
    )
    md5 = {"Content-MD5": base64_of(hashlib.md5(body).hexdigest())}
    told = await s3.call("POST", "/files?delete", body, md5)
    assert told.texts("Deleted/Key") == ["a", "b&c", "none"]
    assert told.texts("Error/Code") == ["InvalidObjectName"]
    quiet = b"<Delete><Object><Key>d</Key></Object><Quiet>true</Quiet></Delete>"
    assert (await s3.call("POST", "/files?delete", quiet)).texts("Deleted/Key") == []
    assert (await s3.call("GET", "/files")).texts("Contents/Key") == []
    told = await s3.call("POST", "/files?delete", body, {"Content-MD5": base64_of("00" * 16)})
    assert (told.status, told.code) == (400, "BadDigest")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Delete>",
        b"<Delete></Delete>",
        b"<Other><Object><Key>a</Key></Object></Other>",
        b"<Delete>" + b"<Object><Key>a</Key></Object>" * 1_001 + b"</Delete>",
        b'<!DOCTYPE d [<!ENTITY e "a">]><Delete><Object><Key>&e;</Key></Object></Delete>',
        b"<Delete>" + b"<a>" * 100 + b"</a>" * 100 + b"</Delete>",
    ],
)
async def test_a_document_that_is_none_is_refused(s3, body):
    told = await s3.call("POST", "/files?delete", body)
    assert (told.status, told.code) == (400, "MalformedXML")


async def test_an_object_is_copied(s3):
    headers = {"Content-Type": "text/css", "x-amz-meta-a": "1", "x-amz-meta-b": "2"}
    etag = (await s3.call("PUT", "/files/s%20%C3%BC", b"h1 {}", headers)).headers["ETag"]
    source = {"x-amz-copy-source": "/files/s%20%C3%BC"}
    told = await s3.call("PUT", "/files/t", headers=source)
    assert told.text("ETag") == etag
    told = await s3.call("GET", "/files/t")
    assert (told.body, told.headers["Content-Type"]) == (b"h1 {}", "text/css")
    assert told.headers["x-amz-meta-a"] == "1"
    for directive, expected in (("REPLACE", ("3", None)), ("MERGE", ("3", "2"))):
        changed = {"x-amz-metadata-directive": directive, "x-amz-meta-a": "3"}
        await s3.call("PUT", "/files/t", headers={**source, **changed})
        told = await s3.call("HEAD", "/files/t")
        assert (told.headers["x-amz-meta-a"], told.headers.get("x-amz-meta-b")) == expected


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-amz-copy-source-if-match": '"other"'}, 412),
        ({"x-amz-copy-source-if-none-match": "*"}, 412),
        ({"x-amz-copy-source-if-match": "*"}, 200),
        ({"cf-copy-destination-if-none-match": "*"}, 412),
        ({"cf-copy-destination-if-match": "*"}, 200),
        ({"x-amz-copy-source": "files/none"}, 404),
        ({"x-amz-copy-source": "none/s"}, 404),
        ({"x-amz-copy-source": "files"}, 400),
        ({"x-amz-metadata-directive": "OTHER"}, 400),
    ],
)
async def test_a_copy_has_conditions(s3, headers, status):
    await s3.call("PUT", "/files/s", b"source")
    await s3.call("PUT", "/files/t", b"target")
    told = await s3.call("PUT", "/files/t", headers={"x-amz-copy-source": "files/s", **headers})
    assert told.status == status
    expected = b"source" if status == 200 else b"target"
    assert (await s3.call("GET", "/files/t")).body == expected


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/files?acl", {}),
        ("PUT", "/files?versioning", {}),
        ("GET", "/files/k?tagging", {}),
        ("POST", "/files/k?restore", {}),
        ("GET", "/files/k?versionId=1", {}),
        ("PUT", "/files/k", {"x-amz-server-side-encryption": "AES256"}),
        ("PUT", "/files/k", {"x-amz-server-side-encryption-customer-key": "a2V5"}),
        ("PUT", "/files/k", {"x-amz-tagging": "a=b"}),
        ("PUT", "/files/k", {"x-amz-checksum-md5": "a=b"}),
    ],
)
async def test_what_there_is_not_is_told(s3, method, path, headers):
    told = await s3.call(method, path, headers=headers)
    assert (told.status, told.code) == (501, "NotImplemented")


async def test_a_method_that_nothing_has_is_refused(s3):
    told = await s3.call("POST", "/files/k")
    assert (told.status, told.code) == (405, "MethodNotAllowed")


async def test_a_url_that_is_no_text_is_refused(s3):
    for method, path in (("PUT", "/files/%FF"), ("GET", "/files?prefix=%FF"), ("GET", "/%FF")):
        told = await s3.call(method, path, headers={"Origin": "https://example.com"})
        assert (told.status, told.code) == (400, "InvalidURI")


async def test_a_header_of_other_bytes_than_text_is_taken_for_latin_1(s3):
    raw = b"inline; filename=\xe9".decode("utf-8", "surrogateescape")
    url = f"{s3.base}/files/k"
    headers = s3.signer.signed("PUT", url, {"x-amz-meta-a": raw, "content-disposition": raw})
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    request = f"PUT {place.path} HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n{head}\r\n"
    writer.write(request.encode("utf-8", "surrogateescape"))
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()
    told = await s3.call("GET", "/files/k")
    assert told.headers["Content-Disposition"] == "inline; filename=é"
    assert told.headers["x-amz-meta-a"] == "=?UTF-8?B?aW5saW5lOyBmaWxlbmFtZT3DqQ==?="
