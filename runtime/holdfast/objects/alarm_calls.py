"""Alarms as calls into the isolates where their objects live."""

import logging
from functools import partial

from holdfast.host.context import Tell
from holdfast.objects.alarms import AlarmScheduler, Due, Outcome
from holdfast.objects.directory import ObjectDirectory
from holdfast.objects.home import ObjectHome
from holdfast.objects.local import UNREACHABLE, HomeFinder
from holdfast.storage import ObjectStore, Storage, StorageError
from holdfast.workers import NotCompiled

log = logging.getLogger("holdfast.alarms")

_NOT_GIVEN_UP = "an alarm could not be given up: %s"


class AlarmCalls:
    """Wakes objects for their alarms (alarms.Runner), and hears how that went."""

    def __init__(
        self,
        storage: Storage,
        directory: ObjectDirectory,
        home_of: HomeFinder,
        tell: Tell,
    ) -> None:
        """`home_of` finds, or loads, the isolate that an object lives in.

        It raises NotCompiled, and what UNREACHABLE has.
        """
        self._storage = storage
        self._directory = directory
        self._home_of = home_of
        self._tell = tell
        self._calls: dict[int, tuple[Due, ObjectHome]] = {}
        self._last = 0
        self.scheduler: AlarmScheduler  # set by whoever makes it

    def run(self, due: Due) -> None:
        """See alarms.Runner."""
        namespace = due.namespace
        try:
            home = self._home_of(namespace.script, due.object_id)
            record = self._directory.find(due.object_id)
            if record is None:
                record = self._directory.bring_up(namespace, due.object_id, due.name, home)
                home.admit(record)
        except NotCompiled as late:
            late.done.add_done_callback(lambda _: self.run(due))
            return
        except UNREACHABLE as error:
            text = "the alarm of object %s cannot run: %s"
            log.warning(text, due.object_id, error, extra=due.about)
            self.scheduler.ended(due, Outcome.FAILED, counts=False)
            return
        self._last = number = self._last + 1
        self._calls[number] = (due, record.home)
        record.home.deliver_alarm(number, record.slot, due.retry_count)

    def moved(self, number: int, stored_ms: int | None) -> None:
        """An object was called for in vain: at this moment its database tells `stored_ms`.

        A moment later it may be another alarm, whose commit must find the list corrected.
        """
        entry = self._calls.get(number)
        if entry is None:
            return
        due, _ = entry
        try:
            self._storage.alarm_list(due.namespace.unique_key).move(due.object_id, stored_ms)
        except StorageError as error:
            log.error("%s", error, extra=due.about)

    def ended(self, number: int, outcome: str, description: str, *, counts: bool) -> None:
        """An object has run its alarm (op alarm_ended)."""
        entry = self._calls.pop(number, None)
        if entry is None:
            return
        due, _ = entry
        if description:
            self._tell(due.namespace.script, "error", f"Uncaught (in alarm) {description}")
        self.scheduler.ended(due, Outcome(outcome), counts=counts)

    def fail_all(self, home: ObjectHome, *, counts: bool) -> None:
        """An isolate has ended with the alarms that ran in it."""
        for number, (due, where) in [*self._calls.items()]:
            if where is home:
                del self._calls[number]
                self.scheduler.ended(due, Outcome.FAILED, counts=counts)

    def abandon(self, due: Due) -> None:
        """See alarms.Runner."""
        record = self._directory.find(due.object_id)
        try:
            if record:
                self._forget(record.store, due)
                return
            store = self._storage.open(
                due.namespace.unique_key,
                due.object_id,
                use_sqlite=due.namespace.use_sqlite,
                on_durable=_ignore,
                on_broken=partial(log.error, _NOT_GIVEN_UP, extra=due.about),
            )
            try:
                self._forget(store, due)
            finally:
                store.close()
        except StorageError as error:
            log.error(_NOT_GIVEN_UP, error, extra=due.about)

    def _forget(self, store: ObjectStore, due: Due) -> None:
        """Take the alarm from the object's database, unless the script has set another since."""
        stored = store.get_alarm()
        if stored is not None and stored <= due.scheduled_ms:
            store.set_alarm(None)
        else:
            self._storage.alarm_list(due.namespace.unique_key).move(due.object_id, stored)


def _ignore(_round: int) -> None:
    """Nobody waits."""
