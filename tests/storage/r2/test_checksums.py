"""CRCs, against those that are known and against zlib's."""

import os
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.crc import ReflectedCrc
from holdfast.storage.r2.checksums import new_checksum

# https://reveng.sourceforge.io/crc-catalogue/all.htm
CHECKS = {"crc32": "cbf43926", "crc32c": "e3069283", "crc64nvme": "ae8b14860a799888"}
CONTENT = os.urandom(300_000)


@pytest.mark.parametrize("name", CHECKS)
def test_a_crc_is_the_one_of_the_catalogue(name):
    checksum = new_checksum(name)
    checksum.update(b"123456789")
    assert checksum.hexdigest() == CHECKS[name]


@given(st.lists(st.integers(0, len(CONTENT)), max_size=4))
def test_pieces_of_any_size_are_folded_to_what_bytes_one_by_one_come_to(cuts):
    crc = ReflectedCrc(32, 0xEDB88320)  # zlib's, which has a peer
    bounds = [0, *sorted(cuts), len(CONTENT)]
    for start, stop in pairwise(bounds):
        crc.update(CONTENT[start:stop])
    assert crc.hexdigest() == f"{zlib.crc32(CONTENT):08x}"
