"""The objects that live in one Worker's isolate."""

import json
import os
from array import array
from collections.abc import Callable, Collection, Iterable
from itertools import count
from typing import TYPE_CHECKING

from holdfast.engine import Together
from holdfast.host.rpc import Message
from holdfast.host.sockets_hibernation import ObjectSockets
from holdfast.objects.ids import IdFactory
from holdfast.objects.record import ObjectRecord
from holdfast.workers import SERVICE_RESTART, Worker

if TYPE_CHECKING:
    from holdfast.objects.capability import IsolateObjects
    from holdfast.objects.placement import ObjectRequest

_serials = count(1)


class ObjectHome:
    """What the directory tells a Worker's isolate about its objects."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._host = worker.host
        self._admit = worker.entry("admitObject")
        self._deliver = worker.entry("deliverObjectFetch")
        self._deliver_call = worker.entry("deliverObjectCall")
        self._deliver_export_call = worker.entry("deliverExportCall")
        self._release_export = worker.entry("releaseExport")
        self._deliver_alarm = worker.entry("deliverObjectAlarm")
        self._durable = worker.entry("objectsDurable")
        self._broken = worker.entry("objectBroken")
        self._supersede = worker.entry("supersedeObjects")
        self._sweep = worker.entry("sweepObjects")
        self._sweep_events = worker.entry("sweepEvents")
        self._evict = worker.entry("evictIdle")
        self._durable_rounds: list[int] = []  # slot and round, in turn, that are to be told
        self._sockets: dict[str, ObjectSockets] = {}
        self._serial = next(_serials)
        self.far_facets = 0  # that live here, of objects that live elsewhere
        self.busy_facets: set[int] = set()  # those of them that were so at the last sweep
        self.caller: IsolateObjects  # who makes the isolate's own calls; set with it
        # Whether an object may be brought up here, where not all may be: two versions of the script
        # are deployed, or another is, and this one has its last objects (server/lingering.py).
        self.keeps: Callable[[str], bool] | None = None

    def refuse_with(self, refuse: Callable[..., None]) -> None:
        """Have calls that the isolate has no room for answered by `refuse(why, number, tokens)`."""

        def refuse_call(
            why: str, number: int, _whom: int, _route: str, _data: bytes = b"", tokens: str = ""
        ) -> None:
            refuse(why, number, tokens)

        refusals = self._host.refusals
        refusals[self._deliver] = lambda why, number, *_: refuse(why, number, "")
        refusals[self._deliver_call] = refusals[self._deliver_export_call] = refuse_call

    def admit(self, record: ObjectRecord) -> None:
        """Make the instance known to the isolate, before its first call from outside."""
        self._host.enter(
            self._admit,
            record.slot,
            record.namespace.class_name,
            record.id,
            record.name,
            record.namespace.use_sqlite,
            IdFactory(record.namespace.unique_key).jurisdiction_of(record.id),
        )

    def admit_facet(
        self, record: ObjectRecord, class_name: str, told: str, props: str | None, depth: int
    ) -> None:
        """Make the instance of a facet known whose object lives elsewhere.

        `told` is the id that it is to see, in JSON; see polyfills/objects/residents.js.
        """
        self._host.enter(
            self.worker.entry_once("admitFarFacet"),
            record.slot,
            class_name,
            told,
            record.id,
            record.namespace.use_sqlite,
            props,
            depth,
        )

    def facet_gone(self, slot: int, reason: str) -> None:
        """A facet has ended that lives in another isolate."""
        if not self.worker.is_dead:
            self._host.enter_soon(self.worker.entry_once("farFacetGone"), slot, reason)

    def deliver(self, number: int, slot: int, request: "ObjectRequest") -> None:
        """Give an instance a request; the answer comes back under `number`."""
        method, url, headers, body, cf = request
        rest = () if body is None else (self.worker.bodies.sent(body),)
        if cf is None:
            rest = (None, *rest)
            heads = Together((method, headers))
        else:
            heads = Together((method, headers, cf))
        self._host.enter(self._deliver, number, slot, url, heads, *rest)

    def deliver_call(self, number: int, slot: int, route: str, message: Message | None) -> None:
        """Give an instance a call by RPC; the answer comes back under `number`."""
        self._host.enter(self._deliver_call, number, slot, route, *self._parts(message))

    def deliver_export_call(
        self, number: int, export: int, route: str, message: Message | None
    ) -> None:
        """Give an export a call by RPC; the answer comes back under `number`."""
        self._host.enter(self._deliver_export_call, number, export, route, *self._parts(message))

    def _parts(self, message: Message | None) -> tuple[bytes, str] | tuple[()]:
        return () if message is None else (message.data, self._host.rpc.give(message))

    def release_export(self, export: int) -> None:
        """Nobody elsewhere holds an export any more."""
        self._host.enter_soon(self._release_export, export)

    def deliver_alarm(self, number: int, slot: int, retry_count: int) -> None:
        """Tell an instance that its alarm is due; its end comes back under `number`."""
        self._host.enter_soon(self._deliver_alarm, number, slot, retry_count)

    def durable(self, slot: int, round_number: int) -> None:
        """The object's writes up to this round are durable.

        Many objects share a sync: what comes in the same round of the loop is told in one entry.
        """
        if not self._durable_rounds:
            self._host.loop.call_soon(self._tell_durable)
        self.worker.counts.rounds += 1
        self._durable_rounds += (slot, round_number)

    def _tell_durable(self) -> None:
        rounds, self._durable_rounds = self._durable_rounds, []
        self._host.enter_soon(self._durable, array("d", rounds).tobytes())

    def broken(self, slot: int, message: str, flags: str) -> None:
        """The object lost its storage or its place; its calls fail with this error."""
        self._host.enter_soon(self._broken, slot, message, flags)

    def breaks(self, slot: int, message: str, flags: str) -> None:
        """The same, perhaps from within a turn: nothing else is to find the object alive."""
        self._host.store_breaks(slot, message, flags)

    def sockets_of(
        self,
        record: ObjectRecord,
        find_slot: Callable[[], int | None],
        live_slot: Callable[[], int | None],
    ) -> ObjectSockets:
        """What outlives an object's instance of its sockets; the slots as there."""
        sockets = self._sockets.get(record.id)
        if sockets is None:
            sockets = self._sockets[record.id] = ObjectSockets(find_slot, live_slot)
        return sockets

    def has_sockets(self, record: ObjectRecord) -> bool:
        """Whether an object has WebSockets that hibernate."""
        sockets = self._sockets.get(record.id)
        return sockets is not None and bool(sockets.ends)

    def forget_sockets(self, record: ObjectRecord) -> None:
        """The object was evicted: nothing is kept of it that has no sockets."""
        sockets = self._sockets.get(record.id)
        if sockets is not None and not sockets.ends:
            del self._sockets[record.id]

    def lose_sockets(self, record: ObjectRecord) -> None:
        """The object was reset: the sockets that it kept break off."""
        sockets = self._sockets.pop(record.id, None)
        if sockets is not None:
            sockets.lose()

    def supersede(self) -> None:
        """New code took over: no new call may find these instances."""
        self._host.enter(self._supersede)

    def end_sockets(self, reason: str) -> None:
        """Close the sockets of all objects, those of sleeping ones included."""
        if self._host.sockets is not None:
            self._host.sockets.end_objects(SERVICE_RESTART, reason)

    def end_sockets_of(
        self, slots: Collection[int], is_leaving: Callable[[str], bool], reason: str
    ) -> None:
        """Close the sockets of objects that leave: those in these slots, sleeping ones by id."""
        leaving = [object_id for object_id in self._sockets if is_leaving(object_id)]
        for object_id in leaving:
            self._sockets.pop(object_id).end(SERVICE_RESTART, reason)
        if self._host.sockets is not None:
            self._host.sockets.end_objects(SERVICE_RESTART, reason, slots)

    def bound_calls(self, count: int) -> None:
        """So many calls to one object may wait for their answers."""
        self._host.enter(self.worker.entry_once("boundCalls"), count)

    # ---- who waits for whom: see wait_graph.py ---------------------------------------

    def key_of(self, name: str) -> str:
        """What something of this isolate is called among all isolates of the server."""
        return f"{os.getpid()}.{self._serial} {name}"

    def waits_of(self, kind: str, number: int, hung_sweeps: int) -> str | None:
        """See polyfills/objects/deadlock.js."""
        if self.worker.is_dead:
            return None
        waits = self._host.enter(self.worker.entry_once("waitsOf"), kind, number, hung_sweeps)
        return waits if isinstance(waits, str) else None

    def event_of(self, number: int) -> "tuple[ObjectHome, str, int] | None":
        """The Worker's event, in whichever isolate, that the op with this number waits for."""
        event = self.caller.event_of(number)
        return None if event is None else (event[0], "event", event[1])

    def fail_deadlocked(self, slot: int, keys: Iterable[str], *, only_held: bool) -> None:
        """Fail the calls to an object that are among these; or those only that it holds back."""
        if self.worker.is_dead:
            return
        prefix = self.key_of("")
        own = [key.removeprefix(prefix) for key in keys if key.startswith(prefix)]
        fail = self.worker.entry_once("failDeadlocked")
        self._host.enter(fail, slot, json.dumps(own), only_held)

    # ---- sweeping ------------------------------------------------------------------

    def sweep(self, hung_sweeps: int) -> None:
        """An interval has passed: end what hangs; see polyfills/objects/residents.js."""
        self._host.isolate.pace_collections()
        self.worker.sweep()
        self._host.enter(self._sweep_events, hung_sweeps)
        self._host.enter(self._sweep, hung_sweeps)
        if self.far_facets and not self.worker.is_dead:
            busy = self._host.enter(self.worker.entry_once("busyFarFacets"))
            self.busy_facets = {*json.loads(busy)} if isinstance(busy, str) else set()

    def evict_idle(self, idle_sweeps: int, limit: int) -> bool:
        """Evict up to `limit` instances that were idle for so long; whether there are more."""
        return bool(self._host.enter(self._evict, idle_sweeps, limit))
