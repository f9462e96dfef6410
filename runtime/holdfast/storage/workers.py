"""Threads for what waits on the disk, and their way back to the loop.

Threads are made when there is work for them, up to a bound, and stay. What they finish is
collected, and the loop is woken once for all that finished since it last looked: a wake-up
is a system call on both sides, and under load hundreds of files are synced per millisecond
of the loop's attention.
"""

import asyncio
import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue

Work = Callable[[], None]
Done = Callable[[BaseException | None], None]

_NOT_STARTED, _STARTED, _CANCELLED = range(3)


class Workers:
    """Runs functions on threads. Used from the loop's thread only, but for the functions."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, *, max_threads: int) -> None:
        self._loop = loop
        self._name = name
        self._max_threads = max_threads
        self._threads: list[threading.Thread] = []
        self._queue: SimpleQueue[tuple[Work, Done] | None] = SimpleQueue()
        self._finished: deque[tuple[Done, BaseException | None]] = deque()
        self._waking = False
        self._outstanding = 0
        self._idle: asyncio.Future[None] | None = None
        self.wake_ups = 0
        self.submitted = 0  # since the start

    @property
    def threads(self) -> int:
        """How many threads there are."""
        return len(self._threads)

    @property
    def outstanding(self) -> int:
        """How much was submitted and has not ended."""
        return self._outstanding

    def submit(self, work: Work, done: Done) -> None:
        """Run `work` on a thread, then `done` on the loop, with what it raised or None."""
        self._outstanding += 1
        self.submitted += 1
        self._queue.put((work, done))
        if self._outstanding > len(self._threads) < self._max_threads:
            self._start_thread()

    async def idle(self) -> None:
        """Wait for all that was submitted."""
        while self._outstanding:
            if self._idle is None or self._idle.done():
                self._idle = self._loop.create_future()
            await asyncio.shield(self._idle)

    async def aclose(self) -> None:
        """Wait for all that was submitted, then end the threads."""
        await self.idle()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _start_thread(self) -> None:
        # A daemon: a disk that never answers must not keep the process from ending.
        name = f"{self._name}-{len(self._threads) + 1}"
        thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system allows no more of them
            if not self._threads:
                self._give_up(error)
            return
        self._threads.append(thread)

    def _give_up(self, error: RuntimeError) -> None:
        """Have what waits fail: there is no thread that it could wait for."""
        while (item := self._next_waiting()) is not None:
            self._finished.append((item[1], error))
        self._loop.call_soon(self._collect)

    def _next_waiting(self) -> tuple[Work, Done] | None:
        with contextlib.suppress(Empty):
            return self._queue.get_nowait()
        return None

    def _run(self) -> None:
        _yield_to_others()
        while (item := self._queue.get()) is not None:
            work, done = item
            error: BaseException | None = None
            try:
                work()
            except BaseException as raised:  # noqa: BLE001 - it is handed to whoever asked
                error = raised
            self._finished.append((done, error))
            # Appended before the flag is read, and cleared before the deque is: so whatever
            # is appended is either seen by the wake-up under way or causes another one.
            if not self._waking:
                self._waking = True
                try:
                    self._loop.call_soon_threadsafe(self._collect)
                except RuntimeError:  # the loop has been closed: nobody waits for the answer
                    return
            del item, work, done, error

    def _collect(self) -> None:
        self._waking = False
        self.wake_ups += 1
        finished = self._finished
        while finished:
            done, error = finished.popleft()
            self._outstanding -= 1
            try:
                done(error)
            except Exception as raised:  # noqa: BLE001 - one callback must not stop the others
                self._loop.call_exception_handler(
                    {"message": f"{self._name}: a callback failed", "exception": raised}
                )
        if not self._outstanding and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)


def _yield_to_others() -> None:
    """Have this thread wait for a core to become free, rather than interrupt the loop's turn.

    It has something to do for microseconds, each time the disk has ended something; to change
    over for that costs the loop more. sched(7), SCHED_BATCH: Linux, where threads have their own.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_BATCH, os.sched_param(0))


class Job:
    """A piece of work that the loop may cancel before it starts, or wait for once it has."""

    __slots__ = ("_ended", "_lock", "_state", "_work")

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._state = _NOT_STARTED

    def run(self) -> None:
        """Do the work, unless it was cancelled."""
        with self._lock:
            if self._state == _CANCELLED:
                return
            self._state = _STARTED
        try:
            self._work()
        finally:
            self._ended.set()

    def cancel(self) -> bool:
        """Keep the work from starting; False if it has started."""
        with self._lock:
            if self._state == _NOT_STARTED:
                self._state = _CANCELLED
            return self._state == _CANCELLED

    def wait(self) -> None:
        """Block until work that has started has ended."""
        self._ended.wait()


class Duty(Job):
    """A piece of work that has to be done: whoever would cancel it does it at once."""

    __slots__ = ("done", "error", "stop")

    def __init__(
        self, work: Work, done: "asyncio.Future[None]", stop: Callable[[], None] | None
    ) -> None:
        """`done` is told of its end; `stop` has it end early, once nobody needs it any more."""
        super().__init__(work)
        self.done = done
        self.stop = stop
        self.error: BaseException | None = None

    def run(self) -> None:
        """See Job; what the work raises is kept."""
        try:
            super().run()
        except BaseException as error:  # noqa: BLE001 - told to whoever asked for the work
            self.error = error

    def cancel(self) -> bool:
        """See Job. Blocks where the work has not started."""
        if not super().cancel():
            return False
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - as above
            self.error = error
        return True
