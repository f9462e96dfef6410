"""What is known of the asymmetric keys of node:crypto.

A key crosses as its material: DER, PKCS #8 for a private key and SubjectPublicKeyInfo for a
public one, as in `holdfast.host.crypto`.

https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-keyobject
"""

import json
from typing import Any

from holdfast.host.context import Host
from holdfast.host.crypto.asymmetric import private_key, public_key, public_material
from holdfast.host.crypto.curves import MODERN
from holdfast.host.crypto.rsa import RSA_ENCRYPTION
from holdfast.host.node_crypto.errors import coded, unsupported_key
from holdfast.host.ops import op

# The DER of the object identifier of keys that are for RSASSA-PSS alone.
_PSS = bytes.fromhex("06092a864886f70d01010a")
_MAX_ALGORITHM_END = 48  # bytes of the DER of a key, by which its algorithm was named
# OpenSSL's names of curves, by the library's where the two differ.
_CURVE_NAMES = {"secp256r1": "prime256v1", "secp192r1": "prime192v1"}
_NIST_NAMES = {"P-192": "prime192v1", "P-224": "secp224r1", "P-256": "prime256v1"}
_NIST_NAMES |= {"P-384": "secp384r1", "P-521": "secp521r1"}


def curves() -> dict[str, Any]:
    """The library's curves by OpenSSL's names."""
    from cryptography.hazmat.primitives.asymmetric import ec

    classes = (
        ec.SECP192R1,
        ec.SECP224R1,
        ec.SECP256K1,
        ec.SECP256R1,
        ec.SECP384R1,
        ec.SECP521R1,
        ec.BrainpoolP256R1,
        ec.BrainpoolP384R1,
        ec.BrainpoolP512R1,
    )
    return {_CURVE_NAMES.get(curve.name, curve.name): curve for curve in classes}


def curve_named(name: str) -> Any:
    """A curve by OpenSSL's or NIST's name. Raises a TypeError."""
    found = curves().get(_NIST_NAMES.get(name, name))
    if found is None:
        raise coded("ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name", "TypeError")
    return found()


@op
def node_curves(_host: Host) -> str:
    """The names of the curves, joined by commas."""
    return ",".join(sorted(curves()))


def curve_name(key: Any) -> str:
    """OpenSSL's name of a key's curve."""
    name: str = key.curve.name
    return _CURVE_NAMES.get(name, name)


def is_pss(material: bytes) -> bool:
    """Whether this key is for RSASSA-PSS alone."""
    return _PSS in material[:_MAX_ALGORITHM_END]


def as_pss(material: bytes) -> bytes:
    """The material of an RSA key as that of a key for RSASSA-PSS alone."""
    head = 4 if material[1] == 0x82 else 3  # SEQUENCE and its length, in two bytes or one
    content = material[head:].replace(
        bytes([0x30, 13]) + RSA_ENCRYPTION + bytes([5, 0]), bytes([0x30, 11]) + _PSS, 1
    )
    if len(content) < 256:
        return bytes([0x30, 0x81, len(content)]) + content
    return bytes([0x30, 0x82]) + len(content).to_bytes(2, "big") + content


def type_of(key: Any) -> str:
    """Node.js's name of a key's type. Raises OpenSSL's error for one that is not known."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    if isinstance(key, RSAPrivateKey | RSAPublicKey):
        return "rsa"
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        return "ec"
    if isinstance(key, dsa.DSAPrivateKey | dsa.DSAPublicKey):
        return "dsa"
    name = type(key).__name__
    for curve in MODERN:
        if name.startswith(curve):
            return curve.lower()
    raise unsupported_key()


def key_of(material: bytes, *, is_private: bool) -> Any:
    """The library's key of a material."""
    return private_key(material) if is_private else public_key(material)


@op
def node_key_facts(_host: Host, material: bytes, is_private: bool) -> str:
    """The type of a key and its details, as JSON."""
    key = key_of(material, is_private=is_private)
    kind = type_of(key)
    details: dict[str, Any] = {}
    public = key.public_key() if is_private else key
    if kind == "rsa":
        details["modulusLength"] = key.key_size
        details["publicExponent"] = str(public.public_numbers().e)
        if is_pss(material):
            kind = "rsa-pss"
    elif kind == "ec":
        details["namedCurve"] = curve_name(key)
    elif kind == "dsa":
        details["modulusLength"] = key.key_size
        details["divisorLength"] = public.parameters().parameter_numbers().q.bit_length()
    return json.dumps({"type": kind, "details": details})


@op
def node_key_public(_host: Host, material: bytes) -> bytes:
    """The material of the public key that belongs to a private one."""
    public = public_material(private_key(material).public_key())
    return as_pss(public) if is_pss(material) else public
