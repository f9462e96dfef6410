"""Objects that come in parts, by S3."""

import hashlib

from holdfast.storage.r2.uploads import MIN_PART_BYTES
from tests.api.s3_client import base64_of

PART = b"x" * MIN_PART_BYTES


async def begin(s3, key="k", headers=()):
    return (await s3.call("POST", f"/files/{key}?uploads", headers=headers)).text("UploadId")


async def put(s3, upload, number, body, headers=(), key="k"):
    path = f"/files/{key}?partNumber={number}&uploadId={upload}"
    return await s3.call("PUT", path, body, headers)


async def complete(s3, upload, parts, headers=(), key="k"):
    body = "".join(
        f"<Part><ETag>{etag}</ETag><PartNumber>{number}</PartNumber></Part>"
        for number, etag in parts
    )
    body = f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>".encode()
    return await s3.call("POST", f"/files/{key}?uploadId={upload}", body, headers)


async def test_parts_become_an_object(s3):
    upload = await begin(s3, headers={"Content-Type": "a/b", "x-amz-meta-a": "1"})
    assert (await s3.call("GET", "/files?uploads")).texts("Upload/UploadId") == [upload]
    first = await put(s3, upload, 1, PART)
    await s3.call("PUT", "/files/source", b"0123456789")
    copied = await put(
        s3,
        upload,
        2,
        b"",
        {"x-amz-copy-source": "files/source", "x-amz-copy-source-range": "bytes=2-4"},
    )
    assert copied.text("ETag") == f'"{hashlib.md5(b"234").hexdigest()}"'
    listed = await s3.call("GET", f"/files/k?uploadId={upload}&max-parts=1")
    assert listed.texts("Part/PartNumber") == ["1"]
    assert (listed.text("IsTruncated"), listed.text("NextPartNumberMarker")) == ("true", "1")
    listed = await s3.call("GET", f"/files/k?uploadId={upload}&part-number-marker=1")
    assert listed.texts("Part/Size") == ["3"]
    # In any order, as R2 has it.
    parts = [(2, copied.text("ETag")), (1, first.headers["ETag"])]
    done = await complete(s3, upload, parts)
    assert done.text("ETag").endswith('-2"')
    told = await s3.call("GET", "/files/k")
    assert told.body == PART + b"234"
    assert (told.headers["Content-Type"], told.headers["x-amz-meta-a"]) == ("a/b", "1")
    for method, body in (("GET", b"234"), ("HEAD", b"")):
        told = await s3.call(method, "/files/k?partNumber=2")
        assert (told.status, told.body, told.headers["Content-Length"]) == (206, body, "3")
        size = MIN_PART_BYTES + 3
        assert told.headers["Content-Range"] == f"bytes {MIN_PART_BYTES}-{size - 1}/{size}"
        assert told.headers["x-amz-mp-parts-count"] == "2"
    assert (await s3.call("GET", "/files/k?partNumber=3")).code == "InvalidRange"
    assert (await s3.call("GET", "/files?uploads")).texts("Upload/UploadId") == []


async def test_a_part_is_checked(s3):
    upload = await begin(s3)
    header = "x-amz-checksum-sha256"
    good = base64_of(hashlib.sha256(b"x").hexdigest())
    assert (await put(s3, upload, 1, b"x", {header: base64_of("00" * 32)})).code == "BadDigest"
    assert (await put(s3, upload, 1, b"x", {header: good})).headers[header] == good
    for number in (0, 10_001):
        assert (await put(s3, upload, number, b"x")).code == "InvalidArgument"
    told = await complete(s3, upload, [(1, '"0123"')])
    assert (told.status, told.code) == (400, "InvalidPart")
    assert (await complete(s3, upload, [])).code == "MalformedXML"


async def test_the_checksum_of_a_whole_object_is_checked_and_kept(s3):
    upload = await begin(s3)
    parts = [(1, PART), (2, b"tail")]
    made = [(n, (await put(s3, upload, n, part)).headers["ETag"]) for n, part in parts]
    header = "x-amz-checksum-sha256"
    wrong = await complete(s3, upload, made, {header: base64_of("00" * 32)})
    assert (wrong.status, wrong.code) == (400, "BadDigest")
    given = {header: base64_of(hashlib.sha256(PART + b"tail").hexdigest())}
    assert (await complete(s3, upload, made, given)).headers[header] == given[header]
    told = await s3.call("HEAD", "/files/k", headers={"x-amz-checksum-mode": "ENABLED"})
    assert told.headers[header] == given[header]


async def test_an_upload_that_ended_or_never_was_is_none(s3):
    upload = await begin(s3)
    assert (await s3.call("DELETE", f"/files/k?uploadId={upload}")).status == 204
    for path in (f"/files/k?uploadId={upload}", "/files/k?uploadId=never"):
        told = await s3.call("GET", path)
        assert (told.status, told.code) == (404, "NoSuchUpload")
    for one in (upload, "never"):
        assert (await put(s3, one, 1, b"x")).code == "NoSuchUpload"
        assert (await complete(s3, one, [(1, "e")])).code == "NoSuchUpload"
    assert (await s3.call("DELETE", "/files/k?uploadId=never")).code == "NoSuchUpload"


async def test_a_condition_that_does_not_hold_ends_an_upload(s3):
    await s3.call("PUT", "/files/k", b"there")
    upload = await begin(s3)
    etag = (await put(s3, upload, 1, b"x")).headers["ETag"]
    told = await complete(s3, upload, [(1, etag)], {"If-None-Match": "*"})
    assert (told.status, told.code) == (412, "PreconditionFailed")
    assert (await s3.call("GET", "/files?uploads")).texts("Upload/UploadId") == []
    assert (await s3.call("GET", "/files/k")).body == b"there"


async def test_uploads_are_listed_page_by_page(s3):
    made = [(key, await begin(s3, key)) for key in ("a/1", "a/2", "b", "b", "c/1")]
    made.sort()
    found, markers = [], ""
    while True:
        told = await s3.call("GET", f"/files?uploads&max-uploads=2{markers}")
        found += zip(told.texts("Upload/Key"), told.texts("Upload/UploadId"), strict=True)
        if told.text("IsTruncated") == "false":
            break
        key, upload = told.text("NextKeyMarker"), told.text("NextUploadIdMarker")
        markers = f"&key-marker={key}&upload-id-marker={upload}"
    assert found == made
    told = await s3.call("GET", "/files?uploads&delimiter=/&max-uploads=1")
    assert told.texts("CommonPrefixes/Prefix") == ["a/"]
    marker = told.text("NextKeyMarker")
    told = await s3.call("GET", f"/files?uploads&delimiter=/&key-marker={marker}")
    assert told.texts("Upload/Key") == ["b", "b"]
    assert told.texts("CommonPrefixes/Prefix") == ["c/"]
    told = await s3.call("GET", "/files?uploads&prefix=a/&encoding-type=url")
    assert told.texts("Upload/Key") == ["a/1", "a/2"]
