"""Pages as the past keeps them."""

import os
import zlib

import apsw
import pytest

from holdfast.storage.packing import pack, unpack

PAGES = [bytes(4096), b"page " * 800, os.urandom(4096), b""]


@pytest.mark.parametrize("page", PAGES, ids=["zeros", "text", "noise", "nothing"])
def test_what_is_packed_comes_back(page: bytes) -> None:
    assert unpack(pack(page)) == page


def test_what_earlier_versions_have_packed_is_read() -> None:
    assert unpack(zlib.compress(PAGES[1], 1)) == PAGES[1]


@pytest.mark.parametrize("place", [1, 5, 20, -1])
def test_a_damaged_page_is_told(place: int) -> None:
    packed = bytearray(pack(PAGES[1]))
    packed[place] ^= 1
    with pytest.raises(apsw.CorruptError):
        unpack(bytes(packed))


@pytest.mark.parametrize(
    "packed", [b"", b"\0", b"\0\0\0\0\0", b"nothing", zlib.compress(b"a")[:-1]]
)
def test_what_was_never_packed_is_told(packed: bytes) -> None:
    with pytest.raises(apsw.CorruptError):
        unpack(packed)
