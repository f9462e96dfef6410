"""One isolate's side of the host: what its ops act on, and the way into it.

Entering. `enter` runs a function of the kernel as one turn, then whatever turns
the isolate queued for itself, then the ops that were answered meanwhile. An op
never enters an isolate: an answer that comes while the isolate is running waits
for the end of the turn. Turns can go on queueing turns for ever, as objects that
call each other do; so after `TURNS_PER_ENTRY` of them the loop gets to run what else
there is, and the rest follows.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from holdfast.dataclass import dataclass
from holdfast.engine import (
    OUT_OF_MEMORY,
    Handle,
    Isolate,
    IsolateTerminated,
    JSError,
    NoRoom,
    ScriptError,
)
from holdfast.host.constants import (
    WORD_LOCAL_CALLS,
    WORD_STORES_BROKEN,
    WORD_TRACED,
    WORD_TURNS_QUEUED,
)
from holdfast.host.jobs import Jobs
from holdfast.host.timers import TimerQueue
from holdfast.storage import DiskFull, ObjectStore

if TYPE_CHECKING:
    from holdfast.host.objects import ObjectsCapability
    from holdfast.host.rpc import RpcCapability

log = logging.getLogger("holdfast.host")

TURNS_PER_ENTRY = 128

TOO_LARGE = "Memory limit would be exceeded:"
MIN_TOO_LARGE = 65_536  # an isolate without room for so many bytes has none for anything


class Clock(Protocol):
    """Where time comes from; tests put their own in its place."""

    def now_ms(self) -> float:
        """Milliseconds since the Unix epoch."""

    def monotonic_ms(self) -> float:
        """Milliseconds on a clock that never steps back."""


class Tell(Protocol):
    """Shows a line about a script where its console output goes."""

    def __call__(self, script: str, level: str, text: str) -> None:
        """`level` is a console method's name."""


class Capabilities(dict[str, Any]):
    """What this isolate's ops may reach, by area; absent means forbidden."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise ScriptError("Error", f"This script has no access to {name}.") from None


class Stores(dict[int, ObjectStore]):
    """The stores of the objects that live in an isolate, by slot."""

    def __missing__(self, slot: int) -> ObjectStore:
        raise ScriptError(
            "Error",
            "This Durable Object instance is no longer active: its storage cannot be used.",
            durableObjectReset=True,
        )


@dataclass(frozen=True, slots=True)
class Compatibility:
    """What a script's compatibility date and flags decide about its ops."""

    delete_all_deletes_alarm: bool = True
    binary_messages_are_blobs: bool = True  # of WebSockets whose `binaryType` nobody has set
    sockets_answer_closes: bool = True  # of themselves, before a script hears of the close
    compresses_sockets: bool = True  # those of clients that offer it
    request_signals: int = (
        0  # 1: a request's signal tells that its client has left; 2: and is passed on
    )
    flags: frozenset[str] = frozenset()  # all that hold, by Cloudflare's names


