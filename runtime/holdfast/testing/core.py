"""What tests ask of a harness: scripts and objects, and several calls at a time."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from urllib.parse import urlsplit

from holdfast.catalog.bindings import (
    D1,
    Binding,
    Hyperdrive,
    Json,
    KeyValue,
    ObjectNamespace,
    PlainText,
    QueueProducer,
    R2Bucket,
    Service,
    WorkerLoader,
    Workflow,
)
from holdfast.catalog.d1_migrations import DEFAULT_FOLDER, DeclaredDatabase
from holdfast.catalog.dates import is_compatibility_date
from holdfast.catalog.flags import mistake_in
from holdfast.catalog.namespace import Namespace
from holdfast.objects.record import ObjectRecord
from holdfast.server.route_table import RouteTable
from holdfast.server.routing import HostRoutes
from holdfast.testing.buckets import Bucket
from holdfast.testing.database import Database
from holdfast.testing.driven import driven
from holdfast.testing.errors import CallTimedOut, HarnessError, hidden_from_tracebacks
from holdfast.testing.kv import KVNamespace
from holdfast.testing.queues import AnyQueue
from holdfast.testing.services import PythonService
from holdfast.testing.sources import Found, Options, Source, find
from holdfast.testing.stage import Stage
from holdfast.testing.waiting import in_background
from holdfast.testing.worker import AnyWorker

if TYPE_CHECKING:
    from holdfast.testing.mail import Outbox, SentMail

__tracebackhide__ = hidden_from_tracebacks

MAX_SEED = 1_000_000
_PYTHON = "python:"

T = TypeVar("T")
WorkerT = TypeVar("WorkerT", bound=AnyWorker[Any, Any, Any, Any])
BindingT = TypeVar("BindingT", D1, KeyValue, R2Bucket)


class Core(Stage, Generic[WorkerT]):
    """What both harnesses offer."""

    worker_type: type[WorkerT]

    # ---- scripts ---------------------------------------------------------------------

    def worker(
        self,
        source: Source,
        *,
        name: str | None = None,
        env: Mapping[str, Any] | None = None,
        environment: str | None = None,
        compatibility_date: str | None = None,
        compatibility_flags: Iterable[str] = (),
        without: Iterable[str] = (),
        tail_consumers: "Iterable[AnyWorker[Any, Any, Any, Any]]" = (),
    ) -> WorkerT:
        """Load a script: a file, a Wrangler project, inline source, or modules by name.

        `env` adds bindings, or puts others in their place: text and data are what they are;
        another Worker, or a Python function, class or object, is a service, a Worker's
        `namespace(…)` the objects of its class, `d1(…)` a database, `kv(…)` a KV namespace,
        `r2(…)` a bucket, `queue(…)` a queue to send to, and `loader()` loads Workers.
        `environment` is that of a project, `without` names fields of its configuration to leave
        out, and `tail_consumers` are Workers that are told of the script's events, besides those of
        the project that are loaded.
        Raises HarnessError, which names the file and what is wrong.
        """
        if compatibility_date is not None and not is_compatibility_date(compatibility_date):
            raise HarnessError(f"{compatibility_date!r} is no date such as 2026-01-31.")
        flags = tuple(compatibility_flags)
        if mistake := mistake_in(flags):
            raise HarnessError(f"{mistake}.")
        if isinstance(source, str) and not source.strip():
            raise HarnessError("The source is an empty text: give a script, or a file's name.")
        bound = {*(env or ())}
        options = Options(name, environment, compatibility_date, flags, (*without,), bound)
        found = find(source, options, self._folders, self.workers)
        consumers = (*found.tail_consumers, *(consumer.name for consumer in tail_consumers))
        return self.add(replace(found, tail_consumers=consumers), env or {})

    def add(self, found: Found, env: Mapping[str, Any]) -> WorkerT:
        """Load a script that was found."""
        self.begin()
        script = found.script
        if script.name in self.workers:
            raise HarnessError(f"There is a Worker {script.name!r} already: give name=….")
        kept = [binding for binding in script.bindings if binding.name not in env]
        self._check_services(kept, found)
        made = [self._binding(name, value) for name, value in env.items()]
        found = replace(found, script=replace(script, bindings=(*kept, *made)))
        self.sources.found[script.name] = found
        worker = self.workers[script.name] = self.worker_type(self, found)
        try:
            loaded = self.loaded(script.name)
            self._check_classes(found, loaded.exports.classes)
        except BaseException:
            del self.sources.found[script.name], self.workers[script.name]
            self.runtime.remove(script.name)
            raise
        self.set_triggers()
        return worker

    def _binding(self, name: str, value: Any) -> Binding:
        if isinstance(value, str):
            return PlainText(name, value)
        if value is None or isinstance(value, bool | int | float | dict | list | tuple):
            return Json(name, json.dumps(value))
        if isinstance(value, Database):
            return D1(name, value.id)
        if isinstance(value, KVNamespace):
            return KeyValue(name, value.id)
        if isinstance(value, Bucket):
            return R2Bucket(name, value.name)
        if isinstance(value, WorkerLoader):
            return WorkerLoader(name)
        if isinstance(value, Hyperdrive):
            return replace(value, name=name)
        if isinstance(value, AnyQueue):
            return QueueProducer(name, value.name)
        if isinstance(value, Namespace):
            return ObjectNamespace(name, value.id)
        if isinstance(value, AnyWorker):
            return Service(name, value.name)
        if isinstance(value, bytes):
            raise HarnessError(f"env[{name!r}] is bytes, which no binding holds: give text.")
        service = PythonService(name, value, self.view, self.waiting, self._python_failed)
        key = f"{_PYTHON}{name}-{len(self._services)}"
        self._services[key] = self.runtime.services[key] = service
        return Service(name, key)

    def _check_services(self, bindings: Iterable[Binding], found: Found) -> None:
        for binding in bindings:
            match binding:
                case Service(name, service) if service not in {*self.workers, found.script.name}:
                    raise HarnessError(
                        f'{found.where}: the binding "{name}" is to the Worker "{service}", which '
                        f'is not loaded. Load it first, worker(…, name="{service}"), or put '
                        f'something in its place, env={{"{name}": …}}.'
                    )

    def _check_classes(self, found: Found, classes: Iterable[str]) -> None:
        name = found.script.name
        for binding in found.script.bindings:
            if not isinstance(binding, ObjectNamespace):
                continue
            owner, _, class_name = binding.namespace_id.rpartition("-")
            has = {*classes} if owner == name else self._classes_of(owner)
            if has is None:
                raise HarnessError(
                    f'{found.where}: the binding "{binding.name}" is to a class of the Worker '
                    f'"{owner}", which is not loaded. Load it first, worker(…, name="{owner}").'
                )
            if class_name not in has:
                raise HarnessError(
                    f'{found.where}: the binding "{binding.name}" is to the class "{class_name}", '
                    f"which the script does not export; it exports: {', '.join(has) or 'none'}."
                )

    def _classes_of(self, name: str) -> set[str] | None:
        return {*self.loaded(name).exports.classes} if name in self.workers else None

    def worker_at(self, url: str) -> WorkerT:
        """The Worker that the routes of the projects lead a URL to; by a path, the first one.

        `<name>.localhost` is a Worker's, too. Raises HarnessError where there is none.
        """
        self.begin()
        whole = urlsplit(url)
        if not whole.netloc and self.workers:
            return cast("WorkerT", next(iter(self.workers.values())))
        table, routes = RouteTable(), self.sources.routes()
        table.set(routes)
        target = whole._replace(scheme="", netloc="", fragment="").geturl() or "/"
        found = HostRoutes("localhost", table).route(whole.netloc, target)
        if found is None or found.script not in self.workers:
            known = ", ".join(route.pattern for route in routes) or "none"
            raise HarnessError(f"No route leads {url} to a Worker; there are: {known}.")
        return cast("WorkerT", self.workers[found.script])

    # ---- mail --------------------------------------------------------------------------

    @property
    def outbox(self) -> "list[SentMail]":
        """The mails that scripts have sent, forwarded, and replied with, in this order."""
        self.begin()
        return cast("Outbox", self.runtime.resources.mail).mails

    # ---- Worker Loaders ----------------------------------------------------------------

    def loader(self) -> WorkerLoader:
        """What loads Workers at runtime, for `env`."""
        return WorkerLoader("")

    def hyperdrive(self, connection_string: str) -> Hyperdrive:
        """A database for `env`, which a script reaches by `connect()`: see `outbound.allow`."""
        return Hyperdrive("", "", connection_string)

    # ---- D1 databases, KV namespaces, R2 buckets ------------------------------------------

    def kv(self, name: str) -> KVNamespace:
        """A KV namespace of the harness, for `env` and to look into."""
        return KVNamespace(self, name)

    def r2(self, name: str) -> Bucket:
        """An R2 bucket of the harness, for `env` and to look into."""
        return Bucket(self, name)

    def bound(
        self, worker: AnyWorker[Any, Any, Any, Any], binding: str, kind: type[BindingT], what: str
    ) -> BindingT:
        """A binding of a script, which is of a kind. Raises HarnessError where there is none."""
        bindings = worker.found.script.bindings
        known = [one for one in bindings if isinstance(one, kind)]
        for one in known:
            if one.name == binding:
                return one
        names = ", ".join(one.name for one in known) or "none"
        raise HarnessError(
            f"{worker.found.where} has no {what} {binding!r} in its env; it has: {names}."
        )

    def d1(self, name: str) -> Database:
        """A database of the harness, for `env` and to look into; empty until it is used."""
        return Database(self, DeclaredDatabase(name, name, name, Path(DEFAULT_FOLDER)))

    def bound_database(self, worker: AnyWorker[Any, Any, Any, Any], binding: str) -> Database:
        """What a binding of a script leads to. Raises HarnessError where it is no D1 database."""
        bound = self.bound(worker, binding, D1, "D1 database")
        databases = worker.found.project.databases if worker.found.project else ()
        known = (one for one in databases if one.binding == binding)
        declared = DeclaredDatabase(binding, bound.database_id, None, Path(DEFAULT_FOLDER))
        return Database(self, next(known, declared))

    # ---- objects ---------------------------------------------------------------------

    def namespace(self, worker: AnyWorker[Any, Any, Any, Any], class_name: str) -> Namespace:
        """The namespace of a script's class, or of the binding of this name.

        Raises HarnessError where there is none.
        """
        classes = self.loaded(worker.name).exports.classes
        if class_name not in classes:
            for binding in worker.found.script.bindings:
                if isinstance(binding, ObjectNamespace) and binding.name == class_name:
                    return self.sources.namespace(binding.namespace_id)
            raise HarnessError(
                f'{worker.found.where} exports no class "{class_name}" for Durable Objects; '
                f"it exports: {', '.join(classes) or 'none'}."
            )
        return self.sources.of_class(worker.name, class_name)

    def workflow(self, worker: AnyWorker[Any, Any, Any, Any], name: str) -> Namespace:
        """The Workflow that a binding, its own name or its class's means to a script.

        Raises HarnessError where there is none.
        """
        script = worker.found.script
        bindings = [one for one in script.bindings if isinstance(one, Workflow)]
        bindings += self.sources.implied_workflows(
            script, self.loaded(worker.name).exports.workflows
        )
        for binding in bindings:
            if name in (binding.name, binding.workflow_name, binding.class_name):
                return self.sources.workflow(binding, script)
        known = ", ".join(binding.name for binding in bindings) or "none"
        raise HarnessError(
            f'{worker.found.where} has no Workflow "{name}"; it is bound to: {known}.'
        )

    def record(self, namespace: Namespace, object_id: str, name: str | None) -> ObjectRecord:
        """An object in memory, brought up where it is not."""
        self.loaded(namespace.script)
        return self.runtime.record(namespace, object_id, name)

    def instances(self, namespace: Namespace) -> list[str]:
        """The ids of the objects that have stored something, or are in memory."""
        self.begin()
        key = namespace.unique_key
        found = {*self.runtime.directory.ids(key)}
        after: str | None = None
        while stored := self.storage.list_objects(key, after=after):
            found.update(stored)
            after = stored[-1]
        return sorted(found)

    def names(self, namespace: Namespace, ids: list[str]) -> dict[str, str]:
        """The names of these objects of the namespace, of those that were made by one."""
        live = map(self.runtime.directory.find, ids)
        known = self.storage.names(namespace.unique_key).read(ids)
        return known | {record.id: record.name for record in live if record and record.name}

    @driven
    async def evict_all(self) -> None:
        """Have all objects leave memory that have nothing under way, as `evict` does one."""
        self.begin()
        await self.waiting.quiet()
        directory = self.runtime.directory
        for worker in self.workers.values():
            classes = self.loaded(worker.name).exports.classes
            for namespace in self.sources.own_namespaces(worker.found.script, classes):
                for object_id in directory.ids(namespace.unique_key):
                    if (record := directory.find(object_id)) is not None:
                        self.runtime.evict(record)
        await self.waiting.quiet()

    # ---- several at a time -----------------------------------------------------------

    def interleave(self, seed: int | None = None) -> int:
        """Let chance decide in which order answers come, from now on; the seed.

        The same seed gives the same order. It is shown when the test fails.
        """
        chosen = seed if seed is not None else self._seed
        self.begin()
        self.interleaving.begin(random.randrange(MAX_SEED) if chosen is None else chosen)  # noqa: S311
        self.runtime.interleave()
        assert self.interleaving.seed is not None
        return self.interleaving.seed

    async def _gathered(self, calls: list[Awaitable[T]]) -> list[T]:
        tasks = [self._background(call) for call in calls]
        everything = asyncio.gather(*tasks, return_exceptions=True)
        try:
            results = await self.waiting.wait(everything, f"{len(calls)} calls at once")
        except BaseException:
            for task in tasks:
                task.cancel()
            raise
        answers = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            answers.append(result)
        return answers

    def _background(self, call: Awaitable[T]) -> "asyncio.Task[T]":
        async def run() -> T:
            in_background.set(True)
            if latency_s := self.interleaving.latency_s():
                future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._time.call_later(latency_s, future.set_result, None)
                await future
            try:
                return await call
            finally:
                self.view.activity += 1

        return self.view.real.create_task(run())

    @driven
    async def settle(self) -> None:
        """Let everything that is under way end, what was given to `waitUntil` included.

        Time jumps as far as that takes; alarms are not waited for. Raises CallTimedOut where it
        takes longer than a call may, as what repeats for ever does.
        """
        await self.settle_now(lambda: [name for name in self.workers if self._is_busy(name)])

    async def settle_now(self, unsettled: Callable[[], list[str]]) -> None:
        """Let time pass until there are no Workers any more that are `unsettled`; see `settle`."""
        self.begin()
        deadline = self.waiting.deadline()
        await self.waiting.quiet()
        while (
            (busy := unsettled())
            and not self._time.frozen
            and (due := self._time.next_due_ms()) is not None
        ):
            if self.waiting.is_past(deadline):
                raise CallTimedOut(
                    f"{', '.join(busy)} had something under way for all of "
                    f"{self.waiting.limit_s:g} s, through {self._time.elapsed_ms / 1000:,.0f} s "
                    "of the scripts' time: a setInterval(), or a loop with a wait in it, is never "
                    "settled. clock.advance(seconds) goes as far as the test means to."
                )
            self._time.fire_at(due)
            await self.waiting.quiet()
