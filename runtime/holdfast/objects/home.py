"""The objects that live in one Worker's isolate."""

from holdfast.host.objects import Body
from holdfast.objects.record import ObjectRecord
from holdfast.workers import SERVICE_RESTART, Worker


class ObjectHome:
    """What the directory tells a Worker's isolate about its objects."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._host = worker.host
        self._admit = worker.entry("admitObject")
        self._deliver = worker.entry("deliverObjectFetch")
        self._durable = worker.entry("objectDurable")
        self._broken = worker.entry("objectBroken")
        self._supersede = worker.entry("supersedeObjects")
        self._sweep = worker.entry("sweepObjects")
        self._sweep_events = worker.entry("sweepEvents")
        self._evict = worker.entry("evictIdle")

    def admit(self, record: ObjectRecord) -> None:
        """Make the instance known to the isolate, before its first call from outside."""
        self._host.enter(
            self._admit,
            record.slot,
            record.namespace.class_name,
            record.id,
            record.name,
            record.namespace.use_sqlite,
        )

    def deliver(
        self, number: int, slot: int, method: str, url: str, headers: str, body: Body
    ) -> None:
        """Give an instance a request; the answer comes back under `number`."""
        self._host.enter(self._deliver, number, slot, method, url, headers, body)

    def durable(self, slot: int, round_number: int) -> None:
        """The object's writes up to this round are durable."""
        self._host.enter_soon(self._durable, slot, round_number)

    def broken(self, slot: int, message: str, flags: str) -> None:
        """The object lost its storage or its place; its calls fail with this error."""
        self._host.enter_soon(self._broken, slot, message, flags)

    def supersede(self, reason: str) -> None:
        """New code took over: no new call may find these instances, and their sockets end."""
        self._host.enter(self._supersede)
        if sockets := self._host.capabilities.get("sockets"):
            sockets.end_objects(SERVICE_RESTART, reason)

    def sweep(self, hung_sweeps: int) -> None:
        """An interval has passed: end what hangs; see polyfills/objects/residents.js."""
        self._host.enter(self._sweep_events, hung_sweeps)
        self._host.enter(self._sweep, hung_sweeps)

    def evict_idle(self, idle_sweeps: int, limit: int) -> bool:
        """Evict up to `limit` instances that were idle for so long; whether there are more."""
        return bool(self._host.enter(self._evict, idle_sweeps, limit))
