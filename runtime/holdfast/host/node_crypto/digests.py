"""Digests and HMACs by Node.js's names: small data at once, and more of it piece by piece.

https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-hash
"""

import hashlib
import hmac
import re
from typing import Any

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.node_crypto.errors import openssl
from holdfast.host.node_crypto.states import keep, state_of
from holdfast.host.ops import op

MAX_OUTPUT_BYTES = 1 << 20  # of the digests that are as long as one likes
# Names of Node.js that hashlib has not, by those that it has.
_ALIASES = {"blake2b512": "blake2b", "blake2s256": "blake2s", "sha1_2": "sha1"}
_ALIASES |= {"rmd160": "ripemd160", "ripemd": "ripemd160", "md5_sha1": "md5-sha1"}
_XOF_BYTES = {"shake_128": 16, "shake_256": 32}  # as long as they are unless told otherwise
_AROUND = re.compile("^(rsa-|ssl3-|id-rsassa-pkcs1-v1_5-with-)|(withrsa(encryption)?)$")
_LISTED = (
    "RSA-MD5 RSA-RIPEMD160 RSA-SHA1 RSA-SHA1-2 RSA-SHA224 RSA-SHA256 RSA-SHA3-224 RSA-SHA3-256"
    " RSA-SHA3-384 RSA-SHA3-512 RSA-SHA384 RSA-SHA512 RSA-SHA512/224 RSA-SHA512/256 RSA-SM3"
    " blake2b512 blake2s256 md5 md5-sha1 md5WithRSAEncryption ripemd ripemd160 ripemd160WithRSA"
    " rmd160 sha1 sha1WithRSAEncryption sha224 sha224WithRSAEncryption sha256"
    " sha256WithRSAEncryption sha3-224 sha3-256 sha3-384 sha3-512 sha384 sha384WithRSAEncryption"
    " sha512 sha512-224 sha512-224WithRSAEncryption sha512-256 sha512-256WithRSAEncryption"
    " sha512WithRSAEncryption shake128 shake256 sm3 sm3WithRSAEncryption ssl3-md5 ssl3-sha1"
)


def hashlib_name(name: str) -> str | None:
    """Hashlib's name for a digest, or None."""
    wanted = _AROUND.sub("", name.lower()).replace("-", "_").replace("/", "_")
    wanted = _ALIASES.get(wanted, wanted)
    if wanted.startswith("shake") and not wanted.startswith("shake_"):
        wanted = f"shake_{wanted[5:]}"
    return wanted if wanted in hashlib.algorithms_available else None


def digest_name(name: str) -> str:
    """The same. Raises the script's Error for one that is not there."""
    found = hashlib_name(name)
    if found is None:
        raise ScriptError("Error", "Digest method not supported")
    return found


def hmac_name(name: str) -> str:
    """The same, of a digest that HMAC can use."""
    found = digest_name(name)
    if found in _XOF_BYTES:
        raise ScriptError("Error", "Digest method not supported")
    return found


def digest_size(name: str) -> int:
    """How many bytes a digest has, by hashlib's name."""
    return _XOF_BYTES.get(name) or hashlib.new(name, usedforsecurity=False).digest_size


@op
def node_hashes(_host: Host) -> str:
    """The names of the digests that there are, as Node.js lists them, joined by commas."""
    return ",".join(name for name in _LISTED.split() if hashlib_name(name))


@op
def node_digest(_host: Host, name: str, length: int | None, data: bytes) -> bytes:
    """The digest of `data`. Raises an Error for one that is not there, or not of this length."""
    found = digest_name(name)
    _check_length(found, length)
    return _finish(hashlib.new(found, data, usedforsecurity=False), length)


@op
def node_digest_begin(host: Host, number: int, name: str) -> None:
    """Begin a digest of data that comes piece by piece."""
    keep(host, number, hashlib.new(digest_name(name), usedforsecurity=False))


@op
def node_hmac(_host: Host, name: str, key: bytes, data: bytes) -> bytes:
    """The HMAC of `data`."""
    return hmac.digest(key, data, hmac_name(name))


@op
def node_hmac_begin(host: Host, number: int, name: str, key: bytes) -> None:
    """Begin an HMAC of data that comes piece by piece."""
    keep(host, number, hmac.new(key, digestmod=hmac_name(name)))


@op
def node_digest_add(host: Host, number: int, data: bytes) -> None:
    """Add a piece to a digest or HMAC."""
    state_of(host, number).update(data)


@op
def node_digest_copy(host: Host, number: int, copy: int) -> None:
    """Keep a copy of a digest as it is now under another number."""
    keep(host, copy, state_of(host, number).copy())


@op
def node_digest_end(host: Host, number: int, length: int | None) -> bytes:
    """The digest or HMAC of what was added."""
    return _finish(state_of(host, number), length)


def _check_length(name: str, length: int | None) -> None:
    if length is None:
        return
    if name not in _XOF_BYTES and length != digest_size(name):
        raise openssl("030000B2", "digital envelope routines", "not XOF or invalid length")
    if length > MAX_OUTPUT_BYTES:
        raise ScriptError("RangeError", f"A digest has at most {MAX_OUTPUT_BYTES} bytes.")


def _finish(state: Any, length: int | None) -> bytes:
    default = _XOF_BYTES.get(state.name)
    if default is None:
        whole: bytes = state.digest()
        return whole
    part: bytes = state.digest(default if length is None else length)
    return part
