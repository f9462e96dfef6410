"""What a connection makes of bytes, whatever they are."""

import asyncio
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from holdfast.host import sockets_wire
from holdfast.host.sockets_end import Message, SocketEnd, join
from holdfast.host.sockets_wire import WireEnd
from tests.sockets.clients import frame


class Recorder(SocketEnd):
    """An end that keeps what it hears."""

    listening = True

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []

    def on_message(self, message: Message) -> None:
        self.heard.append(message)

    def on_close(self, code: int, reason: str) -> None:
        self.heard.append((code, reason))

    def on_loss(self) -> None:
        self.heard.append("lost")

    def on_failure(self, reason: str) -> None:
        self.heard.append("failed")


class Pipe(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.waiting = 0
        self._closing = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def write(self, data: Any) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        """There is nothing to pause."""

    def resume_reading(self) -> None:
        """Nor to resume."""

    def get_write_buffer_size(self) -> int:
        return self.waiting


PAYLOADS = st.binary(max_size=300)
WELL_FORMED = st.builds(frame, st.sampled_from([1, 2, 9, 10]), PAYLOADS, final=st.booleans())
ANY_FRAME = st.builds(frame, st.integers(0, 15), PAYLOADS, final=st.booleans())
STREAMS = st.lists(WELL_FORMED | ANY_FRAME | st.binary(max_size=40), max_size=12)


def played(pieces: list[bytes]) -> tuple[list[Any], bytes]:
    """What the peer hears of these bytes, and what is answered; then the client hangs up."""

    async def play() -> tuple[list[Any], bytes]:
        transport, recorder = Pipe(), Recorder()
        ends: list[BaseException | None] = []
        wire = WireEnd(transport, asyncio.get_running_loop(), is_client=False, on_end=ends.append)
        join(wire, recorder)
        for piece in pieces:
            wire.data_received(piece)
        for _ in range(20):
            await asyncio.sleep(0)  # messages beyond the first are handed on by the loop
        wire.connection_lost(None)
        assert ends == [None] and wire.peer is None
        return recorder.heard, transport.written

    return asyncio.run(play())


@given(STREAMS)
@example([frame(1, b"x")] * 200)
def test_no_bytes_break_a_connection_without_its_peer_hearing(frames: list[bytes]) -> None:
    heard, _ = played(frames)
    ends = [item for item in heard if not isinstance(item, str) or item in ("lost", "failed")]
    ends = [item for item in ends if not isinstance(item, bytes)]
    assert ends, "every connection ends"
    assert heard[-1] in ends, "nothing is heard after the end"


@given(st.lists(st.text(max_size=200), max_size=20), st.data())
def test_messages_are_heard_in_order_wherever_the_bytes_are_cut(
    texts: list[str], data: st.DataObject
) -> None:
    stream = b"".join(frame(1, text.encode()) for text in texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert played(pieces)[0] == [*texts, "lost"]


async def test_who_does_not_read_the_answers_to_pings_is_given_up() -> None:
    transport = Pipe()
    transport.waiting = sockets_wire.MAX_BACKLOG_BYTES + 1_000
    wire = WireEnd(transport, asyncio.get_running_loop(), is_client=False, on_end=lambda _: None)
    wire.data_received(frame(9, b"x"))
    assert not transport.is_closing()
    wire.pause_writing()
    wire.data_received(frame(9, b"x"))
    assert transport.is_closing()
    wire.connection_lost(None)


@pytest.mark.parametrize(
    ("waiting", "reads", "given_up"),
    [(20 << 20, False, True), (20 << 20, True, False), (10 << 20, False, False)],
)
async def test_who_does_not_read_for_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch, waiting: int, reads: bool, given_up: bool
) -> None:
    monkeypatch.setattr(sockets_wire, "SLOW_SECONDS", 0.0)
    transport = Pipe()
    transport.waiting = waiting
    wire = WireEnd(transport, asyncio.get_running_loop(), is_client=False, on_end=lambda _: None)
    wire.pause_writing()
    wire.on_message("one more")
    if reads:
        wire.resume_writing()
    for _ in range(3):
        await asyncio.sleep(0)
    assert transport.is_closing() is given_up
    wire.connection_lost(None)


async def test_who_is_shut_out_while_sending_is_not_reset() -> None:
    """Its proxy would see the connection break off before it has read the close frame."""
    pipe, ended = Pipe(), []
    wire = WireEnd(pipe, asyncio.get_running_loop(), is_client=False, on_end=ended.append)
    join(wire, Recorder())
    wire.shut_down(1001)
    assert pipe.written == b"\x88\x02\x03\xe9"
    wire.data_received(frame(1, b"late") * 100)
    assert not pipe.is_closing(), "what comes is read for a moment"
    wire.connection_lost(None)
    assert ended == [None]

    answered = Pipe()
    wire = WireEnd(answered, asyncio.get_running_loop(), is_client=False, on_end=ended.append)
    join(wire, Recorder())
    wire.data_received(frame(8, b"\x03\xe8"))
    wire.shut_down(1001)
    assert answered.is_closing(), "who has said its last has nothing to read"
    wire.connection_lost(None)
