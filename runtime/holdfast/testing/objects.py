"""A Durable Object as a test speaks to it, and looks into it."""

import json as json_module
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from holdfast.catalog.namespace import Namespace
from holdfast.engine import Handle, JSError
from holdfast.objects.alarms import Outcome
from holdfast.objects.ids import IdFactory, InvalidId
from holdfast.objects.record import ObjectRecord
from holdfast.testing.answers import receive, settled, upgrade_headers, upgraded
from holdfast.testing.driven import Async, Sync, driven
from holdfast.testing.errors import HarnessError, hidden_from_tracebacks, javascript_error
from holdfast.testing.requests import Files, HeadersLike, absolute, make_request
from holdfast.testing.responses import Response
from holdfast.testing.sockets import AnySocket, AsyncSocket, Socket
from holdfast.testing.storage import ObjectStorage
from holdfast.testing.values import result_of, to_javascript

if TYPE_CHECKING:
    from holdfast.testing.core import Core
    from holdfast.testing.worker import AnyWorker, AsyncWorker, Worker
    from holdfast.workers import Worker as Loaded

__tracebackhide__ = hidden_from_tracebacks

_BASE = "http://object.localhost/"
_IN_ALARM = "Uncaught (in alarm) "

SocketT = TypeVar("SocketT", bound=AnySocket)


