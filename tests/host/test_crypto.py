import asyncio

import pytest

from holdfast.host.context import Capabilities, Host
from holdfast.host.crypto import (
    HASHES,
    crypto_digest,
    crypto_digest_large,
    crypto_equal,
    crypto_hmac,
    crypto_hmac_large,
    crypto_random,
    crypto_random_uuid,
)
from holdfast.host.system import SystemClock


@pytest.fixture
async def host():
    host = Host(asyncio.get_running_loop(), SystemClock(), Capabilities())
    yield host
    host.close()


async def test_random_bytes_have_the_size_asked_for(host):
    assert len(crypto_random(host, 65_536)) == 65_536
    assert crypto_random(host, 16) != crypto_random(host, 16)
    assert crypto_random_uuid(host) != crypto_random_uuid(host)


@pytest.mark.parametrize("name", HASHES)
async def test_work_in_a_thread_has_the_same_result(host, name):
    data = bytes(range(256)) * 1000
    assert await crypto_digest_large(host, name, data) == crypto_digest(host, name, data)
    key = b"key"
    assert await crypto_hmac_large(host, name, key, data) == crypto_hmac(host, name, key, data)


async def test_bytes_of_different_length_are_not_equal(host):
    assert crypto_equal(host, b"ab", b"ab")
    assert not crypto_equal(host, b"ab", b"ac")
    assert not crypto_equal(host, b"ab", b"abc")
