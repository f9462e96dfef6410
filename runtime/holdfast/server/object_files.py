"""The files of objects, wherever their owners are: to be listed, copied, replaced."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Protocol

from holdfast.objects import ObjectDirectory
from holdfast.storage import Storage
from holdfast.storage.alarms import AlarmList
from holdfast.storage.disk import fsync

WENT_BACK = "Durable Object reset because it went back to an earlier point in time."


class OwnerLost(Exception):
    """The process that an object belongs to has ended meanwhile: it has done this, or not."""


class ObjectFiles(Protocol):
    """What may be done to objects as files; each object's owner does it. Raises OwnerLost."""

    async def names(self, unique_key: str, object_ids: list[str]) -> dict[str, str]:
        """The names of those of the objects that were reached by one."""

    async def list(self, unique_key: str, after: str | None, limit: int) -> list[str]:
        """Ids of objects that store something, ascending; see Storage.list_objects."""

    async def copy(self, unique_key: str, object_id: str, target: Path) -> None:
        """Write what an object holds to a file; see Storage.copy."""

    async def replace(
        self,
        unique_key: str,
        object_id: str,
        ready: Path | None,
        alarm_ms: int | None,
        reason: str,
        *,
        use_sqlite: bool,
    ) -> None:
        """Put a file, which has this alarm, in the place of an object's, or nothing.

        The object is reset. `use_sqlite` is of its class. See Storage.put_in_place.
        """

    async def go_back(
        self, unique_key: str, object_id: str, bookmark: str | None, time_ms: float
    ) -> tuple[str, str]:
        """Take an object back; it is reset. See Storage.go_back."""


class LocalFiles:
    """The files of this shard's own objects."""

    def __init__(self, storage: Storage, directory: ObjectDirectory) -> None:
        self._storage = storage
        self._directory = directory

    async def names(self, unique_key: str, object_ids: list[str]) -> dict[str, str]:
        """See ObjectFiles."""
        return await asyncio.to_thread(self._storage.names(unique_key).read, object_ids)

    async def list(self, unique_key: str, after: str | None, limit: int) -> list[str]:
        """See ObjectFiles."""
        return await self._storage.list_objects_in_time(unique_key, after=after, limit=limit)

    async def copy(self, unique_key: str, object_id: str, target: Path) -> None:
        """See ObjectFiles."""
        await self._storage.copy(unique_key, object_id, target)

    async def replace(
        self,
        unique_key: str,
        object_id: str,
        ready: Path | None,
        alarm_ms: int | None,
        reason: str,
        *,
        use_sqlite: bool,
    ) -> None:
        """See ObjectFiles."""
        displace = partial(self._directory.displace, object_id, reason)
        displace()  # what it says from now on would not be what is marked
        alarms = self._storage.alarm_list(unique_key)
        if alarm_ms is not None:  # before the file is there, lest a crash leaves it unlisted
            await self._arm(alarms, object_id, alarm_ms)
        await self._storage.put_in_place(
            unique_key, object_id, ready, reason, use_sqlite=use_sqlite, displace=displace
        )
        if alarm_ms is not None:  # again: what was there before may have been called for in vain
            await self._arm(alarms, object_id, alarm_ms)
        alarms.move(object_id, alarm_ms)

    async def _arm(self, alarms: AlarmList, object_id: str, time_ms: int) -> None:
        alarms.arm(object_id, time_ms, None)
        await asyncio.to_thread(alarms.sync, fsync)

    async def go_back(
        self, unique_key: str, object_id: str, bookmark: str | None, time_ms: float
    ) -> tuple[str, str]:
        """See ObjectFiles."""
        went = await self._storage.go_back(
            unique_key, object_id, bookmark=bookmark, time_ms=time_ms
        )
        self._directory.displace(object_id, WENT_BACK)
        return went
