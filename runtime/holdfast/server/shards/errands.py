"""What shards do for each other besides calls: what the API asks of all of them, or of an owner.

One shard has the catalog and the API. Whatever changes there is told to the others, and the
API answers when each has heard of it; what objects hold is read and changed by their owner.
"""

import asyncio
import heapq
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from inspect import isawaitable
from pathlib import Path
from typing import Any

from holdfast.catalog import ScriptNotFound, Traffic, VersionNotFound
from holdfast.server.metrics import Gauge
from holdfast.server.object_files import LocalFiles, OwnerLost
from holdfast.server.runtime import Runtime
from holdfast.server.shards.link import Refused
from holdfast.server.shards.neighbours import Neighbours
from holdfast.server.shards.tails import Forwarding
from holdfast.storage.errors import BookmarkInvalid, InvalidName, StorageError
from holdfast.workers import ScriptInvalid

log = logging.getLogger("holdfast.shards")

_ERRORS: dict[str, type[Exception]] = {
    error.__name__: error for error in (FileNotFoundError, BookmarkInvalid, InvalidName)
}


class Clerk:
    """Does what other shards ask for (link.Clerk)."""

    def __init__(self, runtime: Runtime, neighbours: Neighbours) -> None:
        self._runtime = runtime
        self._neighbours = neighbours
        self._forwarding = Forwarding(runtime.tails, neighbours)
        self._files = LocalFiles(runtime.storage, runtime.directory)
        self._gauge = Gauge(runtime)
        self._errands: dict[str, Callable[..., Any]] = {
            "list": self._files.list,
            "names": self._files.names,
            "copy": self._copy,
            "replace": self._replace,
            "go_back": self._files.go_back,
            "refresh": self.refresh,
            "reroute": runtime.reroute,
            "retail": runtime.retail,
            "renew_previews": runtime.renew_previews,
            "queues": self._queues,
            "measure": self._gauge.told,
            "forget_namespace": runtime.forget_namespace,
            "listen_to": self._forwarding.listen_to,
            "say_who_listens": self._say_who_listens,
            "heard": lambda frame: runtime.tails.heard(json.loads(frame)),
        }

    async def __call__(self, verb: str, *arguments: Any) -> Any:
        """See link.Clerk."""
        assert verb in self._errands, f"there is no such errand: {verb}"
        result = self._errands[verb](*arguments)
        return await result if isawaitable(result) else result

    async def _say_who_listens(self, place: int) -> None:
        """The shard there has not been told."""
        await _told(self._neighbours, place, "listen_to", self._runtime.tails.scripts)

    async def _copy(self, unique_key: str, object_id: str, target: str) -> None:
        await self._files.copy(unique_key, object_id, Path(target))

    async def _replace(
        self,
        unique_key: str,
        object_id: str,
        ready: str | None,
        alarm_ms: int | None,
        reason: str,
        use_sqlite: bool,  # noqa: FBT001 - as the link carries it
    ) -> None:
        path = None if ready is None else Path(ready)
        await self._files.replace(
            unique_key, object_id, path, alarm_ms, reason, use_sqlite=use_sqlite
        )

    async def _queues(self, news: list[str] | None) -> None:
        """There is something in these queues; or, for None, they are delivered otherwise."""
        if news is None:
            await self._runtime.resources.start_queues()
        else:
            for queue in news:
                self._runtime.resources.queues.news(queue)

    async def refresh(self) -> None:
        """Run what the catalog has now.

        Namespaces change when the code does, without a turn in between: what is not their class
        gets no objects.
        """
        runtime = self._runtime
        compiled = []
        for name, now in self._renewed().items():
            for version in now.versions:
                with suppress(ScriptNotFound, VersionNotFound):  # there is something newer by now
                    if version not in runtime.versions(name):
                        script = runtime.source.script(name, version)
                        compiled.append(await runtime.code_ahead.compile(script))
        runtime.reroute()
        runtime.retail()
        runtime.renew_previews()
        self._renew_namespaces()
        for name, now in self._renewed().items():
            self._renew(name, now)
        for name in {resident.worker.script.name for resident in runtime.lingering}:
            with suppress(ScriptNotFound):  # the same version may be deployed again, and sooner
                runtime.lingering.hasten(name, runtime.source.traffic(name).max_delay_s)
        for name in runtime.deployed():
            if not _is_there(runtime, name):
                runtime.remove(name)
        del compiled

    def _renew_namespaces(self) -> None:
        runtime = self._runtime
        known = {namespace.id: namespace for namespace in runtime.source.namespaces()}
        bound = [n for resident in runtime.live_versions() for n in resident.objects.namespaces]
        for namespace in {n.id: n for n in (*runtime.alarms.namespaces, *bound)}.values():
            now = known.get(namespace.id)
            if namespace.script and now is None:
                runtime.end_namespace(namespace)
        moved = {n.id for n in bound if n.script and known.get(n.id, n) != n}
        for namespace in known.values():
            if namespace.id in moved:
                runtime.move_namespace(namespace)
            else:
                runtime.watch_alarms(namespace)

    def _renewed(self) -> dict[str, Traffic]:
        """What there is now of the scripts that are loaded and have changed."""
        runtime = self._runtime
        newest = {}
        for name, before in runtime.deployed().items():
            with suppress(ScriptNotFound):
                now = runtime.source.traffic(name)
                if now != before:
                    newest[name] = now
        return newest

    def _renew(self, name: str, now: Traffic) -> None:
        runtime = self._runtime
        loaded = []
        for version in now.versions:
            if version not in runtime.versions(name):
                try:
                    loaded.append(runtime.load(runtime.source.script(name, version)))
                except ScriptInvalid as error:  # it loaded in another shard: let an event try
                    log.error("%s does not load: %s", name, error, extra={"script": name})
        runtime.deploy(name, now, loaded)


