"""RFC 6455 case by case, in the groups of Autobahn's test suite."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from holdfast.host.constants import MAX_SOCKET_MESSAGE_BYTES
from holdfast.host.sockets_end import join
from holdfast.host.sockets_wire import WireEnd
from tests.sockets.clients import frame
from tests.sockets.test_wire import Pipe, Recorder

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def part(opcode: int, payload: bytes = b"", *, final: bool = False) -> bytes:
    return frame(opcode, payload, final=final)


def bare(opcode: int, payload: bytes = b"", first: int = 0x80) -> bytes:
    """A frame without a mask, as servers send them."""
    return bytes([first | opcode, len(payload)]) + payload


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


def last(payload: bytes = b"") -> bytes:
    return part(0, payload, final=True)


def reserved(opcode: int, bits: int) -> bytes:
    return bytes([0x80 | bits << 4 | opcode, 0x80]) + bytes(4)


# What is sent, and what the peer hears of it.
HEARD: dict[str, tuple[list[bytes], list[Any]]] = {
    "1 sizes": (
        [frame(TEXT, b"*" * n) for n in (0, 1, 125, 126, 65_535, 65_536)],
        ["*" * n for n in (0, 1, 125, 126, 65_535, 65_536)],
    ),
    "1 bytes": ([frame(BINARY, b"\xff\x00")], [b"\xff\x00"]),
    "2 pings and pongs": ([frame(PING, b"x" * 125), frame(PONG), frame(PONG, b"?")], []),
    "5 fragments": ([part(TEXT, b"a"), part(0, b"b"), last(b"c")], ["abc"]),
    "5 empty fragments": ([part(TEXT), part(0), last()], [""]),
    "5 fragments of bytes": ([part(BINARY, b"\xff"), last(b"\xfe")], [b"\xff\xfe"]),
    "5 a ping between": ([part(TEXT, b"a"), frame(PING), last(b"b")], ["ab"]),
    "5 many": ([part(TEXT), *[part(0, b"a")] * 2_000, last()], ["a" * 2_000]),
    "5 two messages": ([part(TEXT, b"a"), last(b"b"), part(BINARY, b"c"), last()], ["ab", b"c"]),
    "6 a letter cut": ([part(TEXT, b"\xf0\x9f"), part(0, b"\x98"), last(b"\x80")], ["\U0001f600"]),
    "6 no characters": ([frame(TEXT, "\uffff\0".encode())], ["\uffff\0"]),
    "7 close": ([close(1000, b"bye")], [(1000, "bye")]),
    "7 close without a code": ([frame(CLOSE)], [(1005, "")]),
    "7 a long reason": ([close(4999, b"r" * 123)], [(4999, "r" * 123)]),
    "7 close in a message": ([part(TEXT, b"a"), close(1000)], [(1000, "")]),
    "7 after a close": ([close(1000), frame(TEXT, b"late")], [(1000, "")]),
    **{
        f"7 close {code}": ([close(code)], [(code, "")])
        for code in (1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000)
    },
}
# What is sent, and the code with which the connection fails.
FAILS: dict[str, tuple[list[bytes], int]] = {
    "2 a long ping": ([frame(PING, bytes(126))], 1002),
    "2 half a ping": ([part(PING)], 1002),
    **{f"3 bits {bits}": ([reserved(TEXT, bits)], 1002) for bits in range(1, 8)},
    **{f"4 opcode {n}": ([frame(n)], 1002) for n in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "5 nothing to go on with": ([last(b"a")], 1002),
    "5 nothing any more": ([part(TEXT), last(), part(0)], 1002),
    "5 a message in another": ([part(TEXT, b"a"), frame(TEXT, b"b")], 1002),
    "5 a message in an empty one": ([part(TEXT), frame(TEXT, b"b")], 1002),
    "5 text in empty bytes": ([part(BINARY), frame(TEXT, b"b")], 1002),
    "5 a beginning in another": ([part(TEXT), part(BINARY)], 1002),
    **{
        f"6 {text!r}": ([frame(TEXT, text)], 1007)
        for text in (b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xce", b"\x80", b"\xfe")
    },
    "6 known before the end": ([part(TEXT, b"ok"), part(0, b"\xf4\x90")], 1007),
    "6 cut at the end": ([part(TEXT, b"a"), last(b"\xce")], 1007),
    "7 half a code": ([frame(CLOSE, b"\x03")], 1002),
    "7 a reason too long": ([close(1000, b"r" * 124)], 1002),
    "7 a reason that is no text": ([close(1000, b"\xce\xba\xff")], 1007),
    **{
        f"7 close {code}": ([close(code)], 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
    },
    "9 too large": ([b"\x82\xff" + (MAX_SOCKET_MESSAGE_BYTES + 1).to_bytes(8, "big")], 1009),
    "9 larger than can be": ([b"\x82\xff" + b"\xff" * 8], 1009),
    "9 parts too large": ([part(BINARY), *[part(0, bytes(1 << 20))] * 33], 1009),
    "no mask": ([bare(TEXT, b"a")], 1002),
    "no mask, and nothing": ([bare(TEXT)], 1002),
    "no mask in the middle": ([part(TEXT, b"a"), bare(0, b"b")], 1002),
    "a ping without a mask": ([bare(PING)], 1002),
    "a close without a mask": ([bare(CLOSE, b"\x03\xe8")], 1002),
}


def conversation(pieces: list[bytes], *, is_client: bool = False) -> tuple[list[Any], bytes]:
    """What the peer hears of these bytes, and what is answered."""

    async def converse() -> tuple[list[Any], bytes]:
        transport, recorder = Pipe(), Recorder()
        loop = asyncio.get_running_loop()
        wire = WireEnd(transport, loop, is_client=is_client, on_end=lambda _: None)
        join(wire, recorder)
        for piece in pieces:
            wire.data_received(piece)
        answered = transport.written
        heard = [*recorder.heard]
        wire.connection_lost(None)
        return heard, answered

    return asyncio.run(converse())


@pytest.mark.parametrize("case", HEARD)
def test_what_keeps_to_the_protocol_is_heard(case: str) -> None:
    pieces, wanted = HEARD[case]
    whole = b"".join(pieces)
    assert conversation(pieces)[0] == wanted
    assert conversation([whole])[0] == wanted
    if len(whole) < 1_000:
        assert conversation([whole[at : at + 1] for at in range(len(whole))])[0] == wanted


@pytest.mark.parametrize("case", FAILS)
def test_what_breaks_the_protocol_fails_the_connection(case: str) -> None:
    pieces, code = FAILS[case]
    heard, answered = conversation([*pieces, frame(TEXT, b"late")])
    assert heard[-1:] == ["failed"] and "late" not in heard
    frames = answered[answered.index(b"\x88") :]
    assert int.from_bytes(frames[2:4], "big") == code and len(frames) == 2 + frames[1]


async def test_a_message_that_is_refused_is_let_go_of_at_once() -> None:
    beginning = part(BINARY, bytes(1 << 20))
    for end, has_failed in ((beginning, True), (b"", False)):
        transport = Pipe()
        wire = WireEnd(
            transport, asyncio.get_running_loop(), is_client=False, on_end=lambda _: None
        )
        assert wire._reader is not None
        reader = weakref.ref(wire._reader)
        gc.disable()
        try:
            wire.data_received(beginning)
            wire.data_received(end)
            assert wire._has_failed is has_failed
            if not has_failed:
                wire.connection_lost(None)
            assert reader() is None
        finally:
            gc.enable()


def test_pings_are_answered_until_a_close_has_come() -> None:
    _, answered = conversation([frame(PING, b"a"), frame(PING), close(1000), frame(PING, b"b")])
    assert answered == b"\x8a\x01a\x8a\x00"


def test_a_servers_frames_must_not_be_masked() -> None:
    assert conversation([bare(TEXT, b"a"), bare(TEXT)], is_client=True)[0] == ["a", ""]
    assert conversation([bare(TEXT, b"a", 0), bare(0, b"b")], is_client=True)[0] == ["ab"]
    for sent in (frame(TEXT, b"a"), frame(TEXT), frame(CLOSE)):
        assert conversation([sent], is_client=True)[0] == ["failed"]
