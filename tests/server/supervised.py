"""A supervisor of shards that serve nobody: `python supervised.py BEHAVIOUR`.

It runs in a folder of its own, where the shards leave word of what they do.
"""

import asyncio
import logging
import os
import select
import signal
import sys
from pathlib import Path

from holdfast.server.shards import supervisor as module
from holdfast.server.shards.listening import open_links, open_mailboxes
from holdfast.server.shards.seat import Seat
from holdfast.server.shards.supervisor import Supervisor

FOLDER = Path()


def _starts() -> int:
    """How often a shard was started, this time included."""
    with (FOLDER / "starts").open("ab") as starts:
        starts.write(b".")
        return starts.tell()


def _hear(seat: Seat) -> bytes:
    select.select([seat.control], [], [])
    return seat.control.recv(64)


def serve(seat: Seat) -> int:
    """Be ready until told to end."""
    seat.say_ready()
    seat.beat()
    assert _hear(seat) == b"s"
    return 0


def ends_unheard(seat: Seat) -> int:
    """End without having listened to the supervisor."""
    seat.say_ready()
    select.select([seat.control], [], [])
    return 3


def is_killed_once(seat: Seat) -> int:
    """Be killed before being ready, and serve the next time."""
    if _starts() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return serve(seat)


def is_killed(_seat: Seat) -> int:
    """Be killed before being ready, whenever started."""
    _starts()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it lives on")


def is_stuck_once(seat: Seat) -> int:
    """Never beat, with much memory that the kernel has to take back; serve the next time."""
    if _starts() > 1:
        return serve(seat)
    memory = bytearray(256 << 20)
    memory[::4096] = b"x" * len(memory[::4096])
    seat.say_ready()
    assert not _hear(seat)
    return 0


def attends(seat: Seat) -> int:
    """Be ready, and do nothing but what belongs to a seat."""

    async def attend() -> None:
        stop = asyncio.Event()
        seat.attend(stop)
        seat.say_ready()
        (FOLDER / "ready").touch()
        await stop.wait()

    asyncio.run(attend())
    return 0


def main(behaviour: str) -> int:
    """Run one shard that behaves so."""
    logging.basicConfig(level=logging.INFO)
    module._die_with_parent = lambda parent: None  # as where the kernel does not see to it
    with open_links(FOLDER / "data", 1) as links, open_mailboxes(1) as mailboxes:
        return Supervisor(
            globals()[behaviour],
            links=links,
            mailboxes=mailboxes,
            listeners=[{}],
            stuck_seconds=60 if behaviour != is_stuck_once.__name__ else 0.1,
            on_stop=lambda: None,
        ).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
