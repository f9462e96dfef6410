"""Ops of node:crypto that Web Crypto has no match for: more digests, key derivation at once.

https://nodejs.org/docs/latest-v20.x/api/crypto.html
"""

import hashlib
import hmac
from typing import TYPE_CHECKING

from holdfast.engine import ScriptError
from holdfast.host.ops import async_op, in_thread, op

if TYPE_CHECKING:
    from holdfast.host.context import Host

MAX_ITERATIONS = 100_000  # as Workers have it
MAX_DERIVED_BYTES = 1 << 20
MAX_SCRYPT_BYTES = 64 << 20
# Neither can be interrupted, so that both are held to about a second.
MAX_PBKDF2_ROUNDS = 1_000_000  # iterations times the blocks of the key
MAX_SCRYPT_WORK = 1 << 20  # N times r times p; eight times that of the usual cost
# Names of Node.js that hashlib has not, by those that it has.
_ALIASES = {"blake2b512": "blake2b", "blake2s256": "blake2s", "rmd160": "ripemd160"}
_ALIASES |= {"sha512-256": "sha512_256", "sha512-224": "sha512_224"}


def _name(name: str) -> str:
    """Hashlib's name for a digest. Raises the script's Error."""
    wanted = name.lower()
    wanted = _ALIASES.get(wanted, wanted)
    if wanted.startswith("rsa-"):
        wanted = wanted[4:]
    for candidate in (wanted, wanted.replace("-", "_"), wanted.replace("-", "")):
        if candidate in hashlib.algorithms_available and not candidate.startswith("shake"):
            return candidate
    raise ScriptError("Error", "Digest method not supported")


@op
def node_hashes(_host: "Host") -> str:
    """The names of the digests that there are, joined by commas."""
    return ",".join(sorted(n for n in hashlib.algorithms_available if not n.startswith("shake")))


@op
def node_digest(_host: "Host", name: str, data: bytes) -> bytes:
    """The digest of `data`. Raises an Error for one that is not there."""
    return hashlib.new(_name(name), data, usedforsecurity=False).digest()


@op
def node_hmac(_host: "Host", name: str, key: bytes, data: bytes) -> bytes:
    """The HMAC of `data`."""
    return hmac.digest(key, data, _name(name))


@op
def node_pbkdf2(
    _host: "Host", name: str, password: bytes, salt: bytes, iterations: int, size: int
) -> bytes:
    """The key derived by PBKDF2; blocks for as long as that takes."""
    return _pbkdf2(name, password, salt, iterations, size)


@async_op
async def node_pbkdf2_later(
    _host: "Host", name: str, password: bytes, salt: bytes, iterations: int, size: int
) -> bytes:
    """`node_pbkdf2` in a thread."""
    key: bytes = await in_thread(_pbkdf2, name, password, salt, iterations, size)
    return key


def _pbkdf2(name: str, password: bytes, salt: bytes, iterations: int, size: int) -> bytes:
    digest = _name(name)
    if iterations > MAX_ITERATIONS:
        raise ScriptError(
            "Error",
            f"Pbkdf2 failed: iteration counts above {MAX_ITERATIONS} are not supported"
            f" (requested {iterations}).",
        )
    _check_size(size)
    if size == 0:
        return b""
    if iterations * -(-size // hashlib.new(digest).digest_size) > MAX_PBKDF2_ROUNDS:
        raise ScriptError(
            "RangeError",
            f"Pbkdf2 failed: a key of {size} bytes takes too long with {iterations} iterations.",
        )
    return hashlib.pbkdf2_hmac(digest, password, salt, iterations, size)


@op
def node_scrypt(_host: "Host", password: bytes, salt: bytes, cost: str, size: int) -> bytes:
    """The key derived by scrypt; `cost` has N, r, p and the most memory, joined by commas."""
    return _scrypt(password, salt, cost, size)


@async_op
async def node_scrypt_later(
    _host: "Host", password: bytes, salt: bytes, cost: str, size: int
) -> bytes:
    """`node_scrypt` in a thread."""
    key: bytes = await in_thread(_scrypt, password, salt, cost, size)
    return key


def _scrypt(password: bytes, salt: bytes, cost: str, size: int) -> bytes:
    n, r, p, memory = (int(part) for part in cost.split(","))
    _check_size(size)
    if size == 0:
        return b""
    if 128 * r * (n + p) > min(memory, MAX_SCRYPT_BYTES) or n * r * p > MAX_SCRYPT_WORK:
        raise ScriptError("RangeError", "Invalid scrypt params: memory limit exceeded")
    try:
        return hashlib.scrypt(
            password, salt=salt, n=n, r=r, p=p, maxmem=2 * MAX_SCRYPT_BYTES, dklen=size
        )
    except ValueError as error:
        raise ScriptError("RangeError", f"Invalid scrypt params: {error}") from error


def _check_size(size: int) -> None:
    if size > MAX_DERIVED_BYTES:
        raise ScriptError("RangeError", f"A derived key has at most {MAX_DERIVED_BYTES} bytes.")
