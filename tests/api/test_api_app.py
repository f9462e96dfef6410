import asyncio
import re
from types import SimpleNamespace

import aiohttp
import pytest

from holdfast.api import ApiSettings
from tests.api.fakes import ACCOUNT, MAIN, TOKEN, Answer, esm
from tests.patience import PATIENCE_S

AUTHENTICATION_ERROR = (10000, "Authentication error")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"X-Auth-Key": "wrong"},
        {"Authorization": "Bearer wrong", "X-Auth-Key": TOKEN},
    ],
)
async def test_without_the_token_nothing_is_told(api, headers):
    await api.upload("w", MAIN, esm())
    paths = (
        f"{ACCOUNT}/scripts",
        f"{ACCOUNT}/scripts/w",
        f"{ACCOUNT}/scripts/nobody",
        f"{ACCOUNT}/durable_objects/namespaces",
        "/",
        "/nothing/here",
    )
    answers = [
        await api.call(method, path, token=None, absolute=True, headers=headers)
        for path in paths
        for method in ("GET", "PUT", "DELETE", "POST", "PATCH")
    ]
    assert {answer.status for answer in answers} == {401}
    assert {answer.error for answer in answers} == {AUTHENTICATION_ERROR}
    assert len({answer.body for answer in answers}) == 1
    assert {answer.headers["Server"] for answer in answers} == {"holdfast"}
    assert (await api.call("GET", "/scripts/w")).status == 200


async def test_whether_it_is_there_is_told_to_all(api):
    for token in (None, TOKEN):
        answer = await api.call("GET", "/health", token=token, absolute=True)
        assert (answer.status, answer.body) == (200, b"ok\n")
    assert (await api.call("PUT", "/health", absolute=True)).status == 405
    assert (await api.call("GET", "/health/", token=None, absolute=True)).status == 401


async def test_without_the_token_nothing_is_changed(api, platform):
    await api.upload("w", MAIN, esm(content="export default { v: 1 }"))
    assert (await api.call("DELETE", "/scripts/w", token="x")).status == 401
    json = {"name": "n", "script": "w", "class": "Counter"}
    answer = await api.call("POST", "/durable_objects/namespaces", token="x", json=json)
    assert answer.status == 401
    assert list(platform.live) == ["w"]
    assert platform.catalog.namespaces() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {TOKEN}"},
        {"Authorization": f"bearer  {TOKEN} "},
        {"X-Auth-Key": TOKEN, "X-Auth-Email": "somebody@example.com"},
    ],
)
async def test_the_token_is_taken_from_either_header(api, headers):
    answer = await api.call("GET", "/scripts", token=None, headers=headers)
    assert answer.result == []


def test_a_token_may_not_be_empty():
    with pytest.raises(AssertionError, match="token"):
        ApiSettings("")


def test_settings_do_not_show_the_token():
    assert TOKEN not in repr(ApiSettings(TOKEN))


async def raw(api, request, *, until):
    """Send bytes; read until a pattern has come."""
    port = int(api.base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    received = b""
    async with asyncio.timeout(PATIENCE_S):
        while not re.search(until, received) and (chunk := await reader.read(65536)):
            received += chunk
    writer.close()
    await writer.wait_closed()
    return received


@pytest.mark.parametrize("path", [f"{ACCOUNT}/scripts/w", "/nothing"])
async def test_a_body_is_not_invited_before_the_token_is_seen(api, path):
    request = (
        f"PUT {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    ).encode()
    assert (await raw(api, request, until=b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")


async def test_a_body_is_invited_when_the_token_was_seen(api):
    head = (
        f"PUT {ACCOUNT}/scripts/w HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        "Content-Length: {}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        "X-Auth-Key: {}\r\n\r\n"
    )
    request = head.format(9, TOKEN).encode()
    assert (await raw(api, request, until=b"\r\n\r\n")) == b"HTTP/1.1 100 Continue\r\n\r\n"
    request = head.format(99_999_999, TOKEN).encode()
    assert (await raw(api, request, until=b"\r\n\r\n")).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "path", ["/", "/client/v4", "/client/v4/nothing", f"{ACCOUNT}/scripts/w/nothing", f"{ACCOUNT}/"]
)
async def test_an_unknown_path_is_answered_in_the_usual_shape(api, path):
    answer = await api.call("GET", path, absolute=True)
    assert answer.status == 404
    assert answer.error[0] == 7000
    assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/scripts", "GET"),
        ("PATCH", "/scripts/w", "DELETE, GET, PUT"),
        ("DELETE", "/durable_objects/namespaces", "GET, POST"),
    ],
)
async def test_a_method_too_many_is_answered_with_those_there_are(api, method, path, allowed):
    answer = await api.call(method, path)
    assert answer.status == 405
    assert answer.error[0] == 7001
    assert answer.headers["Allow"] == allowed
    assert allowed in answer.error[1]


async def test_the_envelope_of_a_success_has_four_fields(api):
    answer = await api.call("GET", "/scripts")
    assert isinstance(answer, Answer)
    assert answer.envelope == {"success": True, "errors": [], "messages": [], "result": []}


async def test_an_answer_that_fails_half_way_breaks_off(api, platform, caplog):
    async def archive():
        yield b"some of it"
        raise OSError("the disk is gone")

    platform.objects = SimpleNamespace(archive=archive)
    backup = f"{ACCOUNT.removesuffix('/workers')}/backup"
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(aiohttp.ClientPayloadError):
            await api.call("GET", backup, absolute=True)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "A response of the API broke off: the disk is gone"
    ]
