"""Bodies by S3, in all their forms: what does not arrive as it was meant becomes nothing."""

import asyncio
import hashlib
import zlib
from urllib.parse import urlsplit

import pytest

from holdfast.api.s3.chunks import SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER
from tests.api.s3_client import UNSIGNED, base64_of
from tests.patience import PATIENCE_S

BODY = [b"a" * 70_000, b"b" * 5, b"c" * 300_000]
WHOLE = b"".join(BODY)
CRC = base64_of(f"{zlib.crc32(WHOLE):08x}")
SUMS = {
    "crc32": base64_of(f"{zlib.crc32(b'hello'):08x}"),
    "crc32c": "mnG7TA==",
    "crc64nvme": "M3eFcAZSQlc=",
    "sha1": base64_of(hashlib.sha1(b"hello").hexdigest()),
    "sha256": base64_of(hashlib.sha256(b"hello").hexdigest()),
}


async def nothing_is_there(s3):
    return (await s3.call("GET", "/files/k")).status == 404


async def test_a_hash_that_was_signed_is_checked(s3):
    told = await s3.call("PUT", "/files/k", b"hello", payload=hashlib.sha256(b"other").hexdigest())
    assert (told.status, told.code) == (400, "XAmzContentSHA256Mismatch")
    assert await nothing_is_there(s3)
    told = await s3.call("PUT", "/files/k", b"hello", payload="0" * 63)
    assert (told.status, told.code) == (400, "InvalidArgument")
    assert (await s3.call("PUT", "/files/k", b"hello", payload=UNSIGNED)).status == 200


@pytest.mark.parametrize("name", SUMS)
async def test_a_checksum_is_checked_and_kept(s3, name):
    header = f"x-amz-checksum-{name}"
    wrong = {header: base64_of("00" * {"sha1": 20, "sha256": 32, "crc64nvme": 8}.get(name, 4))}
    told = await s3.call("PUT", "/files/k", b"hello", wrong)
    assert (told.status, told.code) == (400, "BadDigest")
    assert await nothing_is_there(s3)
    told = await s3.call("PUT", "/files/k", b"hello", {header: SUMS[name]})
    assert told.headers[header] == SUMS[name]
    asked = {"x-amz-checksum-mode": "ENABLED"}
    told = await s3.call("GET", "/files/k", headers=asked)
    assert (told.headers[header], told.headers["x-amz-checksum-type"]) == (
        SUMS[name],
        "FULL_OBJECT",
    )
    told = await s3.call("GET", "/files/k", headers={**asked, "Range": "bytes=0-1"})
    assert header not in told.headers
    assert header not in (await s3.call("HEAD", "/files/k")).headers
    await s3.call("PUT", "/files/c", headers={"x-amz-copy-source": "files/k"})
    assert (await s3.call("HEAD", "/files/c", headers=asked)).headers[header] == SUMS[name]


async def test_an_md5_is_checked(s3):
    for digest, status in ((hashlib.md5(b"hello").hexdigest(), 200), ("00" * 16, 400)):
        told = await s3.call("PUT", "/files/k", b"hello", {"Content-MD5": base64_of(digest)})
        assert told.status == status
    told = await s3.call("PUT", "/files/k", b"hello", {"Content-MD5": "nonsense"})
    assert (told.status, told.code) == (400, "InvalidDigest")


@pytest.mark.parametrize("payload", [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER])
async def test_a_body_comes_in_chunks(s3, payload):
    trailers = None if payload == SIGNED else {"x-amz-checksum-crc32": CRC}
    headers = {"Content-Encoding": "aws-chunked"}
    told = await s3.chunked("/files/k", BODY, payload, trailers, headers=headers)
    assert told.status == 200, told.body
    assert told.headers.get("x-amz-checksum-crc32") == (None if trailers is None else CRC)
    told = await s3.call("GET", "/files/k")
    assert told.body == WHOLE
    assert "Content-Encoding" not in told.headers


