"""The runtime under test, with what a harness has to see and to decide of it."""

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from holdfast.catalog import Script
from holdfast.catalog.migrations import NO_CHANGES, NamespaceChanges
from holdfast.engine import Handle, Isolate
from holdfast.host.context import Capabilities, Clock, Host, Tell
from holdfast.host.mail import Outlet
from holdfast.host.timers import CallLater
from holdfast.objects.alarms import AlarmScheduler, Due, Outcome
from holdfast.objects.record import ObjectRecord
from holdfast.server.code_ahead import CodeAhead
from holdfast.server.resident import Resident
from holdfast.server.runtime import SWEEPS_PER_IDLE_TIME, Runtime
from holdfast.server.schedules import CronScheduler
from holdfast.server.settings import Settings
from holdfast.storage import Storage
from holdfast.testing.loop import LoopView
from holdfast.testing.outbound import Outbound
from holdfast.testing.services import PythonService
from holdfast.testing.sources import Sources
from holdfast.testing.spares import platform
from holdfast.workers import Worker

if TYPE_CHECKING:
    from holdfast.catalog.namespace import Namespace

MAX_LATENCY_S = 0.01


class _LoadedAtOnce(CodeAhead):
    """No test minds that others wait."""

    def script(self, name: str, read: Callable[[str], Script]) -> Script:
        """See CodeAhead."""
        return read(name)


class Interleaving:
    """Latencies by chance, of which a seed decides: other orders of what may happen in any order.

    Whatever answers a script takes its time: ops, other objects, the disk, the calls of a test.
    Without a seed nothing takes any.
    """

    def __init__(self) -> None:
        self.seed: int | None = None
        self._random = random.Random()  # noqa: S311 - it is to be repeated

    def begin(self, seed: int) -> None:
        """Take latencies from this seed, from now on."""
        self.seed = seed
        self._random = random.Random(seed)  # noqa: S311

    def latency_s(self) -> float:
        """The next latency."""
        return 0.0 if self.seed is None else self._random.random() * MAX_LATENCY_S


class ObservedHost(Host):
    """An isolate's host that tells of what happens, and whose time is the harness's."""

    def __init__(
        self, view: LoopView, clock: Clock, capabilities: Capabilities, interleaving: Interleaving
    ) -> None:
        super().__init__(cast("asyncio.AbstractEventLoop", view), clock, capabilities)
        self.tools: Handle
        self._view = view
        self._interleaving = interleaving

    def attach(self, isolate: Isolate, kernel: Handle) -> None:
        """See Host."""
        super().attach(isolate, kernel)
        self.tools = platform().take_tools(isolate)
        follow = isolate.export(self.tools, "followHost")
        isolate.call(isolate.export(kernel, "replaceGlobal"), "Date", follow)

    def enter(self, function: Handle, *arguments: Any) -> Any:
        """See Host."""
        self._view.activity += 1
        return super().enter(function, *arguments)

    def settle(self, number: int, *values: Any) -> None:
        """See Host."""
        if latency_s := self._interleaving.latency_s():
            self._view.call_later(latency_s, super().settle, number, *values)
        else:
            super().settle(number, *values)

    def fail(self, number: int, error: BaseException, data: bytes | None = None) -> None:
        """See Host."""
        if latency_s := self._interleaving.latency_s():
            self._view.call_later(latency_s, super().fail, number, error, data)
        else:
            super().fail(number, error, data)

    @property
    def tasks(self) -> "set[asyncio.Task[None]]":
        """The ops that are under way."""
        return self._tasks


