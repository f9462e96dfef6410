"""Ends turns that take too long where nobody asks whether they may.

QuickJS asks its watchdog (limits.py) every ten thousand loop turns and calls. That is soon, unless
each of them takes long: parsing JSON of a megabyte, sorting, an op that hashes. A script that does
such things again and again would have the loop for itself for minutes, before anybody asked.

So a thread looks a few times a second which turn the loop's thread is in, and how much CPU time
that thread has taken since. It learns that from Python's frames, so that no turn pays for it. What
it takes to compile a script counts for no turn, as with the watchdog.

One call that takes no memory, such as a search for a long text in a long one, is a turn that
nobody can end. Whoever started the watch is told where it goes on for too long, to end the process.
"""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from holdfast.engine.isolate import Isolate
from holdfast.engine.loader import ModuleLoader

INTERVAL_SECONDS = 0.25

# What enters the engine: each call of these is one turn, or, of the second, several.
_TURNS = frozenset(
    method.__code__
    for method in (Isolate.call, Isolate.run_while, Isolate.evaluate, Isolate.run_script)
)
_COMPILES = ModuleLoader.compiled.__code__
# Those that are the last frame of Python's while the engine runs what is JavaScript's.
_INNERMOST = _TURNS | {method.__code__ for method in (Isolate._evaluate, Isolate._run_jobs)}


class TurnWatch:
    """Looks after the turns of one thread."""

    def __init__(
        self,
        thread: int,
        cpu_seconds: Callable[[], float],
        frames: Callable[[], Mapping[int, FrameType]] = sys._current_frames,
    ) -> None:
        """`cpu_seconds` is what the thread of this identity has used."""
        self.patience_s = float("inf")  # with a turn that does not end
        self.on_endless: Callable[[float], None] = _nobody
        self._thread = thread
        self._cpu_seconds = cpu_seconds
        self._frames = frames
        self._turn: tuple[Any, ...] = ()
        self._since = 0.0

    @classmethod
    def of_this_thread(cls) -> "TurnWatch":
        """The watch over the thread that calls. Not on macOS, which tells no other's CPU time."""
        thread = threading.get_ident()
        clock = time.pthread_getcpuclockid(thread)
        return cls(thread, lambda: time.clock_gettime(clock))

    def start(self, interval_seconds: float = INTERVAL_SECONDS) -> None:
        """Look from now on, on a thread that ends with the process."""

        def run() -> None:
            while True:
                time.sleep(interval_seconds)
                self.look()

        threading.Thread(target=run, name="turn-watch", daemon=True).start()

    def look(self) -> None:
        """End the turn that goes on if it has taken too long since it was first seen."""
        innermost = frame = self._frames().get(self._thread)
        is_compiled = False
        while frame is not None and frame.f_code not in _TURNS:
            is_compiled |= frame.f_code is _COMPILES
            frame = frame.f_back
        if frame is None:
            self._turn = ()
            return
        turn = (frame, frame.f_locals.get("ran"))
        if is_compiled or turn != self._turn:
            self._turn, self._since = turn, self._cpu_seconds()
            return
        isolate: Isolate = frame.f_locals["self"]
        spent = self._cpu_seconds() - self._since
        if spent >= self.patience_s:
            self.on_endless(spent)
        if spent >= isolate._watchdog.budget_ms / 1000:
            assert innermost is not None, "a thread that has a frame has an innermost one"
            _end(isolate, is_in_engine=innermost.f_code in _INNERMOST)


def _nobody(_seconds: float) -> None:
    """Nobody asks for turns that do not end."""


def _end(isolate: Isolate, *, is_in_engine: bool) -> None:
    """End the turn that goes on, as the watchdog would; from another thread.

    Its next op does, or its next allocation where it `is_in_engine`, and not in code of ours.
    """
    if isolate._entered and not isolate.closed:
        isolate._watchdog.expired = isolate._rejections.waiting = True
        isolate._ops.stop_all()
        if is_in_engine:
            isolate._heap_limit.exhaust()