CHANGES = {
    "another byte": (lambda body: body.replace(b"aaaa", b"aaab", 1), "SignatureDoesNotMatch"),
    "a chunk left out": (
        lambda body: body[: body.index(b"5;chunk")] + body[body.index(b"493e0;chunk") :],
        "SignatureDoesNotMatch",
    ),
    "no signature": (
        lambda body: body.replace(b";chunk-signature", b";no-signature"),
        "InvalidRequest",
    ),
    "the end left out": (lambda body: body[: body.rindex(b"0;chunk")], "InvalidRequest"),
    "the last chunk cut": (lambda body: body[: body.rindex(b"0;chunk") - 10], "IncompleteBody"),
    "nonsense": (lambda body: b"x" * 3_000, "InvalidRequest"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_chunks_that_were_changed_become_nothing(s3, change):
    tamper, code = CHANGES[change]
    told = await s3.chunked("/files/k", BODY, SIGNED, tamper=tamper)
    assert (told.code, told.status >= 400) == (code, True)
    assert await nothing_is_there(s3)


async def test_chunks_of_another_length_than_was_said_become_nothing(s3):
    for pieces in (BODY[:2], [*BODY, b"more"]):
        whole = s3.signer.chunks("", "", pieces, {}, is_signed=False)
        told = await s3.chunked("/files/k", BODY, UNSIGNED_TRAILER, {}, tamper=lambda _, w=whole: w)
        assert (told.status, told.code) == (400, "IncompleteBody")
        assert await nothing_is_there(s3)


@pytest.mark.parametrize("payload", [SIGNED_TRAILER, UNSIGNED_TRAILER])
async def test_a_trailing_checksum_that_is_wrong_or_missing_becomes_nothing(s3, payload):
    wrong = {"x-amz-checksum-crc32": "AAAAAA=="}
    told = await s3.chunked("/files/k", BODY, payload, wrong)
    assert (told.status, told.code) == (400, "BadDigest")

    def cut(body):
        return body[: body.index(b"x-amz-checksum-crc32")] + b"\r\n"

    told = await s3.chunked("/files/k", BODY, payload, wrong, tamper=cut)
    assert told.code in ("InvalidDigest", "SignatureDoesNotMatch")
    assert await nothing_is_there(s3)


async def test_a_trailer_is_signed(s3):
    def change(body):
        return body.replace(CRC.encode(), b"AAAAAA==")

    told = await s3.chunked(
        "/files/k", BODY, SIGNED_TRAILER, {"x-amz-checksum-crc32": CRC}, tamper=change
    )
    assert told.code == "SignatureDoesNotMatch"
    assert await nothing_is_there(s3)


async def test_forms_that_there_are_not_are_told(s3):
    told = await s3.call(
        "PUT", "/files/k", b"x", payload="STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
    )
    assert (told.status, told.code) == (501, "NotImplemented")


async def test_what_is_too_large_is_refused_before_it_comes(s3, monkeypatch):
    monkeypatch.setattr("holdfast.api.s3.receiving.MAX_UPLOAD_BYTES", 4)
    told = await s3.call("PUT", "/files/k", b"hello")
    assert (told.status, told.code) == (400, "EntityTooLarge")
    told = await s3.chunked("/files/k", [b"hello"], SIGNED)
    assert told.code == "EntityTooLarge"


async def test_a_length_has_to_be_told(s3):
    url = f"{s3.base}/files/k"

    async def body():
        yield b"hello"

    headers = s3.signer.signed("PUT", url, payload=UNSIGNED)
    async with s3.session.put(url, data=body(), headers=headers) as told:
        assert told.status == 411 and b"MissingContentLength" in await told.read()


async def comes(what):
    async with asyncio.timeout(PATIENCE_S):
        while not what():
            await asyncio.sleep(0.005)


async def test_a_client_that_goes_away_leaves_nothing_behind(s3, platform, caplog):
    url = urlsplit(s3.signer.presigned("PUT", f"{s3.base}/files/k"))
    _, writer = await asyncio.open_connection(url.hostname, url.port)
    head = (
        f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 999999\r\n"
    )
    writer.write(f"{head}\r\n".encode() + b"x" * 300_000)
    folder = platform.buckets.use("files", lambda bucket: bucket.folder)
    await comes(lambda: list(folder.glob("new/*")))
    writer.close()
    await comes(lambda: not list(folder.glob("new/*")))
    assert await nothing_is_there(s3)
    assert caplog.records == []
