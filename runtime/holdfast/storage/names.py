"""Names of folders and files that scripts and users choose, so never trusted. Pure.

A namespace's folder is named by its unique key as it stands, which is workerd's layout; a
key that could mean another folder, or none, is refused. An id is 64 hex digits in
practice; anything that could leave the folder or clash with a file of another kind is
refused here, whoever made it.
"""

import re

from holdfast.storage.errors import InvalidName

MAX_FOLDER_NAME_BYTES = 255  # what Linux's and macOS's file systems take
DATABASE_SUFFIX = ".sqlite"
FACETS_SUFFIX = ".facets"

# Follows the name of a database that has not got its own yet; a number follows.
STAGED_SUFFIX = ".new-"

MARKING_SUFFIX = ".marking"  # of a database that is being marked
RESTORED_SUFFIX = ".restored"  # of one that is about to take the place of another
_SCRATCH = (MARKING_SUFFIX, RESTORED_SUFFIX)

# Folders on their way out; no namespace may be called so.
TRASH_PREFIX = ".deleted-"

# A folder within the data folder, of files under way that can be renamed into place.
SCRATCH = ".scratch"
D1_FOLDER = "d1"  # beside it: the databases, and their pasts

# Files that stand beside the namespaces' folders; see journal.py.
JOURNAL_PREFIX = ".journal-"

# workerd keeps the alarms of a namespace in metadata.sqlite, beside the objects, and Holdfast
# their names in names.sqlite.
_RESERVED_IDS = frozenset({"metadata", "names"})
_OBJECT_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")
_FACET_NAME = re.compile(r"[^.]*\.[1-9][0-9]{0,4}")


def check_unique_key(unique_key: str) -> str:
    """The name of a namespace's folder. Raises InvalidName."""
    try:
        encoded = unique_key.encode()
    except UnicodeEncodeError as error:
        raise InvalidName(f"A unique key must be valid Unicode: {unique_key!r}") from error
    if (
        unique_key in {"", ".", ".."}
        or "/" in unique_key
        or "\0" in unique_key
        or unique_key.startswith((TRASH_PREFIX, JOURNAL_PREFIX))
    ):
        raise InvalidName(f"This unique key cannot name a folder: {unique_key!r}")
    if len(encoded) > MAX_FOLDER_NAME_BYTES:
        raise InvalidName(f"A unique key has at most {MAX_FOLDER_NAME_BYTES} bytes.")
    return unique_key


def check_object_id(object_id: str) -> str:
    """The name of an object's file, without its suffix. Raises InvalidName."""
    if not _OBJECT_ID.fullmatch(object_id) or object_id in _RESERVED_IDS:
        raise InvalidName(f"This object id cannot name a file: {object_id!r}")
    return object_id


def is_unfinished(file_name: str) -> bool:
    """True for a file on its way to be something else, which nobody needs once its maker ended."""
    return DATABASE_SUFFIX + STAGED_SUFFIX in file_name or file_name.endswith(_SCRATCH)


def object_id_of(file_name: str) -> str | None:
    """The id of the object whose database this is; None for files of other kinds."""
    object_id = file_name.removesuffix(DATABASE_SUFFIX)
    if object_id == file_name or object_id in _RESERVED_IDS or not _OBJECT_ID.fullmatch(object_id):
        return None
    return object_id


def facet_id(object_id: str, number: int) -> str:
    """The name of a facet's file, without its suffix; the facet 0 is the object itself."""
    return f"{object_id}.{number}" if number else object_id


def database_name(file_name: str) -> str | None:
    """The id of the object whose database this is, or the name of a facet; None for others."""
    if object_id := object_id_of(file_name):
        return object_id
    name = file_name.removesuffix(DATABASE_SUFFIX)
    is_facet = name != file_name and _FACET_NAME.fullmatch(name)
    return name if is_facet and object_id_of(name.partition(".")[0] + DATABASE_SUFFIX) else None


def is_index(file_name: str) -> bool:
    """True for the names of an object's facets."""
    object_id = file_name.removesuffix(FACETS_SUFFIX)
    return object_id != file_name and object_id_of(object_id + DATABASE_SUFFIX) is not None
