"""Pasts of D1 databases that nobody can go back to any more; see storage/expiry.py."""

import logging
from pathlib import Path

import apsw

from holdfast.storage.d1.files import SUFFIX, d1_pasts, forget_past
from holdfast.storage.d1.registry import FILE_NAME, D1Registry
from holdfast.storage.history import History, newest_ms

log = logging.getLogger("holdfast.storage")


def remove_ended(data: Path, oldest_ms: float) -> None:
    """Empty pasts whose last mark is older; remove those of deleted databases. Blocks.

    A database thins its past out itself, as long as it is written to. A process that was killed
    may have left that of one that was deleted, or another one stored a mark meanwhile.
    """
    registry = D1Registry(data / FILE_NAME)
    try:
        for name in d1_pasts(data):
            path = data / name
            database = path.with_suffix(SUFFIX)
            try:
                if registry.is_deleted(path.stem):
                    forget_past(database)
                elif (newest_ms(str(path)) or 0.0) < oldest_ms:
                    History(database, lambda: 0.0, 0).give_up_all(oldest_ms)
            except (apsw.Error, OSError) as error:
                log.warning("%s cannot be read: %s", path, error)
    finally:
        registry.close()
