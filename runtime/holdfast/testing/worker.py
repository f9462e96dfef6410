"""A Worker as a test speaks to it."""

import json as json_module
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast
from urllib.parse import urljoin

from holdfast.catalog.bindings import KeyValue, R2Bucket
from holdfast.catalog.namespace import Namespace
from holdfast.host.header_lines import in_lines, pairs_in
from holdfast.host.rpc import Message
from holdfast.testing.answers import (
    answered_with_socket,
    receive,
    settled,
    upgrade_headers,
    upgraded,
)
from holdfast.testing.buckets import Bucket
from holdfast.testing.clock import seconds_of
from holdfast.testing.database import Database
from holdfast.testing.driven import Async, Sync, driven
from holdfast.testing.errors import HarnessError, JavaScriptError, hidden_from_tracebacks
from holdfast.testing.kv import KVNamespace
from holdfast.testing.objects import AnyObject, AsyncObject, Object, written
from holdfast.testing.queues import QueueResult, batch_of, result_of_batch
from holdfast.testing.requests import Files, HeadersLike, absolute, make_request
from holdfast.testing.responses import Headers, Response
from holdfast.testing.sockets import AnySocket, AsyncSocket, Socket
from holdfast.testing.sources import Found
from holdfast.testing.storage import ObjectStorage
from holdfast.testing.streams import AnyStream, AsyncStream, Stream
from holdfast.testing.traces import TraceItem, frame_of
from holdfast.testing.values import result_of, to_javascript
from holdfast.testing.workflows import (
    CODE,
    AnyWorkflowInstance,
    AsyncWorkflowInstance,
    WorkflowInstance,
    replacement,
)
from holdfast.workers import Worker as Loaded
from holdfast.workers.batches import outcome_of

if TYPE_CHECKING:
    from email.message import EmailMessage

    from holdfast.testing.core import Core

__tracebackhide__ = hidden_from_tracebacks

MAX_REDIRECTS = 20
CLIENT = "cf-connecting-ip"

ObjectT = TypeVar("ObjectT", bound=AnyObject[Any])
SocketT = TypeVar("SocketT", bound=AnySocket)
InstanceT = TypeVar("InstanceT", bound=AnyWorkflowInstance[Any])
StreamT = TypeVar("StreamT", bound=AnyStream)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


_IMPORT = re.compile(r"""(\bimport\(\s*(["'`])[^"'`]+)\.(?:[mc]?ts|[jt]sx)(?=\2)""")


class LogLine(NamedTuple):
    """A line of a script's console; `level` is the method's name."""

    level: str
    text: str


