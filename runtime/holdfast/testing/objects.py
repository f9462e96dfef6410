"""A Durable Object as a test speaks to it, and looks into it."""

import json as json_module
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from holdfast.catalog.namespace import Namespace
from holdfast.engine import JSError
from holdfast.objects.alarms import Outcome
from holdfast.objects.ids import IdFactory, InvalidId
from holdfast.objects.record import ObjectRecord
from holdfast.testing.errors import HarnessError, JavaScriptError, hidden_from_tracebacks
from holdfast.testing.requests import Files, HeadersLike, make_request
from holdfast.testing.storage import ObjectStorage
from holdfast.testing.values import result_of, to_javascript

if TYPE_CHECKING:
    from holdfast.testing.core import Core
    from holdfast.testing.worker import Worker

__tracebackhide__ = hidden_from_tracebacks

_BASE = "http://object.localhost/"


class Object:
    """One object; it need not be in memory, nor have anything stored."""

    def __init__(
        self,
        core: "Core",
        worker: "Worker",
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

    def fetch(
        self,
        url: str = "/",
        *,
        method: str | None = None,
        headers: HeadersLike | None = None,
        body: bytes | str | None = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        files: Files | None = None,
    ) -> Any:
        """Send the object a request; the Response. What it throws is raised."""
        raw, content = make_request(headers, body=body, json=json, data=data, files=files)
        chosen = (method or ("GET" if content is None else "POST")).upper()
        return self._core.drive(self._fetch(chosen, urljoin(_BASE, url), raw, content))

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method by RPC; what it returns."""
        return self._core.drive(self._call(method, arguments))

    def run(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function as the object's code: `(instance, state, …arguments) => …`."""
        return self._core.drive(self._run(function, arguments))

    def websocket(
        self, url: str = "/", *, headers: HeadersLike | None = None, protocols: tuple[str, ...] = ()
    ) -> Any:
        """Open a WebSocket to the object; the Socket."""
        from holdfast.testing.worker import upgrade_headers

        raw, _ = make_request(headers)
        raw += upgrade_headers(protocols)
        return self._core.drive(self._websocket(urljoin(_BASE, url), raw))

    # ---- alarms ----------------------------------------------------------------------

    @property
    def alarm(self) -> datetime | None:
        """When the object is to be woken, in UTC."""
        with self.storage.store() as store:
            time_ms = store.get_alarm()
        return None if time_ms is None else datetime.fromtimestamp(time_ms / 1000, UTC)

    def run_alarm(self) -> Any:
        """Run the object's alarm now, whenever it is due; False where none is set.

        What the handler throws is raised; it is retried as on any other occasion.
        """
        return self._core.drive(self._run_alarm())

    # ---- the end ---------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        """Whether the object is in memory."""
        return self._core.runtime.directory.find(self.id) is not None

    def evict(self) -> Any:
        """Have the object leave memory; what it has stored stays, and its WebSockets do.

        Raises HarnessError where it has something under way.
        """
        return self._core.drive(self._evict())

    def crash(self) -> Any:
        """End everything as if the machine lost its power now; see Harness.crash."""
        return self._core.crash()

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

    async def _fetch(self, method: str, url: str, raw: str, content: bytes | None) -> Any:
        from holdfast.testing.worker import receive

        answer = self._event("fetchObject", method, url, raw, content)
        return await receive(self._core, self.worker, answer, f"{method} {url} of {self!r}", url)

    async def _websocket(self, url: str, raw: str) -> Any:
        from holdfast.testing.worker import upgraded

        answer = self._event("fetchObject", "GET", url, raw, None)
        return await upgraded(self._core, self.worker, answer, url)

    async def _call(self, method: str, arguments: tuple[Any, ...]) -> Any:
        data = to_javascript([*arguments])
        answer = self._event("callObject", json_module.dumps([method]), data)
        return await self._result(answer, f"{method}() of {self!r}")

    async def _run(self, function: str, arguments: tuple[Any, ...]) -> Any:
        loaded = self._record().home.worker
        try:
            compiled = loaded.host.isolate.expression("run()", function)
        except JSError as error:
            raise HarnessError(
                f"run() takes the text of a JavaScript function, and {function!r} is none: {error}"
            ) from None
        try:
            answer = self._event("runInObject", compiled, to_javascript([*arguments]))
        finally:
            compiled.close()
        return await self._result(answer, f"run() in {self!r}")

    async def _result(self, answer: Any, what: str) -> Any:
        from holdfast.testing.worker import settled

        return result_of(await settled(self._core, self.worker, answer, what))

    async def _run_alarm(self) -> bool:
        core = self._core
        with self.storage.store() as store:
            time_ms = store.get_alarm()
            if time_ms is None:
                return False
            ended = core.runtime.alarm_ends.of(self.id)
            core.runtime.home(self._namespace.script)
            if time_ms > core.clock.now_ms():
                store.set_alarm(int(core.clock.now_ms()))
        outcome = await core.waiting.wait(ended, f"the alarm of {self!r}")
        if outcome in (Outcome.FAILED, Outcome.ABANDONED):
            lines = [line.text for line in self.worker.logs if "(in alarm)" in line.text]
            text = (lines or ["the alarm has failed"])[-1]
            head, _, stack = text.partition("\n")
            raise JavaScriptError("", head, stack=stack)
        return True

    async def _evict(self) -> None:
        core = self._core
        await core.waiting.quiet()
        record = core.runtime.directory.find(self.id)
        if record is None:
            return
        loaded = record.home.worker
        why = loaded.host.enter(core.runtime.tool(loaded, "evictObject"), record.slot)
        if why:
            raise HarnessError(f"{self!r} cannot be evicted: {why}.")
        await core.waiting.quiet()


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
