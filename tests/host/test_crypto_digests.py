import asyncio
import hashlib
import subprocess
import sys
import zlib

import pytest

from holdfast.crc import CRCS
from holdfast.engine import Limits, Module, ModuleKind
from holdfast.host.context import Capabilities, Host
from holdfast.host.crypto import streams
from holdfast.host.crypto.digests import HASHES, crypto_digest, crypto_digest_large, crypto_equal
from holdfast.host.crypto.hmac import crypto_hmac, crypto_hmac_large
from holdfast.host.crypto.random import crypto_random, crypto_random_uuid
from holdfast.host.crypto.streams import (
    crypto_stream_add,
    crypto_stream_begin,
    crypto_stream_drop,
    crypto_stream_end,
)
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock
from tests.patience import PATIENCE_S


@pytest.fixture
async def host():
    host = Host(asyncio.get_running_loop(), SystemClock(), Capabilities())
    yield host
    host.close()


async def answer_of(host, job):
    await host.jobs.run(job)
    return host.jobs.take(job)


async def test_random_bytes_have_the_size_asked_for(host):
    assert len(crypto_random(host, 65_536)) == 65_536
    assert crypto_random(host, 16) != crypto_random(host, 16)
    assert crypto_random_uuid(host) != crypto_random_uuid(host)


@pytest.mark.parametrize("name", HASHES)
async def test_work_in_a_thread_has_the_same_result(host, name):
    data = bytes(range(256)) * 1000
    job = crypto_digest_large(host, name, data)
    assert await answer_of(host, job) == crypto_digest(host, name, data)
    job = crypto_hmac_large(host, name, b"key", data)
    assert await answer_of(host, job) == crypto_hmac(host, name, b"key", data)


async def test_bytes_of_different_length_are_not_equal(host):
    assert crypto_equal(host, b"ab", b"ab")
    assert not crypto_equal(host, b"ab", b"ac")
    assert not crypto_equal(host, b"ab", b"abc")


async def test_a_digest_of_chunks_is_that_of_the_whole(host):
    crypto_stream_begin(host, 1, "SHA-256")
    crypto_stream_add(host, 1, b"ab")
    crypto_stream_add(host, 1, b"c")
    assert crypto_stream_end(host, 1) == hashlib.sha256(b"abc").digest()
    crypto_stream_drop(host, 1)


# https://reveng.sourceforge.io/crc-catalogue/all.htm
@pytest.mark.parametrize(
    ("name", "check"),
    [("crc32", "cbf43926"), ("crc32c", "e3069283"), ("crc64nvme", "ae8b14860a799888")],
)
@pytest.mark.parametrize("cut", [0, 1, 8, 9])
def test_checksums_are_those_of_the_catalogue(name, check, cut):
    checksum = CRCS[name]()
    checksum.update(b"123456789"[:cut])
    checksum.update(b"123456789"[cut:])
    assert checksum.digest().hex() == check


def test_a_long_checksum_is_the_same_in_pieces():
    data = bytes(range(256)) * 5
    whole, pieces = CRCS["crc64nvme"](), CRCS["crc64nvme"]()
    whole.update(data)
    for start in range(0, len(data), 13):
        pieces.update(data[start : start + 13])
    assert whole.digest() == pieces.digest()
    crc32 = CRCS["crc32"]()
    crc32.update(data)
    assert crc32.digest() == zlib.crc32(data).to_bytes(4, "big")


STREAMS = """
import { Context, runTurn } from "holdfast:kernel/turns.js";
const context = new Context();
export function open() {
  runTurn(context, () => {
    for (let i = 0; i < 50; i++) new crypto.DigestStream("SHA-256").getWriter().write("some");
  });
}
export function much() {
  runTurn(context, async () => {
    const bytes = new Uint8Array(100_000);
    const stream = new crypto.DigestStream("SHA-256");
    await new Response(bytes).body.pipeTo(stream);
    const hmac = { name: "HMAC", hash: "MD5" };
    const key = await crypto.subtle.importKey("raw", bytes, hmac, false, ["verify"]);
    await crypto.subtle.verify("HMAC", key, bytes, bytes);
    await crypto.subtle.digest("SHA-256", bytes);
  });
}
export const nothing = () => runTurn(context, () => undefined);
"""


@pytest.fixture
async def exported(host):
    """Gives the functions of STREAMS, loaded into an isolate of `host`."""
    name = "holdfast:test/streams.js"
    Platform().create_isolate(host, limits=Limits())
    host.isolate.add_modules({name: Module(name, ModuleKind.ESM, STREAMS.encode())})
    namespace = host.isolate.evaluate(name)
    yield lambda function: host.isolate.export(namespace, function)
    host.isolate.close()


async def test_the_digest_of_a_stream_that_is_lost_is_forgotten(host, exported):
    host.enter(exported("open"))
    host.isolate.collect_garbage()
    host.enter(exported("nothing"))
    assert streams._streams[host] == {}


async def test_no_answer_of_a_job_is_left_behind(host, exported):
    idle = asyncio.Event()
    host.on_idle = idle.set
    host.enter(exported("much"))
    await asyncio.wait_for(idle.wait(), PATIENCE_S)
    assert len(host.jobs) == 0
    assert streams._streams[host] == {}


@pytest.mark.slow
def test_a_process_starts_without_the_library_for_ciphers():
    code = "import sys, holdfast.cli; from holdfast.host.platform import Platform; Platform(); "
    code += "sys.exit('cryptography' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
