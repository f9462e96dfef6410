"""The alarm of one object, kept in its namespace's list as alarms.py says."""

import logging

import apsw

from holdfast.storage.alarms import AlarmList, Alarms, read_own
from holdfast.storage.disk import Folder, fsync
from holdfast.storage.errors import StorageError
from holdfast.storage.newborn import Newborn
from holdfast.storage.session import Session

log = logging.getLogger("holdfast.storage")


class ListedAlarm:
    """What has to be told to the list, and when. On the loop's thread only."""

    __slots__ = ("_folder", "_lists", "_object_id", "_pending", "changed")

    def __init__(self, lists: Alarms, folder: Folder, object_id: str) -> None:
        self.changed = False  # by a write that is not committed
        self._lists = lists
        self._folder = folder
        self._object_id = object_id
        self._pending: tuple[int, int | None] | None = None  # round and time, until it is durable

    @property
    def is_pending(self) -> bool:
        """True while a change is committed, or about to be, that is not durable."""
        return self._pending is not None

    @property
    def _list(self) -> AlarmList:
        return self._lists.of(self._folder)

    def opened(self, session: Session, name: str | None) -> None:
        """Have the alarm in the list: the file may have come from elsewhere, without its list.

        Or from a round that failed, before the list was synced with it. Never raises.
        """
        self._have_listed(session, name, anew=False)

    def came_back(self, session: Session, name: str | None) -> None:
        """The same for a file of another time: its alarm may be earlier than the list says."""
        self._have_listed(session, name, anew=True)

    def _have_listed(self, session: Session, name: str | None, *, anew: bool) -> None:
        if not session.has_metadata or session.read_only:
            return
        try:
            time_ms = read_own(session.cursor)
            if time_ms is None:
                return
            alarms = self._list
            if anew or alarms.get(self._object_id) is None:
                alarms.arm(self._object_id, time_ms, name)
            session.companion = alarms  # until it is synced
            alarms.sync(fsync)
            session.companion = None
        except (apsw.Error, OSError, StorageError) as error:
            self._warn(error)

    def before_commit(self, session: Session | Newborn, name: str | None) -> None:
        """The change is about to be committed. Raises apsw.Error and OSError."""
        time_ms = read_own(session.cursor)
        if time_ms is not None:
            alarms = self._list
            alarms.arm(self._object_id, time_ms, name)
            session.companion = alarms
        self._pending = (0, time_ms)

    def committed(self, written: int) -> None:
        """The change belongs to this round."""
        assert self._pending, "it was read before the commit"
        self._pending = (written, self._pending[1])
        self.changed = False

    def durable(self, finished: int) -> None:
        """So is all of this round. Never raises: the alarm may be called for too early."""
        if self._pending is None or self._pending[0] > finished:
            return
        time_ms = self._pending[1]
        self._pending = None
        try:
            self._list.settle(self._object_id, time_ms)
        except (apsw.Error, OSError) as error:
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        where = self._folder.path / self._object_id
        log.warning("the alarm of %s cannot be noted: %s", where, error)
