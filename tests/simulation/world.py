"""One run of the simulation, from a seed."""

import asyncio
import hashlib
import json
import logging
import random
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from holdfast.catalog import PlainText, Script, Share, Traffic
from holdfast.engine import Handle, Isolate, Limits
from holdfast.host.context import Capabilities, Host
from holdfast.host.platform import Platform
from holdfast.server import Runtime, Settings
from holdfast.storage import LocalBarrier, Storage, barrier, journaling, opening, recovery, shard
from holdfast.storage.alarms import AlarmList
from holdfast.storage.disk import Folder
from holdfast.storage.session import Session, wal_path
from holdfast.workers import WorkerError
from tests.inprocess import Scripts, make_script
from tests.simulation.disk import Disk
from tests.simulation.history import History
from tests.simulation.loop import NothingLeft, SimulatedClock, SimulatedLoop, Threads
from tests.simulation.programs import NAMES, Programs, Request

SOURCE = (Path(__file__).parent / "objects.mjs").read_text()
CLIENTS = 4
REQUESTS = 8  # of each client
IDLE_S = 0.4
HANG_S = 10.0
WITH_FACETS = 8  # one seed of so many: the others are as when they found something
LIMIT_S = 25.0  # for an answer
REST_S = 60.0  # until all alarms have run that failed and were to be tried again
LIMITS = Limits(turn_cpu_ms=60_000)
MEMORY = Path("/dev/shm")


@cache
def whole_platform() -> Platform:
    return Platform()


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    seed: int
    history: History

    @property
    def digest(self) -> str:
        """The same for the same run."""
        return hashlib.sha256("\n".join(self.history.trace).encode()).hexdigest()

    def report(self) -> str:
        """What was broken, and how to see it again."""
        wrong = "\n".join(f"  {line}" for line in self.history.wrong)
        return (
            f"seed {self.seed}:\n{wrong}\n"
            f"replay it with: python -m tests.simulation --seed {self.seed} --trace"
        )


def simulate(seed: int, *, platform: Callable[[], Platform] = whole_platform) -> Outcome:
    """Run the simulation with a seed; the same one does the same."""
    history = History()
    folder = Path(tempfile.mkdtemp(prefix="holdfast-sim-", dir=MEMORY if MEMORY.is_dir() else None))
    loop = SimulatedLoop()
    loop.set_exception_handler(lambda _, context: history.broke(_told(context)))
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        world = World(seed, folder, loop, history, platform())
        with world.in_place():
            loop.run_until_complete(world.run())
    except NothingLeft as error:
        history.broke(str(error))
    finally:
        logging.disable(before)
        loop.close()
        shutil.rmtree(folder)
    return Outcome(seed, history)


def _told(context: dict[str, Any]) -> str:
    error = context.get("exception")
    where = "".join(traceback.format_exception(error)) if error else ""
    return f"{context.get('message')}\n{where}"


class SimulatedHost(Host):
    """An isolate's host whose Date follows the simulated clock."""

    def attach(self, isolate: Isolate, kernel: Handle) -> None:
        super().attach(isolate, kernel)
        follow = isolate.export(isolate.evaluate("holdfast:testing/host-clock.js"), "followHost")
        isolate.call(isolate.export(kernel, "replaceGlobal"), "Date", follow)


