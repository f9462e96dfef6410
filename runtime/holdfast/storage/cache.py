"""Cached responses of all scripts in one SQLite database: a bounded memory that may forget.

A response comes and goes in pieces, each a row, so none is held whole. It is found only
once its last piece is there; what a crash left half-written is thrown away by the next
start. The file needs no barrier: after a power loss it is some earlier state of itself. If it
turns out to be damaged all the same, it is thrown away and the cache is empty.

Whatever is over the bound is evicted, least recently used first. An entry that is being read
stays until its readers are done. All of SQLite runs on one thread of the cache's own, which
is started by the first use.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.disk import make_folder
from holdfast.storage.errors import DAMAGED

log = logging.getLogger("holdfast.storage.cache")

DEFAULT_MAX_BYTES = 1 << 30
MAX_ENTRY_BYTES = (
    512 << 20
)  # https://developers.cloudflare.com/workers/platform/limits/#cache-api-limits
PIECE_BYTES = 262_144
ENTRY_OVERHEAD_BYTES = 512

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    scope TEXT,          -- NULL while it is written, and once it is to go
    key TEXT,
    status INTEGER NOT NULL,
    status_text TEXT NOT NULL,
    headers TEXT NOT NULL,
    size INTEGER NOT NULL,
    stored_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used INTEGER NOT NULL,
    UNIQUE (scope, key)
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_use ON entries(used);
CREATE TABLE IF NOT EXISTS pieces (
    entry INTEGER NOT NULL,
    position INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (entry, position)
) STRICT, WITHOUT ROWID;
"""
_CLEAN_UP = """
DELETE FROM pieces WHERE entry NOT IN (SELECT id FROM entries WHERE scope IS NOT NULL);
DELETE FROM entries WHERE scope IS NULL;
"""
# Other processes may be reading what was forgotten, and writing what is not whole: both are
# given some time. `used` tells them apart: -1 and 0.
_LEFT = "scope IS NULL AND (used = -1 AND expires_ms < ?1 OR used = 0 AND stored_ms < ?1 - 3600000)"
_FORGET_PIECES = f"DELETE FROM pieces WHERE entry IN (SELECT id FROM entries WHERE {_LEFT})"  # noqa: S608
_FORGET_ENTRIES = f"DELETE FROM entries WHERE {_LEFT}"  # noqa: S608
_READING_MS = 60_000
_TIDY_EVERY_MS = 10_000
_BUSY_TIMEOUT_MS = 5_000
_RECOUNTS_PER_LIMIT = 16
_COLUMNS = "id, status, status_text, headers, size, stored_ms, expires_ms"
_UNUSABLE = (*DAMAGED, apsw.SQLError)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A response as it is kept; headers are raw, one name or value a line."""

    id: int
    status: int
    status_text: str
    headers: str
    size: int
    stored_ms: int
    expires_ms: int


class ResponseCache:
    """All caches of one shard. `scope` keeps those of different scripts and names apart.

    Nothing here raises for what goes wrong on the disk: the cache then forgets.
    """

    def __init__(
        self, folder: Path, *, max_bytes: int = DEFAULT_MAX_BYTES, is_shared: bool = False
    ) -> None:
        """`is_shared`: other processes use it, too. The bound is then kept roughly."""
        self._is_shared = is_shared
        self._added = 0  # bytes, since all were counted
        self._tidied_ms = 0.0
        self._path = folder / "cache.sqlite"
        self._max_bytes = max_bytes
        self._executor: ThreadPoolExecutor | None = None
        self._connection: apsw.Connection | None = None
        self._bytes = 0  # of the entries, in the thread
        self._uses = 0
        self._readers: Counter[int] = Counter()  # in the thread
        self._closed = False

    # ---- the loop's side -------------------------------------------------------------

    async def match(self, scope: str, key: str, now_ms: float) -> CachedResponse | None:
        """The response under this key that has not expired; `release` it when it was read."""
        return await self._run(None, self._match, scope, key, now_ms)

    async def piece(self, entry: int, position: int) -> bytes | None:
        """A piece of a response that was matched: 0 is the first; None if it is lost."""
        return await self._run(None, self._piece, entry, position)

    def release(self, entry: int) -> None:
        """A response that was matched is not read any more."""
        if self._executor is not None and not self._closed:
            self._executor.submit(self._guarded, None, self._release, entry)

    async def put(
        self,
        scope: str,
        key: str,
        response: CachedResponse,
        read: Callable[[], Awaitable[bytes]],
    ) -> None:
        """Keep a response in the place of any before; `read` gives its body, b"" at the end.

        What `read` raises is raised, and nothing kept. `id` and `size` of the response are
        the cache's to set. One that is too large is read to its end, but not kept.
        """
        entry = await self._run(0, self._begin, response)
        size = position = 0
        try:
            async for content in _pieces(read):
                size += len(content)
                if entry and size <= min(MAX_ENTRY_BYTES, self._max_bytes):
                    await self._run(None, self._append, entry, position, content)
                    position += 1
                elif entry:
                    await self._run(None, self._forget, entry)
                    entry = 0
            if entry:
                await self._run(None, self._finish, entry, scope, key, size, response.stored_ms)
        except BaseException:
            if entry and self._executor is not None and not self._closed:
                self._executor.submit(self._guarded, None, self._forget, entry)
            raise

    async def delete(self, scope: str, key: str, now_ms: float) -> bool:
        """Forget the response under this key; whether there was one."""
        return await self._run(False, self._delete, scope, key, now_ms)

    async def aclose(self) -> None:
        """Let go of the file. Whatever comes later finds nothing."""
        self._closed = True
        if self._executor is not None:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._close)
            self._executor.shutdown()

    async def _run(self, otherwise: Result, function: Callable[..., Result], *given: Any) -> Result:
        if self._closed:
            return otherwise
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="holdfast-cache")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._executor, self._guarded, otherwise, function, *given
        )

    # ---- the thread's side -----------------------------------------------------------

    def _guarded(self, otherwise: Result, function: Callable[..., Result], *given: Any) -> Result:
        try:
            if self._connection is None:
                self._open()
            return function(*given)
        except _UNUSABLE as error:
            log.warning("the cache is damaged and begins anew: %s", error)
            self._throw_away()
        except (apsw.Error, OSError) as error:
            log.warning("the cache cannot be used: %s", error)
        return otherwise

    def _open(self) -> None:
        make_folder(self._path.parent)
        connection = apsw.Connection(str(self._path))
        try:
            connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
            connection.execute(_SCHEMA).fetchall()
            if not self._is_shared:
                connection.execute(_CLEAN_UP).fetchall()
            ((self._bytes, self._uses),) = connection.execute(
                "SELECT ifnull(sum(size + ?), 0), ifnull(max(used), 0) FROM entries",
                (ENTRY_OVERHEAD_BYTES,),
            )
        except BaseException:
            connection.close(True)
            raise
        self._connection = connection

    def _throw_away(self) -> None:
        self._close()
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        self._bytes = 0

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(True)

    def _execute(self, sql: str, *values: int | float | str | bytes) -> Any:
        assert self._connection is not None, "_guarded opens it"
        return self._connection.execute(sql, values)

    def _match(self, scope: str, key: str, now_ms: float) -> CachedResponse | None:
        found = self._execute(
            f"SELECT {_COLUMNS} FROM entries WHERE scope = ? AND key = ?",  # noqa: S608
            scope,
            key,
        ).fetchone()
        if found is None:
            return None
        response = CachedResponse(*found)
        if response.expires_ms <= now_ms:
            self._forget(response.id)
            return None
        self._uses += 1
        self._execute("UPDATE entries SET used = ? WHERE id = ?", self._uses, response.id)
        self._readers[response.id] += 1
        return response

    def _piece(self, entry: int, position: int) -> bytes | None:
        row = self._execute(
            "SELECT content FROM pieces WHERE entry = ? AND position = ?", entry, position
        ).fetchone()
        return None if row is None else row[0]

    def _release(self, entry: int) -> None:
        self._readers[entry] -= 1
        if self._readers[entry] > 0:
            return
        del self._readers[entry]
        found = self._execute("SELECT scope FROM entries WHERE id = ?", entry).fetchone()
        if found is not None and found[0] is None:
            self._forget(entry)

    def _begin(self, response: CachedResponse) -> int:
        self._execute(
            "INSERT INTO entries (status, status_text, headers, size, stored_ms, expires_ms, used)"
            " VALUES (?, ?, ?, 0, ?, ?, 0)",
            response.status,
            response.status_text,
            response.headers,
            response.stored_ms,
            response.expires_ms,
        )
        assert self._connection is not None, "something was just written to it"
        return self._connection.last_insert_rowid()

    def _append(self, entry: int, position: int, content: bytes) -> None:
        self._execute("INSERT INTO pieces VALUES (?, ?, ?)", entry, position, content)

    def _finish(self, entry: int, scope: str, key: str, size: int, now_ms: float) -> None:
        """The response is whole: from now on it is found, in the place of the one before."""
        self._execute("BEGIN IMMEDIATE")
        try:
            self._replace(entry, scope, key, size, now_ms)
            self._execute("COMMIT")
        except BaseException:
            self._execute("ROLLBACK")
            raise
        if self._is_shared:
            self._keep_up(size + ENTRY_OVERHEAD_BYTES, now_ms)
        self._evict(now_ms)

    def _replace(self, entry: int, scope: str, key: str, size: int, now_ms: float) -> None:
        self._delete(scope, key, now_ms)
        self._uses += 1
        self._execute(
            "UPDATE entries SET scope = ?, key = ?, size = ?, used = ? WHERE id = ?",
            scope,
            key,
            size,
            self._uses,
            entry,
        )
        self._bytes += size + ENTRY_OVERHEAD_BYTES

    def _keep_up(self, added: int, now_ms: float) -> None:
        """Count what others have added, and remove what nobody reads any more, now and then."""
        self._added += added
        if self._added > self._max_bytes // _RECOUNTS_PER_LIMIT:
            self._added = 0
            (self._bytes,) = self._execute(
                "SELECT ifnull(sum(size + ?), 0) FROM entries WHERE scope IS NOT NULL",
                ENTRY_OVERHEAD_BYTES,
            ).fetchone()
        if now_ms - self._tidied_ms > _TIDY_EVERY_MS:
            self._tidied_ms = now_ms
            self._execute(_FORGET_PIECES, now_ms)
            self._execute(_FORGET_ENTRIES, now_ms)

    def _evict(self, now_ms: float) -> None:
        if self._bytes <= self._max_bytes:
            return
        expired = "SELECT id FROM entries WHERE scope IS NOT NULL AND expires_ms <= ?"
        for (entry,) in self._execute(expired, now_ms).fetchall():
            self._forget(entry)
        while self._bytes > self._max_bytes:
            oldest = "SELECT id FROM entries WHERE scope IS NOT NULL ORDER BY used LIMIT 1"
            found = self._execute(oldest).fetchone()
            if found is None:
                return
            self._forget(found[0])

    def _delete(self, scope: str, key: str, now_ms: float) -> bool:
        row = self._execute(
            "SELECT id, expires_ms FROM entries WHERE scope = ? AND key = ?", scope, key
        ).fetchone()
        if row is None:
            return False
        self._forget(row[0])
        return bool(row[1] > now_ms)

    def _forget(self, entry: int) -> None:
        """Find it no more; its pieces go once nobody reads them."""
        row = self._execute("SELECT size, scope FROM entries WHERE id = ?", entry).fetchone()
        if row is not None and row[1] is not None:
            self._bytes -= row[0] + ENTRY_OVERHEAD_BYTES
        if self._is_shared:
            self._execute(
                "UPDATE entries SET scope = NULL, used = -1, expires_ms = ? WHERE id = ?",
                int(time.time() * 1000) + _READING_MS,
                entry,
            )
            return
        if self._readers[entry] > 0:
            self._execute("UPDATE entries SET scope = NULL WHERE id = ?", entry)
            return
        self._execute("DELETE FROM pieces WHERE entry = ?", entry)
        self._execute("DELETE FROM entries WHERE id = ?", entry)


async def _pieces(read: Callable[[], Awaitable[bytes]]) -> AsyncIterator[bytes]:
    """The body in pieces of just `PIECE_BYTES`, but for the last one."""
    pending = bytearray()
    while chunk := await read():
        pending += chunk
        while len(pending) >= PIECE_BYTES:
            yield bytes(pending[:PIECE_BYTES])
            del pending[:PIECE_BYTES]
    if pending:
        yield bytes(pending)
