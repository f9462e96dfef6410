"""The sockets of a server with several shards, opened before there is any."""

import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = "shards"  # in the data folder
BACKLOG = 1024
MAX_PATH_BYTES = 100  # sun_path has 104 on macOS, 108 on Linux


def open_ports(host: str, port: int, count: int) -> list[list[socket.socket]]:
    """Sockets bound to an address, for each of `count` shards its own.

    Each listens from when its shard is ready for the first time; the kernel spreads connections
    over those that do. Port 0 asks for any. Raises OSError.
    """
    with ExitStack() as undo:
        shards: list[list[socket.socket]] = [[] for _ in range(count)]
        for address in _addresses(host, port):
            family = socket.AF_INET6 if len(address) == 4 else socket.AF_INET
            chosen = (address[0], port, *address[2:])
            with _bound(family, chosen, shares=False) as probe:  # or others could share it, too
                port = probe.getsockname()[1]
            chosen = (address[0], port, *address[2:])
            for sockets in shards:
                sockets.append(undo.enter_context(_bound(family, chosen, shares=True)))
        for listener in (each for sockets in shards for each in sockets):
            listener.setblocking(False)
        undo.pop_all()
        return shards


def _addresses(host: str, port: int) -> list[tuple[Any, ...]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys(entry[4] for entry in found))


def _bound(
    family: socket.AddressFamily, address: tuple[Any, ...], *, shares: bool
) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if shares:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


@contextmanager
def open_links(data: Path, count: int) -> Iterator[Sequence[tuple[str, socket.socket]]]:
    """The shards' own sockets: paths that only this user reaches, and what listens there."""
    folder = data.absolute() / FOLDER
    if len(str(folder / "999.sock").encode()) > MAX_PATH_BYTES:
        folder = Path(tempfile.mkdtemp(prefix="holdfast-"))
    else:
        shutil.rmtree(folder, ignore_errors=True)  # of a server that was killed
        folder.mkdir(mode=0o700)
    links: list[tuple[str, socket.socket]] = []
    try:
        for index in range(count):
            path = str(folder / f"{index}.sock")
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            links.append((path, listener))
            listener.bind(path)
            listener.listen(BACKLOG)
            listener.setblocking(False)
        yield links
    finally:
        for _, listener in links:
            listener.close()
        shutil.rmtree(folder, ignore_errors=True)


class Mailbox(NamedTuple):
    """What is sent to a shard's `outbox` comes out of its `inbox`, one datagram after the other."""

    inbox: socket.socket
    outbox: socket.socket

    def close(self) -> None:
        """Close both ends."""
        self.inbox.close()
        self.outbox.close()


@contextmanager
def open_mailboxes(count: int) -> Iterator[Sequence[Mailbox]]:
    """Where shards hand each other descriptors. Nobody waits for room or for a message there."""
    with ExitStack() as stack:
        mailboxes = []
        for _ in range(count):
            mailbox = Mailbox(*socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
            stack.callback(mailbox.close)
            mailbox.inbox.setblocking(False)
            mailbox.outbox.setblocking(False)
            mailboxes.append(mailbox)
        yield mailboxes
