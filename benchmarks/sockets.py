"""The load of WebSocket rows: sockets of this process, driven by epoll, frames made before.

An echo row keeps one message under way on each connection. A broadcast row has one message
sent to all sockets of an object, and the next when the last of them has it.
"""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from benchmarks.load import LoadFailed, Run
from benchmarks.rows import Row

TIMEOUT_S = 60
ROOM_SIZE = 1_000

_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_NO_MASK = bytes(4)  # frames of a client are masked; zeros change nothing


def run_sockets(origin: str, row: Row, *, seconds: int, connections: int) -> Run:
    """Measure a row of WebSockets. Blocks for `seconds`. Raises LoadFailed."""
    count = ROOM_SIZE if row.sockets == "broadcast" else connections
    with opened(origin, row.path, count) as sockets:
        measure = _broadcasts if row.sockets == "broadcast" else _echoes
        started = time.perf_counter()
        took = sorted(measure(sockets, started + seconds))
        elapsed = time.perf_counter() - started
    return Run(
        requests=len(took),
        requests_per_s=len(took) / elapsed,
        p50_ms=took[len(took) // 2] * 1000,
        p99_ms=took[len(took) * 99 // 100] * 1000,
    )


@contextmanager
def opened(origin: str, path: str, count: int) -> Iterator[list[socket.socket]]:
    """So many WebSockets of a path, until the context ends. Raises LoadFailed."""
    address = urlsplit(origin)
    assert address.hostname and address.port, "an origin of a server under test"
    with ExitStack() as stack:
        sockets = []
        for _ in range(count):
            made = socket.create_connection((address.hostname, address.port), TIMEOUT_S)
            sockets.append(stack.enter_context(made))
            _shake_hands(made, path, address.netloc)
        yield sockets


def _shake_hands(made: socket.socket, path: str, host: str) -> None:
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.sendall(_HANDSHAKE.format(path=path, host=host).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        received = made.recv(4096)
        if not received:
            raise LoadFailed(f"{path} hung up during the handshake: {head!r}")
        head += received
    if not head.startswith(b"HTTP/1.1 101 "):
        raise LoadFailed(f"{path} takes no WebSockets: {head!r}")


def _frame(text: bytes) -> bytes:
    return bytes([0x81, 0x80 | len(text)]) + _NO_MASK + text


def _poll(sockets: list[socket.socket]) -> tuple[select.epoll, dict[int, socket.socket]]:
    epoll = select.epoll()
    for each in sockets:
        epoll.register(each.fileno(), select.EPOLLIN)
    return epoll, {each.fileno(): each for each in sockets}


def _echoes(sockets: list[socket.socket], until: float) -> Iterator[float]:
    """Seconds from each message to its echo."""
    frame = _frame(b"a message of an ordinary size, such as chats have")
    size = len(frame) - len(_NO_MASK)
    epoll, by_number = _poll(sockets)
    with epoll:
        sent = dict.fromkeys(by_number, time.perf_counter())
        for each in sockets:
            each.send(frame)
        now = time.perf_counter()
        while now < until:
            for number, _ in _ready(epoll):
                each = by_number[number]
                if len(each.recv(4096)) != size:
                    raise LoadFailed("an echo was cut short or is not what was sent")
                now = time.perf_counter()
                yield now - sent[number]
                sent[number] = now
                each.send(frame)


def _broadcasts(sockets: list[socket.socket], until: float) -> Iterator[float]:
    """Seconds from each message to its last receiver."""
    text = b"a message for everybody, of an ordinary size"
    frame = _frame(text)
    expected = len(sockets) * (len(frame) - len(_NO_MASK))
    epoll, by_number = _poll(sockets)
    rounds = 0
    with epoll:
        while (started := time.perf_counter()) < until:
            sockets[rounds % len(sockets)].send(frame)
            rounds += 1
            left = expected
            while left:
                for number, _ in _ready(epoll):
                    left -= len(by_number[number].recv(4096))
            yield time.perf_counter() - started


def _ready(epoll: select.epoll) -> list[tuple[int, int]]:
    ready = epoll.poll(TIMEOUT_S, 256)
    if not ready:
        raise LoadFailed("messages were lost")
    return ready
