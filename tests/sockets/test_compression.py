"""permessage-deflate: who gets it, on which terms, and what it may cost.

https://www.rfc-editor.org/rfc/rfc7692
"""

import asyncio
import random
import re
import zlib

import pytest

from holdfast.host import sockets_deflate
from holdfast.host.constants import MAX_SOCKET_MESSAGE_BYTES
from holdfast.host.sockets_deflate import DeflatedWireEnd
from holdfast.host.sockets_end import join
from holdfast.host.sockets_extensions import agreed
from tests.inprocess import Server
from tests.sockets.clients import HANDSHAKE, Clients, frame
from tests.sockets.test_wire import Pipe, Recorder

NAME = "permessage-deflate"
PLAIN = f"{NAME}; client_no_context_takeover; server_no_context_takeover"

ECHO = """
export class Room {
  constructor(ctx) { this.ctx = ctx; }
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
  webSocketMessage(socket, message) { socket.send(message); }
}
export default { fetch(request, env, { exports }) {
  const url = new URL(request.url);
  if (url.pathname === "/room") return exports.Room.getByName("a").fetch(request);
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(data));
  const own = url.searchParams.get("own");
  const headers = own === null ? {} : { "Sec-WebSocket-Extensions": own };
  return new Response(null, { status: 101, webSocket: client, headers });
} };
"""


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(
        b"\0\0\xff\xff"
    )


@pytest.mark.parametrize(
    ("offered", "answer"),
    [
        ("", None),
        (NAME, PLAIN),
        (f"{NAME}; client_max_window_bits", PLAIN),
        (f"{NAME}; client_max_window_bits=10", PLAIN),
        (f"{NAME};server_no_context_takeover;client_no_context_takeover", PLAIN),
        (f"{NAME}; server_max_window_bits=10", f"{PLAIN}; server_max_window_bits=10"),
        (f'{NAME}; server_max_window_bits="15"', f"{PLAIN}; server_max_window_bits=15"),
        (f"{NAME}; server_max_window_bits=8", None),
        (f"{NAME}; server_max_window_bits=8, {NAME}", PLAIN),
        (f"{NAME}; server_max_window_bits=16", None),
        (f"{NAME}; server_max_window_bits=010", None),
        (f"{NAME}; server_max_window_bits", None),
        (f"{NAME}; client_no_context_takeover=1", None),
        (f"{NAME}; server_no_context_takeover; server_no_context_takeover", None),
        (f"{NAME}; unknown", None),
        (f"{NAME}; unknown, {NAME}", PLAIN),
        ("x-webkit-deflate-frame", None),
        (f"{NAME}; ;", None),
    ],
)
def test_the_first_offer_that_can_be_met_is_taken(offered: str, answer: str | None) -> None:
    terms = agreed(offered, None)
    assert (terms and terms.answer) == answer


def test_a_worker_refuses_compression_or_narrows_the_window() -> None:
    assert agreed(NAME, "") is None
    assert agreed(NAME, "something else") is None
    terms = agreed(NAME, f"{NAME}; server_max_window_bits=9")
    assert terms is not None and terms.answer == f"{PLAIN}; server_max_window_bits=9"
    assert terms.window_bits == 9
    assert agreed("", NAME) is None


async def handshake(clients: Clients, path: str = "/", offered: str = NAME) -> str | None:
    """What is agreed to. The client hangs up without a close, which older dates do not answer."""
    extensions = f"Sec-WebSocket-Extensions: {offered}\r\n\r\n"
    socket = await clients.raw(path, handshake=HANDSHAKE.removesuffix("\r\n") + extensions)
    found = re.search(
        r"^sec-websocket-extensions: (.*)\r$", socket.head, re.IGNORECASE | re.MULTILINE
    )
    return found and found[1]


async def test_a_client_gets_what_the_script_allows(server: Server, clients: Clients) -> None:
    server.add("main", ECHO)
    assert await handshake(clients) == PLAIN
    assert await handshake(clients, "/room") == PLAIN
    assert await handshake(clients, offered="foo") is None
    assert await handshake(clients, "/?own=") is None
    for flags, date, expected in [
        (["no_web_socket_compression"], "2026-01-01", None),
        ([], "2023-08-14", None),
        (["web_socket_compression"], "2023-08-14", PLAIN),
    ]:
        server.add("main", ECHO, compatibility_flags=tuple(flags), compatibility_date=date)
        assert await handshake(clients) == expected


