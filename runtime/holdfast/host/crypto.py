"""Ops of the Web Crypto API: random bytes, digests, HMAC.

An op whose name ends in `_large` is its namesake for data that take long enough to
be worked on in a thread.
"""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from holdfast.host.context import Host
from holdfast.host.ops import async_op, in_thread, op

# Scripts ask for SHA-1 and MD5 by name, to speak with systems that are there already.
HASHES: dict[str, Callable[[bytes], Any]] = {
    "MD5": partial(hashlib.md5, usedforsecurity=False),
    "SHA-1": partial(hashlib.sha1, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}
# The same by the names of OpenSSL, for its one-shot HMAC.
HMAC_HASHES = {name: name.replace("-", "").lower() for name in HASHES}


@op
def crypto_random(host: Host, size: int) -> bytes:
    """Return random bytes fit for keys."""
    return secrets.token_bytes(size)


@op
def crypto_random_uuid(host: Host) -> str:
    """Return a version 4 UUID in lower case."""
    return str(uuid.uuid4())


@op
def crypto_equal(host: Host, left: bytes, right: bytes) -> bool:
    """Whether both are the same bytes, in a time that depends on their length alone."""
    return hmac.compare_digest(left, right)


@op
def crypto_digest(host: Host, hash_name: str, data: bytes) -> bytes:
    """Return the digest of `data`; `hash_name` is Web Crypto's ("SHA-256")."""
    return _digest(hash_name, data)


@async_op
async def crypto_digest_large(host: Host, hash_name: str, data: bytes) -> bytes:
    """`crypto_digest` in a thread."""
    digest: bytes = await in_thread(_digest, hash_name, data)
    return digest


@op
def crypto_hmac(host: Host, hash_name: str, key: bytes, data: bytes) -> bytes:
    """Return the HMAC of `data`; `hash_name` is Web Crypto's."""
    return _hmac(hash_name, key, data)


@async_op
async def crypto_hmac_large(host: Host, hash_name: str, key: bytes, data: bytes) -> bytes:
    """`crypto_hmac` in a thread."""
    mac: bytes = await in_thread(_hmac, hash_name, key, data)
    return mac


def _digest(hash_name: str, data: bytes) -> bytes:
    digest: bytes = HASHES[hash_name](data).digest()
    return digest


def _hmac(hash_name: str, key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, HMAC_HASHES[hash_name])
