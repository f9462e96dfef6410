"""Key derivation, at once or in a thread: PBKDF2 and scrypt.

https://nodejs.org/docs/latest-v20.x/api/crypto.html
"""

import hashlib

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.crypto.derivation import MAX_ROUNDS
from holdfast.host.node_crypto.digests import hmac_name
from holdfast.host.ops import work_op

MAX_DERIVED_BYTES = 1 << 20
MAX_SCRYPT_BYTES = 64 << 20
# It can be interrupted no more than PBKDF2, so that both are held to about a second.
MAX_SCRYPT_WORK = 1 << 20  # N times r times p; eight times that of the usual cost


@work_op
def node_pbkdf2(
    _host: Host, name: str, password: bytes, salt: bytes, iterations: int, size: int
) -> bytes:
    """The key derived by PBKDF2."""
    digest = hmac_name(name)
    _check_size(size)
    if size == 0:
        return b""
    most = MAX_ROUNDS // -(-size // hashlib.new(digest).digest_size)
    if iterations > most:
        raise ScriptError(
            "Error",
            f"Pbkdf2 failed: iteration counts above {most} are not supported"
            f" (requested {iterations}).",
        )
    return hashlib.pbkdf2_hmac(digest, password, salt, iterations, size)


@work_op
def node_scrypt(_host: Host, password: bytes, salt: bytes, cost: str, size: int) -> bytes:
    """The key derived by scrypt; `cost` has N, r, p and the most memory, joined by commas."""
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
