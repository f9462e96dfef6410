import asyncio

import pytest

from holdfast.host.byte_streams import (
    CONNECTION_LOST,
    PIPE_BYTES,
    PIPE_CHUNKS,
    BodyError,
    Pipe,
    ReaderBody,
    collect,
)
from tests.host.chunks import Chunks


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
