"""Every object that is live in this shard: at most one instance per id.

An object is live from the first call that reaches it until its instance is evicted,
reset, superseded by new code, or its isolate ends. In each of these cases its store
is fenced off first, so that whatever the old instance still does cannot write
through; only then can the next call bring up a new one.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from holdfast.catalog.namespace import Namespace
from holdfast.engine import ScriptError
from holdfast.objects.departures import Departures
from holdfast.objects.home import ObjectHome
from holdfast.objects.ids import IdFactory
from holdfast.objects.placement import Placement
from holdfast.objects.record import RESET, ObjectRecord
from holdfast.storage import Facets, ObjectStore, Storage
from holdfast.storage.names import facet_id

log = logging.getLogger("holdfast.objects")

CODE_UPDATED = "Durable Object reset because its code was updated."
ISOLATE_ENDED = "Durable Object reset because its isolate exceeded a limit."


def _flags_of(reason: str) -> str:
    """What an error that tells of a reset has set. A code update is retryable, as at Cloudflare."""
    return f"{RESET},retryable" if reason == CODE_UPDATED else RESET


class ObjectDirectory:
    """The live objects of one shard, by id and by slot."""

    def __init__(
        self,
        storage: Storage,
        placement: Placement,
        loop: asyncio.AbstractEventLoop,
        *,
        idle_seconds: float,
    ) -> None:
        """Objects are evicted once they have been idle for so long."""
        self.placement = placement
        self._storage = storage
        self._idle_seconds = idle_seconds
        self._loop = loop
        self.departures = Departures(loop)
        self._by_id: dict[str, ObjectRecord] = {}
        self._by_slot: dict[int, ObjectRecord] = {}
        self._last_slot = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, object_id: str) -> ObjectRecord | None:
        """The record of an object that is live."""
        return self._by_id.get(object_id)

    def ids(self, unique_key: str) -> list[str]:
        """The ids of a namespace's objects that are live."""
        records = self._by_id.values()
        return [r.id for r in records if r.namespace.unique_key == unique_key and not r.facet]

    def expect(self, namespace: Namespace, object_id: str) -> None:
        """An id was made just now, that nobody has used."""
        if self.placement.is_here(object_id):
            self._storage.expect(namespace.unique_key, object_id)

    def bring_up(
        self, namespace: Namespace, object_id: str, name: str | None, home: ObjectHome
    ) -> ObjectRecord:
        """Make an object live in `home`'s isolate. It must not be live already."""
        assert object_id not in self._by_id, "an object has one live instance at most"
        assert self.placement.is_here(object_id), "an object lives with its owner alone"
        self._last_slot = slot = self._last_slot + 1
        record = ObjectRecord(slot, namespace, object_id, name, home)
        record.store = self._open(record)
        self._add(record)
        return record

    def facets_of(self, record: ObjectRecord) -> Facets:
        """The databases of all facets of the object that a record is, or is a facet of.

        Raises StorageError.
        """
        root = record.root or record
        if root.facets is None:
            root.facets = self._storage.facets(
                root.namespace.unique_key, root.id, use_sqlite=root.namespace.use_sqlite
            )
        return root.facets

    def bring_up_facet(
        self, parent: ObjectRecord, name: str, home: ObjectHome | None = None
    ) -> ObjectRecord:
        """Make a facet live in `home`, or else where what it is in lives.

        It must not be live already. Raises StorageError.
        """
        root = parent.root or parent
        self._last_slot = slot = self._last_slot + 1
        record = ObjectRecord(slot, root.namespace, root.id, None, home or parent.home, root=root)
        record.facet, record.store = self.facets_of(parent).open(
            parent.facet,
            name,
            on_durable=partial(record.home.durable, record.slot),
            on_broken=partial(self._on_broken, record),
        )
        record.store.on_breaking = record.breaks
        record.id = facet_id(root.id, record.facet)
        assert record.id not in self._by_id, "a facet has one live instance at most"
        self._add(record)
        if home is not None:
            parent.far = [*(parent.far or ()), record]
        return record

    def end_facet(self, record: ObjectRecord, reason: str) -> None:
        """End a facet that lives in another isolate than what it is in; what it wrote is kept."""
        record.store.flush()
        self._end(record, reason)
        self._loop.call_soon(record.home.broken, record.slot, reason, RESET)

    def _add(self, record: ObjectRecord) -> None:
        self._by_id[record.id] = record
        self._by_slot[record.slot] = record
        record.home.worker.host.stores[record.slot] = record.store

    def in_slot(self, slot: int) -> ObjectRecord | None:
        """The record of the object in this slot, while it is live."""
        return self._by_slot.get(slot)

    def live_slot(self, record: ObjectRecord) -> int | None:
        """The slot of an object that was live once and is so, in the same isolate."""
        live = self.find(record.id)
        return live.slot if live is not None and live.home is record.home else None

    def awaken(self, record: ObjectRecord) -> int | None:
        """The slot of an object that was live once, brought up again in the same isolate.

        None where that is not possible; the log says why.
        """
        live = self.find(record.id)
        if live is None and record.facet:
            return None  # only its object can bring it up
        if live is None:
            home = record.home
            if home.worker.is_dead or home.worker.retired:
                return None
            if home.keeps is not None and not home.keeps(record.id):
                return None
            try:
                live = self.bring_up(record.namespace, record.id, record.name, home)
            except OSError as error:
                log.error("object %s cannot be woken: %s", record.id, error, extra=record.about)
                return None
            home.admit(live)
        return live.slot if live.home is record.home else None

    def _open(self, record: ObjectRecord) -> ObjectStore:
        store = self._storage.open(
            record.namespace.unique_key,
            record.id,
            name=record.name,
            use_sqlite=record.namespace.use_sqlite,
            on_durable=partial(record.home.durable, record.slot),
            on_broken=partial(self._on_broken, record),
        )
        # Whatever calls the object next in the same breath is to find a new instance.
        store.on_breaking = record.breaks
        return store

    def _on_broken(self, record: ObjectRecord, error: BaseException) -> None:
        if record.slot in self._by_slot:
            log.error("object %s lost its storage: %s", record.id, error, extra=record.about)
            self._forget(record, str(error))
            record.home.lose_sockets(record)
        # An instance that has ended may have answers left that wait for the disk.
        record.home.broken(record.slot, str(error), RESET)

    def released(self, slot: int, reason: str) -> None:
        """The instance in `slot` ended: evicted as idle (no reason) or reset for a reason."""
        record = self._by_slot.get(slot)
        if record is None:
            return
        if reason:
            self._end(record, reason)
        else:
            self.departures.evicted(record, f"idle for {self._idle_seconds:g} s")
            self._loop.call_soon(record.store.close)
            self._forget(record, "")
            home = record.home
            if home.keeps is None or home.keeps(record.id):
                home.forget_sockets(record)
            else:  # it goes on with other code
                home.end_sockets_of((), record.id.__eq__, CODE_UPDATED)

    def supersede(self, home: ObjectHome, reason: str = CODE_UPDATED) -> None:
        """Fence off every object of an isolate that has had its time.

        What they wrote until now is kept and made durable; nothing more gets through.
        """
        home.end_sockets(reason)
        for record in self._records_of(home):
            if self._is_live(record):
                record.store.flush()
                self._end(record, reason)
        home.supersede()

    def supersede_namespace(
        self, unique_key: str, homes: Iterable[ObjectHome], reason: str = CODE_UPDATED
    ) -> None:
        """Fence off the objects of a namespace that another class, or another script, takes over.

        What they wrote until now is kept and made durable. Those that sleep in one of `homes` are
        not to be woken there by their sockets.
        """
        ids = IdFactory(unique_key)
        records = [r for r in self._by_slot.values() if r.namespace.unique_key == unique_key]
        slots = {record.slot for record in records}
        for home in homes:
            home.end_sockets_of(slots, ids.has, reason)
        self._break(records, reason)

    def is_in(self, home: ObjectHome, object_id: str) -> bool:
        """Whether an object is live in this isolate."""
        record = self._by_id.get(object_id)
        return record is not None and record.home is home

    def has_any_in(self, home: ObjectHome) -> bool:
        """Whether any object is live in this isolate. Looks at all objects."""
        return any(record.home is home for record in self._by_slot.values())

    def move_out(
        self, home: ObjectHome, keeps: Callable[[str], bool], reason: str = CODE_UPDATED
    ) -> None:
        """Fence off those objects of an isolate that another version has from now on.

        What they wrote until now is kept and made durable; the next call brings them up there.
        """

        def is_leaving(object_id: str) -> bool:
            return not keeps(object_id)

        records = [record for record in self._records_of(home) if is_leaving(record.id)]
        home.end_sockets_of({record.slot for record in records}, is_leaving, reason)
        self._break(records, reason)

    def displace(self, object_id: str, reason: str) -> None:
        """Fence off an object whose database is about to be another; its next call finds it."""
        record = self._by_id.get(object_id)
        if record is not None:
            records = self._by_slot.values()
            self._break([r for r in records if r is record or r.root is record], reason)

    def _break(self, records: list[ObjectRecord], reason: str) -> None:
        """Keep what they wrote, and tell them; only then, for an object resets its facets."""
        for record in filter(self._is_live, records):
            record.store.flush()
            self._end(record, reason)
        for record in records:
            record.home.broken(record.slot, reason, _flags_of(reason))

    def drop(self, home: ObjectHome, reason: str, *, logged: str) -> None:
        """Fence off every object of an isolate that was stopped in the middle of a turn.

        What was not committed is void, as if the turn had never been. The log has a reason of its
        own.
        """
        for record in self._records_of(home):
            if self._is_live(record):
                self._end(record, reason, logged)

    def population(self) -> Counter[tuple[str, str]]:
        """How many objects live, by script and class; a facet is a part of its object."""
        records = (record for record in self._by_slot.values() if not record.facet)
        return Counter((r.namespace.script, r.namespace.class_name) for r in records)

    def _records_of(self, home: ObjectHome) -> list[ObjectRecord]:
        return [record for record in self._by_slot.values() if record.home is home]

    def _is_live(self, record: ObjectRecord) -> bool:
        """Not where it has ended meanwhile, with what it was a facet of."""
        return record.slot in self._by_slot

    def _end(self, record: ObjectRecord, reason: str, logged: str | None = None) -> None:
        self.departures.reset(record, logged or reason)
        self._fence(record, reason)
        self._loop.call_soon(record.store.close)
        self._forget(record, reason)
        record.home.lose_sockets(record)

    def _fence(self, record: ObjectRecord, reason: str) -> None:
        flags = dict.fromkeys(_flags_of(reason).split(","), True)
        record.store.supersede(ScriptError("Error", reason, **flags))

    def _forget(self, record: ObjectRecord, reason: str) -> None:
        if self._by_id.get(record.id) is record:
            del self._by_id[record.id]
        self._by_slot.pop(record.slot, None)
        del record.store  # which knows the record: neither is to wait for the garbage collector
        if record.on_gone is not None:
            record.on_gone(reason)
        if record.far is not None:
            for facet in record.far:
                if self._is_live(facet):
                    self.end_facet(facet, reason or "Its object is no longer active.")