def _is_there(runtime: Runtime, name: str) -> bool:
    try:
        runtime.source.traffic(name)
    except ScriptNotFound:
        return False
    return True


class QueueNews:
    """Tells those who deliver queues that there is something in them (Resources.on_queue_news).

    What there is to tell of while one is told waits, and is told together.
    """

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours
        self._owed: dict[int, set[str]] = {}
        self._telling: dict[int, asyncio.Task[None]] = {}

    def __call__(self, queue: str) -> None:
        """There is something in a queue that another shard delivers."""
        place = self._neighbours.place_of(queue)
        self._owed.setdefault(place, set()).add(queue)
        if place not in self._telling:
            self._telling[place] = asyncio.ensure_future(self._tell(place))

    async def _tell(self, place: int) -> None:
        try:
            while queues := self._owed.pop(place, None):
                await _told(self._neighbours, place, "queues", sorted(queues))
        finally:
            del self._telling[place]


class SpreadFiles:
    """The files of all shards' objects (ObjectFiles)."""

    def __init__(self, local: LocalFiles, neighbours: Neighbours) -> None:
        self._local = local
        self._neighbours = neighbours

    async def names(self, unique_key: str, object_ids: list[str]) -> dict[str, str]:
        """See ObjectFiles. Those that are not written yet their owners know alone."""
        neighbours = self._neighbours
        found = await asyncio.gather(
            self._local.names(unique_key, object_ids),
            *(
                _asked(neighbours, other, "names", unique_key, object_ids)
                for other in neighbours.others
            ),
        )
        return {object_id: name for names in found for object_id, name in names.items()}

    async def list(self, unique_key: str, after: str | None, limit: int) -> list[str]:
        """See ObjectFiles."""
        neighbours = self._neighbours
        lists = await asyncio.gather(
            self._local.list(unique_key, after, limit),
            *(
                _asked(neighbours, other, "list", unique_key, after, limit)
                for other in neighbours.others
            ),
        )
        return heapq.nsmallest(limit, [object_id for found in lists for object_id in found])

    async def copy(self, unique_key: str, object_id: str, target: Path) -> None:
        """See ObjectFiles."""
        if self._neighbours.is_here(object_id):
            await self._local.copy(unique_key, object_id, target)
        else:
            await self._ask("copy", unique_key, object_id, str(target))

    async def replace(
        self,
        unique_key: str,
        object_id: str,
        ready: Path | None,
        alarm_ms: int | None,
        reason: str,
        *,
        use_sqlite: bool,
    ) -> None:
        """See ObjectFiles."""
        if self._neighbours.is_here(object_id):
            await self._local.replace(
                unique_key, object_id, ready, alarm_ms, reason, use_sqlite=use_sqlite
            )
        else:
            path = None if ready is None else str(ready)
            await self._ask("replace", unique_key, object_id, path, alarm_ms, reason, use_sqlite)

    async def go_back(
        self, unique_key: str, object_id: str, bookmark: str | None, time_ms: float
    ) -> tuple[str, str]:
        """See ObjectFiles."""
        if self._neighbours.is_here(object_id):
            return await self._local.go_back(unique_key, object_id, bookmark, time_ms)
        went: tuple[str, str] = await self._ask("go_back", unique_key, object_id, bookmark, time_ms)
        return went

    async def _ask(self, verb: str, unique_key: str, object_id: str, *arguments: Any) -> Any:
        place = self._neighbours.place_of(object_id)
        return await _asked(self._neighbours, place, verb, unique_key, object_id, *arguments)


async def ask_others(neighbours: Neighbours, verb: str, seconds: float) -> dict[int, Any]:
    """What every other shard answers, by place; those are missing that do not, in this time."""

    async def ask(place: int) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await neighbours.link(place).ask(verb)
        except (TimeoutError, ConnectionError, Refused) as error:
            log.debug("shard %d did not %s: %s", place, verb, error)
            return None

    others = [*neighbours.others]
    answers = await asyncio.gather(*map(ask, others))
    told = zip(others, answers, strict=True)
    return {place: answer for place, answer in told if answer is not None}


async def tell_others(neighbours: Neighbours, verb: str, *arguments: Any) -> None:
    """Have every other shard do something; return when each of them has.

    One that dies meanwhile is told again: its successor may have begun before the news.
    """
    await asyncio.gather(
        *(_told(neighbours, other, verb, *arguments) for other in neighbours.others)
    )


async def _told(neighbours: Neighbours, place: int, verb: str, *arguments: Any) -> None:
    while True:
        try:
            await neighbours.link(place).ask(verb, *arguments)
            return
        except ConnectionError:
            await asyncio.sleep(0.05)  # lest a server that is being stopped spins
        except Refused as error:
            log.error("shard %d could not %s: %s", place, verb, error)
            return


async def _asked(neighbours: Neighbours, place: int, verb: str, *arguments: Any) -> Any:
    try:
        return await neighbours.link(place).ask(verb, *arguments)
    except ConnectionError as error:
        raise OwnerLost(
            "The process that this belongs to has ended, and is started again: "
            "what was asked for is done, or is not."
        ) from error
    except Refused as error:
        raise _ERRORS.get(error.kind, StorageError)(str(error)) from error
