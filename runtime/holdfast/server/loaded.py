"""The isolates of Workers that scripts load: made, bounded, swept and ended.

Such a Worker is nobody's but that of the isolate that has loaded it: it is in no catalog, no name
leads to it, and it ends with whoever holds it.
"""

import asyncio
import base64
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from weakref import WeakSet

from holdfast.catalog import Script
from holdfast.host.context import Capabilities, Host
from holdfast.host.loaders import BLOCKED, NO_CONNECT, NoCache, NoNetwork
from holdfast.host.rpc import Message
from holdfast.objects import IsolateObjects
from holdfast.objects.capability import WorkerFinder
from holdfast.objects.directory import ISOLATE_ENDED
from holdfast.objects.loaded_code import INHERITED, NONE, Live, LoadedCode, TooManyLoaded
from holdfast.workers import Worker, WorkerTerminated

if TYPE_CHECKING:
    from holdfast.server.resident import Resident
    from holdfast.server.runtime import Runtime
    from holdfast.server.tail_consumers import Consumer
    from holdfast.workers.gradual import AnyWorker

log = logging.getLogger("holdfast.server")

MAX_LOADED = 64
"""How many Workers may be loaded in a process at a time."""

_CAPABILITIES = ("console", "bodies", "fetch", "edge")

TOO_MANY = (
    f"Too many Dynamic Workers are in use: a process runs {MAX_LOADED} of them at a time. "
    "Let go of some, or wait until they have answered."
)


