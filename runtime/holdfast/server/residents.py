"""`Residents`: which versions of scripts are loaded in one shard, and which take events.

A script has one version that takes events, or two (gradual.py). Each is loaded when the first event
for it comes, and stays loaded until another takes its place.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from holdfast.catalog import CatalogUnusable, Script
from holdfast.catalog.migrations import NO_CHANGES, NamespaceChanges
from holdfast.catalog.traffic import Traffic
from holdfast.objects import ObjectDirectory, ObjectHome
from holdfast.server.code_ahead import CodeAhead
from holdfast.server.lingering import Lingering
from holdfast.server.resident import Resident
from holdfast.server.sources import ScriptSource
from holdfast.workers import NotCompiled, ScriptCounts, ScriptInvalid, Worker, WorkerTerminated

if TYPE_CHECKING:
    from holdfast.server.gradual import GradualDeployment
    from holdfast.workers.gradual import AnyWorker

Found = TypeVar("Found")


class Residents(ABC):
    """Finds, loads and replaces versions of scripts. The runtime is one, and has what they need."""

    directory: ObjectDirectory
    lingering: Lingering

    def __init__(
        self, source: ScriptSource, loop: asyncio.AbstractEventLoop, code_ahead: CodeAhead
    ) -> None:
        self.source = source
        self.loop = loop
        self.code_ahead = code_ahead
        self._residents: dict[str, Resident] = {}  # of scripts with one version
        self._gradual: dict[str, GradualDeployment] = {}  # the others
        self._closed = False

    @abstractmethod
    def load(self, script: Script, changes: NamespaceChanges = NO_CHANGES) -> Resident:
        """Load a script into a fresh isolate, without giving it any events yet.

        Its namespaces are as they will be after `changes`. Raises ScriptInvalid.
        """

    @abstractmethod
    def counts_of(self, name: str) -> ScriptCounts:
        """What is counted of a script that there is."""

    @abstractmethod
    def admit(self, resident: Resident) -> None:
        """What was loaded gets events from now on."""

    @abstractmethod
    def supersede(self, resident: Resident) -> None:
        """A version gets no events any more: it ends when its last one has ended."""

    # ---- finding -----------------------------------------------------------------

    def worker(self, name: str) -> Worker:
        """The Worker of a script's version, or of the one of two that takes more.

        It is loaded if need be. Raises ScriptNotFound, or ScriptInvalid where it does not load.
        """
        if resident := self._live(name):
            return resident.worker
        gradual = self._gradual_deployment(name)
        return (gradual.main() if gradual else self._bring_up(self._read(name))).worker

    def worker_unless_slow(self, name: str) -> "AnyWorker":
        """What takes a script's events now, loaded if need be; raises as `worker`.

        Besides, NotCompiled where loading would keep the loop from all else.
        """
        resident = self._residents.get(name)
        if resident is not None and not resident.worker.is_dead:
            return resident.worker
        gradual = self._gradual_deployment(name)
        if gradual:
            gradual.load()
            return gradual.worker
        return self._bring_up_unless_slow(name).worker

    async def worker_in_time(self, name: str) -> "AnyWorker":
        """As `worker_unless_slow`; others have turns where loading takes long."""
        return await self.in_time(self.worker_unless_slow, name)

    async def in_time(self, find: Callable[[str], Found], name: str) -> Found:
        """What `find` has of a script, once it raises NotCompiled no more."""
        while True:
            try:
                return find(name)
            except NotCompiled as late:
                await asyncio.wait([late.done])

    def resident(self, name: str) -> Resident:
        """A script's version, or the one of two that takes more; raises as `worker_unless_slow`."""
        if resident := self._live(name):
            return resident
        gradual = self._gradual_deployment(name)
        return gradual.main() if gradual else self._bring_up_unless_slow(name)

    def home(self, name: str, object_id: str) -> ObjectHome:
        """Where an object of a script lives now; loads and raises as `worker_unless_slow`."""
        if resident := self._live(name):
            return resident.home
        gradual = self._gradual_deployment(name)
        found = gradual.of_object(object_id) if gradual else self._bring_up_unless_slow(name)
        return found.home

    def _live(self, name: str) -> Resident | None:
        resident = self._residents.get(name)
        return None if resident is None or resident.worker.is_dead else resident

    def _read(self, name: str, version: str | None = None) -> Script:
        if self._closed:
            raise WorkerTerminated("The server is shutting down.")
        try:
            return self.source.script(name, version)
        except CatalogUnusable as error:
            raise ScriptInvalid(str(error)) from error

    def _bring_up(self, script: Script) -> Resident:
        resident = self.load(script)
        self._residents[script.name] = resident
        self._begin(resident)
        return resident

    def _bring_up_unless_slow(self, name: str) -> Resident:
        return self._bring_up(self.code_ahead.script(name, self._read))

    def _begin(self, resident: Resident) -> None:
        script = resident.worker.script
        self.code_ahead.forget(script.name)
        self.code_ahead.forget(_key(script.name, script.version))
        self.admit(resident)

    def _gradual_deployment(self, name: str) -> "GradualDeployment | None":
        """That of a script of which two versions are deployed, loaded or not."""
        gradual = self._gradual.get(name)
        if gradual is None and not self._closed:
            try:
                traffic = self.source.traffic(name)
            except CatalogUnusable as error:
                raise ScriptInvalid(str(error)) from error
            if traffic.is_gradual:
                gradual = self._divide(name, traffic, {})
        return gradual

    def _divide(
        self, name: str, traffic: Traffic, residents: dict[str, Resident]
    ) -> "GradualDeployment":
        from holdfast.server.gradual import GradualDeployment

        def load(version: str) -> Resident:
            script = self.code_ahead.script(
                _key(name, version), lambda _: self._read(name, version)
            )
            resident = self.load(script)
            self._begin(resident)
            return resident

        gradual = self._gradual[name] = GradualDeployment(
            name, traffic, residents, load=load, counts=self.counts_of(name), loop=self.loop
        )
        return gradual

    @property
    def residents(self) -> Mapping[str, Resident]:
        """The scripts with one version that are loaded, by name."""
        return self._residents

    def live_versions(self) -> Iterator[Resident]:
        """Every version of a script that is loaded, and has events or objects."""
        yield from [*self._residents.values()]
        for gradual in [*self._gradual.values()]:
            yield from [*gradual.residents.values()]
        yield from self.lingering

    def deployed(self) -> dict[str, Traffic]:
        """The scripts that are loaded, and how their events are given to their versions."""
        whole = {
            name: Traffic.whole(resident.worker.script.version)
            for name, resident in self._residents.items()
        }
        return whole | {name: gradual.traffic for name, gradual in self._gradual.items()}

    def versions(self, name: str) -> dict[str, Resident]:
        """A script's versions that are loaded."""
        gradual = self._gradual.get(name)
        if gradual is not None:
            return {**gradual.residents}
        resident = self._residents.get(name)
        return {} if resident is None else {resident.worker.script.version: resident}

    # ---- replacing and ending ------------------------------------------------------

    def replace(self, name: str, resident: Resident) -> None:
        """Make a loaded version live; those before it are superseded."""
        self.deploy(name, Traffic.whole(resident.worker.script.version), [resident])

    def deploy(self, name: str, traffic: Traffic, loaded: Iterable[Resident] = ()) -> None:
        """Have these versions take a script's events, of which some may be `loaded` just now.

        What is live and stays so goes on as it is, but for the objects that are another version's
        from now on, which leave it; what is not is superseded, or lingers where its objects may
        keep their code. What is not loaded is so by the first event.
        """
        before = self.versions(name)
        fresh = {resident.worker.script.version: resident for resident in loaded}
        versions = {
            version: resident
            for version, resident in {**before, **fresh}.items()
            if version in traffic.versions and not resident.worker.is_dead
        }
        self._leave(name)
        if traffic.is_gradual:
            self._divide(name, traffic, versions)
        elif versions:
            [self._residents[name]] = versions.values()
        for version, resident in versions.items():
            if resident is not before.get(version):
                self._begin(resident)
            elif resident.home.keeps is None:
                continue
            elif traffic.max_delay_s:
                self.lingering.divide(resident, traffic.max_delay_s)
            else:
                self.directory.move_out(resident.home, resident.home.keeps)
        self.lingering.hasten(name, traffic.max_delay_s)
        for version, resident in before.items():
            if versions.get(version) is resident:
                continue
            if traffic.max_delay_s and not resident.worker.is_dead:
                self.lingering.replace(resident, traffic.max_delay_s)
            else:
                self.supersede(resident)

    def _leave(self, name: str) -> None:
        """Nothing takes a script's events, for this moment."""
        self.code_ahead.forget(name)
        self._residents.pop(name, None)
        if (gradual := self._gradual.pop(name, None)) is not None:
            gradual.leave()
            for version in gradual.traffic.versions:
                self.code_ahead.forget(_key(name, version))

    def remove(self, name: str) -> None:
        """Take a script out of service."""
        before = self.versions(name)
        self._leave(name)
        self.lingering.hasten(name, 0)
        for resident in before.values():
            self.supersede(resident)


def _key(name: str, version: str) -> str:
    """What one of two versions of a script is called that are compiled; no script's name."""
    return f"{name}@{version}"
