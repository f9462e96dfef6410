"""HKDF (https://w3c.github.io/webcrypto/#hkdf) and PBKDF2 (…/#pbkdf2).

A script may not keep a thread busy for minutes. Cloudflare takes 100,000 iterations of PBKDF2,
whatever the length; OWASP wants passwords to have 600,000, so that short keys may have more here.
https://developers.cloudflare.com/workers/runtime-apis/web-crypto/
"""

import hashlib

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.crypto import hmac
from holdfast.host.crypto.digests import HASHES
from holdfast.host.ops import op

ITERATIONS_OF_ANY = 100_000
MAX_ROUNDS = 1_000_000  # of more iterations, times the blocks of the key
# RFC 5869 counts blocks in one byte; for PBKDF2, too, more is refused.
MAX_BLOCKS = 255


@op
def crypto_hkdf(
    host: Host, hash_name: str, key: bytes, salt: bytes, info: bytes, bits: int | None
) -> bytes:
    """Return `bits` bits derived from `key` by HKDF."""
    return _hkdf(hash_name, key, salt, info, _hkdf_size(hash_name, bits))


@op
def crypto_hkdf_large(
    host: Host, hash_name: str, key: bytes, salt: bytes, info: bytes, bits: int | None
) -> int:
    """`crypto_hkdf` as a job."""
    return host.jobs.add(_hkdf, hash_name, key, salt, info, _hkdf_size(hash_name, bits))


def _hkdf_size(hash_name: str, bits: int | None) -> int:
    return _size("HKDF", bits, hash_name, f"HKDF deriveBits failed: {bits} bits are too many.")


def _hkdf(hash_name: str, key: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    block = HASHES[hash_name]().digest_size
    extracted = hmac.sign(hash_name, salt or bytes(block), key)
    derived = last = b""
    for number in range(1, -(-size // block) + 1):
        last = hmac.sign(hash_name, extracted, last + info + bytes([number]))
        derived += last
    return derived[:size]


@op
def crypto_pbkdf2(
    host: Host, hash_name: str, key: bytes, salt: bytes, iterations: int, bits: int | None
) -> int:
    """Derive `bits` bits from `key` by PBKDF2, as a job."""
    size = _size(
        "PBKDF2",
        bits,
        hash_name,
        "Pbkdf2 failed: derived key length exceeds maximum for this hash",
    )
    if iterations == 0:
        raise _failed("PBKDF2 requires a positive iteration count (requested 0).")
    blocks = max(-(-size // HASHES[hash_name]().digest_size), 1)
    most = max(MAX_ROUNDS // blocks, ITERATIONS_OF_ANY)
    if iterations > most:
        raise ScriptError(
            "NotSupportedError",
            f"Pbkdf2 failed: iteration counts above {most} are not supported "
            f"(requested {iterations}).",
        )
    return host.jobs.add(_pbkdf2, hash_name, key, salt, iterations, size)


def _pbkdf2(hash_name: str, key: bytes, salt: bytes, iterations: int, size: int) -> bytes:
    if size == 0:
        return b""
    return hashlib.pbkdf2_hmac(hmac.OPENSSL_NAMES[hash_name], key, salt, iterations, size)


def _size(name: str, bits: int | None, hash_name: str, too_many: str) -> int:
    """The length asked for, in bytes."""
    if bits is None:
        raise _failed(f"{name} cannot derive a key with null length.")
    if bits % 8:
        raise _failed(
            f"{name} requires a derived key length that is a multiple of eight (requested {bits})."
        )
    if bits // 8 > MAX_BLOCKS * HASHES[hash_name]().digest_size:
        raise _failed(too_many)
    return bits // 8


def _failed(message: str) -> ScriptError:
    return ScriptError("OperationError", message)
