"""Lists of alarms that are damaged, made anew from what the objects say at the next start.

A damaged list would keep every object of its namespace from setting alarms. It holds nothing that
the objects' own databases do not tell, so it is put aside as `metadata.damaged`, and begun anew.
That is done at the start alone, when nobody has any of the files open. The file
`metadata.unsound` tells that it is to be done: of a list whose damage was met while it was in use
(alarms.py), and until the new one is durable.
"""

import contextlib
import logging
import os
from pathlib import Path

import apsw

from holdfast.storage.alarms import FILE_NAME, LOOK, UNSOUND
from holdfast.storage.disk import sync_path
from holdfast.storage.errors import DAMAGED, is_read_only
from holdfast.storage.names import object_id_of
from holdfast.storage.unlisted import as_it_is, enlist

log = logging.getLogger("holdfast.storage")

ASIDE = "metadata.damaged"


def mend(root: Path) -> None:
    """Make the lists of namespaces anew that are damaged, in the folder of all objects.

    Blocks. Raises OSError, but where nothing can be written.
    """
    if not root.is_dir():
        return
    for folder in sorted(root.iterdir()):
        try:
            if (folder / UNSOUND).exists() or _is_damaged(folder / FILE_NAME):
                _make_anew(folder)
        except OSError as error:
            if not is_read_only(error):
                raise


def _is_damaged(path: Path) -> bool:
    """True for a list that shows it at once."""
    if not path.exists():
        return False
    try:
        with contextlib.closing(as_it_is(path)) as connection:
            for sql in LOOK:
                connection.execute(sql).fetchall()
    except DAMAGED as error:
        log.error("the list of alarms %s is damaged: %s", path, error)
        return True
    except apsw.Error:
        return False  # whoever uses it is told
    return False


def _make_anew(folder: Path) -> None:
    marker = folder / UNSOUND
    marker.touch()
    sync_path(folder)
    for suffix in ("-wal", "-shm", ""):  # the log first: it must not be taken for the next one's
        with contextlib.suppress(FileNotFoundError):
            (folder / (FILE_NAME + suffix)).replace(folder / (ASIDE + suffix))
    sync_path(folder)
    with os.scandir(folder) as entries:
        object_ids = [found for entry in entries if (found := object_id_of(entry.name))]
    count = len(object_ids)
    log.warning("the list of alarms in %s is made anew from its %d objects", folder, count)
    alarms = enlist(folder, object_ids)
    if alarms is None:
        return  # at the next start, then
    marker.unlink()
    sync_path(folder)
    log.warning("it has %d alarms; what it was is called %s", alarms, ASIDE)