class Versions(Scripts):
    """The one script, of which two versions may be live."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._by_version: dict[str, Script] = {}
        self.live = Traffic.whole("")

    @property
    def newest(self) -> Script:
        return self._by_version[str(self._count)]

    def add(self) -> str:
        """A version that differs from those before."""
        self._count += 1
        bindings = (PlainText("GENERATION", str(self._count)),)
        script = make_script("main", SOURCE, bindings=bindings)
        self._by_version[str(self._count)] = replace(script, version=str(self._count))
        return str(self._count)

    def traffic(self, name: str) -> Traffic:
        return self.live

    def script(self, name: str, version: str | None = None) -> Script:
        return self._by_version[version or self.live.main]


class SimulatedRuntime(Runtime):
    """A shard of such isolates."""

    def make_host(self, capabilities: Capabilities) -> Host:
        host = super().make_host(capabilities)
        return SimulatedHost(host.loop, host.clock, host.capabilities)


class World:
    """A machine, its clients and its misfortunes."""

    def __init__(
        self, seed: int, folder: Path, loop: SimulatedLoop, history: History, platform: Platform
    ) -> None:
        random.seed(seed)  # the scheduler of alarms asks for its jitter there
        self.history = history
        self._seed = seed
        self._folder = folder
        self._loop = loop
        self._platform = platform
        self._clock = SimulatedClock(loop)
        self._has_facets = seed % WITH_FACETS == 1
        insides = self._chance("insides") if self._has_facets else None
        self._programs = Programs(self._chance("programs"), self._chance("flips"), insides)
        self._threads = self._chance("threads")
        self._fate = self._chance("fate")
        self._shares = self._chance("shares")
        self._sources = Versions()
        self._lives = 0
        self._disk: Disk
        self._storage: Storage
        self._runtime: Runtime

    def _chance(self, of: str) -> random.Random:
        return random.Random(f"{self._seed} {of}")

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Threads and syncs are simulated."""
        sync_folder, sync_alarms, heal = Folder.sync, AlarmList.sync, opening.heal

        def sync(fd: int) -> None:
            self._disk.sync(fd)

        def folder(folder: Folder, ticket: int, _fsync: Any = None) -> None:
            sync_folder(folder, ticket, sync)

        def alarms(alarms: AlarmList, _fsync: Any) -> None:
            sync_alarms(alarms, sync)

        def healed(path: Path, folder: Folder) -> None:
            heal(path, folder)
            self._disk.note(wal_path(path))

        begin_with = Session.begin_with

        def full(session: Session, values: dict[str, bytes], **how: bool) -> None:
            self._disk.take(session.path)
            begin_with(session, values, **how)

        def threads(loop: asyncio.AbstractEventLoop, _name: str, *, max_threads: int) -> Threads:
            assert max_threads
            return Threads(loop, self._threads)

        with (
            replaced(Folder, "sync", folder),
            replaced(AlarmList, "sync", alarms),
            replaced(opening, "heal", healed),
            replaced(Session, "begin_with", full),
            replaced(shard, "Workers", threads),
            replaced(barrier, "Workers", threads),
            replaced(barrier, "SLOW_S", float("inf")),
            replaced(barrier, "MIN_SHARED", 1),
            replaced(journaling, "FULL_BYTES", 10_000),
        ):
            yield

    # ---- the machine -----------------------------------------------------------------

    def _start(self) -> None:
        data = self._data
        (data / "objects").mkdir(parents=True, exist_ok=True)
        disk = self._disk = Disk(
            data / "objects", self._chance(f"disk {self._lives}"), self._suffered
        )
        shares = self._fate.random() < 0.5
        has_journal = self._fate.random() < 0.7
        disk.writes_early = has_journal  # else nobody looks for alarms that no list has
        recovery.recover(data / "objects")  # as whoever claims the folder does
        self._storage = Storage(
            data / "objects",
            barrier=LocalBarrier(
                self._loop, fsync=disk.sync, sync_all=disk.sync_all if shares else None
            ),
            loop=self._loop,
            max_open=2 if self._chance(f"connections {self._lives}").random() < 0.4 else 512,
            journal="0" if has_journal else None,
        )
        self._storage.before_commit(disk.look)
        disk.sync_all()
        self._sources.add_namespace("main", "Thing")
        self._sources.live = Traffic.whole(self._sources.add())
        self._runtime = SimulatedRuntime(
            Settings(data=data, limits=LIMITS, idle_seconds=IDLE_S, hang_seconds=HANG_S),
            self._sources,
            self._storage,
            console=self._console,
            loop=self._loop,
            clock=self._clock,
            platform=self._platform,
        )

    @property
    def _data(self) -> Path:
        return self._folder / str(self._lives)

    def _console(self, _script: str, level: str, text: str) -> None:
        self._note(f"{level}: {text}")
        self.history.said(text)

    def _note(self, line: str) -> None:
        self.history.note(self._loop.now_s, line)

    def _suffered(self) -> None:
        self.history.suffered_s = self._loop.now_s

    async def _lose_power(self) -> None:
        self._note("the power is lost")
        storage, runtime, disk = self._storage, self._runtime, self._disk
        self._lives += 1
        disk.lose_power(self._data / "objects")
        disk.fails = False
        storage.abandon()
        ending = asyncio.create_task(runtime.aclose())
        await asyncio.sleep(0)  # by now it has ended its isolates
        self.history.lost_power()
        self._suffered()
        self._start()
        await ending

    def _update(self) -> None:
        self._note("the code is updated")
        self._suffered()
        before, chance = self._sources.live, self._shares
        versions, loaded = list(before.versions), []
        if not before.is_gradual or chance.random() < 0.5:
            versions.append(self._sources.add())
            loaded = [self._runtime.load(self._sources.newest)]
        traffic = Traffic.whole(versions[-1])
        if len(versions) > 1 and chance.random() < 0.6:
            percentage = chance.choice((0, 20, 50, 80, 100))
            first, second = chance.sample(versions[-2:], 2)
            shares = (Share(first, percentage), Share(second, 100 - percentage))
            traffic = Traffic(shares).after(before)
        self._note(f"what is live: {traffic}")
        self._sources.live = traffic
        self._runtime.deploy("main", traffic, loaded)

    # ---- clients ---------------------------------------------------------------------

    async def run(self) -> None:
        self._start()
        fates = asyncio.create_task(self._suffer())
        try:
            await asyncio.gather(*(self._client(number) for number in range(CLIENTS)))
        finally:
            fates.cancel()
            await asyncio.gather(fates, return_exceptions=True)
        self._disk.fails = False
        # Nobody asks for anything any more: alarms run by themselves, or not at all.
        await self._lose_power()
        await asyncio.sleep(REST_S)
        self.history.ends(await self._states())
        await self._lose_power()
        self.history.ends(await self._states())
        await self._runtime.aclose()

    async def _client(self, number: int) -> None:
        for pause_s, request in [*self._programs.requests(REQUESTS)]:
            await asyncio.sleep(pause_s)
            self._note(f"client {number} asks {request.name} by {request.how}: {request.steps}")
            known, started_s = self.history.asks(request), self._loop.now_s
            try:
                async with asyncio.timeout(LIMIT_S):
                    status, answer = await self._ask(request)
            except TimeoutError:
                self.history.broke(f"client {number} was not answered: {request}")
                return
            except WorkerError as error:
                self._note(f"client {number} lost its answer: {error}")
                self.history.failed(request, str(error), since_s=started_s)
                continue
            self._note(f"client {number} is told {status} {json.dumps(answer)}")
            if status == 200:
                self.history.answered(request, answer, known)
            else:
                self.history.failed(request, answer[1], since_s=started_s)

    async def _ask(self, request: Request) -> tuple[int, Any]:
        body = {"name": request.name, "how": request.how, "steps": request.steps}
        worker = self._runtime.worker_unless_slow("main")
        response = await worker.fetch("POST", "http://main/", "", json.dumps(body).encode())
        content = response.body or b""
        if not isinstance(content, bytes):
            stream, content = content, b""
            while chunk := await stream.read():
                content += chunk
        return response.status, json.loads(content)

    async def _suffer(self) -> None:
        fate = self._fate
        while True:
            await asyncio.sleep(fate.random() * 0.6)
            match fate.choice(("power", "update", "disk", "disk")):
                case "power":
                    await self._lose_power()
                case "update":
                    self._update()
                case _:
                    self._note("the disk fails")
                    self._disk.fails = True
                    await asyncio.sleep(fate.random() * 0.03)
                    self._disk.fails = False
                    self._note("the disk works")

    async def _states(self) -> dict[str, Any]:
        states = {}
        for name in NAMES:
            steps = [["read"], ["inside"]] if self._has_facets else [["read"]]
            request = Request(name, "rpc", steps, [], [])
            try:
                async with asyncio.timeout(LIMIT_S):
                    status, state = await self._ask(request)
            except TimeoutError:
                status, state = 0, "nothing comes"
            if status != 200:
                self.history.broke(f"{name} cannot be read in the end: {state}")
            states[name] = state if status == 200 else {}
        return states


@contextmanager
def replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """Something else under a name, for a while."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
