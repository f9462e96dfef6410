"""Checksums of contents: hashlib's, and CRCs that it does not have.

Of CRC-32C and CRC-64/NVME Python has no implementation. Byte by byte they would take a minute for
what a disk writes in a second, so a piece is folded: its first half, which is a polynomial over
GF(2), is multiplied by what x to the power of the second half's length leaves, and added to that.
The multiplication is some dozens of shifts of one large integer. What is left in the end is small.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

import hashlib
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Protocol

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

_SMALL_BITS = 1_024
# Reflected: the lowest bit is the highest power.
_POLYNOMIALS = {"crc32c": (32, 0x82F63B78), "crc64nvme": (64, 0x9A6C9329AC4BC9B5)}


class Checksum(Protocol):
    """As those of hashlib."""

    def update(self, piece: bytes, /) -> None:
        """Go on with a piece."""

    def hexdigest(self) -> str:
        """The checksum of all pieces, in hexadecimal."""


def new_checksum(name: str) -> Checksum:
    """A checksum of nothing yet, by its name in `NAMES`."""
    if name == "crc32":
        return _Crc32()
    if name in _POLYNOMIALS:
        return _Crc(*_POLYNOMIALS[name])
    return hashlib.new(name, usedforsecurity=False)


def check_digests(found: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Raise BadDigest where a checksum that is given, in hexadecimal, is another than was found."""
    for name, digest in given.items():
        if digest != found[name]:
            raise BadDigest(NAMES[name], digest, found[name])


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, piece: bytes) -> None:
        self._value = zlib.crc32(piece, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:08x}"


class _Crc:
    """A reflected CRC that begins with ones, and is inverted in the end."""

    def __init__(self, width: int, polynomial: int) -> None:
        self._width = width
        self._polynomial = polynomial
        self._ones = (1 << width) - 1
        self._register = self._ones

    def update(self, piece: bytes) -> None:
        if len(piece) * 8 > _SMALL_BITS:
            # With the register added to its beginning, it goes on as one that begins with 0.
            told = int.from_bytes(piece, "little") ^ self._register
            piece, self._register = self._folded(told, len(piece) * 8), 0
        table = _table(self._width, self._polynomial)
        register = self._register
        for byte in piece:
            register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
        self._register = register

    def _folded(self, told: int, bits: int) -> bytes:
        """Few bytes that leave the same remainder."""
        overlap = self._width - 1
        while bits > _SMALL_BITS:
            first = (bits - overlap) // 16 * 8
            rest = bits - first
            high = told & ((1 << first) - 1)
            product = 0
            for shift in _shifts(self._width, self._polynomial, rest):
                product ^= high << shift
            told = (told >> first) ^ (product << (rest - first - overlap))
            bits = rest
        return told.to_bytes(bits // 8, "little")

    def hexdigest(self) -> str:
        return f"{self._register ^ self._ones:0{self._width // 4}x}"


@cache
def _table(width: int, polynomial: int) -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = _times_x(value, polynomial)
        table.append(value)
    return table


@cache
def _shifts(width: int, polynomial: int, power: int) -> list[int]:
    """The bits that are set in what x to a power leaves."""
    one = 1 << (width - 1)
    remainder, square = one, one >> 1
    while power:
        if power & 1:
            remainder = _product(remainder, square, width, polynomial)
        square = _product(square, square, width, polynomial)
        power >>= 1
    return [bit for bit in range(width) if remainder >> bit & 1]


def _product(left: int, right: int, width: int, polynomial: int) -> int:
    product = 0
    for bit in range(width - 1, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = _times_x(right, polynomial)
    return product


def _times_x(value: int, polynomial: int) -> int:
    return (value >> 1) ^ (polynomial if value & 1 else 0)
