"""Listings by S3, and buckets themselves."""

import pytest

from tests.api.s3_client import escaped

KEYS = ["a/1", "a/2", "b", "c d/1", "c d/2", "e+ü"]


@pytest.fixture
async def full(s3):
    for key in KEYS:
        await s3.call("PUT", f"/files/{escaped(key, '/')}", b"x")
    return s3


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("delimiter", ["", "&delimiter=/"])
async def test_all_is_listed_page_by_page(full, size, delimiter):
    for version, marker, following in (
        ("", "marker", "NextMarker"),
        ("&list-type=2", "continuation-token", "NextContinuationToken"),
    ):
        keys, prefixes, after = [], [], ""
        while True:
            told = await full.call("GET", f"/files?max-keys={size}{delimiter}{version}{after}")
            keys += told.texts("Contents/Key")
            prefixes += told.texts("CommonPrefixes/Prefix")
            if told.text("IsTruncated") == "false":
                assert told.texts(following) == []
                break
            after = f"&{marker}={escaped(told.text(following))}"
        assert (keys, prefixes) == ((["b", "e+ü"], ["a/", "c d/"]) if delimiter else (KEYS, []))


async def test_a_listing_tells_of_each_object(full):
    told = await full.call("GET", "/files?list-type=2&prefix=b&fetch-owner=true")
    assert (told.text("Name"), told.text("Prefix"), told.text("KeyCount")) == ("files", "b", "1")
    assert (told.text("Contents/Size"), told.text("Contents/StorageClass")) == ("1", "STANDARD")
    assert told.text("Contents/ETag").startswith('"')
    assert told.texts("Contents/Owner/ID") == ["local"]
    told = await full.call("GET", "/files?list-type=2&start-after=c%20d/1&encoding-type=url")
    assert told.texts("Contents/Key") == ["c%20d/2", "e%2B%C3%BC"]
    assert told.text("EncodingType") == "url"


async def test_a_key_may_have_what_xml_has_no_words_for(full):
    await full.call("PUT", "/files/%01%3C%26", b"x")
    told = await full.call("GET", "/files?max-keys=1")
    assert b"<Key>&#x1;&lt;&amp;</Key>" in told.body
    told = await full.call("GET", "/files?max-keys=1&encoding-type=url")
    assert told.texts("Contents/Key") == ["%01%3C%26"]


@pytest.mark.parametrize(
    "query",
    ["max-keys=x", "max-keys=-1", "encoding-type=x", "list-type=2&continuation-token=%21"],
)
async def test_a_listing_that_makes_no_sense_is_refused(full, query):
    told = await full.call("GET", f"/files?{query}")
    assert (told.status, told.code) == (400, "InvalidArgument")


async def test_a_listing_of_nothing(full):
    told = await full.call("GET", "/files?max-keys=0")
    assert (told.text("IsTruncated"), told.texts("Contents/Key")) == ("false", [])
    for query in ("", "?max-keys=0", "?list-type=2", "?uploads"):
        assert (await full.call("GET", f"/none{query}")).code == "NoSuchBucket"


async def test_buckets_are_made_listed_and_removed(s3):
    configuration = (
        b"<CreateBucketConfiguration><LocationConstraint>auto</LocationConstraint>"
        b"</CreateBucketConfiguration>"
    )
    assert (await s3.call("PUT", "/other", configuration)).headers["Location"] == "/other"
    told = await s3.call("PUT", "/other")
    assert (told.status, told.code) == (409, "BucketAlreadyOwnedByYou")
    elsewhere = configuration.replace(b"auto", b"eu-central-1")
    assert (await s3.call("PUT", "/third", elsewhere)).code == "InvalidLocationConstraint"
    assert (await s3.call("PUT", "/UPPER")).code == "InvalidBucketName"
    told = await s3.call("GET", "/")
    assert told.texts("Buckets/Bucket/Name") == ["files", "other"]
    assert told.headers["cf-is-truncated"] == "false"
    told = await s3.call("GET", "/", headers={"cf-max-keys": "1"})
    assert told.headers["cf-next-continuation-token"] == "files"
    told = await s3.call("GET", "/?continuation-token=files&x-id=ListBuckets")
    assert told.texts("Buckets/Bucket/Name") == ["other"]
    assert (await s3.call("GET", "/?prefix=oth")).texts("Buckets/Bucket/Name") == ["other"]
    assert (await s3.call("HEAD", "/other")).headers["x-amz-bucket-region"] == "auto"
    assert (await s3.call("HEAD", "/none")).status == 404
    assert (await s3.call("GET", "/other?location")).xml.text == "auto"
    assert (await s3.call("GET", "/other?versioning")).texts("Status") == []
    await s3.call("PUT", "/other/k", b"x")
    told = await s3.call("DELETE", "/other")
    assert (told.status, told.code) == (409, "BucketNotEmpty")
    await s3.call("DELETE", "/other/k")
    assert (await s3.call("DELETE", "/other")).status == 204
    assert (await s3.call("DELETE", "/other")).code == "NoSuchBucket"
