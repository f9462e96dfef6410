"""Cyclic redundancy checks, in the form of hashlib's objects.

CRC-32 is zlib's. Of CRC-32C and CRC-64/NVME Python has no implementation. Byte by byte they would
take a minute for what a disk writes in a second, so a piece is folded: its first half, which is a
polynomial over GF(2), is multiplied by what x to the power of the second half's length leaves, and
added to that. The multiplication is some dozens of shifts of one large integer. What is left in the
end is small.

https://reveng.sourceforge.io/crc-catalogue/all.htm
"""

import zlib
from collections.abc import Callable
from functools import cache, partial
from typing import Protocol

_SMALL_BITS = 1_024


class Checksum(Protocol):
    """As those of hashlib."""

    def update(self, piece: bytes, /) -> None:
        """Go on with a piece."""

    def digest(self) -> bytes:
        """The checksum of all pieces; a number's most significant byte comes first."""

    def hexdigest(self) -> str:
        """The same in hexadecimal."""


class Crc32:
    """CRC-32 as in gzip."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, piece: bytes) -> None:
        """See Checksum."""
        self._value = zlib.crc32(piece, self._value)

    def digest(self) -> bytes:
        """See Checksum."""
        return self._value.to_bytes(4, "big")

    def hexdigest(self) -> str:
        """See Checksum."""
        return self.digest().hex()


class ReflectedCrc:
    """A CRC whose lowest bit is the highest power; it begins with ones, and is inverted at last."""

    def __init__(self, width: int, polynomial: int) -> None:
        """`width` in bits; the polynomial is reflected, too."""
        self._width = width
        self._polynomial = polynomial
        self._ones = (1 << width) - 1
        self._register = self._ones

    def update(self, piece: bytes) -> None:
        """See Checksum."""
        if len(piece) * 8 > _SMALL_BITS:
            # With the register added to its beginning, it goes on as one that begins with 0.
            told = int.from_bytes(piece, "little") ^ self._register
            piece, self._register = self._folded(told, len(piece) * 8), 0
        table = _table(self._polynomial)
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

    def digest(self) -> bytes:
        """See Checksum."""
        return (self._register ^ self._ones).to_bytes(self._width // 8, "big")

    def hexdigest(self) -> str:
        """See Checksum."""
        return self.digest().hex()


@cache
def _table(polynomial: int) -> list[int]:
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


CRCS: dict[str, Callable[[], Checksum]] = {
    "crc32": Crc32,
    "crc32c": partial(ReflectedCrc, 32, 0x82F63B78),
    "crc64nvme": partial(ReflectedCrc, 64, 0x9A6C9329AC4BC9B5),
}
"""By their names in S3 and in `crypto.DigestStream`."""