class Host:
    """The host's state for one isolate; the first argument of every op."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Clock, capabilities: Capabilities
    ) -> None:
        self.loop = loop
        self.clock = clock
        self.capabilities = capabilities
        self.compatibility = Compatibility()
        self.timers = TimerQueue(clock, loop.call_later, self._fire_timer)
        self.isolate: Isolate
        self.kernel: Handle
        self.tracer: Any = None  # who is told what events log, while somebody listens; see trace
        self.events: Any = None  # who takes the answers to this isolate's events
        self.objects: ObjectsCapability
        self.rpc: RpcCapability
        self.sockets: Any = None  # the SocketTable, made with the first socket
        self.connections: Any = None  # the TcpTable, made with the first connection
        self.stores: dict[int, ObjectStore] = Stores()
        self.jobs = Jobs()
        # By entry point: what to do, with a reason, for arguments that there is no room for.
        self.refusals: dict[Handle, Callable[..., None]] = {}
        # Within the running turn: slot, why, flags.
        self.broken_stores: list[tuple[int, str, str]] = []
        self.values = b""  # on their way to JS, after the op that told of them
        self.pending = 0  # ops under way whose answer will enter the isolate
        self.on_idle: Callable[[], None] = _nothing
        self.on_terminated: Callable[[Exception], None] = _log_termination
        self._running = False
        self._continues = False  # the loop will run the turns that are left
        self._answers: deque[tuple[Handle, tuple[Any, ...]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._settle: Handle
        self._fail: Handle
        self._next_turn: Handle
        self._fire: Handle

    def attach(self, isolate: Isolate, kernel: Handle) -> None:
        """Take the isolate and the kernel's entry points, before its first turn."""
        self.isolate = isolate
        self.kernel = kernel
        self._shared = isolate.shared
        self._settle = isolate.export(kernel, "settleOp")
        self._fail = isolate.export(kernel, "failOp")
        self.refusals[self._settle] = self.refusals[self._fail] = self._refuse_answer
        self._next_turn = isolate.export(kernel, "nextTurn")
        self._fire = isolate.export(kernel, "fireTimer")
        isolate.watch_rejections(
            isolate.export(kernel, "promiseRejected"), isolate.export(kernel, "rejectionHandled")
        )

    def entry(self, name: str) -> Handle:
        """One of the kernel's entry points, to be given to `enter`."""
        return self.isolate.export(self.kernel, name)

    # ---- entering --------------------------------------------------------------

    def enter(self, function: Handle, *arguments: Any) -> Any:
        """Run `function` as a turn and everything that is due after it.

        Must not be called from an op. An isolate that was terminated or closed is
        left alone: whoever waits for it was told when that happened.
        """
        isolate = self.isolate
        if isolate.closed or isolate.terminated:
            return None
        self._running = True
        try:
            try:
                result = isolate.call(function, *arguments)
            except NoRoom:
                result = None
                self._refuse(function, arguments)
            if self._shared[WORD_TURNS_QUEUED] or self._answers:
                self._run_queued()
        except IsolateTerminated as error:
            self.on_terminated(error)
            return None
        except (JSError, MemoryError) as error:
            # The kernel itself throws no null.
            is_full = isinstance(error, JSError) and error.is_null
            reason = MemoryError(OUT_OF_MEMORY) if is_full else error
            log.error("the isolate's kernel failed: %s", reason)
            isolate.terminated = True
            self.on_terminated(reason)
            return None
        finally:
            self._running = False
        self.look_for_idleness()
        return result

    def _refuse(self, function: Handle, arguments: tuple[Any, ...]) -> None:
        """Have a call fail that is too large for what memory is left; raise where that is none."""
        size = sum(len(value) for value in arguments if isinstance(value, str | bytes))
        refuse = self.refusals.get(function)
        if refuse is None or size < MIN_TOO_LARGE:
            raise MemoryError(OUT_OF_MEMORY)
        log.warning("%d bytes are too much for what an isolate has left", size)
        self.pending += 1
        self.loop.call_soon(
            self._refused, refuse, f"{TOO_LARGE} {size:,} bytes came at once.", arguments
        )

    def _refused(self, refuse: Callable[..., None], why: str, arguments: tuple[Any, ...]) -> None:
        self.pending -= 1
        refuse(why, *arguments)

    def _refuse_answer(self, why: str, number: int, *_values: Any) -> None:
        self.enter_soon(self._fail, number, "RangeError", why, "", None)

    def look_for_idleness(self) -> None:
        """Tell of it where nothing is under way. For whoever has made `pending` less."""
        if not self.pending and not self.has_calls and not self._continues:
            self.on_idle()

    def _run_queued(self) -> None:
        """Run what is queued; what is too much at once in another round of the loop."""
        isolate, shared, answers = self.isolate, self._shared, self._answers
        left = TURNS_PER_ENTRY
        while left > 0:
            if shared[WORD_TURNS_QUEUED]:
                left -= isolate.run_while(WORD_TURNS_QUEUED, self._next_turn, left)
            elif answers:
                callback, values = answers.popleft()
                try:
                    isolate.call(callback, *values)
                except NoRoom:
                    self._refuse(callback, values)
                left -= 1
            else:
                return
        if not self._continues:
            self._continues = True
            self.loop.call_soon(self._continue)

    def _continue(self) -> None:
        self._continues = False
        if self._answers:
            callback, values = self._answers.popleft()
            self.enter(callback, *values)
        elif self._shared[WORD_TURNS_QUEUED]:
            self.enter(self._next_turn)
        elif not self.isolate.closed:
            self.look_for_idleness()

    @property
    def is_running(self) -> bool:
        """True while a turn of the isolate is under way: nobody may enter it."""
        return self._running

    @property
    def has_calls(self) -> bool:
        """True while calls to this isolate's objects are under way."""
        return bool(self._shared[WORD_LOCAL_CALLS])

    def enter_soon(self, function: Handle, *arguments: Any) -> None:
        """Run `function` as a turn, now or behind those that run or were put off."""
        if self._running or self._answers:
            self._answers.append((function, arguments))
        else:
            self.enter(function, *arguments)

    # ---- answering async ops ---------------------------------------------------

    def settle(self, number: int, *values: Any) -> None:
        """Fulfil the promise of the async op with this number; several values make an array."""
        self.pending -= 1
        self.enter_soon(self._settle, number, *values)

    def fail(self, number: int, error: BaseException, data: bytes | None = None) -> None:
        """Reject the promise of the async op with this number.

        `data` is the error as another script threw it, serialized.
        """
        self.pending -= 1
        if isinstance(error, DiskFull):
            log.error("%s", error)
            error = ScriptError("Error", "database or disk is full")
        elif not isinstance(error, ScriptError):
            log.error("an op failed", exc_info=error)
            error = ScriptError("Error", "internal error")
        flags = ",".join(name for name, value in error.properties.items() if value)
        self.enter_soon(self._fail, number, error.name, error.message, flags, data)

    def run(self, number: int, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run an async op's coroutine; its outcome settles the op."""
        self.pending += 1
        task = self.loop.create_task(self._answer(number, coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, number: int, coroutine: Coroutine[Any, Any, Any]) -> None:
        try:
            value = await coroutine
        except asyncio.CancelledError:
            self.pending -= 1
            raise
        except Exception as error:  # noqa: BLE001 - the script gets it, or the log
            self.fail(number, error)
        else:
            self.settle(number, *value if isinstance(value, tuple) else (value,))

    def _fire_timer(self, number: int) -> None:
        self.pending -= 1
        self.enter_soon(self._fire, number)

    def store_breaks(self, slot: int, message: str, flags: str) -> None:
        """The storage of an object has failed; if a turn is running, before any other does."""
        if self._running:
            self.broken_stores.append((slot, message, flags))
            self._shared[WORD_STORES_BROKEN] = 1

    def trace(self, tracer: Any) -> None:
        """Have a workers.trace.Tracer told of the isolate's events, or nobody (None)."""
        self.tracer = tracer
        self._shared[WORD_TRACED] = int(tracer is not None)

    def console(self, level: str, text: str) -> None:
        """Give a line of the script's to whoever shows its console."""
        self.capabilities.console(level, text)

    def close(self) -> None:
        """Stop every op under way; their promises stay pending in an isolate that ends."""
        for task in self._tasks:
            task.cancel()
        self._answers.clear()
        self.timers.close()
        if self.connections is not None:
            self.connections.close()


def _nothing() -> None:
    """Nobody waits for the isolate to run out of work."""


def _log_termination(error: Exception) -> None:
    log.error("an isolate ended: %s", error)
