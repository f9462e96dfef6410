"""What a harness runs, from its beginning to its end: the runtime, its storage, a crash of it."""

import asyncio
import shutil
import tempfile
import threading
import traceback
from collections import deque
from collections.abc import Coroutine, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from weakref import WeakSet

from holdfast.catalog.errors import CatalogError
from holdfast.catalog.excerpt import excerpt, place_in
from holdfast.catalog.files import with_way_out
from holdfast.catalog.workflows import local_triggers
from holdfast.host.sockets_end import SocketEnd, join
from holdfast.server.data_folder import BUCKETS, D1_FILES, KEY_VALUE, OBJECTS, QUEUES
from holdfast.server.settings import Settings
from holdfast.storage import Bookmarking, ObjectStore, Storage
from holdfast.testing.barrier import NotedBarrier
from holdfast.testing.clock import VirtualClock
from holdfast.testing.driven import driven
from holdfast.testing.errors import HarnessError, LeakError, hidden_from_tracebacks
from holdfast.testing.faults import Faults
from holdfast.testing.harness_clock import AnyClock
from holdfast.testing.leaks import open_connections
from holdfast.testing.loop import LoopView
from holdfast.testing.outbound import Outbound
from holdfast.testing.owners import shared_fixtures
from holdfast.testing.responses import Response
from holdfast.testing.runtime import HarnessRuntime, Interleaving
from holdfast.testing.services import PythonService
from holdfast.testing.sockets import ABNORMAL, AnySocket
from holdfast.testing.sources import Sources, locate
from holdfast.testing.streams import AnyStream
from holdfast.testing.waiting import Waiting
from holdfast.testing.worker import AnyWorker, LogLine
from holdfast.workers import ScriptInvalid, WorkerError, WorkerResponse
from holdfast.workers import Worker as Loaded

__tracebackhide__ = hidden_from_tracebacks

DEFAULT_TIMEOUT_S = 5.0
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_NOTED = 5
_SHARED_FILES = tuple(name + log for name in (KEY_VALUE, QUEUES) for log in ("", "-wal"))
_POOL = "asyncio_"  # threads of the loop's executor, which lives as long as the loop

open_harnesses: "WeakSet[Stage]" = WeakSet()


