"""Tail Workers: scripts that are told of other scripts' events.

Each event is told by itself, as in workerd, once it has ended and whatever it gave to `waitUntil`,
too. Where a consumer is slower than its producers, what has waited meanwhile is told together; and
what is too much for it is left out, for its sake events are not held up.

https://developers.cloudflare.com/workers/observability/logs/tail-workers/
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from holdfast.catalog import ScriptNotFound
from holdfast.host.constants import MAX_CALL_DEPTH
from holdfast.host.context import Tell
from holdfast.server.tails import Tails
from holdfast.workers import NotCompiled, WorkerError
from holdfast.workers.trace import Frame

if TYPE_CHECKING:
    from holdfast.workers.gradual import AnyWorker

log = logging.getLogger("holdfast.tails")

MAX_CALLS = 16  # of one consumer that are under way
MAX_WAITING = 1_000  # events that one consumer has not been told of
MAX_WAITING_BYTES = 16 << 20  # and what these have told

Hear = Callable[[Sequence[Frame], Sequence[str]], "asyncio.Future[Any]"]
"""Tells a script of events, and by whom they have come: Worker.tail."""


class TailConsumers:
    """Has the events of producers told to their consumers, within one shard."""

    def __init__(
        self,
        tails: Tails,
        worker_of: "Callable[[str], AnyWorker]",
        loop: asyncio.AbstractEventLoop,
        tell: Tell,
    ) -> None:
        """`worker_of` finds, or loads, a script's Worker; it may raise NotCompiled."""
        self._tails = tails
        self._worker_of = worker_of
        self._loop = loop
        self._tell = tell
        self._of: dict[str, tuple[str, ...]] = {}
        self._stops: dict[str, list[Callable[[], None]]] = {}
        self._told: dict[str, Consumer] = {}

    def set(self, consumers: Mapping[str, Sequence[str]]) -> None:
        """These are the consumers of each producer from now on."""
        for producer in {*self._of, *consumers}:
            wanted = tuple(dict.fromkeys(consumers.get(producer, ())))
            if wanted == self._of.get(producer, ()):
                continue
            for stop in self._stops.pop(producer, ()):
                stop()
            self._of[producer] = wanted
            hears = [self._consumer(name).hear for name in wanted]
            self._stops[producer] = [
                self._tails.listen(producer, hear, only_here=True) for hear in hears
            ]

    def _consumer(self, name: str) -> "Consumer":
        if name not in self._told:
            find = partial(self._find, name)
            self._told[name] = Consumer(name, find, self._loop, self._tell)
        return self._told[name]

    def _find(self, name: str) -> "Hear":
        return self._worker_of(name).tail

    async def aclose(self, timeout_s: float) -> None:
        """Let what was collected be told, for so long at most, and collect no more."""
        self.set({})
        under_way = [call for consumer in self._told.values() for call in consumer.flush()]
        if under_way:
            await asyncio.wait(under_way, timeout=timeout_s)


class Consumer:
    """What one script is still to be told."""

    def __init__(
        self,
        name: str,
        find: Callable[[], Hear],
        loop: asyncio.AbstractEventLoop,
        tell: Tell,
    ) -> None:
        """`name` is the script's. `find` finds, or loads, what it is told by; see TailConsumers."""
        self._name = name
        self._find = find
        self._loop = loop
        self._tell = tell
        self._waiting: deque[Frame] = deque()
        self._waiting_bytes = 0
        self._under_way: set[asyncio.Future[Any]] = set()
        self._is_due = False
        self._trouble = ""  # that the log was told of

    def hear(self, frame: Frame) -> None:
        """An event has ended."""
        # A consumer that is told of itself, or of one that is told of it, is so once.
        if frame.get("late") or frame["event"] is None or self._name in frame["passed"]:
            return
        if frame["depth"] >= MAX_CALL_DEPTH:
            self._note("its calls lead back to those that it is told of")
        elif len(self._waiting) >= MAX_WAITING or self._waiting_bytes > MAX_WAITING_BYTES:
            self._note("it is too slow for them")
        else:
            self._waiting.append(frame)
            self._waiting_bytes += frame["size"]
            self._look()

    def flush(self) -> "set[asyncio.Future[Any]]":
        """Tell what waits, whatever else is under way; all that is."""
        if self._waiting:
            with suppress(NotCompiled):
                self._call(len(self._waiting))
        return self._under_way

    def _look(self) -> None:
        # Later: an isolate may be running that tells of its event.
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._is_due = False
        try:
            while self._waiting and (free := MAX_CALLS - len(self._under_way)) > 0:
                self._call(1 if free > 1 else len(self._waiting))
        except NotCompiled as late:
            late.done.add_done_callback(lambda _: self._look())

    def _call(self, count: int) -> None:
        """Tell the first that wait. Raises NotCompiled, and they wait on."""
        try:
            hear: Hear | None = self._find()
        except (WorkerError, ScriptNotFound) as error:
            self._note(str(error) or "there is no such Worker")
            hear = None
        frames = [self._waiting.popleft() for _ in range(count)]
        self._waiting_bytes -= sum(frame["size"] for frame in frames)
        if hear is None:
            return
        passed = {self._name, *(name for frame in frames for name in frame["passed"])}
        call = hear(frames, sorted(passed))
        if not self._waiting:
            self._trouble = ""
        self._under_way.add(call)
        call.add_done_callback(partial(self._ended, frames[0]["scriptName"] or "a Dynamic Worker"))

    def _ended(self, producer: str, call: "asyncio.Future[Any]") -> None:
        self._under_way.discard(call)
        if not call.cancelled() and (error := call.exception()) is not None:
            self._tell(self._name, "error", f"Uncaught (in the tail of {producer}) {error}")
        if self._waiting:
            self._look()

    def _note(self, trouble: str) -> None:
        """Say once why events are left out."""
        if trouble != self._trouble:
            self._trouble = trouble
            extra = {"script": self._name}
            log.warning("events are not told to %s: %s", self._name, trouble, extra=extra)
