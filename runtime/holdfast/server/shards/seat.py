"""What a shard has of its supervisor: its place, its sockets, and a line to talk on."""

import asyncio
import fcntl
import os
import socket
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import field

from holdfast.dataclass import dataclass

BEAT_SECONDS = 0.1


_places: list[int] = []  # descriptors that are closed by the end of the process, whatever ends it


class PlaceTaken(Exception):
    """Another process has this place, and with it the objects that belong there."""


def take_place(path: str) -> None:
    """Have the place of the shard with this socket for as long as this process lives.

    Raises PlaceTaken.
    """
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise PlaceTaken(f"another process holds {path}.lock") from error
    _places.append(descriptor)


@dataclass(slots=True)
class Seat:
    """A shard's place. `listeners` are its own sockets at the servers' ports, by name.

    `everywhere` names those servers that each shard has. What is sent to the `outboxes` comes out
    of the `inbox` of the shard with this place. `beats`, `loads` and `restarts` are memory that the
    supervisor and all shards see: when each was last seen to get on, how busy it is (balance.py),
    and how often it had to be started again. So is `ticks`, one word: until when cron triggers were
    run.
    """

    index: int
    paths: Sequence[str]
    listeners: dict[str, list[socket.socket]]
    everywhere: Collection[str]
    link_listener: socket.socket
    control: socket.socket
    inbox: socket.socket
    outboxes: Sequence[socket.socket]
    beats: "memoryview[float]"
    loads: "memoryview[float]"
    restarts: "memoryview[float]"
    ticks: "memoryview[float]"
    is_replacement: bool
    on_beat: Callable[[], None] | None = None
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def beat(self) -> None:
        """This shard gets on: an event is about to be handled."""
        self.beats[self.index] = time.monotonic()

    def attend(self, stop: asyncio.Event) -> None:
        """Beat from now on, and listen to the supervisor, who may set `stop`.

        Without a supervisor there is no shard: the process ends.
        """
        loop = asyncio.get_running_loop()
        self.control.setblocking(False)

        def beat() -> None:
            self.beat()
            loop.call_later(BEAT_SECONDS, beat)
            if self.on_beat is not None:
                self.on_beat()

        def hear() -> None:
            try:
                words = self.control.recv(64)
            except ConnectionResetError:  # it has not read what we had said
                words = b""
            if not words:
                os._exit(1)
            if b"s" in words:
                stop.set()
            if b"c" in words:
                stop.set()
                self._closing.set()

        beat()
        loop.add_reader(self.control, hear)

    def say_ready(self) -> None:
        """Events are taken."""
        self.control.send(b"r")

    async def drained(self) -> None:
        """Return when no shard has a client any more; this one has none.

        Until then the others may still call objects of this one.
        """
        self.control.send(b"d")
        await self._closing.wait()
        asyncio.get_running_loop().remove_reader(self.control)