class LoadedWorkers:
    """Those of one shard (objects.loaded_code.Shelter), the least lately used ones first."""

    def __init__(self, runtime: "Runtime", idle_sweeps: int) -> None:
        self._runtime = runtime
        self._idle_sweeps = idle_sweeps
        self._residents: dict[Worker, Resident] = {}
        self._codes: dict[Worker, LoadedCode] = {}
        self._on_end: dict[Worker, Callable[[], None]] = {}
        self._unheld: set[Worker] = set()  # by whoever has loaded them
        self._quiet: dict[Worker, int] = {}  # for how many sweeps each was idle
        self._consumers: WeakSet[Consumer] = WeakSet()  # held by the tracers of their Workers

    def __iter__(self) -> "Iterator[Resident]":
        return iter([*self._residents.values()])

    def by_version(self) -> "dict[tuple[str, str], Worker]":
        """Those that take events, by the name of who has loaded them and what tells them apart."""
        return {
            (code.loader, code.script.version): worker
            for worker, code in self._codes.items()
            if not worker.is_dead
        }

    def __len__(self) -> int:
        return len(self._residents)

    # ---- Shelter ---------------------------------------------------------------------

    async def compile(self, script: Script) -> object:
        """See Shelter."""
        return await self._runtime.code_ahead.compile(script)

    def bring_up(
        self, code: LoadedCode, worker_of: WorkerFinder, on_end: Callable[[], None]
    ) -> Live:
        """See Shelter."""
        self._make_room()
        runtime, script = self._runtime, code.script
        host = runtime.make_host(self._capabilities(code))

        def find(name: str) -> "AnyWorker":
            return self._worker(host) if name == script.name else worker_of(name)

        objects = runtime.make_objects(host, find)
        tokens = objects.rpc.give(code.env)
        env = base64.b64encode(code.env.data).decode()
        outbound = self._outbound(code, objects)
        bindings = [
            {
                "type": "loaded",
                "env": env,
                "tokens": tokens,
                "outbound": outbound,
                "subRequests": code.sub_requests,
            }
        ]
        limits = runtime.settings.limits
        resident = runtime.assemble(script, host, objects, bindings, limits=limits)
        worker = resident.worker
        self._residents[worker], self._codes[worker] = resident, code
        self._on_end[worker] = on_end
        on_dead, on_closed, on_idle = worker.on_dead, worker.on_closed, host.on_idle

        def dead(reason: str) -> None:
            if counts := runtime.counts.get(code.loader):
                counts.stopped += 1
            on_dead(reason)
            self._end(worker)

        def closed() -> None:
            on_closed()
            self._end(worker)
            self._residents.pop(worker, None)
            self._codes.pop(worker, None)
            self._unheld.discard(worker)
            runtime.directory.drop(resident.home, ISOLATE_ENDED, logged="its Worker has ended")

        def idle() -> None:
            on_idle()
            if worker in self._unheld:
                runtime.loop.call_soon(self._close_if_unused, worker)

        worker.on_dead, worker.on_closed, host.on_idle = dead, closed, idle
        if code.tails:
            from holdfast.server.loaded_tails import listen

            consumers = listen(worker, code.tails, objects, runtime)
            self._consumers.update(consumers)
        return resident

    def used(self, live: Live) -> None:
        """See Shelter."""
        self._quiet.pop(live.worker, None)
        if live.worker in self._residents:
            self._residents[live.worker] = self._residents.pop(live.worker)

    def let_go(self, live: Live) -> None:
        """See Shelter."""
        self._on_end.pop(live.worker, None)
        self._unheld.add(live.worker)
        self._close_if_unused(live.worker)

    def _close_if_unused(self, worker: Worker) -> None:
        resident = self._residents.get(worker)
        if worker in self._unheld and resident is not None and resident.is_idle:
            worker.close()

    def end(self, live: Live) -> None:
        """See Shelter."""
        self._on_end.pop(live.worker, None)
        live.worker.retire()

    # ---- what they get ---------------------------------------------------------------

    def _capabilities(self, code: LoadedCode) -> Capabilities:
        """What its isolate can reach of the machine: not what others have by their bindings."""
        everything = self._runtime.capabilities(code.script.name)
        capabilities = Capabilities((name, everything[name]) for name in _CAPABILITIES)
        capabilities["cache"] = NoCache()
        if code.outbound != INHERITED:
            capabilities["fetch"] = NoNetwork(BLOCKED if code.outbound == NONE else NO_CONNECT)
        return capabilities

    def _outbound(self, code: LoadedCode, objects: IsolateObjects) -> str | None:
        """What its global fetch() goes to, as the isolate knows it."""
        if isinstance(code.outbound, str):
            return None
        return objects.rpc.give(Message(b"", (code.outbound,)))

    def _worker(self, host: Host) -> Worker:
        """The Worker of an isolate, for calls of its own entrypoints."""
        worker = next((worker for worker in self._residents if worker.host is host), None)
        if worker is None:
            raise WorkerTerminated("The Worker's isolate has ended.")
        return worker

    # ---- their ends ------------------------------------------------------------------

    def _make_room(self) -> None:
        if len(self._residents) < MAX_LOADED:
            return
        for worker, resident in [*self._residents.items()]:
            if resident.is_idle:
                self._evict(worker)
                return
        raise TooManyLoaded(TOO_MANY)

    def sweep(self, hung_sweeps: int) -> None:
        """An interval has passed: end what hangs, and those that were idle for so long."""
        for worker, resident in [*self._residents.items()]:
            resident.home.sweep(hung_sweeps)
            self._close_if_unused(worker)
            if worker.is_dead or not resident.is_idle:
                self._quiet.pop(worker, None)
                continue
            self._quiet[worker] = quiet = self._quiet.get(worker, 0) + 1
            if quiet > self._idle_sweeps:
                self._evict(worker)

    def _evict(self, worker: Worker) -> None:
        self._end(worker)
        worker.close()

    def _end(self, worker: Worker) -> None:
        self._quiet.pop(worker, None)
        if on_end := self._on_end.pop(worker, None):
            on_end()

    @property
    def is_busy(self) -> bool:
        """True while one of them has something under way."""
        return any(worker.is_busy for worker in self._residents)

    async def tell(self, timeout_s: float) -> None:
        """Have their tails told what they were not told of yet, for so long at most."""
        under_way = [call for consumer in self._consumers for call in consumer.flush()]
        if under_way:
            await asyncio.wait(under_way, timeout=timeout_s)

    def close(self) -> None:
        """End them all."""
        for worker, resident in [*self._residents.items()]:
            self._runtime.directory.supersede(resident.home, "The server is shutting down.")
            worker.close()
