"""Keys of node:crypto read from PEM and DER, which may be encrypted, and from certificates."""

import re
from base64 import b64decode
from contextlib import suppress
from typing import Any

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.crypto import der, rsa
from holdfast.host.crypto.asymmetric import private_material, public_material
from holdfast.host.crypto.curves import private_from
from holdfast.host.node_crypto.errors import bad_decrypt, failing_as, openssl, unsupported_key
from holdfast.host.node_crypto.keys import as_pss, is_pss, type_of
from holdfast.host.ops import op

_PEM = re.compile(b"-----BEGIN [A-Z ]+-----(.*?)-----END ", re.DOTALL)


@op
def node_key_read(
    _host: Host,
    data: bytes,
    is_pem: bool,
    structure: str | None,
    wants_private: bool,
    passphrase: bytes | None,
) -> bytes:
    """The material of a private key, or of a public one, which a private one has in it, too.

    `structure` is that of DER, "pkcs1" or another. Raises OpenSSL's errors for what is none and
    for a wrong passphrase.
    """
    if structure is not None and not _has_structure(data, structure):
        raise unsupported_key()
    if is_pem and not wants_private and b"-----BEGIN CERTIFICATE-----" in data:
        return _of_certificate(data)
    if wants_private or (b"PRIVATE KEY-----" in data if is_pem else not _looks_public(data)):
        key = _read_private(data, passphrase, is_pem=is_pem)
        if wants_private:
            return _keep_pss(data, private_material(key))
        return _keep_pss(data, public_material(key.public_key()))
    return _keep_pss(data, public_material(read_public(data, is_pem=is_pem)))


@op
def node_key_of_seed(_host: Host, curve: str, seed: bytes) -> bytes:
    """The material of a private key of the curves whose keys are bytes."""
    return private_material(private_from(curve, seed))


def _has_structure(data: bytes, structure: str) -> bool:
    """Whether DER has this outline, as far as one could be taken for another.

    PKCS #8 is read whatever a private key is called, as in workerd; Node.js 20 refuses some.
    """
    is_wrapped = der.is_subject_public_key_info(data)  # or PKCS #8 that is encrypted
    if structure == "pkcs8":
        return is_wrapped or der.is_private_key_info(data)
    return is_wrapped == (structure == "spki")


def _looks_public(data: bytes) -> bool:
    """Whether this is DER of a public key: PKCS #8 and SEC 1 begin with a small version."""
    if der.is_subject_public_key_info(data):
        return True
    with suppress(ScriptError):
        read_public(data, is_pem=False)
        return True
    return False


def _of_certificate(data: bytes) -> bytes:
    from cryptography.x509 import load_pem_x509_certificate

    with failing_as(unsupported_key()):
        return public_material(load_pem_x509_certificate(data).public_key())


def _read_private(data: bytes, passphrase: bytes | None, *, is_pem: bool) -> Any:
    from cryptography.hazmat.primitives import serialization

    load = serialization.load_pem_private_key if is_pem else serialization.load_der_private_key
    try:
        key = _load(load, data, passphrase)
    except TypeError as error:  # without a passphrase, or with one for nothing
        if passphrase is None:
            raise openssl(
                "07880109", "common libcrypto routines", "interrupted or cancelled"
            ) from error
        key = _load(load, data, None)
    return _checked(key)


def _load(load: Any, data: bytes, passphrase: bytes | None) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(data, passphrase, unsafe_skip_rsa_key_validation=True)
    except (ValueError, UnsupportedAlgorithm) as error:
        if passphrase is not None and "password" in str(error):
            raise bad_decrypt() from error
        raise unsupported_key() from error


def read_public(data: bytes, *, is_pem: bool) -> Any:
    """The library's key of PEM or DER. Raises OpenSSL's error for what is none."""
    from cryptography.hazmat.primitives import serialization

    with failing_as(unsupported_key()):
        if is_pem:
            return _checked(serialization.load_pem_public_key(data))
        return _checked(serialization.load_der_public_key(data))


def _checked(key: Any) -> Any:
    """The key, if it is of a type that node:crypto knows, and its numbers make sense."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    with failing_as(unsupported_key()):
        try:
            if isinstance(key, RSAPrivateKey):
                return rsa.checked_private(key.private_numbers())
            if isinstance(key, RSAPublicKey):
                return rsa.checked_public(key.public_numbers())
        except ScriptError as error:
            raise unsupported_key() from error
        type_of(key)
        return key


def _keep_pss(data: bytes, material: bytes) -> bytes:
    """A key for RSASSA-PSS alone goes on saying so, without the rest of its parameters."""
    if block := _PEM.search(data):
        with suppress(ValueError):
            data = b64decode(block[1])
    return as_pss(material) if is_pss(data) else material