class Stage:
    """The parts of a harness. Nothing runs before `begin`, which each use of it calls."""

    alone: bool
    clock_type: type[AnyClock]
    socket_type: type[AnySocket]
    stream_type: type[AnyStream]

    def __init__(
        self,
        *,
        timeout: float = DEFAULT_TIMEOUT_S,
        now: datetime | None = None,
        seed: int | None = None,
        folders: Iterable[Path] = (),
        strict: bool = False,
    ) -> None:
        """`timeout`: seconds of real time for a call; `folders`: where files are looked for.

        Who is `strict` fails a test in which a script has thrown what nobody caught.
        """
        self.faults = Faults()
        self.interleaving = Interleaving()
        self._time = VirtualClock(now)
        self.waiting = Waiting(
            self._time, limit_s=timeout, alone=self.alone, under_way=self._under_way
        )
        self.clock: AnyClock = self.clock_type(self, self._time)
        self.outbound = Outbound(
            self._time, self.faults, self.waiting, self._python_failed, self.open_socket
        )
        self.sources = Sources()
        self.workers: dict[str, AnyWorker[Any, Any, Any, Any]] = {}
        self.view: LoopView
        self.runtime: HarnessRuntime
        self.storage: Storage
        self._seed = seed
        self._folders = [*folders, Path.cwd()]
        self._services: dict[str, PythonService] = {}
        self._folder: Path | None = None
        self._generation = 0
        self._owed: list[tuple[ObjectStore, int]] = []
        self._sockets: list[AnySocket] = []
        self._streams: list[AnyStream] = []
        self._left_open: list[str] = []  # when it ended
        self._strict = strict
        self.uncaught: list[LogLine] = []  # of scripts' logs, unless the test has seen it
        self._noted: deque[tuple[str, Response]] = deque(maxlen=_NOTED)
        self._failed: list[AssertionError] = []
        self._begun = self._closed = False
        self._thread = 0  # that it began in
        self._threads = {*threading.enumerate()}
        self.has_owner = False  # a fixture closes it
        if shared_fixtures:
            shared_fixtures[-1].append(self)

    @property
    def closed(self) -> bool:
        """Whether its test is over."""
        return self._closed

    @property
    def is_open(self) -> bool:
        """Whether there is something to close."""
        return self._begun and not self._closed

    def drive(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The coroutine's result, now or to be awaited."""
        raise NotImplementedError

    def loaded(self, name: str) -> Loaded:
        """The isolate of a script. Raises HarnessError where it does not load."""
        self.begin()
        try:
            return self.runtime.worker(name)
        except ScriptInvalid as error:
            found = self.sources.found[name]
            text = with_way_out(found.told(str(error)))
            source = excerpt(place_in(text.splitlines(), found.texts))
            raise HarnessError(f"{found.where} does not load: {text}\n{source}".rstrip()) from None
        except (WorkerError, CatalogError) as error:
            raise HarnessError(str(error)) from None

    # ---- what happened ---------------------------------------------------------------

    def note(self, what: str, response: Response) -> None:
        """Keep a response for the report of a failure."""
        self._noted.append((what, response))

    def report(self) -> str:
        """What a failed test shows: the last responses, the scripts' logs, the seed."""
        parts = []
        if self.interleaving.seed is not None:
            parts.append(f"interleaved with seed {self.interleaving.seed}")
        if self._noted:
            lines = "\n".join(f"  {what} → {response!r}" for what, response in self._noted)
            parts.append(f"last responses:\n{lines}")
        for worker in self.workers.values():
            notes = worker.found.project.notes if worker.found.project is not None else ()
            parts += [f"note: {note}" for note in notes]
            if worker.logs:
                lines = "\n".join(f"  {line.level}: {line.text}" for line in worker.logs)
                parts.append(f"log of {worker.name}:\n{lines}")
        if self.is_open and (busy := [name for name in self.workers if self._is_busy(name)]):
            parts.append(
                f"still under way: work of {', '.join(busy)}, such as a promise given to "
                "waitUntil; holdfast.settle() lets it end"
            )
        return "\n".join(parts)

    def _is_busy(self, name: str) -> bool:
        loaded = self.runtime.worker(name)
        return loaded.is_busy or bool(loaded.host.pending)

    def wrote(self, store: ObjectStore) -> None:
        """The test has used an object's store: what it wrote is to become durable."""
        round_number = store.flush()
        if round_number > store.durable:
            self._owed.append((store, round_number))

    def open_socket(self, protocol: str | None) -> AnySocket:
        """The test's socket, which is to be joined with a script's."""
        socket = self.socket_type(self, protocol)
        self._sockets.append(socket)
        return socket

    def join(self, end: SocketEnd, protocol: str | None) -> AnySocket:
        """The same, joined with a script's."""
        socket = self.open_socket(protocol)
        join(socket.end, end)
        return socket

    def stream(self, what: str, given: WorkerResponse) -> AnyStream:
        """The response that a test reads bit by bit."""
        stream = self.stream_type(self, what, given)
        self._streams.append(stream)
        return stream

    def _console(self, script: str, level: str, text: str) -> None:
        if script in self.workers:
            worker = self.workers[script]
            worker.logs.append(line := LogLine(level, worker.found.told(text)))
            if level == "error" and text.startswith("Uncaught"):
                self.uncaught.append(line)

    def _python_failed(self, error: BaseException) -> None:
        if isinstance(error, AssertionError):
            self._failed.append(error)
        text = "".join(traceback.format_exception(error))
        for worker in [*self.workers.values()][:1]:
            worker.logs.append(LogLine("python", text))

    def _under_way(self) -> set[asyncio.Task[Any]]:
        return self.runtime.tasks()

    # ---- beginning and end -----------------------------------------------------------

    def _loop(self) -> asyncio.AbstractEventLoop:
        raise NotImplementedError

    def begin(self) -> None:
        """Have everything running; harmless when it is."""
        if self._closed:
            raise HarnessError("This harness is closed: its test is over.")
        if self._begun:
            if threading.get_ident() != self._thread:
                raise HarnessError(
                    "A harness is for the thread that it began in: isolates are. gather() makes "
                    "several calls at the same time, and start() one that goes on meanwhile."
                )
            return
        self._thread = threading.get_ident()
        self.view = self.waiting.view = LoopView(self._loop(), self._time)
        memory = _MEMORY if _MEMORY.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="holdfast-test-", dir=memory))
        self._begun = True
        open_harnesses.add(self)
        self._start()

    @property
    def data(self) -> Path:
        """The data folder, which a crash gives another one in place of."""
        self.begin()
        assert self._folder is not None
        return self._folder / str(self._generation)

    def located(self, path: Path) -> Path:
        """A path, looked for as scripts are. Raises HarnessError."""
        return locate(path, self._folders)

    def _start(self) -> None:
        assert self._folder is not None
        data = self._folder / str(self._generation)
        data.mkdir(exist_ok=True)
        self.barrier = NotedBarrier(self.view, self.faults)
        self.barrier.latency_s = self.interleaving.latency_s
        self.storage = Storage(
            data / OBJECTS,
            barrier=self.barrier,
            loop=self.view,  # type: ignore[arg-type]
            bookmarking=Bookmarking(now_ms=self._time.now_ms),
        )
        self.storage.before_commit(self.faults.before_commit)
        self.runtime = HarnessRuntime(
            Settings(data=data, allow_private_egress=True),
            self.sources,
            self.storage,
            view=self.view,
            clock=self._time,
            console=self._console,
            outbound=self.outbound,
            interleaving=self.interleaving,
        )
        self.runtime.services.update(self._services)
        self.set_triggers()

    def set_triggers(self) -> None:
        """Have the triggers of all projects run when they are due, and their queues delivered."""
        self.runtime.crons.set(
            trigger
            for worker in self.workers.values()
            if worker.found.project is not None
            for trigger in local_triggers(
                worker.name, worker.found.project.crons, worker.found.project.workflows
            )
        )
        self.runtime.retail()
        consumers = [
            declared.by(worker.name)
            for worker in self.workers.values()
            if worker.found.project is not None
            for declared in worker.found.project.consumers
        ]
        if consumers:
            self.runtime.resources.queues.deliver_to(consumers)

    def clock_was_set(self) -> None:
        """The calendar shows another time."""
        if self._begun:
            self.runtime.crons.clock_was_set()
            self.runtime.alarms.clock_stepped()
            self.runtime.resources.look_at_queues()

    @driven
    async def crash(self) -> None:
        """End all Workers and objects as if the machine lost its power now, and start anew.

        What was not durable is gone. Calls under way fail, WebSockets break off.
        """
        await self.crash_now()

    async def crash_now(self) -> None:
        """See `crash`."""
        self.begin()
        assert self._folder is not None
        for store, round_number in self._owed:
            seen = -1
            while store.durable < round_number and self.view.activity != seen:
                seen = self.view.activity
                await asyncio.sleep(0)
        self._owed.clear()
        await self.storage.idle()
        old = self._folder / str(self._generation)
        self._generation += 1
        new = self._folder / str(self._generation)
        self.barrier.copy_durable(old / OBJECTS, new / OBJECTS)
        new.mkdir(exist_ok=True)
        for name in _SHARED_FILES:
            if (old / name).exists():
                shutil.copyfile(old / name, new / name)
        if (old / BUCKETS).exists():
            from holdfast.storage.r2.copying import copy_buckets

            await asyncio.to_thread(copy_buckets, old / BUCKETS, new / BUCKETS)
        if any((old / name).exists() for name in D1_FILES):
            from holdfast.storage.d1.databases import copy_d1

            await asyncio.to_thread(copy_d1, old, new)
        for socket in self._sockets:
            socket.ended(ABNORMAL, "")  # nobody has said goodbye
        await self._end_runtime()
        shutil.rmtree(old)
        self._start()
        for name in self.workers:
            self.loaded(name)

    async def _end_runtime(self) -> None:
        self.barrier.closing = True
        self.storage.abandon()
        await self.runtime.aclose()

    async def _close(self) -> None:
        if not self._begun or self._closed:
            self._closed = True
            return
        for socket in self._sockets:
            socket.end.lose()
        for stream in self._streams:
            stream.close()
        if open_connections(self.runtime.hosts):
            await self.waiting.quiet()  # a script may be about to close them
        self._left_open = open_connections(self.runtime.hosts)
        try:
            await self._end_runtime()
            await asyncio.sleep(0)
        finally:
            self._closed = True
            assert self._folder is not None
            shutil.rmtree(self._folder, ignore_errors=True)

    def abandoned(self) -> None:
        """Nobody will close it: let go of the isolates at least."""
        self._closed = True
        open_harnesses.discard(self)
        if self._begun:
            for host in self.runtime.hosts:
                host.isolate.close()
            self.storage.abandon()
            assert self._folder is not None
            shutil.rmtree(self._folder, ignore_errors=True)

    def _look_for_leaks(self) -> None:
        if not self._begun:
            return
        leaks = [f"an isolate of {h!r}" for h in self.runtime.hosts if not h.isolate.closed]
        leaks += self._left_open
        for service in self._services.values():
            leaks += [f"{task!r} of the service {service.name}" for task in service.tasks]
            for task in service.tasks:
                task.cancel()
        open_files = self.storage.statistics().open_connections
        if open_files:
            leaks.append(f"{open_files} connections to databases")
        for thread in {*threading.enumerate()} - self._threads:
            ours = thread.name.startswith("holdfast")
            if ours or not (thread.daemon or thread.name.startswith(_POOL)):
                thread.join(1.0)
                if thread.is_alive():
                    leaks.append(f"the thread {thread.name}")
        if leaks:
            raise LeakError("The test has left behind: " + "; ".join(leaks))
        if self._failed:
            raise self._failed[0]
        if self._strict:
            self._look_for_uncaught()

    def _look_for_uncaught(self) -> None:
        shown = {id(line) for worker in self.workers.values() for line in worker.logs}
        if left := [line.text for line in self.uncaught if id(line) in shown]:
            raise LeakError(
                "Scripts have thrown what nobody caught; a test that means that clears "
                "worker.logs:\n" + "\n".join(left)
            )
