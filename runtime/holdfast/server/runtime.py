"""The loaded scripts and live objects of one shard.

A script is loaded when the first event for it comes and stays loaded (residents.py). A new version
takes over at once: it is loaded beside the old one, which then gets no new events and
whose objects are fenced off from storage; it closes when its last event has ended. An
isolate that went past a limit is replaced by the next event. Where two versions of a script are
deployed, both stay loaded (gradual.py).
"""

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from holdfast.catalog import Namespace, Script, ScriptNotFound
from holdfast.catalog.migrations import NO_CHANGES, NamespaceChanges
from holdfast.engine import Limits
from holdfast.host.bodies import BodyTable
from holdfast.host.cache import ScriptCaches
from holdfast.host.constants import MAX_OBJECT_CALLS
from holdfast.host.context import Capabilities, Clock, Host, Tell
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
from holdfast.server.data_folder import CACHE, MAIL
from holdfast.server.environment import Environment
from holdfast.server.freed import FreedMemory
from holdfast.server.known_namespaces import KnownNamespaces
from holdfast.server.lingering import Lingering
from holdfast.server.object_files import LocalFiles, ObjectFiles
from holdfast.server.overload import Overload
from holdfast.server.previews import UnusedPreviews
from holdfast.server.resident import Resident
from holdfast.server.residents import Residents
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
    ScriptCounts,
    Worker,
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


_Found = TypeVar("_Found")


