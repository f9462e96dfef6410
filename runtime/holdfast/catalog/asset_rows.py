"""Static assets in the catalog: files by what clients call them, uploads under way, manifests.

A file is known by a client's hash and its size, and leads to a content of the store. A session is
an upload: what it is to have in the end. A manifest is what versions share that have the same
files.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping

import apsw

from holdfast.assets import Assets, AssetsConfig
from holdfast.assets.manifest import Entry, Manifest
from holdfast.dataclass import dataclass

Wanted = Mapping[str, tuple[str, int]]
"""Hash and size of each file by its path."""


@dataclass(frozen=True, slots=True)
class AssetSession:
    """An upload of assets for a script; `secret` signs its tokens."""

    id: str
    script: str
    secret: bytes
    wanted: Wanted


def insert_session(db: apsw.Connection, session: AssetSession, now_s: float) -> None:
    """Begin an upload."""
    db.execute(
        "INSERT INTO asset_sessions VALUES (?,?,?,?,?,0)",
        (session.id, session.script, session.secret, json.dumps(session.wanted), now_s),
    )


def read_session(db: apsw.Connection, session_id: str) -> AssetSession | None:
    """An upload that was begun."""
    row = db.execute(
        "SELECT id, script, secret, wanted FROM asset_sessions WHERE id = ?", (session_id,)
    ).fetchone()
    if row is None:
        return None
    found_id, script, secret, wanted = row
    pairs = json.loads(str(wanted)).items()
    return AssetSession(
        str(found_id), str(script), bytes(secret), {path: (h, s) for path, (h, s) in pairs}
    )


def redeem_session(db: apsw.Connection, session_id: str) -> None:
    """A version has what was uploaded: nothing needs to be kept for the session alone."""
    db.execute("UPDATE asset_sessions SET redeemed = 1 WHERE id = ?", (session_id,))


def forget_sessions(db: apsw.Connection, before_s: float) -> bool:
    """Forget the uploads that were begun earlier; whether there were any."""
    db.execute("DELETE FROM asset_sessions WHERE begun_s < ?", (before_s,))
    return bool(db.changes())


def insert_file(
    db: apsw.Connection, file_hash: str, size: int, content: str, content_type: str | None
) -> None:
    """A file is here from now on; one that is here already stays as it is."""
    db.execute(
        "INSERT OR IGNORE INTO asset_files VALUES (?,?,?,?)",
        (file_hash, size, content, content_type),
    )


def read_file(db: apsw.Connection, file_hash: str, size: int) -> Entry | None:
    """A file that a client calls so, if it is here."""
    row = db.execute(
        "SELECT hash, size, content, content_type FROM asset_files WHERE hash = ? AND size = ?",
        (file_hash, size),
    ).fetchone()
    return None if row is None else Entry(*row)


def make_manifest(db: apsw.Connection, wanted: Wanted) -> tuple[Manifest, list[str]]:
    """The manifest of an upload, and the hashes of what is not here yet."""
    entries: dict[str, Entry] = {}
    missing: dict[str, None] = {}
    for path, (file_hash, size) in sorted(wanted.items()):
        entry = read_file(db, file_hash, size)
        if entry is None:
            missing[file_hash] = None
        else:
            entries[path] = entry
    told = json.dumps(entries, separators=(",", ":"))
    return Manifest(hashlib.sha256(told.encode()).hexdigest(), entries), [*missing]


def insert_assets(db: apsw.Connection, version: str, assets: Assets) -> None:
    """Keep a version's assets; their manifest is kept once."""
    manifest = assets.origin
    assert isinstance(manifest, Manifest), "a folder is for what is not uploaded"
    db.execute(
        "INSERT OR IGNORE INTO asset_manifests VALUES (?,?)",
        (manifest.id, json.dumps(manifest.entries, separators=(",", ":"))),
    )
    db.execute(
        "INSERT INTO version_assets VALUES (?,?,?)",
        (version, manifest.id, json.dumps(assets.config.fields())),
    )


def read_assets(db: apsw.Connection, version: str) -> Assets | None:
    """The assets of a version, if it has some."""
    row = db.execute(
        "SELECT manifest, config FROM version_assets WHERE version = ?", (version,)
    ).fetchone()
    if row is None:
        return None
    manifest_id, config = map(str, row)
    manifest = Manifest(manifest_id, _entries(db, manifest_id))
    return Assets(manifest, AssetsConfig.parse(json.loads(config)))


def _entries(db: apsw.Connection, manifest_id: str) -> dict[str, Entry]:
    row = db.execute("SELECT entries FROM asset_manifests WHERE id = ?", (manifest_id,)).fetchone()
    assert row is not None, "a manifest stays for as long as a version has it"
    return {path: Entry(*entry) for path, entry in json.loads(str(row[0])).items()}


def forget_manifests(db: apsw.Connection) -> bool:
    """Forget those that no version has; whether there were any."""
    db.execute("DELETE FROM asset_manifests WHERE id NOT IN (SELECT manifest FROM version_assets)")
    return bool(db.changes())


def sweep(db: apsw.Connection) -> list[str]:
    """Forget what no version has and no upload is to have; the contents that nobody needs."""
    used = {*_used_by_manifests(db), *_used_by_sessions(db)}
    unused = [
        (file_hash, size, content)
        for file_hash, size, content in db.execute("SELECT hash, size, content FROM asset_files")
        if (file_hash, size) not in used
    ]
    db.executemany(
        "DELETE FROM asset_files WHERE hash = ? AND size = ?",
        [(file_hash, size) for file_hash, size, _ in unused],
    )
    names = {str(content) for *_, content in unused}
    return [*(names - contents(db, names))]


def contents(db: apsw.Connection, names: Collection[str]) -> set[str]:
    """Those of the contents that files lead to."""
    found = db.execute("SELECT content FROM asset_files") if names else ()
    return {str(content) for (content,) in found if content in names}


def _used_by_manifests(db: apsw.Connection) -> Iterator[tuple[str, int]]:
    for (manifest_id,) in [*db.execute("SELECT id FROM asset_manifests")]:
        for entry in _entries(db, str(manifest_id)).values():
            yield entry.hash, entry.size


def _used_by_sessions(db: apsw.Connection) -> Iterable[tuple[str, int]]:
    for (wanted,) in db.execute("SELECT wanted FROM asset_sessions WHERE redeemed = 0"):
        yield from map(tuple, json.loads(str(wanted)).values())