class AnyObject(Generic[SocketT]):
    """One object; it need not be in memory, nor have anything stored."""

    def __init__(
        self,
        core: "Core[Any]",
        worker: "AnyWorker[Any, SocketT, Any, Any]",
        namespace: Namespace,
        name: str | None,
        object_id: str | None,
    ) -> None:
        self.worker = worker
        self.name = name
        self.id = _id_of(namespace, name, object_id)
        self.storage = ObjectStorage(core, namespace, self.id)
        self._core = core
        self._namespace = namespace

    def __repr__(self) -> str:
        return f"<Object {self._namespace.class_name} {self.name or self.id}>"

    # ---- calls -----------------------------------------------------------------------

    @driven
    async def fetch(
        self,
        url: str = "/",
        *,
        method: str | None = None,
        headers: HeadersLike | None = None,
        body: bytes | str | None = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        files: Files | None = None,
    ) -> Response:
        """Send the object a request; the Response. What it throws is raised."""
        raw, content = make_request(headers, body=body, json=json, data=data, files=files)
        chosen = (method or ("GET" if content is None else "POST")).upper()
        full = absolute(_BASE, url)
        answer = self._event("fetchObject", chosen, full, raw, content)
        return await receive(self._core, self.worker, answer, f"{chosen} {full} of {self!r}", full)

    @driven
    async def call(self, method: str, *arguments: Any) -> Any:
        """Call a method by RPC; what it returns."""
        data = to_javascript([*arguments])
        answer = self._event("callObject", json_module.dumps([method]), data)
        return await self._result(answer, f"{method}() of {self!r}")

    @driven
    async def run(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function as the object's code: `(instance, state, …arguments) => …`."""
        with written(self._record().home.worker, function) as compiled:
            answer = self._event("runInObject", compiled, to_javascript([*arguments]))
        return await self._result(answer, f"run() in {self!r}")

    @driven
    async def websocket(
        self, url: str = "/", *, headers: HeadersLike | None = None, protocols: tuple[str, ...] = ()
    ) -> SocketT:
        """Open a WebSocket to the object; the Socket."""
        raw, _ = make_request(headers)
        full = absolute(_BASE, url)
        headers_and_upgrade = raw + upgrade_headers(protocols)
        answer = self._event("fetchObject", "GET", full, headers_and_upgrade, None)
        socket: SocketT = await upgraded(self._core, self.worker, answer, full)
        return socket

    # ---- alarms ----------------------------------------------------------------------

    @property
    def alarm(self) -> datetime | None:
        """When the object is to be woken, in UTC."""
        with self.storage.store() as store:
            time_ms = store.get_alarm()
        return None if time_ms is None else datetime.fromtimestamp(time_ms / 1000, UTC)

    @driven
    async def run_alarm(self) -> bool:
        """Run the object's alarm now, whenever it is due; False where none is set.

        What the handler throws is raised; it is retried as on any other occasion.
        """
        core = self._core
        with self.storage.store() as store:
            time_ms = store.get_alarm()
            if time_ms is None:
                return False
            ended = core.runtime.alarm_ends.of(self.id)
            core.runtime.home(self._namespace.script, self.id)
            if time_ms > core.clock.now_ms():
                store.set_alarm(int(core.clock.now_ms()))
        outcome = await core.waiting.wait(ended, f"the alarm of {self!r}")
        if outcome in (Outcome.FAILED, Outcome.ABANDONED):
            lines = [line for line in self.worker.logs if _IN_ALARM in line.text]
            text = lines[-1].text.partition(_IN_ALARM)[2] if lines else "Error: it has failed"
            core.uncaught = [line for line in core.uncaught if line not in lines[-1:]]
            name, _, message = text.partition("\n")[0].partition(": ")
            found = self.worker.found
            raise javascript_error(name, message, text, "", found.texts, self.worker.bound)
        return True

    # ---- the end ---------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        """Whether the object is in memory."""
        return self._core.runtime.directory.find(self.id) is not None

    @driven
    async def evict(self, *, close_sockets: bool = False) -> None:
        """Have the object leave memory; what it has stored stays.

        Its WebSockets stay, too, unless they are to be closed. Raises HarnessError where it has
        something under way.
        """
        core = self._core
        await core.waiting.quiet()
        record = core.runtime.directory.find(self.id)
        if record is not None and (why := core.runtime.evict(record)):
            raise HarnessError(f"{self!r} cannot be evicted: {why}.")
        if close_sockets:
            home = core.runtime.home(self._namespace.script, self.id)
            home.end_sockets_of((), self.id.__eq__, "The object was evicted.")
        await core.waiting.quiet()

    @driven
    async def crash(self) -> None:
        """End everything as if the machine lost its power now; see Harness.crash."""
        await self._core.crash_now()

    def instances(self) -> list[str]:
        """The ids of the objects of this class; see Worker.instances."""
        return self._core.instances(self._namespace)

    # ---- inside ----------------------------------------------------------------------

    def _record(self) -> ObjectRecord:
        return self._core.record(self._namespace, self.id, self.name)

    def _event(self, tool: str, *arguments: Any) -> Any:
        record = self._record()
        loaded = record.home.worker
        return loaded.event(self._core.runtime.tool(loaded, tool), record.slot, *arguments)

    async def _result(self, answer: Any, what: str) -> Any:
        return result_of(await settled(self._core, self.worker, answer, what))


class Object(AnyObject[Socket], Sync):
    """An object in a Harness."""

    worker: "Worker"


class AsyncObject(AnyObject[AsyncSocket], Async):
    """An object in an AsyncHarness: what takes time is awaited."""

    worker: "AsyncWorker"


@contextmanager
def written(loaded: "Loaded", function: str) -> Iterator[Handle]:
    """The function that a test has written, in a Worker's isolate."""
    try:
        compiled = loaded.host.isolate.expression("run()", function)
    except JSError as error:
        raise HarnessError(
            f"run() takes the text of a JavaScript function, and {function!r} is none: {error}"
        ) from None
    try:
        yield compiled
    finally:
        compiled.close()


def _id_of(namespace: Namespace, name: str | None, object_id: str | None) -> str:
    ids = IdFactory(namespace.unique_key)
    if name is not None and object_id is not None:
        raise HarnessError("An object has a name= or an id=, not both.")
    if name is not None:
        return ids.from_name(name)
    if object_id is None:
        return ids.unique()
    try:
        ids.jurisdiction_of(object_id)
    except InvalidId as error:
        raise HarnessError(f"{object_id!r} is no id of a {namespace.class_name}: {error}") from None
    return object_id.lower()
