"""Uploads that are under way, and their parts, page by page."""

from dataclasses import field
from pathlib import Path
from typing import Any

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.r2.errors import NoSuchUpload
from holdfast.storage.r2.rows import key_bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """One that is under way. `begun` is milliseconds since the epoch."""

    key: str
    id: str
    begun: int
    storage_class: str


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part of one that is under way. `uploaded` is milliseconds since the epoch."""

    number: int
    size: int
    etag: str
    uploaded: int


@dataclass(frozen=True, slots=True)
class UploadsPage:
    """Which uploads are asked for: those after a key, or after an id of that key."""

    prefix: str = ""
    delimiter: str = ""
    after_key: str = ""
    after_id: str = ""
    limit: int = 1_000


@dataclass(slots=True)
class UploadListing:
    """A page by key and id; where it is cut off, `after_key` and `after_id` lead to the next."""

    uploads: list[Upload] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    is_cut_off: bool = False
    after_key: str = ""
    after_id: str = ""


@dataclass(frozen=True, slots=True)
class PartListing:
    """The parts of an upload after a number."""

    upload: Upload
    parts: list[UploadedPart]
    is_cut_off: bool


def list_uploads(db: apsw.Connection, page: UploadsPage) -> UploadListing:
    """A page of uploads. What has a delimiter after the prefix is told as one prefix."""
    found = UploadListing()
    start, ends = key_bytes(page.prefix), key_bytes(page.delimiter)
    after = key_bytes(page.after_key)
    if page.limit < 1:
        return found
    sql = """
        SELECT key, id, begun, storage_class FROM uploads
        WHERE NOT ended AND key >= ? AND (key > ? OR (key = ? AND ? != '' AND id > ?))
        ORDER BY key, id
    """
    group = after if ends and after.startswith(start) and after.endswith(ends) else None
    rows: Any = db.execute(sql, (start, after, after, page.after_id, page.after_id))
    for key, upload_id, begun, storage_class in rows:
        if not key.startswith(start):
            break
        if group is not None and key.startswith(group):
            continue
        if len(found.uploads) + len(found.prefixes) == page.limit:
            found.is_cut_off = True
            break
        end = key.find(ends, len(start)) if ends else -1
        if end >= 0:
            group = key[: end + len(ends)]
            found.after_key, found.after_id = group.decode("utf-8", "replace"), ""
            found.prefixes.append(found.after_key)
        else:
            found.after_key, found.after_id = key.decode(), upload_id
            found.uploads.append(Upload(found.after_key, upload_id, begun, storage_class))
    return found


def list_parts(
    db: apsw.Connection, key: str, upload_id: str, after: int, limit: int
) -> tuple[str, Upload, list[tuple[int, str, int, str]], bool]:
    """The content of an upload, the upload, rows of its parts, and whether there are more."""
    sql = "SELECT content, begun, storage_class FROM uploads WHERE id = ? AND key = ? AND NOT ended"
    row: Any = db.execute(sql, (upload_id, key_bytes(key))).fetchone()
    if row is None:
        raise NoSuchUpload
    content, begun, storage_class = row
    sql = """
        SELECT number, name, size, etag FROM parts WHERE content = ? AND number > ?
        ORDER BY number LIMIT ?
    """
    parts: Any = db.execute(sql, (content, after, limit + 1)).fetchall()
    upload = Upload(key, upload_id, begun, storage_class)
    return content, upload, parts[:limit], len(parts) > limit


def written_ms(path: Path, otherwise: int) -> int:
    """When a file was written, in milliseconds since the epoch; `otherwise` if it has gone."""
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except OSError:
        return otherwise
