"""The supervisor: starts the shards, replaces those that die or are stuck, ends them together.

It is one small process without threads and without a loop of asyncio, so that it can fork at
any time: a shard is a fork of it, with all modules loaded, and is there within a few
milliseconds. It opens every listening socket, of clients and of shards, and keeps it open:
who connects to a shard that has died waits for its successor and is not refused.

Invariants:

- Two processes never have the same place: a shard is replaced after the kernel has confirmed
  its death. So no object ever lives twice. Each shard holds a lock on its place besides, as
  it does on the files of its objects.
- No shard outlives the supervisor: the kernel kills it, or it sees its line cut.
- A shard is *stuck* when it was not seen to get on for `stuck_seconds`: neither had its loop a
  turn nor did it begin to handle an event. One that is slow does both, again and again. One that
  starts has to look first after what the one before has left: it is given longer.
"""

import ctypes
import logging
import mmap
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from holdfast.dataclass import dataclass
from holdfast.server.shards.balance import NOBODY
from holdfast.server.shards.listening import Mailbox
from holdfast.server.shards.seat import Seat, take_place
from holdfast.server.signals import stop_signals

log = logging.getLogger("holdfast.shards")

LOOK_SECONDS = 0.25
ASLEEP_SECONDS = 2.0  # a gap between two looks after which nobody is blamed for silence
STARTING_SECONDS = 300.0  # within which a shard has to become ready
STEADY_SECONDS = 2.0  # a shard that was ready for so long may well stay
FIRST_PAUSE_SECONDS = 0.1  # before one that did not stay is started again; then twice that
MAX_PAUSE_SECONDS = 0.8
FIRST_TRIES = 5  # at the first shard of a server, which nobody has seen come up yet
_SOFTWARE_ERROR = 70  # EX_SOFTWARE of sysexits.h
_PR_SET_PDEATHSIG = 1

RunShard = Callable[[Seat], int]


@dataclass(slots=True)
class _Shard:
    """A place and the process that has it, if any."""

    index: int
    process_id: int = 0
    control: socket.socket | None = None
    ready_at: float | None = None
    is_drained: bool = False
    is_killed: bool = False
    was_ready: bool = False  # it, or one before it
    failures: int = 0  # in a row: it did not come up, or did not stay
    next_start: float = 0.0

    def count_failure(self, now: float) -> float:
        """It has ended; for how long to wait before it is started again."""
        if self.ready_at is not None and now - self.ready_at >= STEADY_SECONDS:
            self.failures = 0
            return 0.0
        self.failures += 1
        return min(FIRST_PAUSE_SECONDS * 2.0 ** min(self.failures - 1, 10), MAX_PAUSE_SECONDS)