@pytest.mark.parametrize("path", ["/", "/room"])
async def test_messages_go_both_ways(server: Server, clients: Clients, path: str) -> None:
    server.add("main", ECHO)
    socket = await clients.open(path, compress=15)
    assert socket.compress == 15
    for text in ["", "short", "ü" * 100, "a text that repeats, " * 1_000, "x" * 3_000_000]:
        await socket.send_str(text)
        assert await socket.receive_str() == text
        await socket.send_bytes(text.encode())
        assert await socket.receive_bytes() == text.encode()
        await socket.send_str(text, compress=0)
        assert await socket.receive_str() == text


async def test_what_is_sent_is_compressed_where_it_gains(server: Server, clients: Clients) -> None:
    server.add("main", ECHO)
    lines = (
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Extensions: {NAME}\r\n\r\n"
    )
    raw = await clients.raw(handshake=lines)
    # RFC 7692, 7.2.3.1, and in two frames, and with a block that is final (7.2.3.4)
    for sent in [
        [frame(0xC1, bytes.fromhex("f248cdc9c90700"))],
        [frame(0x41, bytes.fromhex("f248cd"), final=False), frame(0x80, bytes.fromhex("c9c90700"))],
        [frame(0xC1, bytes.fromhex("f348cdc9c9070000"))],
        [frame(0xC1, bytes.fromhex("f24805000000ffffcac9c90700"))],
        [frame(0xC1, bytes.fromhex("000500faff48656c6c6f00"))],
    ]:
        for piece in sent:
            raw.writer.write(piece)
        assert await raw.reader.readexactly(7) == b"\x81\x05Hello"
    raw.writer.write(frame(0xC1, deflated(b"again and " * 50)))
    head = await raw.reader.readexactly(2)
    assert head[0] == 0xC1 and head[1] < 60
    body = await raw.reader.readexactly(head[1])
    inflater = zlib.decompressobj(-15)
    assert inflater.decompress(body + b"\0\0\xff\xff") == b"again and " * 50


def wired(window_bits: int = 15) -> tuple[DeflatedWireEnd, Recorder, Pipe]:
    pipe, recorder = Pipe(), Recorder()
    loop = asyncio.get_running_loop()
    wire = DeflatedWireEnd(pipe, loop, window_bits=window_bits, on_end=lambda _: None)
    join(wire, recorder)
    return wire, recorder, pipe


async def test_sockets_that_share_a_compressor_share_no_context() -> None:
    secret = b"".join(b"a secret of number %d; " % n for n in range(40))
    written = []
    for _ in range(2):
        _wire, other, pipe = wired()
        other.send(secret)
        written.append(pipe.written)
    assert written[0] == written[1]
    body = written[1][2 if written[1][1] < 126 else 4 :]
    assert zlib.decompressobj(-15).decompress(body + b"\0\0\xff\xff") == secret


