"""A shard that has much to do hands connections to the one that has the least.

The kernel spreads connections by a hash, without regard to what they ask for: the owner of an
object that everybody calls has its calls to answer besides its share of the clients, and a few
connections of a proxy may all be one shard's. So each shard writes into shared memory how busy it
is, and a busy one hands over connections that are between two requests: their descriptors cross
as one datagram, with what lies unread in the kernel's buffers.

Invariants:

- A connection is read by one process at a time: it leaves its shard in the very callback in which
  its descriptor was sent, and only if it was.
- What was sent is not lost: the supervisor keeps both ends of every shard's mailbox open, so that
  a shard that dies leaves what it has not taken to its successor.
- A shard that has handed over looks again when it sees what came of it; one that was handed
  something keeps it for a while. So connections do not go to and fro.
"""

import logging
import math
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from holdfast.server.movable import MovableConnection

if TYPE_CHECKING:
    from holdfast.server.http_server import HttpServer
    from holdfast.server.shards.seat import Seat

log = logging.getLogger("holdfast.shards")

BUSY = 0.75  # of the time: a shard that has less to do keeps its clients
GAP = 0.4  # between two loads, which is not worth the moving: calls between shards cost as well
LEVEL = 1.2  # times what all have to do: loads that are no further apart are even
LOOKS = 3  # so many beats are what a load is measured over
ACTIVE_SECONDS = 1.0  # a connection without a request for so long is nobody's load
SETTLE_SECONDS = 2.0  # how long a shard keeps what it was handed
SILENT_SECONDS = 0.5  # one without a beat for so long is given nothing
MAX_AT_ONCE = 64  # descriptors in a datagram; Linux takes 253
NOBODY = math.inf  # the load of a shard that takes no connections

_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def receiver(own: float, others: Mapping[int, float]) -> int | None:
    """The place of the shard to hand connections to; None where all is well.

    Loads are from 0 to 1, of the others by place.
    """
    place = min(others, key=others.__getitem__)
    return place if own > BUSY and own - others[place] > GAP else None


def share(own: float, others: Mapping[int, float], place: int, active: int) -> int:
    """How many of `active` connections to hand to a place, so that it has as much to do as we.

    Every busy shard is about to hand it a share. Half a connection is none: the only one that is
    active would go from shard to shard.
    """
    givers = 1 + sum(BUSY < load < NOBODY for load in others.values())
    excess = active * (own - others[place]) / (own * (givers + 1))
    return math.ceil(excess - 0.5)


def is_level(loads: Sequence[float], place: int) -> bool:
    """True if the shard in that place has hardly more to do than the others have.

    What it makes may then be its own; or else one that makes objects for many, such as the one that
    a queue's batches come to, would own them all.
    """
    known = [load for load in loads if load < NOBODY]
    own = loads[place]
    return own < NOBODY and len(known) > 1 and own <= LEVEL * sum(known) / len(known)


def make_gauge() -> Callable[[], float]:
    """A function that tells for how many seconds this thread had something to do.

    On Linux the time counts as well in which it was about to run and other processes had the cores:
    who waits for it waits longer. https://docs.kernel.org/scheduler/sched-stats.html
    """
    try:
        descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return time.thread_time

    def seconds() -> float:
        ran, waited, _ = os.pread(descriptor, 100, 0).split()
        return (int(ran) + int(waited)) / 1e9

    return seconds


class Meter:
    """The share of the time in which a shard had something to do, over the last LOOKS looks."""

    def __init__(self, clock: Callable[[], float], gauge: Callable[[], float]) -> None:
        self._clock = clock
        self._gauge = gauge
        self._seen: deque[tuple[float, float]] = deque(maxlen=LOOKS + 1)

    def look(self) -> float | None:
        """The load; None where it was not looked at for long enough."""
        now, worked = self._clock(), self._gauge()
        self._seen.append((now, worked))
        since, before = self._seen[0]
        if len(self._seen) <= LOOKS or now <= since:
            return None
        return min((worked - before) / (now - since), 1.0)

    def restart(self) -> None:
        """Begin anew: what was seen is no more."""
        self._seen.clear()


class Balance:
    """Gives connections of the server that listens in every shard, and takes those of others."""

    def __init__(self, seat: "Seat", meter: Meter | None = None) -> None:
        self._seat = seat
        self._inbox = seat.inbox
        self._meter = meter or Meter(time.monotonic, make_gauge())
        self._settled_at = 0.0
        self._server: HttpServer | None = None

    def begin(self, server: "HttpServer") -> None:
        """Take part, with the connections of `server`, which are MovableConnections."""
        self._server = server
        server.loop.add_reader(self._inbox, self._take)
        self._seat.on_beat = self._look

    def end(self) -> None:
        """Keep what we have; give and take no more."""
        self._seat.loads[self._seat.index] = NOBODY
        server, self._server = self._server, None
        if server is not None:
            server.loop.remove_reader(self._inbox)
            self._inbox.close()

    # ---- giving ----------------------------------------------------------------------

    def _look(self) -> None:
        server, seat = self._server, self._seat
        if server is None:
            return
        load = self._meter.look()
        seat.loads[seat.index] = NOBODY if load is None or server.is_full else load
        if load is None or time.monotonic() < self._settled_at:
            return
        others = self._loads_of_others()
        place = receiver(load, others)
        if place is None:
            return
        since = server.loop.time() - ACTIVE_SECONDS
        active = [
            connection
            for connection in server.connections
            if not connection.is_idle or connection.idle_since() >= since
        ]
        count = share(load, others, place, len(active))
        if count > 0 and self._give(place, _movable(active, min(count, MAX_AT_ONCE))):
            self._meter.restart()

    def _loads_of_others(self) -> dict[int, float]:
        seat = self._seat
        heard = time.monotonic() - SILENT_SECONDS
        return {
            place: load if seat.beats[place] >= heard else NOBODY
            for place, load in enumerate(seat.loads)
            if place != seat.index
        }

    def _give(self, place: int, connections: Mapping[int, MovableConnection]) -> bool:
        """Hand over connections, by descriptor; False where there is no room for them now."""
        if not connections:
            return False
        try:
            socket.send_fds(self._seat.outboxes[place], [b"c"], [*connections])
        except OSError as error:  # it has not taken those before
            log.debug("shard %d takes no connections: %s", place, error)
            return False
        for connection in connections.values():
            connection.leave()
        log.debug("%d connections go to shard %d", len(connections), place)
        return True

    # ---- taking ----------------------------------------------------------------------

    def _take(self) -> None:
        """Take what came."""
        assert self._server is not None, "nobody reads otherwise"
        while True:
            try:
                _, descriptors, *_ = socket.recv_fds(self._inbox, 1, MAX_AT_ONCE, _CLOSE_ON_EXEC)
            except BlockingIOError:
                return
            self._settled_at = time.monotonic() + SETTLE_SECONDS
            for descriptor in descriptors:
                self._server.welcome(socket.socket(fileno=descriptor))


def _movable(active: Sequence[object], count: int) -> dict[int, MovableConnection]:
    """Up to `count` connections that can leave, by descriptor; those first that were used last."""
    found: dict[int, MovableConnection] = {}
    movable = [each for each in active if isinstance(each, MovableConnection) and each.is_idle]
    for connection in sorted(movable, key=MovableConnection.idle_since, reverse=True):
        if len(found) == count:
            break
        descriptor = connection.descriptor()
        if descriptor is not None:
            found[descriptor] = connection
    return found
