"""RSA encryption of node:crypto, with either key: OAEP, PKCS #1, and none.

https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptopublicencryptkey-buffer
"""

from collections.abc import Callable
from typing import Any

from holdfast.host.context import Host
from holdfast.host.crypto.asymmetric import private_key, public_key
from holdfast.host.crypto.rsa import private_power
from holdfast.host.node_crypto.errors import (
    failing_as,
    not_for_this_key,
    openssl,
    too_large_for_key,
)
from holdfast.host.node_crypto.keys import is_pss, type_of
from holdfast.host.node_crypto.signatures import NO_PADDING, PKCS1, library_hash
from holdfast.host.ops import op

OAEP = 4


@op
def node_rsa_encrypt(
    _host: Host, material: bytes, padding: int, hash_name: str, label: bytes, data: bytes
) -> bytes:
    """Encrypt with a public key."""
    key = _rsa(public_key(material), material)
    if padding == NO_PADDING:
        numbers = key.public_numbers()
        return _raw(data, numbers.n, lambda number: pow(number, numbers.e, numbers.n))
    with failing_as(too_large_for_key()):
        sealed: bytes = key.encrypt(data, _padding(padding, hash_name, label))
    return sealed


@op
def node_rsa_decrypt(
    _host: Host, material: bytes, padding: int, hash_name: str, label: bytes, data: bytes
) -> bytes:
    """Decrypt with a private key. For PKCS #1 there is random data where the text is none."""
    key = _rsa(private_key(material), material)
    if padding == NO_PADDING:
        return _raw_private(key, _filled(key, data))
    with failing_as(openssl("02000079", "rsa routines", "oaep decoding error")):
        opened: bytes = key.decrypt(data, _padding(padding, hash_name, label))
    return opened


@op
def node_rsa_private_encrypt(_host: Host, material: bytes, padding: int, data: bytes) -> bytes:
    """Encrypt with a private key: the signature of data as it is."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

    key = _rsa(private_key(material), material)
    if padding == NO_PADDING:
        return _raw_private(key, data)
    _require_pkcs1(padding)
    with failing_as(too_large_for_key()):
        sealed: bytes = key.sign(data, PKCS1v15(), NoDigestInfo())
    return sealed


@op
def node_rsa_public_decrypt(_host: Host, material: bytes, padding: int, data: bytes) -> bytes:
    """What was encrypted with a private key."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    key = _rsa(public_key(material), material)
    if padding == NO_PADDING:
        numbers = key.public_numbers()
        whole = _filled(key, data)
        return _raw(whole, numbers.n, lambda number: pow(number, numbers.e, numbers.n))
    _require_pkcs1(padding)
    with failing_as(openssl("0200008A", "rsa routines", "invalid padding")):
        opened: bytes = key.recover_data_from_signature(data, PKCS1v15(), None)
    return opened


def _raw_private(key: Any, data: bytes) -> bytes:
    modulus = key.private_numbers().public_numbers.n
    return _raw(data, modulus, lambda number: private_power(key, number))


def _filled(key: Any, data: bytes) -> bytes:
    return data.rjust((int(key.key_size) + 7) // 8, b"\0")


def _raw(data: bytes, modulus: int, power: Callable[[int], int]) -> bytes:
    size = (modulus.bit_length() + 7) // 8
    if len(data) > size:
        raise too_large_for_key()
    if len(data) < size:
        raise openssl("0200007A", "rsa routines", "data too small for key size")
    number = int.from_bytes(data, "big")
    if number >= modulus:
        raise openssl("02000084", "rsa routines", "data too large for modulus")
    return power(number).to_bytes(size, "big")


def _rsa(key: Any, material: bytes) -> Any:
    if type_of(key) != "rsa":
        raise not_for_this_key()
    if is_pss(material):
        raise openssl("1C8000B2", "Provider routines", "operation not supported for this keytype")
    return key


def _require_pkcs1(padding: int) -> None:
    if padding != PKCS1:
        raise openssl("1C8000A5", "Provider routines", "illegal or unsupported padding mode")


def _padding(padding: int, hash_name: str, label: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding as paddings

    if padding == PKCS1:
        return paddings.PKCS1v15()
    if padding != OAEP:
        raise openssl("02000076", "rsa routines", "unknown padding type")
    algorithm = library_hash(hash_name)
    assert algorithm is not None, "the polyfill looks whether the hash is there"
    return paddings.OAEP(paddings.MGF1(algorithm), algorithm, label or None)
