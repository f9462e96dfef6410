"""Digests: https://w3c.github.io/webcrypto/#sha."""

import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from typing import Any

from holdfast.host.context import Host
from holdfast.host.ops import op

# Scripts ask for SHA-1 and MD5 by name, to speak with systems that are there already.
HASHES: dict[str, Callable[..., Any]] = {
    "MD5": partial(hashlib.md5, usedforsecurity=False),
    "SHA-1": partial(hashlib.sha1, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}


@op
def crypto_equal(host: Host, left: bytes, right: bytes) -> bool:
    """Whether both are the same bytes, in a time that depends on their length alone."""
    return hmac.compare_digest(left, right)


@op
def crypto_digest(host: Host, hash_name: str, data: bytes) -> bytes:
    """Return the digest of `data`; `hash_name` is Web Crypto's ("SHA-256")."""
    return digest(hash_name, data)


@op
def crypto_digest_large(host: Host, hash_name: str, data: bytes) -> Any:
    """`crypto_digest` as a job."""
    return host.jobs.add_or_do(digest, hash_name, data)


def digest(hash_name: str, data: bytes) -> bytes:
    """The digest of `data`, for other families too."""
    answer: bytes = HASHES[hash_name](data).digest()
    return answer
