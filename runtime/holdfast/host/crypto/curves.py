"""Elliptic curves: P-256, P-384 and P-521, Ed25519 and X25519, Ed448 and X448.

https://w3c.github.io/webcrypto/#ecdsa and the sections after it, and for the last two
https://wicg.github.io/webcrypto-secure-curves/. A curve is named as in Web Crypto and in
JSON Web Keys.
"""

from importlib import import_module
from typing import Any

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.crypto import secret
from holdfast.host.crypto.asymmetric import (
    failing_as,
    hash_algorithm,
    private_key,
    private_material,
    public_key,
    public_material,
    read_private,
    read_public,
    verifies,
)
from holdfast.host.crypto.jwk import (
    JsonWebKey,
    base64url,
    base64url_integer,
    data_error,
    written,
)
from holdfast.host.ops import op

# The curve → its name in the library, and the bytes of a coordinate.
NIST = {"P-256": ("SECP256R1", 32), "P-384": ("SECP384R1", 48), "P-521": ("SECP521R1", 66)}
NIST |= {"secp256k1": ("SECP256K1", 32)}  # for node:crypto
# The others → the bytes of a key.
MODERN = {"Ed25519": 32, "X25519": 32, "Ed448": 57, "X448": 56}


@op
def crypto_curve_generate(host: Host, curve: str) -> bytes:
    """The material of a new private key."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if curve in NIST:
        return private_material(ec.generate_private_key(_nist(curve)))
    return private_material(_modern(curve, private=True).generate())


# ---- Import and export ----------------------------------------------------------------


@op
def crypto_curve_from_spki(host: Host, curve: str, spki: bytes) -> bytes:
    """The material of a public key."""
    return public_material(_on(curve, read_public(spki)))


@op
def crypto_curve_from_pkcs8(host: Host, curve: str, pkcs8: bytes) -> bytes:
    """The material of a private key."""
    return private_material(_on(curve, read_private(pkcs8)))


@op
def crypto_curve_from_raw(host: Host, curve: str, point: bytes) -> bytes:
    """The material of a public key: a point in SEC 1's form, or the bytes of a number."""
    return public_material(_public_from(curve, point))


@op
def crypto_curve_to_raw(host: Host, curve: str, material: bytes) -> bytes:
    """A public key as `crypto_curve_from_raw` takes it; points are not compressed."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = public_key(material)
    if curve in NIST:
        point: bytes = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return point
    raw: bytes = key.public_bytes_raw()
    return raw


@op
def crypto_curve_from_jwk(host: Host, curve: str, key: str) -> bytes:
    """The material of a private key if the member `d` is there, else of a public one."""
    jwk = JsonWebKey.parse(key)
    size = NIST[curve][1] if curve in NIST else MODERN[curve]
    names = ("x", "y", "d") if curve in NIST else ("x", "d")
    members = {name: jwk.octets(name) for name in names if name != "d" or "d" in jwk}
    for name, octets in members.items():
        if len(octets) != size:
            raise data_error(f'The "{name}" parameter of a {curve} key has {size} bytes.')
    point = members["x"] if curve not in NIST else b"\x04" + members["x"] + members["y"]
    public = _public_from(curve, point)
    if "d" not in members:
        return public_material(public)
    private = private_from(curve, members["d"])
    if public_material(private.public_key()) != public_material(public):
        raise data_error("The private key does not belong to the public key.")
    return private_material(private)


@op
def crypto_curve_to_jwk(host: Host, curve: str, is_private: bool, material: bytes) -> str:
    """The members that hold key material, as JSON."""
    key = private_key(material) if is_private else None
    public = key.public_key() if key else public_key(material)
    if curve not in NIST:
        return written(
            x=base64url(public.public_bytes_raw()),
            d=base64url(key.private_bytes_raw()) if key else None,
        )
    numbers, size = public.public_numbers(), NIST[curve][1]
    return written(
        x=base64url_integer(numbers.x, size),
        y=base64url_integer(numbers.y, size),
        d=base64url_integer(key.private_numbers().private_value, size) if key else None,
    )


def _nist(curve: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return getattr(ec, NIST[curve][0])()


def _modern(curve: str, *, private: bool) -> Any:
    """The library's class of keys: Ed25519PrivateKey and its like."""
    module = import_module(f"cryptography.hazmat.primitives.asymmetric.{curve.lower()}")
    return getattr(module, f"{curve}{'Private' if private else 'Public'}Key")


