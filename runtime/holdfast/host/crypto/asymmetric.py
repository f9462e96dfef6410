"""What RSA and elliptic curves share: how keys are read, kept and told.

Reading a key from its DER takes microseconds, so each op does it; the last few stay read.
What a script gives for a key, which may be of any size, does not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.crypto import der
from holdfast.host.crypto.jwk import data_error
from holdfast.host.ops import op

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

MAX_KEYS_READ = 128


@op
def crypto_public_key(host: Host, material: bytes) -> bytes:
    """The material of the public key that belongs to a private key."""
    return public_material(private_key(material).public_key())


def _load_private(encoded: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return load_der_private_key(encoded, None, unsafe_skip_rsa_key_validation=True)


def _load_public(encoded: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(encoded)


@lru_cache(MAX_KEYS_READ)
def private_key(material: bytes) -> Any:
    """The private key of a CryptoKey's material; what was imported was checked then."""
    return _load_private(material)


@lru_cache(MAX_KEYS_READ)
def public_key(material: bytes) -> Any:
    """The public key of a CryptoKey's material."""
    return _load_public(material)


def read_private(pkcs8: bytes) -> Any:
    """A script's private key. RSA's numbers are not checked. Raises a DataError."""
    if not der.is_private_key_info(pkcs8):
        raise data_error("Invalid PKCS8 input.")
    with failing_as("DataError", "Invalid PKCS8 input."):
        return _load_private(pkcs8)


def read_public(spki: bytes) -> Any:
    """A script's public key. Raises a DataError."""
    if not der.is_subject_public_key_info(spki):
        raise data_error("Invalid SPKI input.")
    with failing_as("DataError", "Invalid SPKI input."):
        return _load_public(spki)


def private_material(key: Any) -> bytes:
    """PKCS #8, as exported and as kept."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    material: bytes = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return material


def public_material(key: Any) -> bytes:
    """SubjectPublicKeyInfo, as exported and as kept."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    material: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return material


def hash_algorithm(name: str) -> "HashAlgorithm":
    """The library's hash by Web Crypto's name ("SHA-256")."""
    from cryptography.hazmat.primitives import hashes

    made: HashAlgorithm = getattr(hashes, name.replace("-", ""))()
    return made


def verifies(key: Any, *arguments: Any) -> bool:
    """Whether `key.verify` takes these arguments for a signature and what it signs.

    What the library cannot look at at all, such as a salt longer than any key, is none.
    """
    try:
        key.verify(*arguments)
    except Exception:  # noqa: BLE001 - see failing_as
        return False
    return True


@contextmanager
def failing_as(name: str, message: str) -> Iterator[None]:
    """Report whatever the library refuses as an error of this name to the script.

    The library tells a key or a text that it cannot use by a dozen exceptions, from
    ValueError to OpenSSL's own; all of them are the script's input.
    """
    try:
        yield
    except ScriptError:
        raise
    except Exception as error:
        raise ScriptError(name, message) from error
