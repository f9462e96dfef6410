"""Keys of node:crypto written as PEM, DER and JSON Web Keys."""

import json
from typing import Any

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.crypto.curves import MODERN, NIST, crypto_curve_to_jwk
from holdfast.host.crypto.rsa import crypto_rsa_to_jwk
from holdfast.host.node_crypto.errors import coded
from holdfast.host.node_crypto.keys import curve_name, is_pss, key_of, type_of
from holdfast.host.ops import op


@op
def node_key_write(
    _host: Host,
    material: bytes,
    is_private: bool,
    is_pem: bool,
    structure: str,
    passphrase: bytes | None,
) -> bytes:
    """A key as PEM or DER; `structure`: "spki", "pkcs1", "pkcs8" or "sec1".

    With a passphrase it is encrypted, by AES-256-CBC.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

    encoding = Encoding.PEM if is_pem else Encoding.DER
    if passphrase is None and structure in ("spki", "pkcs8"):
        return pem_of(material, is_private=is_private) if is_pem else material
    key = key_of(material, is_private=is_private)
    if not is_private:
        written: bytes = key.public_bytes(encoding, PublicFormat.PKCS1)
        return written
    form = PrivateFormat.PKCS8 if structure == "pkcs8" else PrivateFormat.TraditionalOpenSSL
    if passphrase is None:
        encryption: Any = serialization.NoEncryption()
    elif passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    else:
        raise ScriptError("Error", "A key is not encrypted with an empty passphrase")
    encrypted: bytes = key.private_bytes(encoding, form, encryption)
    return encrypted


def pem_of(material: bytes, *, is_private: bool) -> bytes:
    """A key's material as PEM."""
    from base64 import encodebytes

    text = encodebytes(material).replace(b"\n", b"")
    lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
    name = b"PRIVATE KEY" if is_private else b"PUBLIC KEY"
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (name, lines, name)


@op
def node_key_jwk(host: Host, material: bytes, is_private: bool) -> str:
    """A key as a JSON Web Key."""
    key = key_of(material, is_private=is_private)
    kind = type_of(key)
    if kind == "rsa" and not is_pss(material):
        found = {"kty": "RSA", **json.loads(crypto_rsa_to_jwk(host, is_private, material))}
        order = ["kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"]
    elif kind == "ec":
        curve = next(
            (name for name, (its, _) in NIST.items() if its.lower() == key.curve.name), None
        )
        if curve is None:
            message = f"Unsupported JWK EC curve: {curve_name(key)}."
            raise coded("ERR_CRYPTO_JWK_UNSUPPORTED_CURVE", message)
        members = json.loads(crypto_curve_to_jwk(host, curve, is_private, material))
        found = {"kty": "EC", "crv": curve, **members}
        order = ["kty", "x", "y", "crv", "d"]
    elif kind in (curve.lower() for curve in MODERN):
        curve = next(name for name in MODERN if name.lower() == kind)
        members = json.loads(crypto_curve_to_jwk(host, curve, is_private, material))
        found = {"kty": "OKP", "crv": curve, **members}
        order = ["crv", "d", "x", "kty"]
    else:
        raise coded("ERR_CRYPTO_JWK_UNSUPPORTED_KEY_TYPE", "Unsupported JWK Key Type.")
    return json.dumps({name: found[name] for name in order if name in found})
