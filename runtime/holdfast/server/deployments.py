"""Makes uploads live: what the REST API drives (`api.Platform`).

An upload is loaded in an isolate first, stored second and made live third, so that a
script that does not load changes nothing, and one that was acknowledged is on the disk.
Other processes are waited for, but not for ever: what they have not heard yet they are told as soon
as they listen again, and those that start read the catalog.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from holdfast.catalog import (
    Catalog,
    CatalogUnusable,
    Deployed,
    ErrorCode,
    Loaded,
    Namespace,
    Note,
    ObjectInfo,
    Script,
    Traffic,
    UploadRejected,
    check_exports,
)
from holdfast.catalog.catalog import NO_NOTE
from holdfast.catalog.errors import NO_HANDLERS
from holdfast.catalog.files import looks_like_module
from holdfast.catalog.migrations import NO_CHANGES, NamespaceChanges, check_migrated
from holdfast.catalog.previews import PREVIEWS_ENABLED
from holdfast.catalog.routes import ScriptRoute
from holdfast.catalog.schedules import Schedule
from holdfast.catalog.script import Syntax
from holdfast.catalog.workflows import check_workflows
from holdfast.server.data_folder import OBJECTS
from holdfast.server.metrics import Metrics
from holdfast.server.object_data import ObjectData
from holdfast.server.resident import Resident
from holdfast.server.runtime import Runtime
from holdfast.server.workflows import Workflows
from holdfast.storage.disk import sync_path
from holdfast.storage.key_value import KeyValueStore
from holdfast.workers import ScriptInvalid
from holdfast.workers.trace import Frame

if TYPE_CHECKING:
    from holdfast.server.queues import Queues
    from holdfast.storage.d1 import D1Databases
    from holdfast.storage.r2 import Buckets
    from holdfast.workers.mail import IncomingMail

log = logging.getLogger("holdfast.deployments")


PATIENCE_SECONDS = 20.0  # with other processes, for somebody who waits for an answer


class OthersSilent(Exception):
    """What was asked for is stored and done here; other processes have not answered yet."""


class TellOthers(Protocol):
    """Has the other shards do something (shards/errands.py)."""

    def __call__(self, verb: str, *arguments: Any) -> Coroutine[Any, Any, None]:
        """Return when each of them has done it."""


async def _nobody(verb: str, *arguments: Any) -> None:
    """There are no other shards."""


class Deployments:
    """The running Workers, as the REST API sees them."""

    def __init__(
        self,
        catalog: Catalog,
        runtime: Runtime,
        tell_others: TellOthers = _nobody,
        metrics: Metrics | None = None,
        *,
        patience_s: float = PATIENCE_SECONDS,
    ) -> None:
        """`tell_others` has other shards do something, and returns when they have.

        `metrics` are those of all shards. A method that changes what they run raises OthersSilent
        where they need longer than `patience_s`; they are told all the same.
        """
        self._metrics = metrics or Metrics(runtime)
        self._catalog = catalog
        self._tell_others = tell_others
        self._runtime = runtime
        self._objects = ObjectData(runtime)
        self._workflows = Workflows(catalog, runtime, self._spread_in_time)
        self._news: set[asyncio.Task[None]] = set()
        self._patience_s = patience_s

    @property
    def catalog(self) -> Catalog:
        """Where scripts and namespaces are kept."""
        return self._catalog

    @property
    def key_value(self) -> KeyValueStore:
        """The KV namespaces."""
        return self._runtime.resources.key_value

    @property
    def buckets(self) -> "Buckets":
        """The R2 buckets."""
        return self._runtime.resources.buckets

    @property
    def workflows(self) -> Workflows:
        """Workflows and their instances."""
        return self._workflows

    @property
    def d1(self) -> "D1Databases":
        """The D1 databases."""
        return self._runtime.resources.d1

    @property
    def queues(self) -> "Queues":
        """The queues."""
        return self._runtime.resources.queues

    async def queues_changed(self) -> None:
        """Have queues delivered as is stored; see `api.Platform.queues_changed`."""
        await self._runtime.resources.queues.refresh()
        await self._in_time(self._tell_others("queues", None))

    @property
    def objects(self) -> ObjectData:
        """What the objects hold."""
        return self._objects

    async def deploy(
        self,
        script: Script,
        changes: NamespaceChanges = NO_CHANGES,
        note: Note = NO_NOTE,
        max_delay_s: float = 0.0,
    ) -> Deployed:
        """Load a script, store it, make it live; see `api.Platform.deploy`."""
        resident, deployed = await self._load(script, changes)

        def store() -> Traffic:
            self._catalog.put_script(
                script,
                handlers=deployed.handlers,
                classes=deployed.classes,
                startup_time_ms=deployed.startup_time_ms,
                changes=changes,
                note=note,
                max_delay_s=max_delay_s,
            )
            return Traffic.whole(script.version, max_delay_s)

        # Once it is stored it must go live, whether or not anybody waits for the answer.
        await asyncio.shield(self._make_live(script.name, [resident], changes, store))
        return deployed

    async def upload_version(self, script: Script, note: Note = NO_NOTE) -> Deployed:
        """Load a script and store it; see `api.Platform.upload_version`."""
        resident, deployed = await self._load(script, NO_CHANGES)
        resident.worker.close()
        loaded = Loaded(deployed.handlers, deployed.classes, deployed.startup_time_ms)
        await asyncio.to_thread(self._catalog.put_version, script, loaded, note)
        await self._renew_previews()
        await self._sweep_assets()
        return deployed

    async def deploy_versions(self, name: str, traffic: Traffic, note: Note = NO_NOTE) -> None:
        """Load versions that are stored, make them live; see `api.Platform.deploy_versions`."""
        live = self._runtime.versions(name)
        loaded: list[Resident] = []
        try:
            for version in traffic.versions:
                script = await asyncio.to_thread(self._catalog.version, name, version)
                if version not in live:
                    resident, _ = await self._load(script, NO_CHANGES)
                    loaded.append(resident)
        except BaseException:
            _close(loaded)
            raise

        def store() -> Traffic:
            return self._catalog.deploy(name, traffic, note)

        await asyncio.shield(self._make_live(name, loaded, NO_CHANGES, store))

    async def _load(self, script: Script, changes: NamespaceChanges) -> tuple[Resident, Deployed]:
        """The script in an isolate. Raises UploadRejected, and nothing is left loaded."""
        compiled = await self._runtime.code_ahead.compile(script)
        started = time.perf_counter()
        try:
            resident = self._runtime.load(script, changes)
        except ScriptInvalid as error:
            has_none = str(error) == NO_HANDLERS
            code = ErrorCode.NO_HANDLERS if has_none else ErrorCode.INVALID_SCRIPT
            raise UploadRejected(code, f"{error}{_sent_as(script)}") from error
        startup_time_ms = round((time.perf_counter() - started) * 1000)
        del compiled
        exports = resident.worker.exports
        try:
            check_exports(exports.handlers, exports.classes, ())
            check_migrated(changes, script.name, exports.classes)
            check_workflows(script.name, script.bindings, exports.workflows)
        except UploadRejected:
            resident.worker.close()
            raise
        return resident, Deployed(exports.handlers, exports.classes, startup_time_ms)

    async def _make_live(
        self,
        name: str,
        loaded: Sequence[Resident],
        changes: NamespaceChanges,
        store: Callable[[], Traffic],
    ) -> None:
        """`store`, then give the script's events to what it says, of which some are `loaded`."""
        try:
            traffic = await asyncio.to_thread(store)
        except BaseException:
            _close(loaded)
            raise
        for namespace in changes.moved:
            self._runtime.move_namespace(namespace)
        for namespace in changes.deleted:  # before there is code that is not theirs
            self._runtime.end_namespace(namespace)
        self._runtime.deploy(name, traffic, loaded)
        self._runtime.renew_previews()
        self._runtime.resources.look_at_queues()  # what the version before could not take
        await self._spread_in_time(name, _news(traffic), changes.deleted)

    async def _spread(self, name: str, news: str, deleted: Sequence[Namespace]) -> None:
        """Have the other shards run what the catalog has, then remove what nobody needs."""
        await self._tell_others("refresh")
        log.info("%s: %s", name, news, extra={"script": name})
        for namespace in deleted:
            await self._remove_objects(namespace.unique_key)
        await self._sweep_assets()

    async def _spread_in_time(self, name: str, news: str, deleted: Sequence[Namespace]) -> None:
        await self._in_time(self._spread(name, news, deleted))

    async def _remove_objects(self, unique_key: str) -> None:
        """Remove what a deleted namespace has left. What fails is tried again by the next start."""
        await self._tell_others("forget_namespace", unique_key)
        self._runtime.delete_namespace(unique_key)

        def note() -> None:
            sync_path(self._runtime.settings.data / OBJECTS)
            self._catalog.removed(unique_key)

        try:
            await asyncio.to_thread(note)
        except (OSError, CatalogUnusable) as error:
            log.warning("it is not noted that objects were removed: %s", error)

    def finish_deletions(self) -> None:
        """Remove the objects of namespaces that a process has deleted which ended right then."""
        for unique_key in self._catalog.doomed():
            self._begin(self._remove_objects(unique_key))

    async def _in_time(self, work: Coroutine[Any, Any, None]) -> None:
        """Have it done, whoever waits for it. Raises OthersSilent where that takes long."""
        task = self._begin(work)
        await asyncio.wait([task], timeout=self._patience_s)
        if not task.done():
            raise OthersSilent(
                "It is stored, and done in this process; but another process does not answer, "
                "and does it as soon as it is there again."
            )
        task.result()

    def _begin(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._news.add(task)
        task.add_done_callback(self._news.discard)
        return task

    async def delete_script(self, name: str) -> None:
        """Take a script and its namespaces out of service, their objects' data included."""
        orphaned = await asyncio.to_thread(self._catalog.delete_script, name)
        self.run_schedules()
        self._runtime.reroute()
        self._runtime.retail()
        for namespace in orphaned:
            self._runtime.end_namespace(namespace)
        self._runtime.remove(name)
        self._runtime.renew_previews()
        if self.queues.store.exists:
            await asyncio.to_thread(self.queues.store.delete_consumers_of, name)
            await self.queues_changed()
        await self._spread_in_time(name, "the script was deleted", orphaned)

    async def _sweep_assets(self) -> None:
        """Forget the assets of versions that were forgotten. What fails is tried again later."""
        try:
            await asyncio.to_thread(self._catalog.assets.sweep)
        except (OSError, CatalogUnusable) as error:
            log.warning("assets that nobody needs are not removed yet: %s", error)

    async def put_schedules(self, name: str, crons: Sequence[str]) -> list[Schedule]:
        """Give a script these cron triggers; see `api.Platform.put_schedules`."""
        schedules = await asyncio.to_thread(self._catalog.put_schedules, name, crons)
        self.run_schedules()
        return schedules

    async def put_routes(
        self,
        name: str,
        patterns: Sequence[str],
        *,
        is_domain: bool = False,
        takes_over: bool = False,
    ) -> list[ScriptRoute]:
        """Give a script these routes; see `api.Platform.put_routes`."""
        put = partial(
            self._catalog.put_routes, name, patterns, is_domain=is_domain, takes_over=takes_over
        )
        routes = await asyncio.to_thread(put)
        await self._reroute()
        return routes

    async def put_route(self, route: ScriptRoute) -> None:
        """Add or replace one; see `api.Platform.put_route`."""
        await asyncio.to_thread(self._catalog.put_route, route)
        await self._reroute()

    async def delete_route(self, route_id: str) -> None:
        """Forget one; see `api.Platform.delete_route`."""
        await asyncio.to_thread(self._catalog.delete_route, route_id)
        await self._reroute()

    async def _reroute(self) -> None:
        self._runtime.reroute()
        await self._in_time(self._tell_others("reroute"))

    async def put_settings(self, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Set these for a script; see `api.Platform.put_settings`."""
        kept = await asyncio.to_thread(self._catalog.put_settings, name, settings)
        if "tail_consumers" in settings:
            self._runtime.retail()
            await self._in_time(self._tell_others("retail"))
        if PREVIEWS_ENABLED in settings:
            await self._renew_previews()
        return kept

    async def _renew_previews(self) -> None:
        self._runtime.renew_previews()
        await self._in_time(self._tell_others("renew_previews"))

    async def email(self, name: str, mail: "IncomingMail") -> str | None:
        """Give a script a mail; see `api.Platform.email`."""
        from holdfast.workers.mail import rejection_of

        worker = await self._runtime.worker_in_time(name)
        return rejection_of(await worker.email(mail))

    async def metrics(self) -> str:
        """What is counted; see `api.Platform.metrics`."""
        return await self._metrics.text()

    async def listen(self, name: str, hear: Callable[[Frame], None]) -> Callable[[], None]:
        """Have a script's events told to `hear`; see `api.Platform.listen`."""
        tails = self._runtime.tails
        stop_here = tails.listen(name, hear)
        with contextlib.suppress(OthersSilent):  # it hears of what there is
            await self._in_time(self._tell_others("listen_to", tails.scripts))

        def stop() -> None:
            stop_here()
            self._begin(self._tell_others("listen_to", tails.scripts))

        return stop

    def catch_up(self) -> None:
        """Have the other shards look at the catalog, soon; nobody waits for those that are down.

        The process in whose place this one is may have died with news that it had not told yet.
        """
        self._begin(self._tell_others("refresh"))

    def run_schedules(self) -> None:
        """Have every trigger of the catalog run when it is due."""
        self._workflows.run_triggers()

    async def create_namespace(
        self, name: str, script: str, class_name: str, *, use_sqlite: bool = False
    ) -> Namespace:
        """Create the namespace of a class that a live script exports."""
        return await asyncio.to_thread(
            self._catalog.create_namespace, name, script, class_name, use_sqlite=use_sqlite
        )

    async def list_objects(
        self, namespace: Namespace, cursor: str | None, limit: int
    ) -> tuple[list[ObjectInfo], str | None]:
        """Objects that stored something, by id; the cursor is the last id of the page before."""
        if cursor is not None and (len(cursor) != 64 or not cursor.isalnum()):
            raise ValueError("the cursor is none that a listing gave out")
        found = await self._runtime.files.list(namespace.unique_key, cursor, limit + 1)
        page = [ObjectInfo(object_id, has_stored_data=True) for object_id in found[:limit]]
        return page, page[-1].id if len(found) > limit else None


def _close(loaded: Sequence[Resident]) -> None:
    """What was loaded for nothing."""
    for resident in loaded:
        resident.worker.close()


def _sent_as(script: Script) -> str:
    """What to say of a script that does not load, where it may have been sent as another kind."""
    if script.syntax is Syntax.MODULES:
        return ""
    text = script.main_module.content.decode("utf-8", "replace")
    if not looks_like_module(text):
        return ""
    return "\nAn ES module is sent as application/javascript+module."


def _news(traffic: Traffic) -> str:
    """What the log tells of a deployment."""
    if not traffic.is_gradual:
        return f"version {traffic.main} is live"
    shares = (f"{share.percentage:g} % of version {share.version}" for share in traffic.shares)
    return f"live are {' and '.join(shares)}"
