"""Objects in the order of their keys, page by page."""

import base64
from dataclasses import field

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.r2.errors import InvalidMaxKeys, R2Error
from holdfast.storage.r2.objects import StoredObject
from holdfast.storage.r2.rows import key_bytes, object_of_row
from holdfast.storage.r2.schema import COLUMNS

_AFTER_ALL = b"\xff"  # no key has this byte


MAX_LISTED = 1_000
_MAX_WITH_METADATA = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Which objects are asked for. `with_http`, `with_custom`: with these of their metadata."""

    prefix: str = ""
    delimiter: str = ""
    cursor: str = ""
    start_after: str = ""
    limit: int = MAX_LISTED
    with_http: bool = False
    with_custom: bool = False


@dataclass(slots=True)
class Listing:
    """A page: `cursor` leads to the next one, and is empty where there is none."""

    objects: list[StoredObject] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    cursor: str = ""


def list_objects(db: apsw.Connection, page: Page) -> Listing:
    """The objects and the delimited prefixes of a page.

    Raises InvalidMaxKeys, and R2Error for a strange cursor. With metadata there are fewer of them
    than asked for, as at Cloudflare, where no page is larger than so much.
    """
    if not 1 <= page.limit <= MAX_LISTED:
        raise InvalidMaxKeys
    has_metadata = page.with_http or page.with_custom
    limit = min(page.limit, _MAX_WITH_METADATA) if has_metadata else page.limit
    columns = COLUMNS
    if not page.with_http:
        columns = columns.replace("http_metadata", "'{}'")
    if not page.with_custom:
        columns = columns.replace("custom_metadata", "'{}'")
    sql = f"SELECT {columns} FROM objects WHERE key >= ? ORDER BY key"  # noqa: S608
    found = Listing()
    start, ends = key_bytes(page.prefix), key_bytes(page.delimiter)
    after = _behind(key_bytes(page.start_after)) if page.start_after else b""
    first = max(start, after, _first_of(page.cursor))
    while True:
        group = None
        for row in db.execute(sql, (first,)):
            key: bytes = row[0]
            if not key.startswith(start):
                return found
            if len(found.objects) + len(found.prefixes) == limit:
                found.cursor = base64.urlsafe_b64encode(first).decode()
                return found
            end = key.find(ends, len(start)) if ends else -1
            if end >= 0:
                group = key[: end + len(ends)]
                break
            found.objects.append(object_of_row(row))
            first = _behind(key)
        if group is None:
            return found
        found.prefixes.append(group.decode("utf-8", "replace"))
        first = group + _AFTER_ALL


def cursor_after(prefix: str) -> str:
    """A cursor that leads past all keys with a prefix."""
    return base64.urlsafe_b64encode(key_bytes(prefix) + _AFTER_ALL).decode()


def _behind(key: bytes) -> bytes:
    """The first key that may follow this one."""
    return key + b"\0"


def _first_of(cursor: str) -> bytes:
    try:
        return base64.b64decode(cursor, b"-_", validate=True)
    except ValueError:
        raise _InvalidCursor from None


class _InvalidCursor(R2Error):
    code, status, message = 10029, 400, "The cursor is none that a listing has given."
