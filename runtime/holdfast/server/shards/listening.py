"""The sockets on which shards speak to each other, opened before there is any."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from holdfast.server.listening import BACKLOG
from holdfast.server.shards.link_folder import link_folder


@contextmanager
def open_links(data: Path, count: int) -> Iterator[Sequence[tuple[str, socket.socket]]]:
    """The shards' own sockets: paths that only this user reaches, and what listens there."""
    with ExitStack() as stack:
        folder = stack.enter_context(link_folder(data))
        links: list[tuple[str, socket.socket]] = []
        for index in range(count):
            path = str(folder / f"{index}.sock")
            listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            links.append((path, listener))
            listener.bind(path)
            listener.listen(BACKLOG)
            listener.setblocking(False)
        yield links


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
