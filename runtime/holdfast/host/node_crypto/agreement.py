"""Secrets that two keys share: Diffie-Hellman with numbers and with curves.

https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-diffiehellman
"""

from functools import lru_cache
from typing import Any

from holdfast.host.context import Host
from holdfast.host.crypto.asymmetric import private_key, public_key
from holdfast.host.node_crypto.errors import coded, failing_as, openssl
from holdfast.host.node_crypto.keys import curve_name, curve_named, type_of
from holdfast.host.ops import op

MAX_PRIME_BITS = 8_192
# The bits of each group's prime, and the number that makes it one: RFC 2409, 6, and RFC 3526.
_GROUPS = {
    "modp1": (768, 149_686),
    "modp2": (1_024, 129_093),
    "modp5": (1_536, 741_804),
    "modp14": (2_048, 124_476),
    "modp15": (3_072, 1_690_314),
    "modp16": (4_096, 240_904),
    "modp17": (6_144, 929_484),
    "modp18": (8_192, 4_743_158),
}


@op
def node_agree(_host: Host, private: bytes, public: bytes) -> bytes:
    """The secret of two keys, each as its material."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDH

    key, peer = private_key(private), public_key(public)
    kind, other = type_of(key), type_of(peer)
    if kind != other or kind not in ("ec", "x25519", "x448"):
        message = f"Incompatible key types for Diffie-Hellman: {kind} and {other}"
        raise coded("ERR_CRYPTO_INCOMPATIBLE_KEY", message)
    if kind == "ec" and curve_name(key) != curve_name(peer):
        raise openssl("1C8000CB", "Provider routines", "mismatching domain parameters")
    with failing_as(openssl("1C80007D", "Provider routines", "failed during derivation")):
        shared: bytes = key.exchange(ECDH(), peer) if kind == "ec" else key.exchange(peer)
    return shared


# ---- Points of curves -----------------------------------------------------------------


@op
def node_ecdh_generate(_host: Host, curve: str) -> bytes:
    """A new private key: the number, as long as the curve's numbers are."""
    from cryptography.hazmat.primitives.asymmetric import ec

    chosen = curve_named(curve)
    number: int = ec.generate_private_key(chosen).private_numbers().private_value
    return number.to_bytes((chosen.key_size + 7) // 8, "big")


@op
def node_ecdh_public(_host: Host, curve: str, private: bytes) -> bytes:
    """The point that belongs to a private key, uncompressed. Raises for one that is none."""
    return _written(_private_on(curve, private).public_key(), "uncompressed")


@op
def node_ecdh_compute(_host: Host, curve: str, private: bytes, public: bytes) -> bytes:
    """The secret of a private key and a point."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDH

    message = "Public key is not valid for specified curve"
    with failing_as(coded("ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY", message)):
        peer = _point_on(curve, public)
    shared: bytes = _private_on(curve, private).exchange(ECDH(), peer)
    return shared


@op
def node_ecdh_convert(_host: Host, curve: str, point: bytes, form: str) -> bytes:
    """A point in another form: "compressed", "uncompressed" or "hybrid"."""
    message = "Failed to convert Buffer to EC_POINT"
    with failing_as(coded("ERR_CRYPTO_OPERATION_FAILED", message)):
        return _written(_point_on(curve, point), form)


def _private_on(curve: str, private: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    message = "Private key is not valid for specified curve."
    with failing_as(coded("ERR_CRYPTO_INVALID_KEYTYPE", message, "RangeError")):
        return ec.derive_private_key(int.from_bytes(private, "big"), curve_named(curve))


def _point_on(curve: str, point: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    if point[:1] in (b"\x06", b"\x07"):  # both: which of two, and the number
        if len(point) % 2 == 0 or point[-1] & 1 != point[0] & 1:
            raise ValueError("the point contradicts itself")
        point = b"\x04" + point[1:]
    return ec.EllipticCurvePublicKey.from_encoded_point(curve_named(curve), point)


def _written(key: Any, form: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    chosen = (
        PublicFormat.CompressedPoint if form == "compressed" else PublicFormat.UncompressedPoint
    )
    point: bytes = key.public_bytes(Encoding.X962, chosen)
    return point if form != "hybrid" else bytes([6 | point[-1] & 1]) + point[1:]


# ---- Numbers --------------------------------------------------------------------------
#
# `cryptography` warns of its own support, which is to end. The primes are public, and a key is
# good for one exchange, so that what the time of a power tells is of no use.


@op
def node_dh_group(_host: Host, name: str) -> bytes:
    """The prime of a group whose generator is 2. Raises an Error for another name."""
    if name.lower() not in _GROUPS:
        raise coded("ERR_CRYPTO_UNKNOWN_DH_GROUP", "Unknown DH group")
    return _group(*_GROUPS[name.lower()])


@lru_cache
def _group(bits: int, number: int) -> bytes:
    prime = 2**bits - 2 ** (bits - 64) - 1 + 2**64 * (_pi(bits - 130) + number)
    written: bytes = prime.to_bytes(bits // 8, "big")
    return written


def _pi(bits: int) -> int:
    """Pi times 2**bits, rounded down; by Machin's formula."""
    one = 1 << (bits + 64)

    def arc_cotangent(x: int) -> int:
        term = total = one // x
        divisor, sign = 1, 1
        while term:
            term //= x * x
            divisor, sign = divisor + 2, -sign
            total += sign * (term // divisor)
        return total

    return (4 * (4 * arc_cotangent(5) - arc_cotangent(239))) >> 64


@op
def node_dh_power(_host: Host, base: bytes, exponent: bytes, prime: bytes) -> bytes:
    """`base` to the power of `exponent`, modulo a prime, in as many bytes as that has."""
    modulus = int.from_bytes(prime, "big")
    if modulus.bit_length() > MAX_PRIME_BITS:
        raise openssl("0280007E", "Diffie-Hellman routines", "modulus too large")
    if modulus < 2:
        raise openssl("02800066", "Diffie-Hellman routines", "invalid public key")
    power = pow(int.from_bytes(base, "big"), int.from_bytes(exponent, "big"), modulus)
    return power.to_bytes((modulus.bit_length() + 7) // 8, "big")
