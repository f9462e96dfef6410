"""CORS rules of buckets: by S3, by the REST API, and as browsers meet them."""

import json

import pytest

from tests.api.fakes import TOKEN

RULES = b"""<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><CORSRule>
<AllowedOrigin>https://*.example.com</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>
<AllowedHeader>Content-Type</AllowedHeader><AllowedHeader>x-amz-*</AllowedHeader>
<ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule>
<CORSRule><ID>all</ID><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>
</CORSConfiguration>"""
REST = "/client/v4/accounts/a/r2/buckets/files/cors"


def asking(origin, method, headers=None):
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return asked | ({"Access-Control-Request-Headers": headers} if headers else {})


async def test_rules_are_the_same_to_both_apis(s3):
    told = await s3.call("GET", "/files?cors")
    assert (told.status, told.code) == (404, "NoSuchCORSConfiguration")
    assert (await s3.call("PUT", "/files?cors", RULES)).status == 200
    told = await s3.call("GET", "/files?cors")
    assert told.texts("CORSRule/AllowedOrigin") == ["https://*.example.com", "*"]
    assert told.texts("CORSRule/AllowedHeader") == ["Content-Type", "x-amz-*"]
    assert told.texts("CORSRule/MaxAgeSeconds") == ["60"]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    rest = json.loads((await s3.send("GET", f"{s3.base}{REST}", headers=headers)).body)["result"]
    assert [rule["allowed"]["methods"] for rule in rest["rules"]] == [["PUT"], ["GET"]]
    assert rest["rules"][1]["id"] == "all"
    assert (await s3.call("DELETE", "/files?cors")).status == 204
    gone = json.loads((await s3.send("GET", f"{s3.base}{REST}", headers=headers)).body)
    assert gone["errors"][0]["code"] == 10059
    put = await s3.send("PUT", f"{s3.base}{REST}", json.dumps(rest).encode(), headers)
    assert put.status == 200
    assert (await s3.call("GET", "/files?cors")).body == told.body
    assert (await s3.send("DELETE", f"{s3.base}{REST}", headers=headers)).status == 200
    assert (await s3.call("GET", "/files?cors")).status == 404


@pytest.mark.parametrize(
    "change",
    [
        (b"https://*.example.com", b"https://example.com/path"),
        (b"https://*.example.com", b"example.com"),
        (b"https://*.example.com", b"https://*.*.com"),
        (b"<AllowedMethod>PUT", b"<AllowedMethod>PATCH"),
        (b"Content-Type", b""),
        (b"MaxAgeSeconds>60", b"MaxAgeSeconds>999999"),
        (b"<AllowedMethod>PUT</AllowedMethod>", b""),
        (b"ExposeHeader>", b"Unknown>"),
        (b"MaxAgeSeconds>60", b"MaxAgeSeconds>x"),
    ],
)
async def test_rules_that_cannot_be_are_refused(s3, change):
    told = await s3.call("PUT", "/files?cors", RULES.replace(*change))
    assert told.status == 400
    assert (await s3.call("GET", "/files?cors")).status == 404


@pytest.mark.parametrize(
    "rules",
    [None, [1], [{}], [{"allowed": {"origins": ["*"], "methods": "GET"}}], [{"allowed": {}}]],
)
async def test_rules_that_cannot_be_are_refused_by_the_rest_api(s3, rules):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    body = json.dumps({"rules": rules}).encode()
    assert (await s3.send("PUT", f"{s3.base}{REST}", body, headers)).status == 400


async def test_a_browser_asks_before_it_uploads(s3):
    await s3.call("PUT", "/files?cors", RULES)
    url = s3.signer.presigned("PUT", f"{s3.base}/files/k")
    origin = "https://www.example.com"
    for place in (url, f"{s3.base}/files/k"):  # that will be signed by headers
        asked = asking(origin, "PUT", "content-type, X-Amz-Date")
        told = await s3.send("OPTIONS", place, headers=asked)
        assert told.status == 204
        assert told.headers["Access-Control-Allow-Origin"] == origin
        assert told.headers["Access-Control-Allow-Methods"] == "PUT"
        assert told.headers["Access-Control-Allow-Headers"] == "content-type, x-amz-date"
        assert told.headers["Access-Control-Max-Age"] == "60"
    told = await s3.send("PUT", url, b"x", {"Origin": origin})
    assert told.status == 200
    assert told.headers["Access-Control-Allow-Origin"] == origin
    assert told.headers["Access-Control-Expose-Headers"] == "ETag"
    told = await s3.call("GET", "/files/k", headers={"Origin": "https://other.example"})
    assert (told.body, told.headers["Access-Control-Allow-Origin"]) == (b"x", "*")
    told = await s3.call("GET", "/files/none", headers={"Origin": "https://other.example"})
    assert (told.status, told.headers["Access-Control-Allow-Origin"]) == (404, "*")


@pytest.mark.parametrize(
    "asked",
    [
        asking("https://other.example", "PUT"),
        asking("https://www.example.com", "DELETE"),
        asking("https://www.example.com", "PUT", "authorization"),
        asking("https://.example.com.other.example", "PUT"),
    ],
)
async def test_what_no_rule_allows_is_refused(s3, asked):
    await s3.call("PUT", "/files?cors", RULES)
    for path in ("/files/k", "/none/k"):
        told = await s3.send("OPTIONS", f"{s3.base}{path}", headers=asked)
        assert (told.status, told.code) == (403, "AccessForbidden")


async def test_the_rest_api_tells_browsers_nothing(s3):
    asked = asking("https://www.example.com", "PUT")
    assert (await s3.send("OPTIONS", f"{s3.base}{REST}", headers=asked)).status == 401
