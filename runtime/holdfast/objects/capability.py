"""Durable Objects and services as one isolate may reach them.

A call that leaves its isolate is answered under a number: `Calls` remembers who asked.
Bodies pass from the one isolate's table into the other's without being read.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from holdfast.catalog.bindings import ASSETS_ENTRYPOINT
from holdfast.catalog.namespace import Namespace
from holdfast.engine import ScriptError, Together
from holdfast.host.bodies import BodyTable
from holdfast.host.byte_streams import discard_body
from holdfast.host.constants import TEXT_HEADERS
from holdfast.host.context import Host
from holdfast.host.objects import Body
from holdfast.host.rpc import Message
from holdfast.host.sockets import table_of
from holdfast.host.sockets_end import SocketEnd
from holdfast.host.sockets_hibernation import ObjectSockets
from holdfast.objects.alarms import Outcome
from holdfast.objects.calls import Calls
from holdfast.objects.directory import ObjectDirectory
from holdfast.objects.facets import LiveFacets
from holdfast.objects.home import ObjectHome
from holdfast.objects.ids import IdFactory, InvalidId
from holdfast.objects.local import UNREACHABLE, LocalObjects
from holdfast.objects.placement import ObjectAddress, ObjectRequest, Owner
from holdfast.objects.rpc import IsolateRpc
from holdfast.objects.services import Services, ServiceTarget
from holdfast.workers import NotCompiled, ScriptFailed, Worker, WorkerResponse

if TYPE_CHECKING:
    from holdfast.objects.alarm_calls import AlarmCalls
    from holdfast.objects.far_facets import FarFacets
    from holdfast.workers.gradual import AnyWorker

MAX_TEXT_BYTES = 65_536
_MAX_DRAWS = 16  # of ids, 4 µs each, until one is ours

WorkerFinder = Callable[[str], "AnyWorker"]


class IsolateObjects:
    """The objects capability of one isolate (host.objects.ObjectsCapability)."""

    def __init__(
        self,
        host: Host,
        directory: ObjectDirectory,
        calls: Calls,
        local: LocalObjects,
        worker_of: WorkerFinder,
    ) -> None:
        """`worker_of` finds, or loads, what takes a script's events.

        It raises NotCompiled, and what UNREACHABLE has.
        """
        self._host = host
        self._directory = directory
        self._calls = calls
        self._local = local
        self._worker_of = self._any_worker_of = worker_of
        self._namespaces: list[Namespace] = []
        self._numbers: dict[str, int] = {}  # of those, by id
        self._ids: list[IdFactory] = []
        self._addresses: list[ObjectAddress] = []  # by the isolate's numbers of them, from 1 on
        self._services = Services()
        self._events: dict[int, tuple[AnyWorker, asyncio.Future[Any]]] = {}  # by the ops that wait
        self._bodies: BodyTable = host.capabilities.bodies
        self.alarms: AlarmCalls  # set by whoever runs alarms
        self.home: ObjectHome | None = None  # set when the isolate's Worker has loaded
        self.unreachable = UNREACHABLE
        self.facets = LiveFacets(directory)
        self._far_facets: FarFacets | None = None  # until there is one
        self.rpc = IsolateRpc(host, self, calls)

    def live_in(self, home: ObjectHome) -> None:
        """The isolate's Worker has loaded."""
        self.home = self.rpc.home = home
        home.caller = self
        home.refuse_with(self.rpc.refuse)

    @property
    def far_facets(self) -> "FarFacets":
        """See ObjectsCapability."""
        if self._far_facets is None:
            from holdfast.objects.far_facets import FarFacets

            self._far_facets = FarFacets(
                self._host, self, self._directory, self._calls, self._local.home_of
            )
        return self._far_facets

    @property
    def namespaces(self) -> tuple[Namespace, ...]:
        """Those that the isolate may reach."""
        return tuple(self._namespaces)

    def rebind(self, namespace: Namespace) -> None:
        """A namespace that the isolate may reach is now another class's, or another script's."""
        for number, known in enumerate(self._namespaces):
            if known.id == namespace.id:
                self._namespaces[number] = namespace
        self._addresses = [
            replace(address, namespace=namespace)
            if address.namespace.id == namespace.id
            else address
            for address in self._addresses
        ]

    def bind_namespace(self, namespace: Namespace) -> int:
        """Let the isolate reach a namespace; its number there."""
        number = self._numbers.get(namespace.id)
        if number is None or self._namespaces[number] != namespace:
            number = self._numbers[namespace.id] = len(self._namespaces)
            self._namespaces.append(namespace)
            self._ids.append(IdFactory(namespace.unique_key))
        return number

    def bind_service(self, script: str, entrypoint: str) -> int:
        """Let the isolate reach another Worker; its number there."""
        return self._services.add(script, entrypoint)

    # ---- what numbers mean -------------------------------------------------------

    def namespace(self, number: int) -> Namespace:
        """The namespace with this number."""
        return self._namespaces[number]

    def service(self, text: str) -> ServiceTarget:
        """The service that a text of the isolate's means."""
        return self._services.find(text)

    def service_text(self, target: ServiceTarget) -> str:
        """What the isolate knows a service by."""
        return self._services.text_of(target)

    def own_service(self, entrypoint: str) -> int:
        """The number of an entrypoint of the isolate's own script."""
        assert self.home is not None, "events come to what has loaded"
        script = self.home.worker.script
        if not entrypoint and script.assets is not None:
            entrypoint = "default"  # the script itself, and not what its assets stand before
        return self._services.add(script.name, entrypoint)

    def serve_itself(self, worker: Worker | None) -> None:
        """Have calls of the script's own entrypoints stay with this Worker, its version.

        With None, they go to whichever version takes its events.
        """
        any_worker_of = self._any_worker_of

        def find(script: str) -> "AnyWorker":
            is_own = worker is not None and script == worker.script.name and not worker.is_dead
            return worker if worker is not None and is_own else any_worker_of(script)

        self._worker_of = any_worker_of if worker is None else find

    def worker_named(self, script: str) -> "AnyWorker":
        """What takes a script's events now, as this isolate finds it; raises as `worker_of`."""
        return self._worker_of(script)

    def worker_of(self, target: ServiceTarget) -> "AnyWorker":
        """What takes a service's events now. Raises as the constructor says.

        A script's assets are those of its own version.
        """
        if target.entrypoint == ASSETS_ENTRYPOINT and self.home is not None:
            worker = self.home.worker
            if worker.script.name == target.script:
                return worker
        return self._worker_of(target.script)

    # ---- ids -------------------------------------------------------------------

    def id_from_name(self, namespace: int, name: str, jurisdiction: str | None) -> str:
        """The id of a name."""
        return self._ids[namespace].within(jurisdiction).from_name(name)

    def new_id(self, namespace: int, jurisdiction: str | None) -> str:
        """A fresh id, of an object that this shard owns where that is as well as any."""
        ids, placement = self._ids[namespace].within(jurisdiction), self._directory.placement
        object_id = ids.unique()
        if placement.takes_new():  # calls to what is here need not cross
            for _ in range(_MAX_DRAWS):
                if placement.is_here(object_id):
                    break
                object_id = ids.unique()
        self._directory.expect(self._namespaces[namespace], object_id)
        return object_id

    def check_id(self, namespace: int, text: str, jurisdiction: str | None) -> str:
        """The id that `text` means, then a space and its jurisdiction, if any.

        Within a jurisdiction, ids of others count as none. Raises ScriptError (TypeError).
        """
        ids = self._ids[namespace]
        try:
            if jurisdiction is not None:
                return f"{ids.within(jurisdiction).check(text)} {jurisdiction}"
            found = ids.jurisdiction_of(text)
        except InvalidId as error:
            raise ScriptError("TypeError", str(error)) from None
        return text.lower() if found is None else f"{text.lower()} {found}"

    # ---- calls out -------------------------------------------------------------

    def locate(
        self, namespace: int, object_id: str, name: str | None, location_hint: str | None
    ) -> int:
        """See ObjectsCapability."""
        home = self.home
        target = self._namespaces[namespace]
        if home is None or home.worker.retired or target.script != home.worker.script.name:
            return 0
        if not self._directory.placement.is_here(object_id):
            return -self.address(namespace, object_id, name)
        if self._directory.find(object_id) is not None:
            return 0
        if home.keeps is not None and not home.keeps(object_id):
            return 0
        record = self._directory.bring_up(target, object_id, name, home)
        record.location_hint = location_hint
        return record.slot

    def address(self, namespace: int, object_id: str, name: str | None) -> int:
        """See ObjectsCapability."""
        self._addresses.append(ObjectAddress(self._namespaces[namespace], object_id, name))
        return len(self._addresses)

    def forget_addresses(self) -> None:
        """See ObjectsCapability."""
        self._addresses.clear()

    def fetch(
        self,
        number: int,
        address_number: int,
        method: str,
        url: str,
        headers: str,
        body: Body,
        cf: str | None,
    ) -> None:
        """Send a request to an object elsewhere; settles the op with this number."""
        request = ObjectRequest(method, url, headers, self._bodies.received(body), cf)
        address = self._addresses[address_number - 1]
        self._host.loop.call_soon(self._deliver, number, address, request)

    def _deliver(self, number: int, address: ObjectAddress, request: ObjectRequest) -> None:
        try:
            self._owner(address.id).fetch(self, number, address, request)
        except UNREACHABLE as error:
            request.discard()
            self._host.fail(number, ScriptError("Error", str(error), remote=True))

    def call_object(
        self, number: int, address: ObjectAddress, route: str, message: Message | None
    ) -> None:
        """Call an object by RPC; settles the op with this number. Raises as UNREACHABLE says."""
        self._owner(address.id).call(self, number, address, route, message)

    def _owner(self, object_id: str) -> Owner:
        return self._directory.placement.owner(object_id) or self._local

    def fetch_service(
        self,
        number: int,
        service: str,
        method: str,
        url: str,
        headers: str,
        body: Body,
        cf: str | None,
    ) -> None:
        """Send a request to another Worker; settles the op with this number."""
        stream = self._bodies.received(body)
        target = self._services.find(service)

        def deliver() -> None:
            try:
                worker = self.worker_of(target)
            except NotCompiled as late:
                late.done.add_done_callback(lambda _: deliver())
                return
            except UNREACHABLE as error:
                discard_body(stream)
                self._host.fail(number, ScriptError("Error", str(error), remote=True))
                return
            answer = worker.fetch(
                method, url, headers, stream, target.entrypoint, props=target.props, cf=cf
            )
            self.waits_for(number, worker, answer)
            answer.add_done_callback(lambda done: self.answered(number, method, done))

        self._host.loop.call_soon(deliver)

    def waits_for(self, number: int, worker: "AnyWorker", answer: "asyncio.Future[Any]") -> None:
        """The op with this number waits for the answer to an event of another Worker."""
        self._events[number] = worker, answer
        answer.add_done_callback(lambda _: self._events.pop(number, None))

    def abandon(self, number: int) -> None:
        """The isolate waits no more for the request that settles the op with this number."""

        def tell() -> None:
            event = self.event_of(number)
            if event is None:
                self._local.abandon(self, number)
            else:
                event[0].worker.client_left("event", event[1])

        self._host.loop.call_soon(tell)

    def event_of(self, number: int) -> tuple[ObjectHome, int] | None:
        """The event that the op with this number waits for, if it is one, and its isolate."""
        worker, answer = self._events.get(number, (None, None))
        if answer is None:
            return None
        if not isinstance(worker, Worker):
            from holdfast.workers.gradual import GradualWorker

            worker = worker.whose(answer) if isinstance(worker, GradualWorker) else None
        if worker is None:
            return None  # Python code in a test may stand in for a Worker
        event = worker.number_of(answer)
        objects = worker.host.objects
        if event is None or not isinstance(objects, IsolateObjects) or objects.home is None:
            return None
        return objects.home, event

    def answered(self, number: int, method: str, answer: "asyncio.Future[WorkerResponse]") -> None:
        """An event of another Worker has answered a request."""
        if error := answer.exception():
            if isinstance(error, ScriptFailed):
                flags = error.flags or "remote"
                self.rpc.fail_op(number, error.name, error.message, flags, error.data)
            else:
                self._host.fail(number, ScriptError("Error", str(error), remote=True))
            return
        response = answer.result()
        if method == "HEAD":
            discard_body(response.body)
            response.body = None
        self._settle(number, response)

    def _settle(self, number: int, response: WorkerResponse) -> None:
        """Give the script the response that it waits for."""
        host = self._host
        answer = (response.status, Together((response.status_text, response.headers)))
        if response.socket is None:
            text = _text_of(response)
            host.settle(number, *answer, self._bodies.sent(response.body) if text is None else text)
        else:
            host.settle(number, *answer, None, table_of(host).arrived(response.socket))

    # ---- answers to this isolate's calls (calls.Caller) ----------------------------

    def responded(self, number: int, response: WorkerResponse) -> None:
        """See Caller."""
        self._host.loop.call_soon(self._settle, number, response)

    def returned(self, number: int, message: Message) -> None:
        """See Caller."""
        self._host.loop.call_soon(self.rpc.settle, number, message)

    def failed(
        self, number: int, name: str, message: str, flags: str, data: bytes | None = None
    ) -> None:
        """See Caller."""
        self._host.loop.call_soon(self.rpc.fail_op, number, name, message, flags, data)

    # ---- answers of this isolate's instances -------------------------------------

    def sockets(self, slot: int) -> ObjectSockets:
        """What outlives the instance in `slot` of its object's sockets."""
        record = self._directory.in_slot(slot)
        if record is None:
            raise ScriptError(
                "Error",
                "This Durable Object instance is no longer active: it has no WebSockets.",
                durableObjectReset=True,
            )
        directory = self._directory
        return record.home.sockets_of(
            record,
            partial(directory.awaken, record),
            partial(directory.live_slot, record),
        )

    def identity(self, slot: int) -> tuple[str, str] | None:
        """Class and id of the object in `slot`."""
        record = self._directory.in_slot(slot)
        return None if record is None else (record.namespace.class_name, record.id)

    def held_up(self, slot: int, hung_sweeps: int) -> None:
        """Perhaps the object in `slot` waits for what can never come; see WaitGraph."""
        record = self._directory.in_slot(slot)
        if record is not None:
            self._local.waits.suspect(record, hung_sweeps)

    def released(self, slot: int, reason: str) -> None:
        """The instance in `slot` is gone: evicted (no reason) or reset."""
        self._host.stores.pop(slot, None)
        self._directory.released(slot, reason)

    def respond(self, number: int, status: int, status_text: str, headers: str, body: Body) -> None:
        """Answer a call that the host delivered."""
        self._respond(
            number, WorkerResponse(status, status_text, headers, self._bodies.received(body))
        )

    def upgrade(self, number: int, status_text: str, headers: str, socket: SocketEnd) -> None:
        """Answer a call that the host delivered with a WebSocket."""
        self._respond(number, WorkerResponse(101, status_text, headers, None, socket))

    def _respond(self, number: int, response: WorkerResponse) -> None:
        call = self._calls.end(number)
        if call is None:
            response.discard()
        else:
            caller, its_number, _ = call
            caller.responded(its_number, response)

    def alarm_ended(
        self, number: int, outcome: str, stored_ms: int | None, description: str, *, counts: bool
    ) -> None:
        """An alarm that the host delivered has run; see AlarmCalls."""
        if outcome == Outcome.MOVED.value:
            self.alarms.moved(number, stored_ms)
        self._host.loop.call_soon(
            partial(self.alarms.ended, number, outcome, description, counts=counts)
        )


def _text_of(response: WorkerResponse) -> str | None:
    """The body of a small plain text, which its reader wants as a string."""
    body = response.body
    if response.headers == TEXT_HEADERS and isinstance(body, bytes) and len(body) <= MAX_TEXT_BYTES:
        try:
            return body.decode()
        except UnicodeDecodeError:
            return None
    return None
