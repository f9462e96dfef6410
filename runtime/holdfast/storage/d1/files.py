"""Which files of a data folder are those of D1 databases, and of their pasts."""

import hashlib
import re
from pathlib import Path

from holdfast.storage.d1.registry import FILE_NAME
from holdfast.storage.history import SUFFIX as PAST_SUFFIX
from holdfast.storage.names import D1_FOLDER, MARKING_SUFFIX

SUFFIX = ".sqlite"

_PLAIN_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_OF_A_PAST = (PAST_SUFFIX, f"{PAST_SUFFIX}-journal", MARKING_SUFFIX, ".damaged")


def file_of(folder: Path, database_id: str) -> Path:
    """Where a database is kept: by its id, or what stands for one that can be no file's name."""
    if not _PLAIN_ID.fullmatch(database_id):
        database_id = hashlib.sha256(database_id.encode()).hexdigest()
    return folder / f"{database_id}{SUFFIX}"


def is_file(name: str, suffix: str = SUFFIX) -> bool:
    """True for the name of a database's file; with PAST_SUFFIX, for that of a past."""
    stem, dot, rest = name.partition(".")
    return bool(_PLAIN_ID.fullmatch(stem)) and (dot + rest) == suffix


def d1_files(data: Path) -> list[str]:
    """The names of a data folder's files for D1 that are there: the list first. Blocks."""
    listed = [FILE_NAME] if (data / FILE_NAME).exists() else []
    return [*listed, *_named(data, SUFFIX)]


def d1_pasts(data: Path) -> list[str]:
    """The names of the files of a data folder that have pasts of databases. Blocks."""
    return _named(data, PAST_SUFFIX)


def forget_past(database: Path) -> None:
    """Remove the past of the database of this path. Not durably. Raises OSError."""
    for suffix in _OF_A_PAST:
        database.with_suffix(suffix).unlink(missing_ok=True)


def _named(data: Path, suffix: str) -> list[str]:
    folder = data / D1_FOLDER
    found = sorted(path.name for path in folder.glob("*") if is_file(path.name, suffix))
    return [f"{D1_FOLDER}/{name}" for name in found]