class AlarmEnds:
    """Tells whoever waits for the end of an alarm; passes everything on to the scheduler."""

    def __init__(self, scheduler: AlarmScheduler) -> None:
        self._scheduler = scheduler
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}

    def of(self, object_id: str) -> "asyncio.Future[Outcome]":
        """How the next run of this object's alarm ends."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[object_id] = future
        return future

    def ended(self, due: Due, outcome: Outcome, *, counts: bool = True) -> None:
        """See AlarmScheduler."""
        self._scheduler.ended(due, outcome, counts=counts)
        future = self._waiting.pop(due.object_id, None)
        if future is not None and not future.done():
            future.set_result(outcome)


class HarnessRuntime(Runtime):
    """A shard whose services may be Python code."""

    # So that alarms are retried at the times which are documented.
    chance = staticmethod(lambda: 0.0)

    def __init__(
        self,
        settings: Settings,
        sources: Sources,
        storage: Storage,
        *,
        view: LoopView,
        clock: Clock,
        console: Tell,
        outbound: Outbound,
        interleaving: Interleaving,
    ) -> None:
        self.hosts: list[ObservedHost] = []
        self.services: dict[str, PythonService] = {}
        self._sources = sources
        self._view = view
        self._interleaving = interleaving
        self._tools: dict[tuple[Worker, str], Handle] = {}
        super().__init__(
            settings,
            sources,
            storage,
            console=console,
            loop=cast("asyncio.AbstractEventLoop", view),
            clock=clock,
            fetch=outbound,
            platform=platform(),
        )
        self.code_ahead = _LoadedAtOnce(self._platform.kept, self.loop)
        endless = cast("CallLater", partial(view.call_later, endless=True))
        self.crons = CronScheduler(self.worker, clock, endless, self.tell, self.begin_instance)
        self.alarm_ends = AlarmEnds(self.alarms)
        self._alarm_calls.scheduler = cast("AlarmScheduler", self.alarm_ends)

    def worker(self, name: str) -> Worker:
        """See Runtime; Python code is a Worker as far as its callers can tell."""
        service = self.services.get(name)
        return cast("Worker", super().worker(name) if service is None else service)

    def worker_unless_slow(self, name: str) -> Worker:
        """See Runtime."""
        return self.worker(name)

    def record(self, namespace: "Namespace", object_id: str, name: str | None) -> ObjectRecord:
        """An object, brought up where it is not live. Raises what loading its script raises."""
        home = self.home(namespace.script, object_id)
        record = self.directory.find(object_id)
        if record is None:
            record = self.directory.bring_up(namespace, object_id, name, home)
            home.admit(record)
        return record

    def evict(self, record: ObjectRecord) -> str:
        """Have an object leave memory; why that is not possible, or ""."""
        loaded = record.home.worker
        why: str = loaded.host.enter(self.tool(loaded, "evictObject"), record.slot)
        return why

    def load(self, script: Script, changes: NamespaceChanges = NO_CHANGES) -> Resident:
        """See Runtime."""
        resident = super().load(script, changes)
        for said in self._sources.replaced.get(script.name, ()):
            self._tell_of_step(resident.worker, *said)
        if self._interleaving.seed is not None:
            self._call_through_host(resident.worker)
        return resident

    def replace_step(self, workflow: "Namespace", said: bytes) -> None:
        """Have a step of all instances of a Workflow come to what is said, from now on."""
        steps = self._sources.replaced.setdefault(workflow.script, [])
        steps.append((workflow.class_name, said))
        self._tell_of_step(self.worker(workflow.script), *steps[-1])

    def _tell_of_step(self, worker: Worker, class_name: str, said: bytes) -> None:
        worker.host.enter(self.tool(worker, "replaceStepForAll"), class_name, said)

    def interleave(self) -> None:
        """Have the calls to objects of the scripts that are loaded take their time."""
        for resident in self._residents.values():
            self._call_through_host(resident.worker)

    def _call_through_host(self, worker: Worker) -> None:
        worker.host.enter(self.tool(worker, "callThroughHost"))

    def tool(self, worker: Worker, name: str) -> Handle:
        """An entry point of polyfills/testing in a Worker's isolate."""
        key = (worker, name)
        if key not in self._tools:
            host = cast("ObservedHost", worker.host)
            self._tools[key] = host.isolate.export(host.tools, name)
        return self._tools[key]

    def tasks(self) -> set[asyncio.Task[Any]]:
        """All ops that are under way, and the work for queues."""
        ops = {task for host in self.hosts for task in host.tasks}
        return ops | self.resources.tasks

    # ---- what the runtime makes ------------------------------------------------------

    def _make_outlet(self) -> Outlet:
        """Mails are kept for the test."""
        from holdfast.testing.mail import Outbox

        return Outbox()

    def make_host(self, capabilities: Capabilities) -> Host:
        """See Runtime."""
        host = ObservedHost(self._view, self.clock, capabilities, self._interleaving)
        self.hosts.append(host)
        return host

    def _schedule_sweep(self) -> None:
        interval = self.settings.idle_seconds / SWEEPS_PER_IDLE_TIME
        clock: Any = self.clock
        self._sweeper = clock.call_later(interval, self._sweep, interval, background=True)