class Supervisor:
    """N shards, from their start to their end. Blocks."""

    def __init__(
        self,
        run_shard: RunShard,
        *,
        links: Sequence[tuple[str, socket.socket]],
        mailboxes: Sequence[Mailbox],
        listeners: Sequence[Mapping[str, Sequence[socket.socket]]],
        stuck_seconds: float,
        on_stop: Callable[[], None],
    ) -> None:
        """`run_shard` is called in each shard's process; its result is the exit status.

        `links` and `mailboxes` are the shards' own sockets, `listeners` those of clients, all by
        place.
        """
        self._run_shard = run_shard
        self._links = links
        self._mailboxes = mailboxes
        self._listeners = listeners
        self._stuck_seconds = stuck_seconds
        self._on_stop = on_stop
        self._shards = [_Shard(index) for index in range(len(links))]
        memory = memoryview(mmap.mmap(-1, 2 * mmap.PAGESIZE)).cast("d")
        count = len(links)
        assert 3 * count < len(memory), "each shard has three words, and one is for all"
        self._beats, self._loads, self._restarts = (
            memory[first : first + count] for first in (0, count, 2 * count)
        )
        self._ticks = memory[3 * count : 3 * count + 1]
        self._selector = selectors.DefaultSelector()
        self._last_look = time.monotonic()
        self._signals: list[int] = []  # that asked us to stop
        self._stops = 0  # how many of them were heeded
        self._told_to_close = False
        self._status = 0

    def run(self) -> int:
        """Serve until a signal to stop; the exit status. A second one ends all at once."""
        wakeup, self._wakeup = socket.socketpair()
        wakeup.setblocking(False)
        self._wakeup.setblocking(False)
        signal.set_wakeup_fd(self._wakeup.fileno())
        for number in stop_signals():
            signal.signal(number, lambda number, _: self._signals.append(number))
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(wakeup, selectors.EVENT_READ)
        while self._look():
            for key, _ in self._selector.select(self._pause()):
                if key.fileobj is wakeup:
                    wakeup.recv(4096)
                else:
                    self._hear(key.data)
        return self._status

    def _pause(self) -> float:
        if not self._shards[0].was_ready:
            return LOOK_SECONDS
        waits = [shard.next_start for shard in self._shards if not shard.process_id]
        return max(min([LOOK_SECONDS, *(at - time.monotonic() for at in waits)]), 0.0)

    # ---- looking after the shards --------------------------------------------------

    def _look(self) -> bool:
        """See to what has happened; False when it is all over."""
        self._reap()
        while self._stops < len(self._signals):
            self._stop()
        now = time.monotonic()
        if now - self._last_look > ASLEEP_SECONDS:
            for shard in self._shards:
                self._beats[shard.index] = now
        self._last_look = now
        alive = [shard for shard in self._shards if shard.process_id]
        for shard in alive:
            silence = now - self._beats[shard.index]
            patience = self._stuck_seconds if shard.ready_at is not None else STARTING_SECONDS
            if silence > patience and not shard.is_killed:
                log.error("shard %d is stuck for %.1f s: it is killed", shard.index, silence)
                shard.is_killed = True  # the kernel may take a while to clear away what it had
                os.kill(shard.process_id, signal.SIGKILL)
        if self._stops:
            if not self._told_to_close and all(shard.is_drained for shard in alive):
                self._told_to_close = True
                self._tell(b"c")
            return bool(alive)
        for shard in self._shards:
            if not shard.process_id and now >= shard.next_start:
                self._start(shard)
            if not self._shards[0].was_ready:
                break  # what is wrong with one would be wrong with all: let one say so
        return True

    def _reap(self) -> None:
        for shard in self._shards:
            if shard.process_id:
                process_id, status = os.waitpid(shard.process_id, os.WNOHANG)
                if process_id:
                    self._ended(shard, os.waitstatus_to_exitcode(status))

    def _ended(self, shard: _Shard, status: int) -> None:
        self._hear(shard)  # its last words
        self._hang_up(shard)
        shard.process_id = 0
        self._loads[shard.index] = NOBODY
        if self._stops:
            self._status = self._status or max(status, 0)
            return
        now = time.monotonic()
        pause = shard.count_failure(now)
        how = f"with status {status}" if status >= 0 else f"by signal {-status}"
        if not self._shards[0].was_ready:
            has_said_why = status >= 0
            if has_said_why or shard.failures == FIRST_TRIES:  # nor will any other come up
                if not has_said_why:
                    log.critical("the first shard has ended %s %d times", how, FIRST_TRIES)
                self._status = max(status, 0) or _SOFTWARE_ERROR
                self._signals.append(0)
                return
        when = f" in {pause:.1f} s" if pause else ""
        log.error("shard %d ended %s: it is started again%s", shard.index, how, when)
        self._restarts[shard.index] += 1
        shard.next_start = now + pause

    def _hear(self, shard: _Shard) -> None:
        if shard.control is None:
            return
        try:
            words = shard.control.recv(64)
        except ConnectionResetError:  # there was something that it has not heard
            words = b""
        if not words:  # it ends, and will be reaped
            self._hang_up(shard)
        if b"r" in words:
            shard.ready_at, shard.was_ready = time.monotonic(), True
        if b"d" in words:
            shard.is_drained = True

    def _hang_up(self, shard: _Shard) -> None:
        control, shard.control = shard.control, None
        if control is not None:
            self._selector.unregister(control)
            control.close()

    # ---- starting ------------------------------------------------------------------

    def _start(self, shard: _Shard) -> None:
        ours, theirs = socket.socketpair()
        self._beats[shard.index] = time.monotonic()
        self._loads[shard.index] = NOBODY
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        supervisor = os.getpid()
        process_id = os.fork()
        if process_id == 0:
            ours.close()  # or it would never see its line cut
            self._become(shard, theirs, supervisor)
        theirs.close()
        shard.process_id, shard.control = process_id, ours
        shard.ready_at, shard.is_drained, shard.is_killed = None, False, False
        self._selector.register(ours, selectors.EVENT_READ, shard)

    def _become(self, shard: _Shard, control: socket.socket, supervisor: int) -> None:
        """What the forked process does, to its end."""
        status = _SOFTWARE_ERROR
        try:
            signal.set_wakeup_fd(-1)
            # What reaches every process of a terminal or a service, the supervisor tells them.
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _die_with_parent(supervisor)
            self._let_go(shard.index)
            path, listener = self._links[shard.index]
            take_place(path)
            seat = Seat(
                shard.index,
                [path for path, _ in self._links],
                {name: [*sockets] for name, sockets in self._listeners[shard.index].items()},
                frozenset.intersection(*map(frozenset, self._listeners)),
                listener,
                control,
                self._mailboxes[shard.index].inbox,
                [mailbox.outbox for mailbox in self._mailboxes],
                self._beats,
                self._loads,
                self._restarts,
                self._ticks,
                is_replacement=shard.was_ready,
            )
            status = self._run_shard(seat)
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
        except BaseException:
            log.critical("shard %d failed", shard.index, exc_info=True)
        finally:
            os._exit(status)

    def _let_go(self, index: int) -> None:
        """In a shard: close what belongs to others."""
        self._selector.close()
        for other in self._shards:
            if other.control is not None:
                other.control.close()
            if other.index != index:
                self._links[other.index][1].close()
                self._mailboxes[other.index].inbox.close()
                for sockets in self._listeners[other.index].values():
                    for listener in sockets:
                        listener.close()

    # ---- stopping ------------------------------------------------------------------

    def _stop(self) -> None:
        number = self._signals[self._stops]
        self._stops += 1
        if self._stops > 1:
            self._kill()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        if number:
            self._on_stop()
        # Theirs are open for as long as they need them.
        for _, listener in self._links:
            listener.close()
        for mailbox in self._mailboxes:
            mailbox.close()
        for sockets in self._listeners:
            for listener in (each for those in sockets.values() for each in those):
                listener.close()
        self._tell(b"s")

    def _kill(self) -> None:
        for shard in self._shards:
            if shard.process_id:
                os.kill(shard.process_id, signal.SIGKILL)

    def _tell(self, word: bytes) -> None:
        for shard in self._shards:
            if shard.process_id and shard.control is not None:
                try:
                    shard.control.send(word)
                except OSError as error:
                    log.debug("shard %d does not listen: %s", shard.index, error)


def _die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the supervisor dies, where the kernel can."""
    if sys.platform == "linux":
        prctl: Any = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # too late
            os._exit(1)
