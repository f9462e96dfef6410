"""`AssetLibrary`: uploads of static assets, from their manifest to a version that has them.

What a call has acknowledged is on the disk: the content first, then the catalog's word for it. What
no version has is swept, unless an upload that is under way is to have it.

https://developers.cloudflare.com/workers/static-assets/direct-upload/
"""

import secrets
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from holdfast.assets.manifest import Manifest
from holdfast.assets.store import AssetStore, NewContent
from holdfast.catalog import asset_rows as rows
from holdfast.catalog.asset_rows import AssetSession, Wanted
from holdfast.catalog.database import Database
from holdfast.dataclass import dataclass

SESSION_SECONDS = 3_600.0
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that has come: what its client calls it, and its content, finished."""

    hash: str
    content_type: str | None
    content: NewContent


class AssetLibrary:
    """The static assets of one data folder. Its methods block, and may be called in any thread."""

    def __init__(self, database: Database, folder: Path, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._store = AssetStore(folder)
        self._clock = clock
        self._turn = threading.Lock()  # of those who give contents their names or take them away

    def close(self) -> None:
        """Let go of the folder."""
        self._store.close()

    def begin(self, script: str, wanted: Wanted) -> tuple[AssetSession, list[str]]:
        """Begin an upload; the hashes of the files that have to come."""
        session = AssetSession(
            secrets.token_urlsafe(16), script, secrets.token_bytes(_SECRET_BYTES), wanted
        )
        now_s = self._clock().timestamp()
        with self._turn, self._database.transaction() as db:
            rows.insert_session(db, session, now_s)
            _, missing = rows.make_manifest(db, wanted)
        return session, missing

    def session(self, session_id: str) -> AssetSession | None:
        """An upload that was begun."""
        with self._database.reading() as db:
            return rows.read_session(db, session_id)

    def new_content(self) -> NewContent:
        """A content, to be written."""
        return self._store.write()

    def add(self, session: AssetSession, files: Iterable[NewFile]) -> bool:
        """Keep files that have come; whether the upload now has all that it is to have."""
        files = [*files]
        with self._turn:
            self._store.keep([file.content for file in files])
            with self._database.transaction() as db:
                for file in files:
                    rows.insert_file(
                        db, file.hash, file.content.size, file.content.name, file.content_type
                    )
                is_whole = not rows.make_manifest(db, session.wanted)[1]
                known = rows.contents(db, {file.content.name for file in files})
            for file in files:
                if file.content.name not in known:  # its hash was another content's already
                    self._store.remove(file.content.name)
        return is_whole

    def manifest(self, session: AssetSession) -> tuple[Manifest, list[str]]:
        """What an upload has, and the hashes of what is missing."""
        with self._database.reading() as db:
            return rows.make_manifest(db, session.wanted)

    def redeem(self, session: AssetSession) -> None:
        """A version has what was uploaded."""
        with self._database.transaction() as db:
            rows.redeem_session(db, session.id)

    def sweep(self) -> None:
        """Remove what nobody needs."""
        with self._turn:
            with self._database.transaction() as db:
                old_s = self._clock().timestamp() - SESSION_SECONDS
                has_news = rows.forget_manifests(db) | rows.forget_sessions(db, old_s)
                unused = rows.sweep(db) if has_news else []
            for name in unused:
                self._store.remove(name)

    def tidy(self) -> None:
        """Remove what nobody needs, and what a crash has left; before the first upload.

        Raises CatalogUnusable and OSError, as on a full disk: it may be left to the next start.
        """
        self.sweep()
        with self._turn, self._database.reading() as db:
            names = self._store.names()
            for name in names - rows.contents(db, names):
                self._store.remove(name)
