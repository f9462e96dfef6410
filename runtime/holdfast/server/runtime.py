"""The loaded scripts and live objects of one shard.

A script is loaded when the first event for it comes and stays loaded. A new version
takes over at once: it is loaded beside the old one, which then gets no new events and
whose objects are fenced off from storage; it closes when its last event has ended. An
isolate that went past a limit is replaced by the next event.
"""

import asyncio
import logging
import random
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from holdfast.catalog import CatalogUnusable, Namespace, Script
from holdfast.catalog.migrations import NO_CHANGES, NamespaceChanges
from holdfast.dataclass import dataclass
from holdfast.engine import Limits
from holdfast.host.bodies import BodyTable
from holdfast.host.cache import ScriptCaches
from holdfast.host.constants import MAX_OBJECT_CALLS
from holdfast.host.context import Capabilities, Clock, Host
from holdfast.host.d1 import D1Bindings
from holdfast.host.egress import allow_all, public_only
from holdfast.host.fetch import FetchClient
from holdfast.host.kv import KeyValueBindings
from holdfast.host.mail import MailBindings, Outlet
from holdfast.host.platform import Platform
from holdfast.host.rate_limits import RateLimits
from holdfast.host.system import SystemClock
from holdfast.objects import (
    AlarmCalls,
    AlarmScheduler,
    InProcess,
    IsolateObjects,
    LocalObjects,
    ObjectDirectory,
    ObjectHome,
    Placement,
    WaitGraph,
)
from holdfast.objects.calls import Calls
from holdfast.objects.capability import WorkerFinder
from holdfast.objects.directory import ISOLATE_ENDED
from holdfast.objects.rpc import IsolateRpc
from holdfast.server.clock_steps import ClockSteps
from holdfast.server.code_ahead import CodeAhead
from holdfast.server.data_folder import MAIL
from holdfast.server.environment import Environment
from holdfast.server.freed import FreedMemory
from holdfast.server.object_files import LocalFiles, ObjectFiles
from holdfast.server.overload import Overload
from holdfast.server.resources import Resources
from holdfast.server.route_table import RouteTable
from holdfast.server.schedules import CronScheduler
from holdfast.server.settings import Settings
from holdfast.server.sources import ScriptSource
from holdfast.server.tails import Tails
from holdfast.storage import Storage
from holdfast.storage.cache import ResponseCache
from holdfast.workers import (
    Durations,
    NotCompiled,
    ScriptCounts,
    ScriptInvalid,
    Worker,
    WorkerTerminated,
)

if TYPE_CHECKING:
    from holdfast.server.loaded import LoadedWorkers
    from holdfast.server.tail_consumers import TailConsumers

log = logging.getLogger("holdfast.server")

SWEEPS_PER_IDLE_TIME = 4
EVICTIONS_AT_ONCE = 16
EVICTION_PAUSE_SECONDS = 0.005
DRAIN_LOOK_SECONDS = 0.01
TELLING_SECONDS = 1.0  # that a server which stops gives Tail Workers for what they are to be told


class Console(Protocol):
    """Who shows what scripts print."""

    def __call__(self, script: str, level: str, text: str) -> None:
        """Show a line of a script's console; `level` is a console method's name."""


@dataclass(frozen=True, slots=True, eq=False)
class Resident:
    """A script that is loaded: its Worker and the objects that live with it."""

    worker: Worker
    home: ObjectHome
    objects: IsolateObjects


