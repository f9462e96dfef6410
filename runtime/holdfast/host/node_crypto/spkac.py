"""Signed public keys and challenges, as `<keygen>` once made them: base64 of DER.

    SignedPublicKeyAndChallenge ::= SEQUENCE {
        SEQUENCE { SubjectPublicKeyInfo, IA5String }, AlgorithmIdentifier, BIT STRING }

https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-certificate
"""

import binascii
from base64 import b64decode
from typing import NamedTuple

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.crypto.asymmetric import public_material
from holdfast.host.node_crypto.key_reading import read_public
from holdfast.host.node_crypto.key_writing import pem_of
from holdfast.host.node_crypto.signatures import verify_with
from holdfast.host.ops import op

# The DER of the object identifiers of signatures, and their hashes.
_HASHES = {
    "2a864886f70d010104": "md5",
    "2a864886f70d010105": "sha1",
    "2a864886f70d01010b": "sha256",
    "2a864886f70d01010c": "sha384",
    "2a864886f70d01010d": "sha512",
    "2a8648ce3d0401": "sha1",
    "2a8648ce3d040302": "sha256",
    "2a8648ce3d040303": "sha384",
    "2a8648ce3d040304": "sha512",
}


class _Element(NamedTuple):
    """An element of DER: all of it, and what is in it."""

    whole: bytes
    content: bytes


class _Spkac(NamedTuple):
    signed: bytes
    key: bytes
    challenge: bytes
    hash_name: str | None
    signature: bytes


@op
def node_spkac_verify(_host: Host, text: bytes) -> bool:
    """Whether the signature was made with the key; False for what is none."""
    spkac = _parsed(text)
    if spkac is None or spkac.hash_name is None:
        return False
    try:
        material = public_material(read_public(spkac.key, is_pem=False))
        return verify_with(material, spkac.hash_name, spkac.signed, spkac.signature)
    except ScriptError:
        return False


@op
def node_spkac_key(_host: Host, text: bytes) -> bytes | None:
    """The public key as PEM; None for what is none."""
    spkac = _parsed(text)
    return None if spkac is None else pem_of(spkac.key, is_private=False)


@op
def node_spkac_challenge(_host: Host, text: bytes) -> bytes | None:
    """The challenge; None for what is none."""
    spkac = _parsed(text)
    return None if spkac is None else spkac.challenge


def _parsed(text: bytes) -> _Spkac | None:
    try:
        data = b64decode(text.strip(), validate=True)
        signed, algorithm, signature = _elements(_elements(data)[0].content)
        key, challenge = _elements(signed.content)
        identifier = _elements(algorithm.content)[0].content
    except (binascii.Error, ValueError, IndexError):
        return None
    name = _HASHES.get(identifier.hex())
    return _Spkac(signed.whole, key.whole, challenge.content, name, signature.content[1:])


def _elements(data: bytes) -> list[_Element]:
    """The elements that follow each other. Raises a ValueError or IndexError."""
    found, at = [], 0
    while at < len(data):
        start, size = at + 2, data[at + 1]
        if size > 0x80:
            more = size & 0x7F
            size = int.from_bytes(data[start : start + more], "big")
            start += more
        end = start + size
        if end > len(data):
            raise ValueError("the element is cut off")
        found.append(_Element(data[at:end], data[start:end]))
        at = end
    return found
