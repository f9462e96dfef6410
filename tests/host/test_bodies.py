import asyncio
import contextlib
import gzip
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.host.bodies import BodyTable
from holdfast.host.byte_streams import (
    CONNECTION_LOST,
    PIPE_BYTES,
    PIPE_CHUNKS,
    BodyError,
    BufferedBody,
    ByteStream,
    Pipe,
    ReaderBody,
    collect,
)
from holdfast.host.codings import CODINGS, DecodedBody, EncodedBody
from tests.patience import PATIENCE_S


class Chunks(ByteStream):
    """A body that comes in these chunks."""

    def __init__(self, *chunks: bytes) -> None:
        self.length = None
        self.chunks = list(chunks)
        self.cancelled = False

    async def read(self) -> bytes:
        return self.chunks.pop(0) if self.chunks else b""

    def cancel(self) -> None:
        self.cancelled = True


# ---- pipes ----------------------------------------------------------------------------


async def test_a_pipe_gives_what_was_written_and_then_the_end() -> None:
    pipe = Pipe()
    assert pipe.write(b"a")
    assert pipe.write(b"b")
    assert await pipe.read() == b"ab"
    reading = asyncio.ensure_future(pipe.read())
    await asyncio.sleep(0)
    pipe.write(b"c")
    assert await reading == b"c"
    pipe.close()
    assert await pipe.read() == b""
    assert await pipe.read() == b""


async def test_a_full_pipe_tells_its_writer_to_wait() -> None:
    pipe = Pipe()
    told: list[str] = []
    assert not pipe.write(b"x" * PIPE_BYTES)
    pipe.on_drained(lambda: told.append("drained"))
    assert told == []
    assert len(await pipe.read()) == PIPE_BYTES
    assert told == ["drained"]
    pipe.on_drained(lambda: told.append("at once"))
    assert told == ["drained", "at once"]


async def test_a_pipe_is_full_of_many_small_chunks_too() -> None:
    pipe = Pipe()
    assert [pipe.write(b"x") for _ in range(PIPE_CHUNKS)] == [True] * (PIPE_CHUNKS - 1) + [False]
    told: list[str] = []
    pipe.on_drained(lambda: told.append("drained"))
    assert told == []
    assert await pipe.read() == b"x" * PIPE_CHUNKS
    assert told == ["drained"]
    assert pipe.write(b"x")


async def test_a_reader_that_leaves_wakes_the_writer_and_fails_its_next_write() -> None:
    pipe = Pipe()
    told: list[str] = []
    pipe.write(b"x" * PIPE_BYTES)
    pipe.on_drained(lambda: told.append("drained"))
    pipe.on_end(lambda: told.append("end"))
    pipe.cancel("gone home")
    assert told == ["drained", "end"]
    with pytest.raises(BodyError, match="gone home"):
        pipe.write(b"y")


async def test_an_aborted_pipe_fails_after_what_was_written_before() -> None:
    pipe = Pipe()
    pipe.write(b"a")
    pipe.abort("broken")
    assert await pipe.read() == b"a"
    for _ in range(2):
        with pytest.raises(BodyError, match="broken"):
            await pipe.read()


async def test_a_pipe_keeps_to_its_length() -> None:
    pipe = Pipe(3)
    pipe.write(b"abc")
    assert await pipe.read() == b"abc"
    assert await pipe.read() == b"", "the last byte is the end"
    with pytest.raises(BodyError, match="too many bytes"):
        pipe.write(b"d")
    short = Pipe(3)
    short.write(b"a")
    short.close()
    assert await short.read() == b"a"
    with pytest.raises(BodyError, match="did not see all expected bytes"):
        await short.read()


async def test_a_cancelled_pipe_is_at_its_end() -> None:
    pipe = Pipe()
    pipe.write(b"a")
    pipe.cancel()
    assert await pipe.read() == b""


# ---- other streams ------------------------------------------------------------------------


async def test_errors_of_other_libraries_become_lost_connections() -> None:
    async def fail() -> bytes:
        raise OSError("reset")

    with pytest.raises(BodyError, match=CONNECTION_LOST):
        await ReaderBody(fail).read()


async def test_a_reader_that_ends_early_is_a_lost_connection() -> None:
    source = Chunks(b"ab", b"c")
    body = ReaderBody(source.read, 5)
    assert await body.read() == b"ab"
    assert await body.read() == b"c"
    with pytest.raises(BodyError, match=CONNECTION_LOST):
        await body.read()


async def test_a_reader_is_cancelled_once_and_not_after_its_end() -> None:
    told: list[int] = []
    body = ReaderBody(Chunks(b"a").read, on_cancel=lambda: told.append(1))
    body.cancel()
    body.cancel()
    assert told == [1]
    assert await body.read() == b""
    ended = ReaderBody(Chunks().read, on_cancel=lambda: told.append(2))
    assert await ended.read() == b""
    ended.cancel()
    assert told == [1]


async def test_collecting_stops_at_its_limit() -> None:
    source = Chunks(b"abc", b"def")
    with pytest.raises(BodyError, match="Memory limit"):
        await collect(source, limit=5)
    assert source.cancelled
    announced = Pipe(6)
    with pytest.raises(BodyError, match="Memory limit"):
        await collect(announced, limit=5)
    assert announced.gone
    assert await collect(Chunks(b"abc", b"def"), limit=6) == b"abcdef"
    assert await collect(Chunks()) == b""


# ---- the table ---------------------------------------------------------------------------


def test_a_body_is_taken_once() -> None:
    table = BodyTable()
    stream = Chunks()
    handle = table.add(stream)
    assert table.get(handle) is stream
    assert table.take(handle) is stream
    for look in (table.get, table.take):
        with pytest.raises(BodyError):
            look(handle)
    table.release(handle)
    assert not stream.cancelled, "who took it over decides"


def test_a_released_body_is_cancelled() -> None:
    table = BodyTable()
    stream = Chunks()
    table.release(table.add(stream))
    assert stream.cancelled
    assert len(table) == 0


async def test_a_closed_table_cancels_what_it_reads_and_breaks_off_what_it_writes() -> None:
    table = BodyTable()
    stream = Chunks()
    table.add(stream)
    handle = table.open(None)
    taken = table.take(handle)
    table.close()
    assert stream.cancelled
    with pytest.raises(BodyError, match=CONNECTION_LOST):
        await taken.read()
    assert len(table) == 0


def test_bodies_cross_as_what_they_are() -> None:
    table = BodyTable()
    stream = Chunks()
    assert table.received(None) is None
    assert table.received("é") == "é".encode()
    assert table.received(b"x") == b"x"
    assert table.received(table.add(stream)) is stream
    assert table.sent(None) is None
    assert table.sent(b"x") == b"x"
    assert table.sent(BufferedBody(b"y")) == b"y"
    handle = table.sent(stream)
    assert isinstance(handle, int)
    assert table.take(handle) is stream


# ---- content codings -----------------------------------------------------------------------


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