class Runtime(Residents):
    """One shard: finds, loads, replaces and ends Workers and their objects."""

    # Spreads the retries of alarms: numbers from 0 to 1, 1 excluded.
    chance = staticmethod(random.random)

    def __init__(
        self,
        settings: Settings,
        source: ScriptSource,
        storage: Storage,
        *,
        console: Tell,
        loop: asyncio.AbstractEventLoop,
        clock: Clock | None = None,
        placement: Placement | None = None,
        fetch: FetchClient | None = None,
        platform: Platform | None = None,
    ) -> None:
        self._platform = platform or Platform()
        super().__init__(source, loop, CodeAhead(self._platform.kept, loop))
        self.settings = settings
        self.storage = storage
        self.overload = Overload(settings.bounds, loop, descriptors=storage.descriptors)
        self._console = console
        self.clock = clock or SystemClock()
        egress = allow_all if settings.allow_private_egress else public_only
        self._fetch = fetch or FetchClient(egress=egress, origins=settings.origins)
        self._responses = ResponseCache(
            settings.data / CACHE,
            max_bytes=settings.cache_bytes,
            is_shared=placement is not None,
        )
        self._calls = Calls()
        self._rate_limits = RateLimits(self.clock.now_ms)
        self.directory = ObjectDirectory(
            storage, placement or InProcess(), loop, idle_seconds=settings.idle_seconds
        )
        self.lingering = Lingering(self.directory, loop, self.supersede)
        self._waits = WaitGraph(self._calls, self.directory.placement, loop)
        self.namespaces = KnownNamespaces(lambda key: self.alarms.namespace(key), loop)
        self.local = LocalObjects(
            self.directory,
            self._calls,
            self._waits,
            self.home,
            self.namespaces.find,
        )
        self.files: ObjectFiles = LocalFiles(storage, self.directory)
        self._alarm_calls = AlarmCalls(storage, self.directory, self.home, self.tell)
        self.alarms = AlarmScheduler(
            self._alarm_calls,
            self.clock,
            loop.call_later,
            self.chance,
        )
        self._alarm_calls.scheduler = self.alarms
        storage.alarms.changed = self.alarms.changed
        for namespace in source.namespaces():
            self.watch_alarms(namespace)
        self.counts: dict[str, ScriptCounts] = {}  # by script
        self._takes_time = False  # notes how long answers take
        self.routes = RouteTable()
        self.reroute()
        self.tails = Tails(self._trace, self.clock.now_ms)
        self._tail_consumers: TailConsumers | None = None  # until somebody has any
        self.retail()
        self._retiring: dict[Worker, IsolateObjects] = {}
        self._loaded: LoadedWorkers | None = None  # until a script loads some
        self._unused_previews = UnusedPreviews(SWEEPS_PER_IDLE_TIME)
        self._freed = FreedMemory()
        self._clock_steps = ClockSteps(self.clock)
        self._sweeper: asyncio.TimerHandle | None = None
        self._schedule_sweep()
        self.crons = CronScheduler(
            self.worker_unless_slow, self.clock, loop.call_later, self.tell, self.begin_instance
        )
        self.resources = self._make_resources()

    async def begin_instance(self, workflow: Namespace, cron: str, scheduled_ms: float) -> None:
        """See CronScheduler."""
        from holdfast.server.workflows import begin_scheduled

        await begin_scheduled(self, workflow, cron, scheduled_ms)

    def _trace(self, script: str) -> None:
        for resident in self.live_versions():
            if resident.worker.script.name == script:
                self._trace_resident(resident)

    def _trace_resident(self, resident: Resident) -> None:
        resident.worker.host.trace(self.tails.tracer(resident.worker.script))

    def admit(self, resident: Resident) -> None:
        """See Residents."""
        resident.worker.counts = self.counts_of(resident.worker.script.name)
        self._trace_resident(resident)
        for namespace in resident.objects.namespaces:
            if namespace.script:
                self.watch_alarms(namespace)

    def watch_alarms(self, namespace: Namespace) -> None:
        """Wake a namespace's objects for their alarms; again where its script has changed."""
        self.alarms.watch(namespace, self.storage.alarm_list(namespace.unique_key))

    def tell(self, script: str, level: str, text: str) -> None:
        """Show a line about a script where its console output goes."""
        self._console(script, level, text)

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
        """See Residents."""
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
        """See Residents."""
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

    @property
    def loaded(self) -> "LoadedWorkers | None":
        """The Workers that scripts have loaded, once one has."""
        return self._loaded

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

    def move_namespace(self, namespace: Namespace) -> None:
        """A namespace has got another class or another script: its objects go on there."""
        self._rebind(namespace)
        self.watch_alarms(namespace)

    def end_namespace(self, namespace: Namespace) -> None:
        """A namespace was deleted: its objects end, and nobody brings them up any more."""
        self.namespaces.end(namespace.unique_key)
        self.alarms.unwatch(namespace.unique_key)
        self._rebind(replace(namespace, script=""))

    def _rebind(self, namespace: Namespace) -> None:
        homes = [resident.home for resident in self.live_versions()]
        self.directory.supersede_namespace(namespace.unique_key, homes)
        for resident in (*self.live_versions(), *(self._loaded or ())):
            resident.objects.rebind(namespace)
        for objects in self._retiring.values():
            objects.rebind(namespace)

    def delete_namespace(self, unique_key: str) -> None:
        """Remove the objects of a namespace, their data and their alarms."""
        self.alarms.unwatch(unique_key)
        self.storage.delete_namespace(unique_key)

    def forget_namespace(self, unique_key: str) -> None:
        """Another shard is about to remove the objects of a namespace: let go of them."""
        self.alarms.unwatch(unique_key)
        self.storage.release_namespace(unique_key)

    def remove(self, name: str) -> None:
        """Take a script out of service."""
        super().remove(name)
        self.counts.pop(name, None)

    def renew_previews(self) -> None:
        """Let go of versions whose URLs lead elsewhere now; others are loaded when asked for."""
        for name, resident in [*self.residents.items()]:
            if not resident.worker.script.is_preview:
                continue
            try:
                is_same = self.source.traffic(name).main == resident.worker.script.version
            except ScriptNotFound:
                is_same = False
            if not is_same:
                self.remove(name)

    def supersede(self, resident: Resident) -> None:
        """See Residents."""
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
        workers = [resident.worker for resident in self.live_versions()]
        return any(worker.is_busy for worker in (*workers, *self._retiring))

    async def aclose(self) -> None:
        """End every Worker and make everything that was written durable."""
        if self._tail_consumers is not None:
            await self._tail_consumers.aclose(TELLING_SECONDS)
        if self._loaded is not None:
            await self._loaded.tell(TELLING_SECONDS)
        self._closed = True
        self.overload.close()
        self.alarms.close()
        self.crons.close()
        self.resources.close()
        self._waits.close()
        self.directory.departures.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        ending = [*self.live_versions()]
        self.lingering.close()
        for resident in ending:
            self.directory.supersede(resident.home, "The server is shutting down.")
            resident.worker.close()
        for worker in [*self._retiring]:
            worker.close()
        if self._loaded is not None:
            self._loaded.close()
        self._residents.clear()
        self._gradual.clear()
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
        for resident in self.live_versions():
            resident.home.sweep(hung)
            self._evict_idle(resident.home)
            if resident.worker.script.is_preview and self._unused_previews.has(resident):
                self.remove(resident.worker.script.name)
        self.lingering.look()
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
