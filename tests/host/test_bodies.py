import pytest

from holdfast.host.bodies import BodyTable
from holdfast.host.byte_streams import CONNECTION_LOST, BodyError, BufferedBody
from tests.host.chunks import Chunks


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