async def test_a_message_refers_to_nothing_that_came_before() -> None:
    wire, heard, pipe = wired()
    compressor = zlib.compressobj(wbits=-15)
    text = b"a text that is known by then"
    for _ in range(2):
        piece = compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)
        wire.data_received(frame(0xC2, piece.removesuffix(b"\0\0\xff\xff")))
    assert heard.heard == [text, "failed"]
    assert pipe.written[2:4] == (1007).to_bytes(2, "big")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([frame(0xC2, b"\xff\xff\xff")], 1007),
        ([frame(0xC1, deflated(b"\xff\xfe"))], 1007),
        ([frame(0x42, b"x", final=False), frame(0xC2, b"y")], 1002),
        ([frame(0x42, b"x", final=False), frame(0x82, b"y")], 1002),
        ([frame(0x42, b"x", final=False), frame(0xC0, b"y")], 1002),
        ([frame(0xC0, b"y")], 1002),
        ([frame(0xA2, b"y")], 1002),
        ([frame(0xC2, b"\x03\x00" * 100)], 1007),
        ([frame(0xC9, b"ping")], 1002),
        ([frame(0xC8, b"\x03\xe8")], 1002),
        ([frame(0x42, b"x", final=False), frame(0xCA)], 1002),
    ],
)
async def test_what_is_no_message_ends_the_connection(frames: list[bytes], code: int) -> None:
    whole = b"".join(frames)
    for pieces in (frames, [whole], [whole[at : at + 1] for at in range(len(whole))]):
        wire, heard, pipe = wired()
        for piece in pieces:
            wire.data_received(piece)
        assert heard.heard == ["failed"]
        assert pipe.written[2:4] == code.to_bytes(2, "big")


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
async def test_a_control_frame_that_claims_compression_is_found_behind_any_message(
    size: int,
) -> None:
    whole = frame(0x82, b"\xc9" * size) + frame(0x89, b"\xc9") + frame(0xC9)
    for step in (len(whole), 4_099, 7):
        wire, heard, pipe = wired()
        for at in range(0, len(whole), step):
            wire.data_received(whole[at : at + step])
        assert heard.heard == [b"\xc9" * size, "failed"]
        assert pipe.written.startswith(b"\x8a\x01\xc9\x88")


async def test_a_bomb_is_refused_at_the_limit_of_a_message() -> None:
    wire, heard, pipe = wired()
    piece = deflated(bytes(MAX_SOCKET_MESSAGE_BYTES + 1))
    assert len(piece) < 50_000
    wire.data_received(frame(0xC2, piece))
    while not heard.heard:
        await asyncio.sleep(0)
    assert heard.heard == ["failed"]
    assert pipe.written[2:4] == (1009).to_bytes(2, "big")


async def test_what_swells_is_handed_on_bit_by_bit() -> None:
    wire, heard, _pipe = wired()
    piece = frame(0xC2, deflated(bytes(500_000)))
    wire.data_received(piece * 200)
    at_once = len(heard.heard)
    # No more than what one slice becomes after the limit.
    assert (
        0
        < at_once
        <= (sockets_deflate.MAX_INFLATED_BYTES + 1032 * sockets_deflate.SLICE_BYTES) // 500_000
    )
    wire.hold()
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(heard.heard) == at_once
    wire.data_received(frame(0x81, b"behind"))
    wire.go_on()
    while len(heard.heard) < 201:
        await asyncio.sleep(0)
    assert heard.heard[-1] == "behind"


def played(chance: random.Random) -> tuple[bytes, list[str | bytes]]:
    """Frames of some messages, compressed or not, in fragments and with pings; the messages."""
    stream, messages = b"", []
    for _ in range(chance.randint(1, 6)):
        data = bytes(chance.choices(b"abc", k=chance.choice([0, 3, 100, 9_000])))
        is_text, is_deflated = chance.random() < 0.5, chance.random() < 0.7
        body = deflated(data) if is_deflated else data
        middle = chance.randint(0, len(body))
        parts = [body[:middle], body[middle:]] if chance.random() < 0.5 else [body]
        for i, part in enumerate(parts):
            opcode = 0 if i else (1 if is_text else 2) | (0x40 if is_deflated else 0)
            stream += frame(opcode, part, final=i == len(parts) - 1)
            stream += frame(9, b"ping") if chance.random() < 0.2 else b""
        messages.append(data.decode() if is_text else data)
    return stream, messages


@pytest.mark.parametrize("seed", range(30))
async def test_messages_do_not_depend_on_how_bytes_arrive(seed: int) -> None:
    chance = random.Random(seed)
    wire, heard, _pipe = wired()
    stream, messages = played(chance)
    while stream:
        size = chance.choice([1, 7, 1_000, 100_000])
        wire.data_received(stream[:size])
        stream = stream[size:]
        if chance.random() < 0.1:
            wire.hold()
            await asyncio.sleep(0)
            wire.go_on()
    while len(heard.heard) < len(messages):
        await asyncio.sleep(0)
    assert heard.heard == messages
