"""Who may ask by S3, and until when."""

import pytest

from holdfast.api.s3.credentials import access_key_id, secret_access_key
from tests.api.fakes import TOKEN
from tests.api.s3_client import EMPTY, Signer, now


def test_the_tests_sign_as_amazon_documents_it():
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html"""
    signer = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
    url = "https://examplebucket.s3.amazonaws.com"
    headers = signer.signed(
        "GET", f"{url}/test.txt", {"Range": "bytes=0-9"}, EMPTY, "20130524T000000Z"
    )
    expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert headers["authorization"].endswith(f"Signature={expected}")
    url = signer.presigned("GET", f"{url}/test.txt", expires=86400, time="20130524T000000Z")
    assert url.endswith("aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


def test_the_secret_is_the_hash_of_the_token_and_the_id_tells_nothing_of_it():
    assert secret_access_key("t") == (
        "e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8"
    )
    assert len(access_key_id("t")) == 32
    assert access_key_id("t") not in secret_access_key("t")


async def test_a_key_is_shown_where_clients_look_for_it(api):
    for path in ("/client/v4/user/tokens/verify", "/client/v4/accounts/a/tokens/verify"):
        told = await api.call("GET", path, absolute=True)
        assert told.result == {"id": access_key_id(TOKEN), "status": "active"}


@pytest.mark.parametrize("region", ["auto", "us-east-1", "", "weur"])
async def test_regions_that_r2_knows_are_here(s3, region):
    s3.signer.region = region
    assert (await s3.call("HEAD", "/files")).status == 200


async def test_other_regions_are_told(s3):
    s3.signer.region = "eu-west-1"
    told = await s3.call("GET", "/")
    assert (told.status, told.code) == (400, "InvalidRegionName")


@pytest.mark.parametrize(
    "path", ["/files/a%20b", "/files/a+b", "/files/..%2F..", "/files/a//b/../c", "/files/%C3%BC~*'"]
)
async def test_a_key_may_be_anything_that_a_path_can_say(s3, path):
    assert (await s3.call("PUT", path, b"x")).status == 200
    assert (await s3.call("GET", path)).body == b"x"


async def test_a_plus_may_be_signed_as_the_space_that_it_is_to_some(s3):
    url = s3.signer.presigned("PUT", f"{s3.base}/files/a%20b")
    assert (await s3.send("PUT", url.replace("a%20b", "a+b"), b"x")).status == 200
    assert (await s3.call("GET", "/files/a%20b")).body == b"x"
    assert (await s3.call("GET", "/files/a%2Bb")).status == 404


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"x-amz-meta-more": "added"}, 403, "AccessDenied"),
        ({"x-amz-copy-source": "files/other"}, 403, "AccessDenied"),
        ({"authorization": "AWS AKID:c2lnbmF0dXJl"}, 401, "Unauthorized"),
        ({"authorization": "AWS4-HMAC-SHA256 nonsense"}, 400, "AuthorizationHeaderMalformed"),
        ({"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, 403, "SignatureDoesNotMatch"),
        ({"x-amz-date": now(1)}, 403, "SignatureDoesNotMatch"),
    ],
)
async def test_what_was_not_signed_is_refused(s3, change, status, code):
    url = f"{s3.base}/files/k"
    headers = s3.signer.signed("PUT", url, payload=EMPTY) | change
    told = await s3.send("PUT", url, b"", headers)
    assert (told.status, told.code) == (status, code)
    assert (await s3.call("GET", "/files/k")).status == 404


async def test_another_secret_or_id_or_path_or_method_is_refused(s3):
    url = f"{s3.base}/files"
    good = s3.signer.signed("GET", url)
    assert (await s3.send("GET", url, headers=good)).status == 200
    assert (await s3.send("GET", f"{url}/k", headers=good)).code == "SignatureDoesNotMatch"
    assert (await s3.send("GET", f"{url}?cors", headers=good)).code == "SignatureDoesNotMatch"
    assert (await s3.send("DELETE", url, headers=good)).code == "SignatureDoesNotMatch"
    s3.signer.secret = "0" * 64
    assert (await s3.call("GET", "/files")).code == "SignatureDoesNotMatch"
    s3.signer.key_id = "0" * 32
    told = await s3.call("GET", "/files")
    assert (told.status, told.code) == (401, "Unauthorized")


@pytest.mark.parametrize("offset", [-16 * 60, 16 * 60])
async def test_a_request_of_another_time_is_refused(s3, offset):
    told = await s3.call("GET", "/files", time=now(offset))
    assert (told.status, told.code) == (403, "RequestTimeTooSkewed")


async def test_a_url_that_was_signed_is_good_until_it_expires(s3):
    put = s3.signer.presigned("PUT", f"{s3.base}/files/a%20b", expires=60)
    assert (await s3.send("PUT", put, b"by a browser")).status == 200
    get = s3.signer.presigned("GET", f"{s3.base}/files/a%20b?response-content-type=a%2Fb")
    told = await s3.send("GET", get)
    assert (told.body, told.headers["Content-Type"]) == (b"by a browser", "a/b")
    assert (await s3.send("PUT", get, b"x")).code == "SignatureDoesNotMatch"
    assert (await s3.send("GET", get.replace("a%20b", "c"))).code == "SignatureDoesNotMatch"
    copied = {"x-amz-copy-source": "files/a%20b"}
    assert (await s3.send("PUT", put, b"", copied)).code == "AccessDenied"


@pytest.mark.parametrize(
    ("expires", "offset", "status", "code"),
    [
        (60, -61, 400, "ExpiredRequest"),
        (604_800, -604_801, 400, "ExpiredRequest"),
        (60, 16 * 60, 403, "AccessDenied"),
        (604_801, 0, 400, "AuthorizationQueryParametersError"),
        (0, 0, 400, "AuthorizationQueryParametersError"),
    ],
)
async def test_a_url_is_good_for_its_time_alone(s3, expires, offset, status, code):
    url = s3.signer.presigned("GET", f"{s3.base}/files", expires=expires, time=now(offset))
    told = await s3.send("GET", url)
    assert (told.status, told.code) == (status, code)


async def test_headers_that_were_signed_into_a_url_have_to_come_with_it(s3):
    url = s3.signer.presigned("PUT", f"{s3.base}/files/k", {"if-none-match": "*"})
    assert (await s3.send("PUT", url, b"x")).code == "SignatureDoesNotMatch"
    assert (await s3.send("PUT", url, b"x", {"If-None-Match": "*"})).status == 200
    told = await s3.send("PUT", url, b"y", {"If-None-Match": "*"})
    assert (told.status, told.code) == (412, "PreconditionFailed")


async def test_what_a_url_says_of_an_object_counts_as_headers(s3):
    url = s3.signer.presigned("PUT", f"{s3.base}/files/k?x-amz-meta-a=b")
    assert (await s3.send("PUT", url, b"x")).status == 200
    assert (await s3.call("HEAD", "/files/k")).headers["x-amz-meta-a"] == "b"


async def test_temporary_credentials_are_refused(s3):
    told = await s3.call("GET", "/files", headers={"x-amz-security-token": "t"})
    assert (told.status, told.code) == (400, "InvalidToken")


async def test_a_bucket_may_be_in_the_name_of_the_host(s3):
    await s3.call("PUT", "/files/a/k", b"x")
    for host in ("files.localhost", "files.account.r2.cloudflarestorage.com"):
        url = f"{s3.base}/a/k"
        headers = s3.signer.signed("GET", url, {"host": host})
        assert (await s3.send("GET", url, headers=headers)).body == b"x"


async def test_who_has_no_signature_is_told_what_the_api_tells_all(s3):
    told = await s3.send("GET", f"{s3.base}/files/k")
    assert told.status == 401 and b"Authentication error" in told.body
