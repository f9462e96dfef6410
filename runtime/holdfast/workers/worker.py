"""One version of a script, running in an isolate of its own.

An event goes in with a number and its answer comes back under that number, within
the same turn or any later one. The isolate can end under its events: past a limit it
is terminated at once, after a new upload it is *retired* and closes when its last
event is done, its last call answered and its last stream read.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from holdfast.catalog.node_compat import node_compat
from holdfast.catalog.script import Script
from holdfast.dataclass import dataclass
from holdfast.engine import OUT_OF_MEMORY, Handle, IsolateTerminated, JSError, Limits, Together
from holdfast.host.bodies import BodyTable
from holdfast.host.byte_streams import ByteStream, discard_body
from holdfast.host.context import Host
from holdfast.host.loops import VIA
from holdfast.host.platform import Platform
from holdfast.host.rpc import Message
from holdfast.host.sockets_end import SocketEnd
from holdfast.workers.compatibility import compatibility, withheld_globals
from holdfast.workers.counts import ScriptCounts
from holdfast.workers.errors import ScriptFailed, ScriptHung, WorkerTerminated
from holdfast.workers.load import Exports, load_script, own_frames, readable, with_room_for_code
from holdfast.workers.trace import Frame, depth_of, for_consumer

if TYPE_CHECKING:
    from holdfast.storage.queue_messages import Backlog
    from holdfast.storage.queue_messages import Message as QueuedMessage
    from holdfast.workers.mail import IncomingMail

log = logging.getLogger("holdfast.worker")

Body = bytes | ByteStream | None

FULL_HEAP = 0.75  # of the memory limit
BRIM = 0.98  # where anything may lack the little that it needs
LOOK_SECONDS = 1.0  # between two looks for no better reason than a promise that nobody caught
RETIREMENT_SECONDS = 30.0

# https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number
GOING_AWAY = 1001
SERVICE_RESTART = 1012
CODE_UPDATED = "The Worker's code was updated."


@dataclass(slots=True)
class WorkerResponse:
    """A response; `headers` has names and values, one a line. A stream must be read or let go."""

    status: int
    status_text: str
    headers: str
    body: Body
    socket: SocketEnd | None = None  # with status 101: what the client is to be joined with
    may_compress: bool = False  # what goes over that socket

    def discard(self) -> None:
        """Nobody wants the response: let go of its body."""
        if self.socket is not None:
            self.socket.on_loss()
        discard_body(self.body)


class Worker:
    """A loaded script: takes events, answers them, ends cleanly."""

    def __init__(
        self,
        script: Script,
        platform: Platform,
        host: Host,
        *,
        limits: Limits,
        bindings: list[dict[str, Any]],
    ) -> None:
        """Load `script` into a fresh isolate. Raises ScriptInvalid, leaving nothing behind."""
        self.script = script
        self.counts = ScriptCounts()  # may be given by who has others of this script
        self.host = host
        limits = with_room_for_code(limits, script)
        self.bodies: BodyTable = host.capabilities.bodies  # the streams it knows by handle
        self.retired = False
        self._memory_bytes = limits.memory_bytes
        self._next_look = 0.0
        # Called with the reason, inside the turn that was stopped.
        self.on_dead: Callable[[str], None] = _nothing
        self.on_closed: Callable[[], None] = _nothing
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._live: set[int] = set()
        self._deadline: asyncio.TimerHandle | None = None  # of its retirement
        self._last_number = 0
        self.kernel = platform.create_isolate(
            host,
            limits=limits,
            on_rejection=self._on_rejection,
            node=node_compat(script.compatibility_date, script.compatibility_flags),
        )
        host.events = self
        host.compatibility = compatibility(script)
        try:
            if withheld := withheld_globals(host.compatibility):
                host.isolate.call(self.entry("withhold"), "\n".join(withheld))
            self.exports: Exports = load_script(host, self.kernel, script, bindings)
        except BaseException:
            host.isolate.close()
            raise
        if script.cpu_ms is not None:  # which is not for the start
            host.isolate.bound_turns(script.cpu_ms)
        self._dispatch_fetch = self.entry("dispatchFetch")
        self._dispatch_call = self.entry("dispatchCall")
        host.refusals[self._dispatch_fetch] = self._refuse
        host.refusals[self._dispatch_call] = self._refuse_call
        self._rare: dict[str, Handle] = {}
        host.on_idle = self._on_idle
        host.on_terminated = self._on_terminated

    def entry(self, name: str) -> Handle:
        """One of the kernel's entry points, to be given to `host.enter`."""
        return self.host.isolate.export(self.kernel, name)

    def entry_once(self, name: str) -> Handle:
        """An entry point that is rarely needed, looked up when it is."""
        if name not in self._rare:
            self._rare[name] = self.entry(name)
        return self._rare[name]

    def extend_environment(
        self, bindings: list[dict[str, Any]], namespaces: list[dict[str, Any]]
    ) -> None:
        """Add bindings that depend on what the script exports.

        `namespaces` are those of the script's own classes.
        """
        if bindings or namespaces:
            extend = self.entry("extendEnvironment")
            self.host.enter(extend, json.dumps(bindings), json.dumps(namespaces))
            extend.close()

    @property
    def is_dead(self) -> bool:
        """True once the isolate takes no events any more."""
        return self.host.isolate.terminated or self.host.isolate.closed

    @property
    def unanswered(self) -> int:
        """How many events wait for the script's answer."""
        return len(self._answers)

    # ---- events ----------------------------------------------------------------

    def fetch(
        self,
        method: str,
        url: str,
        headers: str,
        body: Body,
        entrypoint: str = "",
        *,
        props: str | None = None,
        cf: str | None = None,
    ) -> "asyncio.Future[WorkerResponse]":
        """Give the script a request; a future of its response.

        `cf` is the JSON of `request.cf`, where another script has set it.
        The future raises ScriptFailed, ScriptHung or WorkerTerminated. Often it is done
        when this returns.
        """
        answer: asyncio.Future[WorkerResponse] = self.host.loop.create_future()
        number = self._begin(answer)
        if number:
            if self.host.tracer is not None:
                self.host.tracer.request(
                    number, method, url, headers, cf=cf, entrypoint=entrypoint or None
                )
            crossing = self.bodies.sent(body)
            stable = Together((method, headers))
            is_nested = VIA in headers  # told here, where it costs nothing
            others: tuple[Any, ...] = () if crossing is None else (crossing,)
            if is_nested or entrypoint or props is not None or cf is not None:
                others = (crossing, entrypoint, is_nested, props, cf)
            self.host.enter(self._dispatch_fetch, number, url, stable, *others)
            if self.host.compatibility.request_signals and not answer.done():
                answer.add_done_callback(partial(self._look_for_client, number))
        return answer

    def go_behind(self, fetch: "Callable[..., asyncio.Future[WorkerResponse]]") -> None:
        """Let requests come by `fetch`, which gives some to the one that it takes the place of.

        So a script that nothing stands in front of pays nothing for those that have something.
        """
        self.fetch = fetch  # type: ignore[method-assign]

    def call(
        self, entrypoint: str, props: str | None, route: str, message: Message | None
    ) -> "asyncio.Future[Message]":
        """Call a method by RPC, or look at a property; a future of the result, as `fetch`."""
        answer: asyncio.Future[Message] = self.host.loop.create_future()
        number = self._begin(answer)
        if number:
            if self.host.tracer is not None:
                self.host.tracer.call(number, route, entrypoint)
            self.host.enter(
                self._dispatch_call,
                *(number, entrypoint, props, route),
                *(() if message is None else (message.data, self.host.rpc.give(message))),
            )
        elif message is not None:
            message.drop()
        return answer

    def scheduled(self, cron: str, scheduled_ms: float) -> "asyncio.Future[Message]":
        """Tell the script that a cron trigger is due; done when its handler is, as `fetch`."""
        told = {"cron": cron, "scheduledTime": scheduled_ms}
        return self.event(self.entry_once("dispatchScheduled"), cron, scheduled_ms, told=told)

    def queue(
        self, queue: str, messages: "Sequence[QueuedMessage]", backlog: "Backlog"
    ) -> "asyncio.Future[Message]":
        """Give the script a batch; `batches.outcome_of` tells what came of it."""
        from holdfast.workers.batches import written

        told, bodies = written(messages, backlog)
        event = {"queue": queue, "batchSize": len(messages)}
        return self.event(self.entry_once("dispatchQueue"), queue, told, bodies, told=event)

    def tail(
        self,
        frames: Sequence[Frame],
        passed: Sequence[str],
        entrypoint: str = "",
        props: str | None = None,
    ) -> "asyncio.Future[Message]":
        """Tell the script of others' events; done when its handler is, as `fetch`.

        `passed` are the Tail Workers by which they have come, this one among them.
        """
        depth = depth_of(frames) + 1
        told = {"consumedEvents": [{"scriptName": frame["scriptName"]} for frame in frames]}
        entry, traces = self.entry_once("dispatchTail"), for_consumer(frames)
        source = {"depth": depth, "passed": passed, "entrypoint": entrypoint or None}
        return self.event(entry, traces, depth, entrypoint, props, told=told, **source)

    def email(self, mail: "IncomingMail") -> "asyncio.Future[Message]":
        """Give the script a mail; `mail.rejection_of` tells whether it rejects it."""
        told = {"mailFrom": mail.sender, "rcptTo": mail.recipient, "rawSize": len(mail.raw)}
        entry = self.entry_once("dispatchEmail")
        return self.event(entry, mail.sender, mail.recipient, mail.headers, mail.raw, told=told)

    def event(
        self, entry: Handle, *arguments: Any, told: Frame | None = None, **source: Any
    ) -> "asyncio.Future[Any]":
        """Begin an event of another kind; `entry` is called with its number and `arguments`.

        `told` is how those who listen are told of it, `source` as for Tracer.begin.
        A future of whatever the event's answer is, as `fetch`.
        """
        answer: asyncio.Future[Any] = self.host.loop.create_future()
        if number := self._begin(answer):
            if self.host.tracer is not None and told is not None:
                self.host.tracer.begin(number, told, **source)
            self.host.enter(entry, number, *arguments)
        return answer

    def _begin(self, answer: "asyncio.Future[Any]") -> int:
        """The number of a new event; 0 where none can begin, which the answer tells."""
        if self.is_dead:
            answer.set_exception(WorkerTerminated("The Worker's isolate has ended."))
            return 0
        self._last_number = number = self._last_number + 1
        self._answers[number] = answer
        self._live.add(number)
        return number

    def _look_for_client(self, number: int, answer: "asyncio.Future[WorkerResponse]") -> None:
        if answer.cancelled():
            self.client_left("event", number)

    def client_left(self, kind: str, number: int) -> None:
        """Who waits for the answer to an event, or to a "call" of an object, waits no more."""
        if not self.is_dead:
            self.host.enter_soon(self.entry_once("clientLeft"), kind, number)

    def number_of(self, answer: "asyncio.Future[Any]") -> int | None:
        """The number of the event that this is to be the answer to; None if it is answered."""
        return next((number for number, known in self._answers.items() if known is answer), None)

    def respond(
        self,
        number: int,
        status: int,
        status_text: str,
        headers: str,
        body: str | bytes | int | None,
    ) -> None:
        """The script's answer to an event (op event_respond)."""
        answer = self._answers.pop(number, None)
        self.counts.responses[status // 100] += 1
        response = WorkerResponse(status, status_text, headers, self.bodies.received(body))
        if self.host.tracer is not None:
            is_late = answer is not None and answer.cancelled()
            self.host.tracer.responded(number, status, response.body, is_late=is_late)
        if answer is None or answer.done():
            response.discard()
        else:
            answer.set_result(response)

    def upgrade(self, number: int, status_text: str, headers: str, socket: SocketEnd) -> None:
        """The script's answer to an event is a WebSocket (op event_upgrade)."""
        answer = self._answers.pop(number, None)
        self.counts.responses[1] += 1
        if self.host.tracer is not None:
            self.host.tracer.responded(number, 101)
        may_compress = self.host.compatibility.compresses_sockets
        response = WorkerResponse(101, status_text, headers, None, socket, may_compress)
        if answer is None or answer.done():
            response.discard()
        else:
            answer.set_result(response)

    def give_back(self, number: int, message: Message) -> None:
        """The result of a call by RPC (op event_return)."""
        answer = self._answers.pop(number, None)
        if answer is None or answer.done():
            message.drop()
        else:
            answer.set_result(message)

    def fail(
        self,
        number: int,
        name: str,
        message: str,
        description: str,
        flags: str,
        data: bytes | None,
    ) -> None:
        """The script's failure to answer an event (op event_failed)."""
        if self.host.tracer is not None:
            self.host.tracer.fail(number, name, message, description, "exception")
        self._end(number, ScriptFailed(name, message, description, flags, data))
        if message == "null":
            self._look_at_memory()

    def _refuse(self, why: str, number: int, *_arguments: Any) -> None:
        """An event is too large for what memory is left."""
        self.fail(number, "RangeError", why, f"RangeError: {why}", "", None)
        self.finish(number)

    def _refuse_call(
        self,
        why: str,
        number: int,
        _entrypoint: str,
        _props: str | None,
        _route: str,
        _data: bytes = b"",
        tokens: str = "",
    ) -> None:
        self._refuse(why, number)
        self.host.rpc.let_go(tokens)

    def _look_at_memory(self, share: float = FULL_HEAP) -> None:
        """Something threw null, as QuickJS does where no memory is left to make an error of.

        A heap that stays so full fails or forgets whatever comes next.
        """
        if self.host.isolate.memory_used() > share * self._memory_bytes:
            self.exhausted()

    def sweep(self) -> None:
        """An interval has passed: start afresh where what waits may lack memory to be answered.

        A promise that was to be settled when none was left is never settled, and nobody is told.
        """
        if self.is_dead or not self.host.isolate.may_be_full:
            return
        if self._answers or self.host.has_calls:
            self._look_at_memory(BRIM)

    def exhausted(self) -> None:
        """The script ran out of memory (op memory_exhausted): it starts afresh."""
        self.host.loop.call_soon(self.terminate, OUT_OF_MEMORY)

    def finish(self, number: int) -> None:
        """An event has nothing under way any more (op event_finished)."""
        self._live.discard(number)
        if self.host.tracer is not None:
            self.host.tracer.finish(number)
        if self.retired:
            self.host.loop.call_soon(self._close_if_done)

    def _end(self, number: int, error: Exception) -> None:
        answer = self._answers.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_exception(error)

    def _on_idle(self) -> None:
        """Nothing is under way in the isolate: what still waits, waits for ever."""
        if not (self._live or self._answers or self.retired or self.host.tracer):
            return
        for number in [*self._answers]:
            self._end(number, ScriptHung())
            if self.host.tracer is not None:
                self.host.tracer.fail(number, "Error", str(ScriptHung()), "", "exception")
        self._live.clear()
        if self.host.tracer is not None:
            self.host.tracer.finish_all()
        if self.retired:
            self.host.loop.call_soon(self._close_if_done)

    def _on_rejection(self, error: JSError) -> None:
        text = readable(error).replace("Uncaught", "Uncaught (in promise)", 1)
        self.host.console("error", text)
        if self.host.tracer is not None:
            self.host.tracer.log(0, "error", [text])
        if error.is_null:
            self._look_at_memory()
        elif self.host.loop.time() >= self._next_look:
            # Perhaps it was the code that would have answered, and memory what it lacked.
            self._next_look = self.host.loop.time() + LOOK_SECONDS
            self._look_at_memory(BRIM)

    # ---- the end ---------------------------------------------------------------

    def _on_terminated(self, error: Exception) -> None:
        frames = own_frames(error) if isinstance(error, IsolateTerminated) else []
        self.host.console("error", "\n".join([f"The script was stopped: {error}", *frames]))
        self.counts.stopped += 1
        self.on_dead(str(error))
        self._fail_all(WorkerTerminated(str(error)))
        self.host.loop.call_soon(self.close)

    def terminate(self, reason: str) -> None:
        """End the isolate after the running turn: it went past a limit."""
        if not self.is_dead:
            self.host.isolate.terminated = True
            self._on_terminated(WorkerTerminated(reason))

    def _fail_all(self, error: Exception) -> None:
        for number in [*self._answers]:
            self._end(number, error)
            if self.host.tracer is not None:
                self.host.tracer.fail(number, "Error", str(error), "", _outcome(error))
        self._live.clear()
        if self.host.tracer is not None:
            self.host.tracer.fail_objects(str(error), _outcome(error))
            self.host.tracer.finish_all()

    def retire(self) -> None:
        """Take no new events; close when all is done that is under way, or after 30 seconds."""
        if self.retired:
            return
        self.retired = True
        self._deadline = self.host.loop.call_later(RETIREMENT_SECONDS, self.close)
        self.host.loop.call_soon(self._close_if_done)

    def _close_if_done(self) -> None:
        if not self.is_busy:
            self.close()

    def close(self) -> None:
        """End the isolate now; events under way fail. Harmless the second time."""
        if self.host.isolate.closed:
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._fail_all(WorkerTerminated("The Worker was replaced or shut down."))
        self.host.close()
        self.bodies.close()
        if self.host.sockets is not None:
            self.host.sockets.close(*self._last_words())
        self.host.isolate.close()
        self.on_closed()

    def _last_words(self) -> tuple[int, str]:
        """Code and reason of the closes that the other ends of WebSockets get; 0 for none."""
        if self.host.isolate.terminated:
            return 0, ""
        return (SERVICE_RESTART, CODE_UPDATED) if self.retired else (GOING_AWAY, "")

    @property
    def events_begun(self) -> int:
        """How many events it was given."""
        return self._last_number

    @property
    def under_way(self) -> frozenset[int]:
        """The events that have not ended, with all that they gave to `waitUntil`, by number."""
        return frozenset(self._live)

    @property
    def is_busy(self) -> bool:
        """True while an event is under way, a call of an object, or a body that goes out.

        Nothing is in an isolate that was terminated: what it had under way never ends.
        """
        return not self.is_dead and bool(
            self._live or self.host.has_calls or self.bodies.is_writing
        )


def _outcome(error: Exception) -> str:
    """How those who listen are told that the isolate has ended under an event."""
    text = str(error)
    for word, outcome in (("CPU", "exceededCpu"), ("memory", "exceededMemory")):
        if word in text:
            return outcome
    return "canceled"


def _nothing(*_: object) -> None:
    """Nobody waits for the end of this Worker."""