def _on(curve: str, key: Any) -> Any:
    """The key, if it is one of this curve."""
    if curve in NIST:
        found = getattr(getattr(key, "curve", None), "name", None) == NIST[curve][0].lower()
    else:
        found = isinstance(key, (_modern(curve, private=True), _modern(curve, private=False)))
    if found:
        return key
    raise data_error(f"The key is not one of {curve}.")


def _public_from(curve: str, point: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    with failing_as("DataError", f"The key is no point of {curve}."):
        if curve in NIST:
            return ec.EllipticCurvePublicKey.from_encoded_point(_nist(curve), point)
        return _modern(curve, private=False).from_public_bytes(point)


def private_from(curve: str, octets: bytes) -> Any:
    """The private key that is this number, or these bytes. Raises a DataError."""
    from cryptography.hazmat.primitives.asymmetric import ec

    with failing_as("DataError", f"The private key is none of {curve}."):
        if curve in NIST:
            return ec.derive_private_key(int.from_bytes(octets, "big"), _nist(curve))
        return _modern(curve, private=True).from_private_bytes(octets)


# ---- Operations -----------------------------------------------------------------------


@op
def crypto_ecdsa_sign(
    host: Host, curve: str, hash_name: str, material: bytes, digest: bytes
) -> bytes:
    """Sign a digest; the two numbers of the signature follow each other."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

    size = NIST[curve][1]
    with failing_as("OperationError", "Signing failed."):
        signature = private_key(material).sign(
            digest, ec.ECDSA(Prehashed(hash_algorithm(hash_name)))
        )
        return b"".join(part.to_bytes(size, "big") for part in decode_dss_signature(signature))


@op
def crypto_ecdsa_verify(
    host: Host, curve: str, hash_name: str, material: bytes, signature: bytes, digest: bytes
) -> bool:
    """Whether `signature` is one of `digest`."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

    size = NIST[curve][1]
    if len(signature) != 2 * size:
        return False
    r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
    scheme = ec.ECDSA(Prehashed(hash_algorithm(hash_name)))
    return verifies(public_key(material), encode_dss_signature(r, s), digest, scheme)


@op
def crypto_eddsa_sign(host: Host, material: bytes, data: bytes) -> bytes:
    """Sign data with Ed25519 or Ed448."""
    return _sign(material, data)


@op
def crypto_eddsa_sign_large(host: Host, material: bytes, data: bytes) -> Any:
    """`crypto_eddsa_sign` as a job."""
    return host.jobs.add_or_do(_sign, material, data)


def _sign(material: bytes, data: bytes) -> bytes:
    signature: bytes = private_key(material).sign(data)
    return signature


@op
def crypto_eddsa_verify(host: Host, material: bytes, signature: bytes, data: bytes) -> bool:
    """Whether `signature` is one of `data`."""
    return verifies(public_key(material), signature, data)


@op
def crypto_eddsa_verify_large(host: Host, material: bytes, signature: bytes, data: bytes) -> Any:
    """`crypto_eddsa_verify` as a job."""
    return host.jobs.add_or_do(verifies, public_key(material), signature, data)


@op
def crypto_curve_agree(
    host: Host, curve: str, private: bytes, public: bytes, bits: int | None
) -> bytes:
    """The first `bits` bits of the secret that two keys share; all of it for None."""
    from cryptography.hazmat.primitives.asymmetric import ec

    key, peer = private_key(private), public_key(public)
    with failing_as("OperationError", "The keys share no secret."):
        shared = key.exchange(ec.ECDH(), peer) if curve in NIST else key.exchange(peer)
    if bits is None:
        return bytes(shared)
    if bits > 8 * len(shared):
        raise ScriptError(
            "OperationError",
            f"Derived key length ({bits} bits) is too long (should be at most "
            f"{8 * len(shared)} bits).",
        )
    return secret.first_bits(shared, bits)
