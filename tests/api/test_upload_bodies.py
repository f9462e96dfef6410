"""Bodies that are malformed, too long, too slow or incomplete."""

import asyncio
import contextlib
import dataclasses

import pytest
from aiohttp.test_utils import TestServer

from holdfast.api import make_app
from holdfast.catalog import Syntax
from tests.api.fakes import ACCOUNT, MAIN, TOKEN, esm, form


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "multipart/mixed; boundary=x"}, b"--x--\r\n"),
        ({}, b""),
    ],
)
async def test_what_is_no_form_is_refused(api, headers, data):
    answer = await api.call("PUT", "/scripts/w", headers=headers, data=data)
    assert answer.status == 415
    assert answer.error[0] == 10001
    assert "multipart/form-data" in answer.error[1]


@pytest.mark.parametrize(
    ("content_type", "text", "syntax"),
    [
        ("application/javascript", "addEventListener('fetch', f)", Syntax.SERVICE_WORKER),
        ("text/javascript; charset=utf-8", "addEventListener('fetch', f)", Syntax.SERVICE_WORKER),
        ("application/javascript+module", "export default { fetch() {} }", Syntax.MODULES),
    ],
)
async def test_a_script_may_be_the_whole_body(api, platform, content_type, text, syntax):
    answer = await api.call("PUT", "/scripts/w", headers={"Content-Type": content_type}, data=text)
    assert answer.status == 200, answer.error
    script = platform.live["w"]
    assert (script.syntax, script.bindings) == (syntax, ())
    assert [module.content for module in script.modules] == [text.encode()]


PART_HEADER = b'--x\r\nContent-Disposition: form-data; name="a"\r\n'

MALFORMED_FORMS = {
    "no boundary": ("multipart/form-data", b"--x--\r\n"),
    "a boundary that is too long": (f"multipart/form-data; boundary={'x' * 80}", b""),
    "an empty body": ("multipart/form-data; boundary=x", b""),
    "no end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{}',
    ),
    "no name": ("multipart/form-data; boundary=x", b"--x\r\n\r\n{}\r\n--x--\r\n"),
    "headers without an end": ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n" * 3),
    "a header without a colon": ("multipart/form-data; boundary=x", b"--x\r\nA\r\n\r\n--x--"),
    "a header line without an end": (
        "multipart/form-data; boundary=x",
        b"--x\r\nA: " + b"b" * 100_000,
    ),
    "a form in a form": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n",
    ),
    "an unknown encoding": (
        "multipart/form-data; boundary=x",
        PART_HEADER + b"Content-Transfer-Encoding: rot13\r\n\r\n{}\r\n--x--\r\n",
    ),
    "too many parts": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 2001 + b"--x--\r\n",
    ),
}


@pytest.mark.parametrize("what", MALFORMED_FORMS)
async def test_a_malformed_form_is_refused(api, what):
    content_type, body = MALFORMED_FORMS[what]
    answer = await api.call("PUT", "/scripts/w", headers={"Content-Type": content_type}, data=body)
    assert answer.status == 400
    code, message = answer.error
    assert code == 10021
    assert "multipart" in message


async def test_a_script_beyond_the_limit_is_refused(api, settings):
    big = "//" + "x" * settings.max_script_bytes
    answer = await api.upload("w", MAIN, esm(content=big))
    assert answer.status == 413
    assert answer.error[0] == 10027
    assert f"{settings.max_script_bytes:,} bytes" in answer.error[1]
    assert (await api.call("GET", "/scripts/w")).status == 404


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(api, settings):
    async def endless():
        while True:
            yield b"preamble\r\n" * 1000

    headers = {"Content-Type": "multipart/form-data; boundary=y"}
    answer = await api.call("PUT", "/scripts/w", headers=headers, data=endless())
    assert answer.status == 413
    assert answer.error[0] == 10027


async def test_a_client_that_hangs_up_mid_upload_changes_nothing(api, platform):
    await api.upload("w", MAIN, esm(content="export default { v: 1 }"))
    body = form(MAIN, esm(content="export default { v: 2 }"))()
    head = (
        (
            f"PUT {ACCOUNT}/scripts/w HTTP/1.1\r\nHost: x\r\n"
            f"Content-Type: {body.content_type}\r\nContent-Length: {body.size}\r\n"
        ).encode()
        + b"Authorization: Bearer "
        + TOKEN.encode()
        + b"\r\n\r\n"
    )
    port = int(api.base.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + body.decode().encode()[:-20])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    # The next upload has its turn, so nothing of the broken one is still under way.
    await api.upload("next", MAIN, esm())
    assert b"v: 1" in platform.catalog.script("w").main_module.content


async def test_a_body_that_does_not_arrive_in_time_is_refused(platform, settings):
    hurried = dataclasses.replace(settings, upload_timeout_s=0.05)
    server = TestServer(make_app(platform, hurried))
    await server.start_server()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"PUT {ACCOUNT}/scripts/w HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n".encode()
        + b"Authorization: Bearer "
        + TOKEN.encode()
        + b"\r\n\r\n--x\r\n"
    )
    assert b" 408 " in await reader.readline()
    writer.close()
    await server.close()


@pytest.mark.parametrize("path", ["/scripts/w", "/durable_objects/namespaces"])
@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Transfer-Encoding: chunked", b"no number\r\n\r\n"),
        ("Content-Encoding: gzip\r\nContent-Length: 9", b"not gzip!"),
    ],
)
async def test_a_body_that_cannot_be_decoded_is_refused(api, path, header, body):
    method = "PUT" if path.startswith("/scripts") else "POST"
    head = (
        f"{method} {ACCOUNT}{path} HTTP/1.1\r\nHost: x\r\nX-Auth-Key: {TOKEN}\r\n{header}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.base.rpartition(":")[2]))
    writer.write(head.encode() + body)
    status_line = await reader.readline()
    writer.close()
    with contextlib.suppress(ConnectionError):  # the server may have hung up first
        await writer.wait_closed()
    assert b" 400 " in status_line
