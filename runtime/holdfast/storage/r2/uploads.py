"""`Uploads`: objects that come in parts.

An upload has a folder for its parts, which becomes the content of the object. What has ended is
remembered for a while, since it may be aborted again and again.

https://developers.cloudflare.com/r2/objects/multipart-objects/
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import apsw

from holdfast.storage.r2.checksums import MD5, check_digests, new_checksum
from holdfast.storage.r2.conditions import ALWAYS, Condition
from holdfast.storage.r2.contents import Contents, NewContent, disk_errors
from holdfast.storage.r2.errors import (
    BadUpload,
    EntityTooSmall,
    InvalidPart,
    NoSuchUpload,
    R2Error,
)
from holdfast.storage.r2.objects import Metadata, StoredObject
from holdfast.storage.r2.rows import (
    checked_key,
    insert_object,
    key_bytes,
    note_garbage,
    object_of_row,
    replaced_content,
    require,
)
from holdfast.storage.r2.upload_listing import (
    PartListing,
    UploadedPart,
    UploadListing,
    UploadsPage,
    list_parts,
    list_uploads,
    written_ms,
)

_PIECE_BYTES = 1 << 18
MIN_PART_BYTES = 5 * 2**20
EXPIRE_AFTER_MS = 7 * 86_400_000

T = TypeVar("T")


class _Run(Protocol):
    def __call__(self, function: Callable[[apsw.Connection], T], /) -> T: ...


class Uploads:
    """The uploads of one bucket. See `Bucket` for what is raised."""

    def __init__(
        self,
        contents: Contents,
        look: _Run,
        change: _Run,
        discard: Callable[[Iterable[str | None]], None],
    ) -> None:
        self._contents = contents
        self._look = look
        self._change = change
        self._discard = discard

    def begin(self, key: str, metadata: Metadata, now_ms: float) -> str:
        """Begin an upload; its id."""
        stored_key = checked_key(key)
        metadata.check()
        upload_id, content = secrets.token_urlsafe(128), secrets.token_hex(16)

        def change(db: apsw.Connection) -> None:
            db.execute(
                "INSERT INTO uploads VALUES (?,?,?,?,0,?,?,?)",
                (upload_id, stored_key, content, int(now_ms), *metadata.row),
            )

        self._change(change)
        return upload_id

    def begin_part(self, key: str, upload_id: str, hashes: Sequence[str] = ()) -> NewContent:
        """Begin a part, of which these checksums are wanted, too. Raises NoSuchUpload."""
        content = self._look(lambda db: _under_way(db, key, upload_id))
        with disk_errors(f"Uploading {key}"):
            return self._contents.begin_part(content, {MD5, *hashes})

    def put_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        new: NewContent,
        checksums: Mapping[str, str] | None = None,
    ) -> str:
        """Keep a part that was written, in the place of one before; its etag.

        Raises NoSuchUpload, and BadDigest where `checksums` are of something else.
        """
        new.check(checksums or {})
        with disk_errors(f"Uploading {key}"):
            try:
                new.finish()
            except FileNotFoundError:
                raise NoSuchUpload from None
        etag = new.digests[MD5]

        def change(db: apsw.Connection) -> str | None:
            content = _under_way(db, key, upload_id)
            sql = "SELECT name FROM parts WHERE content = ? AND number = ?"
            before = db.execute(sql, (content, number)).fetchone()
            db.execute(
                "INSERT OR REPLACE INTO parts VALUES (?,?,?,?,?)",
                (content, number, new.name, new.size, etag),
            )
            return None if before is None else note_garbage(db, f"{content}/{before[0]}")

        with new.committed():
            replaced = self._change(change)
        self._discard([replaced])
        return etag

    def check(
        self,
        key: str,
        upload_id: str,
        chosen: Sequence[tuple[int, str]],
        checksums: Mapping[str, str],
    ) -> None:
        """Raise BadDigest where the object that parts would make has other checksums.

        They are read for it, if there are any checksums. Raises what `complete` raises.
        """
        if not checksums:
            return

        def look(db: apsw.Connection) -> tuple[str, list[str]]:
            content = _under_way(db, key, upload_id)
            return content, [name for _, name, _, _ in _chosen(db, content, chosen)]

        content, names = self._look(look)
        found = {name: new_checksum(name) for name in checksums}
        with disk_errors(f"Reading {key}"):
            for part in names:
                with self._contents.path(f"{content}/{part}").open("rb") as file:
                    while piece := file.read(_PIECE_BYTES):
                        for checksum in found.values():
                            checksum.update(piece)
        check_digests({name: one.hexdigest() for name, one in found.items()}, checksums)

    def complete(
        self,
        key: str,
        upload_id: str,
        chosen: Sequence[tuple[int, str]],
        now_ms: float,
        condition: Condition = ALWAYS,
        checksums: Mapping[str, str] | None = None,
    ) -> StoredObject:
        """Make an object of parts, by number and etag, in the place of one before.

        `checksums`: its own, which were checked.

        Where the condition does not hold, PreconditionFailed is raised, and the upload goes on.
        """

        def change(db: apsw.Connection) -> tuple[StoredObject, str, list[str], list[str | None]]:
            row = _row_of(db, key, upload_id)
            content, ended, *metadata = row
            if ended:
                raise NoSuchUpload
            require(db, key_bytes(key), condition)
            parts = _chosen(db, content, chosen)
            digest = hashlib.md5(usedforsecurity=False)
            for _, _, _, etag in parts:
                digest.update(bytes.fromhex(etag))
            columns = (
                *(key_bytes(key), secrets.token_hex(16), sum(size for _, _, size, _ in parts)),
                *(f"{digest.hexdigest()}-{len(parts)}", int(now_ms)),
                *(json.dumps(dict(checksums or {})), *metadata),
            )
            stored = object_of_row(columns)
            garbage = [replaced_content(db, key_bytes(key)), *_drop_others(db, content, parts)]
            insert_object(db, stored, content, parts=len(parts))
            db.execute("UPDATE uploads SET ended = 1 WHERE id = ?", (upload_id,))
            return stored, content, [name for _, name, _, _ in parts], garbage

        stored, content, names, garbage = self._change(change)
        self._discard(garbage)
        with disk_errors(f"Completing {key}"):
            self._contents.tidy_parts(content, names)
        return stored

    def abort(self, key: str, upload_id: str) -> None:
        """End an upload without an object, if it has not ended."""

        def change(db: apsw.Connection) -> str | None:
            content, ended, *_ = _row_of(db, key, upload_id)
            return None if ended else _end(db, upload_id, content)

        self._discard([self._change(change)])

    def list(self, page: UploadsPage) -> UploadListing:
        """A page of those that are under way."""
        return self._look(lambda db: list_uploads(db, page))

    def parts(self, key: str, upload_id: str, after: int, limit: int) -> PartListing:
        """At most `limit` parts of an upload, with numbers above `after`. Raises NoSuchUpload."""
        content, upload, rows, is_cut_off = self._look(
            lambda db: list_parts(db, key, upload_id, after, limit)
        )
        parts = [
            UploadedPart(
                number,
                size,
                etag,
                written_ms(self._contents.path(f"{content}/{name}"), upload.begun),
            )
            for number, name, size, etag in rows
        ]
        return PartListing(upload, parts, is_cut_off)

    def expire(self, now_ms: float) -> None:
        """Abort those that were begun too long ago, and forget those that have ended."""
        limit = int(now_ms - EXPIRE_AFTER_MS)

        def change(db: apsw.Connection) -> list[str]:
            sql = "SELECT id, content FROM uploads WHERE begun < ? AND NOT ended"
            rows: list[Any] = db.execute(sql, (limit,)).fetchall()
            garbage = [_end(db, *row) for row in rows]
            db.execute("DELETE FROM uploads WHERE begun < ?", (limit,))
            return garbage

        self._discard(self._change(change))


def _row_of(db: apsw.Connection, key: str, upload_id: str) -> tuple[Any, ...]:
    sql = """
        SELECT content, ended, http_metadata, custom_metadata, storage_class FROM uploads
        WHERE id = ? AND key = ?
    """
    row = db.execute(sql, (upload_id, key_bytes(key))).fetchone()
    if row is None:
        raise R2Error  # as Cloudflare answers for an id that never was
    return tuple(row)


def _under_way(db: apsw.Connection, key: str, upload_id: str) -> str:
    sql = "SELECT content FROM uploads WHERE id = ? AND key = ? AND NOT ended"
    row = db.execute(sql, (upload_id, key_bytes(key))).fetchone()
    if row is None:
        raise NoSuchUpload
    content: str = row[0]
    return content


def _end(db: apsw.Connection, upload_id: str, content: str) -> str:
    db.execute("UPDATE uploads SET ended = 1 WHERE id = ?", (upload_id,))
    db.execute("DELETE FROM parts WHERE content = ?", (content,))
    return note_garbage(db, content)


def _drop_others(
    db: apsw.Connection, content: str, kept: Sequence[tuple[int, str, int, str]]
) -> list[str]:
    """Forget the parts of an upload that its object does not have; their contents."""
    numbers = {number for number, *_ in kept}
    rows: list[Any] = db.execute(
        "SELECT number, name FROM parts WHERE content = ?", (content,)
    ).fetchall()
    others = [(number, name) for number, name in rows if number not in numbers]
    sql = "DELETE FROM parts WHERE content = ? AND number = ?"
    db.executemany(sql, [(content, number) for number, _ in others])
    return [note_garbage(db, f"{content}/{name}") for _, name in others]


def _chosen(
    db: apsw.Connection, content: str, chosen: Sequence[tuple[int, str]]
) -> list[tuple[int, str, int, str]]:
    """Number, name, size and etag of the parts of an object, in its order."""
    if len({number for number, _ in chosen}) != len(chosen):
        raise R2Error
    sql = "SELECT number, name, size, etag FROM parts WHERE content = ?"
    uploaded = {row[0]: row for row in db.execute(sql, (content,))}
    parts = []
    for number, etag in chosen:
        part = uploaded.get(number)
        if part is None or part[3] != etag:
            raise InvalidPart
        parts.append(part)
    if any(part[2] < MIN_PART_BYTES for part in parts[:-1]):
        raise EntityTooSmall
    parts.sort()
    sizes = [part[2] for part in parts]
    if any(size < MIN_PART_BYTES or size != sizes[0] for size in sizes[:-1]):
        raise BadUpload
    if sizes and sizes[-1] > sizes[0]:
        raise BadUpload
    return parts