class Runtime:
    """One shard: finds, loads, replaces and ends Workers and their objects."""

    def __init__(
        self,
        settings: Settings,
        source: ScriptSource,
        storage: Storage,
        *,
        console: Console,
        loop: asyncio.AbstractEventLoop,
        clock: Clock | None = None,
        placement: Placement | None = None,
        fetch: FetchClient | None = None,
        platform: Platform | None = None,
    ) -> None:
        self.settings = settings
        self.source = source
        self.storage = storage
        self.overload = Overload(settings.bounds, loop, descriptors=storage.descriptors)
        self._console = console
        self.loop = loop
        self.clock = clock or SystemClock()
        egress = allow_all if settings.allow_private_egress else public_only
        self._fetch = fetch or FetchClient(egress=egress, origins=settings.origins)
        self._responses = ResponseCache(
            settings.data / "cache",
            max_bytes=settings.cache_bytes,
            is_shared=placement is not None,
        )
        self._platform = platform or Platform()
        self._calls = Calls()
        self.code_ahead = CodeAhead(self._platform.kept, loop)
        self._rate_limits = RateLimits(self.clock.now_ms)
        self.directory = ObjectDirectory(
            storage, placement or InProcess(), loop, idle_seconds=settings.idle_seconds
        )
        self._waits = WaitGraph(self._calls, self.directory.placement, loop)
        self.local = LocalObjects(
            self.directory,
            self._calls,
            self._waits,
            self.home,
            lambda unique_key: self.alarms.namespace(unique_key),
        )
        self.files: ObjectFiles = LocalFiles(storage, self.directory)
        self._alarm_calls = AlarmCalls(storage, self.directory, self.home, self.tell)
        self.alarms = AlarmScheduler(
            self._alarm_calls,
            self.clock,
            loop.call_later,
            random.random,
        )
        self._alarm_calls.scheduler = self.alarms
        storage.alarms.changed = self.alarms.changed
        for namespace in source.namespaces():
            self.watch_alarms(namespace)
        self._residents: dict[str, Resident] = {}
        self.counts: dict[str, ScriptCounts] = {}  # by script
        self._takes_time = False  # notes how long answers take
        self.routes = RouteTable()
        self.reroute()
        self.tails = Tails(self._trace, self.clock.now_ms)
        self._tail_consumers: TailConsumers | None = None  # until somebody has any
        self.retail()
        self._retiring: dict[Worker, IsolateObjects] = {}
        self._loaded: LoadedWorkers | None = None  # until a script loads some
        self._closed = False
        self._freed = FreedMemory()
        self._clock_steps = ClockSteps(self.clock)
        self._sweeper: asyncio.TimerHandle | None = None
        self._schedule_sweep()
        self.crons = CronScheduler(self.worker_unless_slow, self.clock, loop.call_later, self.tell)
        self.resources = self._make_resources()

    def _trace(self, script: str) -> None:
        resident = self._residents.get(script)
        if resident is not None:
            resident.worker.host.trace(self.tails.tracer(resident.worker.script))

    def watch_alarms(self, namespace: Namespace) -> None:
        """Wake a namespace's objects for their alarms; again where its script has changed."""
        self.alarms.watch(namespace, self.storage.alarm_list(namespace.unique_key))

    def tell(self, script: str, level: str, text: str) -> None:
        """Show a line about a script where its console output goes."""
        self._console(script, level, text)

    # ---- finding -----------------------------------------------------------------

    def worker(self, name: str) -> Worker:
        """The Worker that takes a script's events now, loaded if need be.

        Raises ScriptNotFound, or ScriptInvalid where the script does not load.
        """
        resident = self._residents.get(name)
        if resident is not None and not resident.worker.is_dead:
            return resident.worker
        return self._bring_up(self._read(name)).worker

    def worker_unless_slow(self, name: str) -> Worker:
        """As `worker`; raises NotCompiled where loading would keep the loop from all else."""
        resident = self._residents.get(name)
        if resident is not None and not resident.worker.is_dead:
            return resident.worker
        return self._bring_up(self.code_ahead.script(name, self._read)).worker

    async def worker_in_time(self, name: str) -> Worker:
        """As `worker`; others have turns where loading takes long."""
        while True:
            try:
                return self.worker_unless_slow(name)
            except NotCompiled as late:
                await asyncio.wait([late.done])

    def home(self, name: str) -> ObjectHome:
        """Where a script's objects live now; loads and raises as `worker_unless_slow`."""
        resident = self._residents.get(name)
        if resident is not None and not resident.worker.is_dead:
            return resident.home
        return self._bring_up(self.code_ahead.script(name, self._read)).home

    def _read(self, name: str) -> Script:
        if self._closed:
            raise WorkerTerminated("The server is shutting down.")
        try:
            return self.source.script(name)
        except CatalogUnusable as error:
            raise ScriptInvalid(str(error)) from error

    def _bring_up(self, script: Script) -> Resident:
        resident = self.load(script)
        self._make_live(script.name, resident)
        return resident

    def _make_live(self, name: str, resident: Resident) -> None:
        self._residents[name] = resident
        self.code_ahead.forget(name)
        resident.worker.counts = self.counts_of(name)
        resident.worker.host.trace(self.tails.tracer(resident.worker.script))
        for namespace in resident.objects.namespaces:
            if namespace.script:
                self.watch_alarms(namespace)

    @property
    def residents(self) -> Mapping[str, Resident]:
        """The scripts that are loaded, by name."""
        return self._residents

    def reroute(self) -> None:
        """Have requests go where the source's routes and custom domains lead now."""
        self.routes.set(self.source.routes())

    def retail(self) -> None:
        """Have events told to those whom the source names now."""
        consumers = self.source.tail_consumers()
        if self._tail_consumers is None:
            if not consumers:
                return
            from holdfast.server.tail_consumers import TailConsumers

            self._tail_consumers = TailConsumers(
                self.tails, self.worker_unless_slow, self.loop, self.tell
            )
        self._tail_consumers.set(consumers)

    def counts_of(self, name: str) -> ScriptCounts:
        """What is counted of a script that there is."""
        counts = self.counts.get(name)
        if counts is None:
            counts = self.counts[name] = ScriptCounts()
            if self._takes_time:
                counts.durations = Durations()
        return counts

    def take_time(self) -> None:
        """Note from now on how long answers take, which costs each of them 2 µs."""
        self._takes_time = True
        for counts in self.counts.values():
            counts.durations = counts.durations or Durations()

    # ---- loading -----------------------------------------------------------------

    def load(self, script: Script, changes: NamespaceChanges = NO_CHANGES) -> Resident:
        """Load a script into a fresh isolate, without giving it any events yet.

        Its namespaces are as they will be after `changes`. Raises ScriptInvalid.
        """
        host = self.make_host(self.capabilities(script.name))
        objects = self.make_objects(host, self.worker_unless_slow)
        environment = Environment(
            script, host, objects, self.source, changes, self.resources, self._shelter
        )
        bindings = [environment.describe(binding) for binding in script.bindings]
        resident = self.assemble(script, host, objects, bindings, limits=self.settings.limits)
        if script.assets is not None:
            from holdfast.server.assets import put_before

            put_before(resident.worker, self.settings.data, self.loop, self._console)
        resident.worker.extend_environment(*environment.of_exports(resident.worker.exports))
        return resident

    def _shelter(self) -> "LoadedWorkers":
        """The Workers that scripts load."""
        if self._loaded is None:
            from holdfast.server.loaded import LoadedWorkers

            self._loaded = LoadedWorkers(self, SWEEPS_PER_IDLE_TIME)
        return self._loaded

    def make_objects(self, host: Host, worker_of: WorkerFinder) -> IsolateObjects:
        """What an isolate may reach of others."""
        objects = IsolateObjects(
            host, self.directory, self._calls, local=self.local, worker_of=worker_of
        )
        host.objects, host.rpc = objects, objects.rpc
        objects.alarms = self._alarm_calls
        return objects

    def assemble(
        self,
        script: Script,
        host: Host,
        objects: IsolateObjects,
        bindings: list[dict[str, Any]],
        *,
        limits: Limits,
    ) -> Resident:
        """Load a script into the isolate of `host`; see `load`."""
        worker = Worker(script, self._platform, host, limits=limits, bindings=bindings)
        home = ObjectHome(worker)
        if self.settings.bounds.object_calls != MAX_OBJECT_CALLS:
            home.bound_calls(self.settings.bounds.object_calls)
        objects.live_in(home)
        worker.on_dead = lambda reason: self._on_dead(home, reason)
        worker.on_closed = lambda: self._on_closed(home, objects.rpc)
        return Resident(worker, home, objects)

    def _make_resources(self) -> Resources:
        return Resources(
            self.settings,
            clock=self.clock,
            loop=self.loop,
            tell=self.tell,
            make_outlet=self._make_outlet,
            worker_of=self.worker_unless_slow,
            is_here=self.directory.placement.is_here,
            creates_queues=self.source.implies_stores,
        )

    def _make_outlet(self) -> Outlet:
        from holdfast.server.mail import MailFolder, Relay

        url, folder = self.settings.smtp, self.settings.data / MAIL
        return Relay.parse(url) if url else MailFolder(folder, self.tell)

    def make_host(self, capabilities: Capabilities) -> Host:
        """The host of an isolate that is to be made."""
        return Host(self.loop, self.clock, capabilities)

    def capabilities(self, script_name: str) -> Capabilities:
        """What a script's isolate can reach of the machine."""
        resources = self.resources

        def console(level: str, text: str) -> None:
            self._console(script_name, level, text)

        return Capabilities(
            console=console,
            bodies=BodyTable(),
            fetch=self._fetch,
            cache=ScriptCaches(self._responses, script_name),
            kv=KeyValueBindings(resources.key_value),
            d1=D1Bindings(lambda: resources.d1),
            rate_limits=self._rate_limits,
            mail=MailBindings(script_name, lambda: resources.mail),
            edge=self.settings.edge,
        )

    # ---- replacing and ending ------------------------------------------------------

    def replace(self, name: str, resident: Resident) -> None:
        """Make a loaded version live; the one before it is superseded."""
        old = self._residents.get(name)
        self._make_live(name, resident)
        if old is not None:
            self._supersede(old)

    def remove(self, name: str) -> None:
        """Take a script out of service."""
        old = self._residents.pop(name, None)
        self.code_ahead.forget(name)
        self.counts.pop(name, None)
        if old is not None:
            self._supersede(old)

    def move_namespace(self, namespace: Namespace) -> None:
        """A namespace has got another class or another script: its objects go on there."""
        self.directory.supersede_namespace(namespace.unique_key)
        for resident in (*self._residents.values(), *(self._loaded or ())):
            resident.objects.rebind(namespace)
        for objects in self._retiring.values():
            objects.rebind(namespace)
        self.watch_alarms(namespace)

    def delete_namespace(self, unique_key: str) -> None:
        """Remove the objects of a namespace, their data and their alarms."""
        self.alarms.unwatch(unique_key)
        self.storage.delete_namespace(unique_key)

    def forget_namespace(self, unique_key: str) -> None:
        """Another shard is about to remove the objects of a namespace: let go of them."""
        self.alarms.unwatch(unique_key)
        self.storage.release_namespace(unique_key)

    def _supersede(self, resident: Resident) -> None:
        self._retiring[resident.worker] = resident.objects
        self.directory.supersede(resident.home)
        resident.worker.retire()

    def _on_dead(self, home: ObjectHome, reason: str) -> None:
        """The isolate stopped in the middle of a turn: what that turn wrote is void."""
        self.directory.drop(home, ISOLATE_ENDED, logged=f"the script was stopped: {reason}")
        self._calls.fail_all(home)
        self._alarm_calls.fail_all(home, counts=True)

    def _on_closed(self, home: ObjectHome, rpc: IsolateRpc) -> None:
        rpc.close()
        if loaders := rpc.host.capabilities.get("loaders"):
            loaders.close()
        self._retiring.pop(home.worker, None)
        self._calls.fail_all(home)
        self._alarm_calls.fail_all(home, counts=False)

    async def drain(self, seconds: float) -> None:
        """Begin no event that nobody asks for; return when none is under way, or after so long."""
        self.alarms.close()
        self.crons.close()
        self.resources.pause()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._is_busy():  # noqa: ASYNC110 - no event pays for telling of its end
                    await asyncio.sleep(DRAIN_LOOK_SECONDS)

    def _is_busy(self) -> bool:
        if self.alarms.running or self.resources.is_busy:
            return True
        if self._loaded is not None and self._loaded.is_busy:
            return True
        workers = [resident.worker for resident in self._residents.values()]
        return any(worker.is_busy for worker in (*workers, *self._retiring))

    async def aclose(self) -> None:
        """End every Worker and make everything that was written durable."""
        if self._tail_consumers is not None:
            await self._tail_consumers.aclose(TELLING_SECONDS)
        self._closed = True
        self.overload.close()
        self.alarms.close()
        self.crons.close()
        self.resources.close()
        self._waits.close()
        self.directory.departures.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for resident in [*self._residents.values()]:
            self.directory.supersede(resident.home, "The server is shutting down.")
            resident.worker.close()
        for worker in [*self._retiring]:
            worker.close()
        if self._loaded is not None:
            await self._loaded.aclose(TELLING_SECONDS)
        self._residents.clear()
        await self._fetch.close()
        await self._responses.aclose()
        await self.storage.aclose()
        await self.resources.aclose()

    # ---- sweeping ------------------------------------------------------------------

    def _schedule_sweep(self) -> None:
        interval = max(self.settings.idle_seconds / SWEEPS_PER_IDLE_TIME, 0.05)
        self._sweeper = self.loop.call_later(interval, self._sweep, interval)

    def _sweep(self, interval: float) -> None:
        hung = max(round(self.settings.hang_seconds / interval), 1)
        self.storage.write_names()
        for resident in [*self._residents.values()]:
            resident.home.sweep(hung)
            self._evict_idle(resident.home)
        if self._loaded is not None:
            self._loaded.sweep(hung)
        self._freed.look(len(self.directory) + self.overload.count_connections())
        if step_ms := self._clock_steps.take():
            log.info(
                "the clock stepped by %+.0f s: it was set, or the machine slept", step_ms / 1000
            )
            self.alarms.clock_stepped()
            self.crons.clock_stepped(step_ms / 1000)
            self.resources.look_at_queues()
        self._schedule_sweep()

    def _evict_idle(self, home: ObjectHome) -> None:
        """Evict a few objects at a time, so that requests come in between."""
        if home.evict_idle(SWEEPS_PER_IDLE_TIME, EVICTIONS_AT_ONCE):
            self.loop.call_later(EVICTION_PAUSE_SECONDS, self._evict_idle, home)
        else:
            self.directory.departures.tell()
