"""Signatures of node:crypto: RSA by PKCS #1 and PSS, ECDSA, DSA, Ed25519 and Ed448.

How is one text, `padding,salt,form`: OpenSSL's numbers, and "der" or "ieee-p1363". Data is
digested by the script's hash before, unless the key's algorithm takes data as it is.

https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptosignalgorithm-data-key-callback
"""

from typing import Any

from holdfast.host.context import Host
from holdfast.host.crypto.asymmetric import verifies
from holdfast.host.node_crypto.digests import hashlib_name
from holdfast.host.node_crypto.errors import (
    coded,
    failing_as,
    not_for_this_key,
    openssl,
    too_large_for_key,
)
from holdfast.host.node_crypto.keys import is_pss, key_of, type_of
from holdfast.host.ops import op, work_op

PKCS1, NO_PADDING, PSS = 1, 3, 6
_SALT_AS_DIGEST, _SALT_AUTO = -1, -2
_DEFAULT_HASH = "sha256"
_WITHOUT_HASH = frozenset({"ed25519", "ed448"})
_WITH_HASH = frozenset({"rsa", "ec", "dsa"})


@work_op
def node_sign(_host: Host, material: bytes, name: str | None, how: str, data: bytes) -> bytes:
    """A signature of data; `name` is a hash, or None for the key's own way."""
    return _sign(material, name, how, data, is_digest=False)


@op
def node_sign_digest(_host: Host, material: bytes, name: str, how: str, digest: bytes) -> bytes:
    """A signature of what has this digest."""
    return _sign(material, name, how, digest, is_digest=True)


@work_op
def node_verify(
    _host: Host,
    material: bytes,
    name: str | None,
    how: str,
    data: bytes,
    signature: bytes,
) -> bool:
    """Whether this is a signature of `data`."""
    return _verify(material, name, how, data, signature, is_digest=False)


@op
def node_verify_digest(
    _host: Host, material: bytes, name: str, how: str, digest: bytes, signature: bytes
) -> bool:
    """Whether this is a signature of what has this digest."""
    return _verify(material, name, how, digest, signature, is_digest=True)


@op
def node_signature_hash(_host: Host, name: str) -> bool:
    """Whether there are signatures with this hash."""
    return library_hash(name) is not None


def verify_with(material: bytes, name: str, data: bytes, signature: bytes) -> bool:
    """Whether this is a signature of `data` in the way that is usual for the key and this hash."""
    return _verify(material, name, ",,der", data, signature, is_digest=False)


def _sign(material: bytes, name: str | None, how: str, data: bytes, *, is_digest: bool) -> bytes:
    key = key_of(material, is_private=True)
    kind = type_of(key)
    padding, salt, form = how.split(",")
    if kind in _WITHOUT_HASH:
        _refuse_hash(name, is_digest=is_digest)
        with_own_hash: bytes = key.sign(data)
        return with_own_hash
    scheme = _scheme(kind, name, padding, salt, is_digest=is_digest, pss=is_pss(material))
    with failing_as(too_large_for_key()):
        signature: bytes = key.sign(data, *scheme)
    return _to_p1363(signature, key, kind) if form != "der" and kind != "rsa" else signature


def _verify(
    material: bytes,
    name: str | None,
    how: str,
    data: bytes,
    signature: bytes,
    *,
    is_digest: bool,
) -> bool:
    key = key_of(material, is_private=False)
    kind = type_of(key)
    padding, salt, form = how.split(",")
    if kind in _WITHOUT_HASH:
        _refuse_hash(name, is_digest=is_digest)
        return verifies(key, signature, data)
    if form != "der" and kind != "rsa":
        whole = _from_p1363(signature, key, kind)
        if whole is None:
            return False
        signature = whole
    scheme = _scheme(
        kind, name, padding, salt, is_digest=is_digest, pss=is_pss(material), verifies=True
    )
    return verifies(key, signature, data, *scheme)


def _refuse_hash(name: str | None, *, is_digest: bool) -> None:
    if is_digest:
        raise coded("ERR_CRYPTO_UNSUPPORTED_OPERATION", "Unsupported crypto operation")
    if name is not None:
        raise openssl("1C80007A", "Provider routines", "invalid digest")


def _scheme(
    kind: str,
    name: str | None,
    padding: str,
    salt: str,
    *,
    is_digest: bool,
    pss: bool,
    verifies: bool = False,
) -> tuple[Any, ...]:
    """What the library wants to know beside the data."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric import padding as paddings
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    if kind not in _WITH_HASH:
        raise not_for_this_key()
    algorithm = library_hash(name or _DEFAULT_HASH)
    if algorithm is None:
        raise coded("ERR_CRYPTO_INVALID_DIGEST", f"Invalid digest: {name}", "TypeError")
    hashed = Prehashed(algorithm) if is_digest else algorithm
    if kind == "ec":
        return (ec.ECDSA(hashed),)
    if kind == "dsa":
        return (hashed,)
    mode = int(padding) if padding else (PSS if pss else PKCS1)
    if mode == PKCS1 and not pss:
        return paddings.PKCS1v15(), hashed
    if mode == NO_PADDING:
        raise openssl("1C8000A8", "Provider routines", "invalid padding mode")
    if mode != PSS:
        raise openssl("1C8000A5", "Provider routines", "illegal or unsupported padding mode")
    length = int(salt) if salt else _SALT_AUTO
    if length < _SALT_AUTO - 1:
        raise openssl("1C800070", "Provider routines", "invalid salt length")
    size: Any = length
    if length == _SALT_AS_DIGEST:
        size = algorithm.digest_size
    elif length < 0:
        size = paddings.PSS.AUTO if verifies else paddings.PSS.MAX_LENGTH
    return paddings.PSS(paddings.MGF1(algorithm), size), hashed


def library_hash(name: str) -> Any:
    """The library's hash by Node.js's name, or None."""
    from cryptography.hazmat.primitives import hashes

    found = hashlib_name(name)
    if found is None or found.startswith(("shake", "blake")):
        return None
    made = getattr(hashes, found.upper(), None)
    return made and made()


def _half(key: Any, kind: str) -> int:
    """How many bytes each number of a signature has."""
    if kind == "ec":
        return (int(key.curve.key_size) + 7) // 8
    public = key.public_key() if hasattr(key, "public_key") else key
    return (int(public.parameters().parameter_numbers().q.bit_length()) + 7) // 8


def _to_p1363(signature: bytes, key: Any, kind: str) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    size = _half(key, kind)
    return b"".join(part.to_bytes(size, "big") for part in decode_dss_signature(signature))


def _from_p1363(signature: bytes, key: Any, kind: str) -> bytes | None:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    size = _half(key, kind)
    if len(signature) != 2 * size:
        return None
    r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
    return encode_dss_signature(r, s)
