import asyncio
import contextlib
import gzip
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.host.byte_streams import BodyError, ByteStream, Pipe, collect
from holdfast.host.codings import CODINGS, DecodedBody, EncodedBody
from tests.host.chunks import Chunks
from tests.patience import PATIENCE_S


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data, cut at these places (modulo its length)."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(ends)]


@given(st.sampled_from(sorted(CODINGS)), st.binary(max_size=2000), st.lists(st.integers(0, 2000)))
def test_what_was_encoded_is_decoded_however_it_is_cut(
    coding: str, content: bytes, places: list[int]
) -> None:
    async def check() -> None:
        encoded = await collect(EncodedBody(Chunks(*cut(content, places)), coding))
        assert await collect(DecodedBody(Chunks(*cut(encoded, places)), coding)) == content

    asyncio.run(check())


@given(st.binary(max_size=300), st.lists(st.integers(0, 300)))
def test_junk_is_no_gzip_but_nothing_else_goes_wrong(junk: bytes, places: list[int]) -> None:
    async def check(coding: str) -> None:
        with contextlib.suppress(BodyError):
            await collect(DecodedBody(Chunks(*cut(junk, places)), coding))

    for coding in CODINGS:
        asyncio.run(check(coding))


async def test_gzip_may_have_several_members_and_padding() -> None:
    encoded = gzip.compress(b"ab") + gzip.compress(b"cd") + b"\0\0"
    assert await collect(DecodedBody(Chunks(encoded), "gzip")) == b"abcd"
    chunks = [encoded[i : i + 1] for i in range(len(encoded))]
    assert await collect(DecodedBody(Chunks(*chunks), "gzip")) == b"abcd"


@pytest.mark.parametrize("coding", sorted(CODINGS))
async def test_a_bomb_is_given_out_in_pieces(coding: str) -> None:
    size = 20_000_000
    encoded = await collect(EncodedBody(Chunks(bytes(size)), coding))
    body = DecodedBody(Chunks(encoded), coding)
    pieces = [len(piece) for piece in await all_of(body)]
    assert sum(pieces) == size
    assert max(pieces) <= 1_000_000


async def all_of(body: ByteStream) -> list[bytes]:
    pieces = []
    while piece := await body.read():
        pieces.append(piece)
    return pieces


async def test_each_piece_can_be_decoded_as_it_leaves() -> None:
    pipe: Any = Pipe()
    for coding in sorted(CODINGS):
        pipe = Pipe()
        decoded = DecodedBody(EncodedBody(pipe, coding), coding)
        for piece in (b"one", b"two"):
            pipe.write(piece)
            assert await asyncio.wait_for(decoded.read(), PATIENCE_S) == piece
        pipe.close()
        assert await decoded.read() == b""
