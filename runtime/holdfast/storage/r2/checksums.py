"""Checksums of contents: hashlib's, and CRCs, which it does not have.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

import hashlib
from collections.abc import Mapping

from holdfast.crc import CRCS, Checksum
from holdfast.storage.r2.errors import BadDigest

MD5 = "md5"
NAMES = {
    MD5: "MD5",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "sha384": "SHA-384",
    "sha512": "SHA-512",
    "crc32": "CRC32",
    "crc32c": "CRC32C",
    "crc64nvme": "CRC64NVME",
}
"""How messages name them."""


def new_checksum(name: str) -> Checksum:
    """A checksum of nothing yet, by its name in `NAMES`."""
    make = CRCS.get(name)
    return hashlib.new(name, usedforsecurity=False) if make is None else make()


def check_digests(found: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Raise BadDigest where a checksum that is given, in hexadecimal, is another than was found."""
    for name, digest in given.items():
        if digest != found[name]:
            raise BadDigest(NAMES[name], digest, found[name])
