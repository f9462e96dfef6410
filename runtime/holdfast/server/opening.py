"""Opening what a shard keeps on the disk."""

import asyncio
from functools import partial
from pathlib import Path

from holdfast.objects import Placement
from holdfast.server.data_folder import OBJECTS
from holdfast.server.settings import Settings
from holdfast.storage import Bookmarking, LocalBarrier, Storage
from holdfast.storage.disk import make_folder
from holdfast.storage.names import D1_FOLDER


def open_storage(
    settings: Settings,
    loop: asyncio.AbstractEventLoop,
    *,
    placement: Placement | None = None,
) -> Storage:
    """The object databases below the data folder. Raises OSError where it cannot be used.

    `placement` tells a shard's own objects from those of others that share the folder.
    """
    folder = settings.data / OBJECTS
    make_folder(folder)
    storage = Storage(
        folder,
        barrier=LocalBarrier(loop),
        max_open=settings.open_databases,
        loop=loop,
        bookmarking=Bookmarking(settings.history_days),
        max_object_bytes=settings.object_bytes,
        is_here=None if placement is None else placement.is_here,
        journal="0" if placement is None else str(placement.index),
    )
    storage.remove_ended_pasts_daily(partial(_remove_ended, settings.data))
    return storage


def _remove_ended(data: Path, oldest_ms: float) -> None:
    """What has ended of the pasts of D1 databases, if there are any."""
    if (data / D1_FOLDER).is_dir():
        from holdfast.storage.d1.expiry import remove_ended

        remove_ended(data, oldest_ms)
