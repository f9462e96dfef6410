"""Symmetric keys: how they are imported, generated and exported."""

import secrets

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.crypto import jwk
from holdfast.host.ops import op


@op
def crypto_secret_text(host: Host, material: bytes) -> str:
    """The text of a key that was wrapped as JSON."""
    return material.decode("utf-8-sig", "replace")


@op
def crypto_secret_from_jwk(host: Host, key: str) -> bytes:
    """The member `k` of a JSON Web Key."""
    return jwk.JsonWebKey.parse(key).octets("k")


@op
def crypto_secret_to_jwk(host: Host, material: bytes) -> str:
    """The JSON Web Key's member `k`, as JSON."""
    return jwk.written(k=jwk.base64url(material))


@op
def crypto_secret_generate(host: Host, bits: int) -> bytes:
    """Return `bits` random bits, and zeros to the end of their last byte."""
    return first_bits(secrets.token_bytes((bits + 7) // 8), bits)


@op
def crypto_secret_first_bits(host: Host, material: bytes, bits: int) -> bytes:
    """The first `bits` bits of `material`, and zeros to the end of their last byte."""
    return first_bits(material, bits)


def first_bits(data: bytes, bits: int) -> bytes:
    """The first `bits` bits, and zeros to the end of their last byte."""
    size = (bits + 7) // 8
    if size > len(data):
        raise ScriptError("OperationError", f"{bits} bits are more than there are.")
    if bits % 8 == 0:
        return data[:size]
    return data[: size - 1] + bytes([data[size - 1] & (0xFF00 >> bits % 8) & 0xFF])