class AnyWorker(Generic[ObjectT, SocketT, InstanceT, StreamT]):
    """A script that is loaded in a harness."""

    object_type: type[ObjectT]
    instance_type: type[InstanceT]

    def __init__(self, core: "Core[Any]", found: Found) -> None:
        self.name = found.script.name
        self.found = found
        self.logs: list[LogLine] = []
        self._core = core

    def __repr__(self) -> str:
        return f"<Worker {self.name}>"

    # ---- events ----------------------------------------------------------------------

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
        follow_redirects: bool = False,
        entrypoint: str = "",
        cf: Mapping[str, Any] | None = None,
        raises: bool = True,
    ) -> Response:
        """Send a request; the Response.

        `cf` is what the script finds as `request.cf`. A path is one of `http://<name>.localhost`.
        Without a method, a request with a body is a POST. What the handler throws is raised, as
        JavaScriptError; `raises=False` gives the response that a client would see, a 500.
        """
        self._check_entrypoint(entrypoint)
        raw, content = make_request(headers, body=body, json=json, data=data, files=files)
        raw = _from_a_client(raw)
        chosen = (method or ("GET" if content is None else "POST")).upper()
        return await self._fetch(
            chosen,
            self._absolute(url),
            raw,
            content,
            entrypoint,
            None if cf is None else json_module.dumps(cf),
            hops=MAX_REDIRECTS if follow_redirects else 0,
            raises=raises,
        )

    @driven
    async def websocket(
        self,
        url: str = "/",
        *,
        headers: HeadersLike | None = None,
        protocols: tuple[str, ...] = (),
        entrypoint: str = "",
    ) -> SocketT:
        """Open a WebSocket; the Socket. Raises HarnessError where the Worker answers otherwise."""
        self._check_entrypoint(entrypoint)
        raw, _ = make_request(headers)
        full = self._absolute(url)
        headers_and_upgrade = _from_a_client(raw) + upgrade_headers(protocols)
        answer = self.loaded.fetch("GET", full, headers_and_upgrade, None, entrypoint)
        socket: SocketT = await upgraded(self._core, self, answer, full)
        return socket

    @driven
    async def stream(
        self,
        url: str = "/",
        *,
        method: str | None = None,
        headers: HeadersLike | None = None,
        body: bytes | str | None = None,
        json: Any = None,
        entrypoint: str = "",
    ) -> StreamT:
        """Send a request, as `fetch`; the Stream, as soon as its body begins."""
        self._check_entrypoint(entrypoint)
        raw, content = make_request(headers, body=body, json=json)
        chosen = (method or ("GET" if content is None else "POST")).upper()
        full = self._absolute(url)
        answer = self.loaded.fetch(chosen, full, _from_a_client(raw), content, entrypoint)
        given = await settled(self._core, self, answer, what := f"{chosen} {full}")
        if given.socket is not None:
            raise answered_with_socket(given, what)
        return cast("StreamT", self._core.stream(what, given))

    @driven
    async def call(self, method: str, *arguments: Any, entrypoint: str = "") -> Any:
        """Call a method of an entrypoint by RPC; what it returns."""
        self._check_entrypoint(entrypoint)
        message = Message(to_javascript([*arguments]))
        answer = self.loaded.call(entrypoint, None, route_to(method), message)
        return result_of(await settled(self._core, self, answer, f"{self.name}.{method}()"))

    @driven
    async def scheduled(self, cron: str = "* * * * *", at: datetime | None = None) -> None:
        """Tell the script that a cron trigger is due, now or at another time.

        Returns when the handler has ended, with all that it gave to `waitUntil`.
        """
        loaded = self.loaded
        time_ms = self._core.clock.now_ms() if at is None else seconds_of(at) * 1e3
        others = loaded.under_way
        answer = loaded.scheduled(cron, time_ms)
        event = loaded.under_way - others
        await settled(self._core, self, answer, f"the trigger {cron!r}")
        await self._core.settle_now(lambda: [self.name] if event & loaded.under_way else [])

    @driven
    async def run(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function as the Worker's code: `(env, ctx, …arguments) => …`."""
        loaded = self.loaded
        if self.found.source is not None and self.found.source.places is not None:
            function = _IMPORT.sub(r"\1.js", function)  # a bundle has its file by this name
        with written(loaded, function) as compiled:
            tool = self._core.runtime.tool(loaded, "runInWorker")
            answer = loaded.event(tool, compiled, to_javascript([*arguments]))
        return result_of(await settled(self._core, self, answer, f"run() in {self!r}"))

    @driven
    async def queue(self, queue: str, messages: Iterable[Any]) -> QueueResult:
        """Give the script a batch; what it has made of it.

        Each message is a QueueMessage, or a body. What the handler throws is the result's `error`.
        """
        batch, backlog = batch_of(messages, self._core.clock.now_ms())
        answer = self.loaded.queue(queue, batch, backlog)
        error: JavaScriptError | None = None
        try:
            await settled(self._core, self, answer, f"the batch of {queue!r}")
        except JavaScriptError as failed:
            error = failed
        return result_of_batch(outcome_of(answer), batch, error)

    @driven
    async def email(
        self,
        message: "str | bytes | EmailMessage",
        sender: str | None = None,
        recipient: str | None = None,
    ) -> str | None:
        """Give the script a mail; why it rejects it, or None.

        Without a sender or a recipient, those that the message names are.
        """
        from holdfast.testing.mail import incoming
        from holdfast.workers.mail import rejection_of

        mail = incoming(message, sender, recipient)
        what = f"the mail to {mail.recipient}"
        return rejection_of(await settled(self._core, self, self.loaded.email(mail), what))

    @driven
    async def tail(self, items: Iterable[TraceItem]) -> None:
        """Tell the script of other Workers' events. What the handler throws is raised."""
        frames = [frame_of(item, self._core.clock.now_ms()) for item in items]
        answer = self.loaded.tail(frames, (self.name,))
        await settled(self._core, self, answer, f"the tail of {len(frames)} events")

    # ---- objects ---------------------------------------------------------------------

    def object(
        self,
        class_name: str,
        name: str | None = None,
        *,
        id: str | None = None,  # noqa: A002 - that is its name
        unique: bool = False,
    ) -> ObjectT:
        """The object of a class with a name, or with an id; without either, a new, unique one.

        Raises HarnessError where the script has no such class, and for an id of another one.
        """
        if unique and not (name is None and id is None):
            raise HarnessError("An object has a name=, an id=, or is unique=True.")
        namespace = self._core.namespace(self, class_name)
        return self.object_type(self._core, self, namespace, name, id)

    def namespace(self, class_name: str) -> Namespace:
        """The objects of a class, to be bound in another Worker's `env`."""
        return self._core.namespace(self, class_name)

    def workflow(self, name: str, instance_id: str) -> InstanceT:
        """An instance of a Workflow that the script has or is bound to, by its id.

        `name` is that of the binding, of the Workflow or of the class. Raises HarnessError where
        there is none.
        """
        namespace = self._core.workflow(self, name)
        return self.instance_type(self._core, self, namespace, instance_id, None)

    def workflows(self, name: str) -> list[InstanceT]:
        """The instances of a Workflow that were created, whoever has done it, by their ids."""
        namespace = self._core.workflow(self, name)
        stored = (ObjectStorage(self._core, namespace, i) for i in self._core.instances(namespace))
        created = [told["id"] for one in stored if (told := one.get("instance")) is not None]
        of = (self._core, self, namespace)
        return [self.instance_type(*of, one, None) for one in sorted(created)]

    def replace_step(
        self,
        workflow: str,
        name: str,
        *,
        result: Any = CODE,
        error: str | None = None,
        times: int | None = None,
        count: int = 1,
    ) -> None:
        """Have a step of every instance of a Workflow come to a result, or fail.

        As an instance's own `replace_step`, which goes before this. To be said before they get
        there.
        """
        said = to_javascript(replacement(name, result, error, times, count))
        self._core.runtime.replace_step(self._core.workflow(self, workflow), said)

    def d1(self, binding: str) -> Database:
        """The D1 database that is bound under a name. Raises HarnessError where there is none."""
        return self._core.bound_database(self, binding)

    def kv(self, binding: str) -> KVNamespace:
        """The KV namespace that is bound under a name. Raises HarnessError where there is none."""
        return self._core.kv(self._core.bound(self, binding, KeyValue, "KV namespace").namespace_id)

    def r2(self, binding: str) -> Bucket:
        """The R2 bucket that is bound under a name. Raises HarnessError where there is none."""
        return self._core.r2(self._core.bound(self, binding, R2Bucket, "R2 bucket").bucket_name)

    def instances(self, class_name: str) -> list[str]:
        """The ids of the class's objects that have stored something, or are in memory."""
        return self._core.instances(self._core.namespace(self, class_name))

    def objects(self, class_name: str) -> list[ObjectT]:
        """The same as objects, with their names, as far as they have any."""
        ids = self.instances(class_name)
        names = self._core.names(self._core.namespace(self, class_name), ids)
        return [
            self.object(class_name, names[one]) if one in names else self.object(class_name, id=one)
            for one in ids
        ]

    # ---- inside ----------------------------------------------------------------------

    def _check_entrypoint(self, name: str) -> None:
        known = self.loaded.exports.entrypoints
        if name and name not in known:
            raise HarnessError(
                f'{self.found.where} exports no entrypoint "{name}"; '
                f"it exports: {', '.join(known) or 'none'}."
            )

    def _absolute(self, url: str) -> str:
        return absolute(f"http://{self.name}.localhost/", url)

    @property
    def loaded(self) -> Loaded:
        """The isolate that takes events now. Raises HarnessError where the script is broken."""
        return self._core.loaded(self.name)

    @property
    def bound(self) -> list[str]:
        """The names in the script's `env`."""
        names = [binding.name for binding in self.found.script.bindings]
        loaded = self._core.runtime.residents.get(self.name)
        if loaded is None:
            return names
        exports = loaded.worker.exports
        return [*names, *exports.classes, *exports.workflows]

    async def _fetch(
        self,
        method: str,
        url: str,
        raw: str,
        content: bytes | None,
        entrypoint: str,
        cf: str | None,
        *,
        hops: int,
        raises: bool,
    ) -> Response:
        what = f"{method} {url}"
        redirected = False
        while True:
            answer = self.loaded.fetch(method, url, raw, content, entrypoint, cf=cf)
            try:
                response = await receive(self._core, self, answer, what, url)
            except JavaScriptError as error:
                if raises:
                    raise
                self.logs.append(LogLine("error", f"Uncaught {error}"))
                response = Response(500, Headers([]), b"Internal Server Error", url=url)
                self._core.note(what, response)
                return response
            response.redirected = redirected
            location = response.headers.get("location")
            if not hops or response.status not in _REDIRECTS or location is None:
                return response
            hops, redirected = hops - 1, True
            url = urljoin(url, location)
            if response.status == 303 or (response.status in (301, 302) and method == "POST"):
                method, content = "GET", None
                kept = (h for h in pairs_in(raw) if not h[0].lower().startswith("content-"))
                raw = in_lines(kept)


class Worker(AnyWorker[Object, Socket, WorkflowInstance, Stream], Sync):
    """A script in a Harness: calls return when they are done."""

    object_type = Object
    instance_type = WorkflowInstance


class AsyncWorker(AnyWorker[AsyncObject, AsyncSocket, AsyncWorkflowInstance, AsyncStream], Async):
    """A script in an AsyncHarness: what takes time is awaited."""

    object_type = AsyncObject
    instance_type = AsyncWorkflowInstance


def route_to(method: str) -> str:
    """The route of a call that nobody else's call has led to; see kernel/depth.js."""
    return json_module.dumps([0, method])


def _from_a_client(raw: str) -> str:
    """The headers of a request with that which tells where it comes from."""
    given = Headers.from_raw(raw)
    return raw if CLIENT in given else f"{raw}{CLIENT}\n127.0.0.1\n"
