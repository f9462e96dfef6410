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

# Folders on their way out; no namespace may be called so.
TRASH_PREFIX = ".deleted-"

# workerd keeps the alarms of a namespace in metadata.sqlite, beside the objects, and Holdfast
# their names in names.sqlite.
_RESERVED_IDS = frozenset({"metadata", "names"})
_OBJECT_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")
_FACET_ID = re.compile(r"([0-9A-Za-z_-]{1,128})\.[1-9][0-9]{0,4}")


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
        or unique_key.startswith(TRASH_PREFIX)
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


def is_staged(file_name: str) -> bool:
    """True for a file that was to become an object's database."""
    return DATABASE_SUFFIX + STAGED_SUFFIX in file_name


def object_id_of(file_name: str) -> str | None:
    """The id of the object whose database this is; None for files of other kinds."""
    object_id = file_name.removesuffix(DATABASE_SUFFIX)
    if object_id == file_name or object_id in _RESERVED_IDS or not _OBJECT_ID.fullmatch(object_id):
        return None
    return object_id


def facet_id(object_id: str, number: int) -> str:
    """The name of a facet's file, without its suffix; the facet 0 is the object itself."""
    return f"{object_id}.{number}" if number else object_id


def owner_of(file_name: str) -> str | None:
    """The id of the object whose database this is, or the database of one of whose facets."""
    stem = file_name.removesuffix(DATABASE_SUFFIX)
    facet = _FACET_ID.fullmatch(stem)
    if stem != file_name and facet:
        return facet[1] if facet[1] not in _RESERVED_IDS else None
    return object_id_of(file_name)
