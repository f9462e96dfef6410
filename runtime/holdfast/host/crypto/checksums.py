"""Cyclic redundancy checks, in the form of hashlib's objects.

They are told as the bytes of the number, the most significant first. CRC-32 is zlib's; the
other two are computed here, eight bytes at a time, from tables that are made at first use:
https://reveng.sourceforge.io/crc-catalogue/all.htm
"""

import zlib
from collections.abc import Callable
from functools import cache, partial
from struct import iter_unpack
from typing import Any

# The polynomials, in reversed order of bits.
CRC32C = 0x82F63B78
CRC64NVME = 0x9A6C9329AC4BC9B5


class Crc32:
    """CRC-32 as in gzip."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        """Add bytes."""
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        """The checksum of what was added."""
        return self._value.to_bytes(4, "big")


class ReflectedCrc:
    """A CRC that begins with all bits set and ends with all of them inverted."""

    def __init__(self, polynomial: int, size: int) -> None:
        self._tables = _tables(polynomial)
        self._size = size
        self._ones = self._value = (1 << 8 * size) - 1

    def update(self, data: bytes) -> None:
        """Add bytes."""
        t0, t1, t2, t3, t4, t5, t6, t7 = self._tables
        value, whole = self._value, len(data) & ~7
        for (word,) in iter_unpack("<Q", memoryview(data)[:whole]):
            word ^= value
            value = (
                t7[word & 255]
                ^ t6[word >> 8 & 255]
                ^ t5[word >> 16 & 255]
                ^ t4[word >> 24 & 255]
                ^ t3[word >> 32 & 255]
                ^ t2[word >> 40 & 255]
                ^ t1[word >> 48 & 255]
                ^ t0[word >> 56]
            )
        for byte in data[whole:]:
            value = t0[(value ^ byte) & 255] ^ value >> 8
        self._value = value

    def digest(self) -> bytes:
        """The checksum of what was added."""
        return (self._value ^ self._ones).to_bytes(self._size, "big")


@cache
def _tables(polynomial: int) -> list[list[int]]:
    """Table k has what a byte does to the remainder when k more bytes have followed it."""
    first = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        first.append(value)
    tables = [first]
    for _ in range(7):
        tables.append([first[value & 255] ^ value >> 8 for value in tables[-1]])
    return tables


CHECKSUMS: dict[str, Callable[[], Any]] = {
    "crc32": Crc32,
    "crc32c": partial(ReflectedCrc, CRC32C, 4),
    "crc64nvme": partial(ReflectedCrc, CRC64NVME, 8),
}
