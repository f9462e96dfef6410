"""HMAC: https://w3c.github.io/webcrypto/#hmac."""

import hmac
from typing import Any

from holdfast.host.context import Host
from holdfast.host.crypto.digests import HASHES
from holdfast.host.ops import op

# Web Crypto's names of hashes → those of OpenSSL, for its one-shot HMAC.
OPENSSL_NAMES = {name: name.replace("-", "").lower() for name in HASHES}


@op
def crypto_hmac(host: Host, hash_name: str, key: bytes, data: bytes) -> bytes:
    """Return the HMAC of `data`; `hash_name` is Web Crypto's."""
    return sign(hash_name, key, data)


@op
def crypto_hmac_large(host: Host, hash_name: str, key: bytes, data: bytes) -> Any:
    """`crypto_hmac` as a job."""
    return host.jobs.add_or_do(sign, hash_name, key, data)


def sign(hash_name: str, key: bytes, data: bytes) -> bytes:
    """The HMAC of `data`, for derivation too."""
    return hmac.digest(key, data, OPENSSL_NAMES[hash_name])
