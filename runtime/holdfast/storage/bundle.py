"""An object and its facets in one file: the object's database, with the others' in two tables.

Like everything that begins with `_cf_`, scripts see nothing of these. All functions block.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import apsw

from holdfast.storage.errors import StorageError
from holdfast.storage.facets import MAX_FACETS, content_of, read_entries
from holdfast.storage.template import settle, template
from holdfast.storage.whole import facet_path, index_path

_SCHEMA = """
CREATE TABLE _cf_FACETS (number INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name TEXT NOT NULL);
CREATE TABLE _cf_FACET_PIECES (
    facet INTEGER, piece INTEGER, content BLOB, PRIMARY KEY (facet, piece)
);
"""
_DROP = "DROP TABLE _cf_FACETS; DROP TABLE _cf_FACET_PIECES"
_PIECE_BYTES = 1 << 20


def bundle(path: Path) -> None:
    """Take the facets that lie beside an object's file into it. Raises OSError and StorageError."""
    if not index_path(path).exists():
        return
    if not path.exists():
        path.write_bytes(template())
        settle(path)
    db = apsw.Connection(str(path))
    try:
        db.execute("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF").fetchall()
        db.execute(f"BEGIN; {_SCHEMA}")
        for number, (parent, name) in enumerate(read_entries(index_path(path).read_bytes()), 1):
            db.execute(
                "INSERT INTO _cf_FACETS VALUES (?, ?, CAST(? AS TEXT))", (number, parent, name)
            )
            if facet_path(path, number).exists():
                _take_in(db, number, facet_path(path, number))
        db.execute("COMMIT")
    except apsw.Error as error:
        raise StorageError(f"The facets of {path} cannot be taken in: {error}") from error
    finally:
        db.close()


def _take_in(db: apsw.Connection, number: int, path: Path) -> None:
    with path.open("rb") as file:
        for piece in itertools.count():
            content = file.read(_PIECE_BYTES)
            if not content:
                break
            db.execute("INSERT INTO _cf_FACET_PIECES VALUES (?, ?, ?)", (number, piece, content))
    path.unlink()


def has_facets(db: apsw.Connection) -> bool:
    """True for a file that `bundle` has made."""
    return db.execute("SELECT 1 FROM sqlite_schema WHERE name = '_cf_FACETS'").get is not None


def sizes(db: apsw.Connection) -> dict[str, int]:
    """The bytes of each facet that holds something, by its name after those it is in."""
    names: dict[int, str] = {}
    for number, parent, name in db.execute("SELECT * FROM _cf_FACETS ORDER BY number"):
        names[number] = f"{names[parent]}/{name}" if parent in names else str(name)
    rows = db.execute("SELECT facet, sum(length(content)) FROM _cf_FACET_PIECES GROUP BY facet")
    return {names.get(facet, str(facet)): int(size) for facet, size in rows}


def unbundle(db: apsw.Connection, path: Path) -> Iterator[Path]:
    """Write the facets of an object's file beside it, and take them out of it; each one's file.

    `db` is the file. Raises ValueError where they are not what `bundle` writes, OSError and
    apsw.Error.
    """
    if not has_facets(db):
        return
    entries: list[tuple[int, bytes]] = []
    for number, parent, name in db.execute("SELECT * FROM _cf_FACETS ORDER BY number"):
        is_sound = number == len(entries) + 1 <= MAX_FACETS and parent in range(number)
        if not is_sound or not isinstance(name, str) or not 0 < len(name.encode()) < 1 << 16:
            raise ValueError(f"no facet can be number {number}, in {parent}, called {name!r}")
        entries.append((parent, name.encode()))
    content = content_of(entries)
    if read_entries(content) != entries:
        raise ValueError("two facets have the same name")
    index_path(path).write_bytes(content)
    for (facet,) in db.execute("SELECT DISTINCT facet FROM _cf_FACET_PIECES").fetchall():
        if not isinstance(facet, int) or not 0 < facet <= len(entries):
            raise ValueError(f"there is no facet {facet}")
        _write_out(db, facet, facet_path(path, facet))
        yield facet_path(path, facet)
    db.execute(_DROP)
    db.execute("VACUUM")


def _write_out(db: apsw.Connection, facet: int, path: Path) -> None:
    query = "SELECT content FROM _cf_FACET_PIECES WHERE facet = ? ORDER BY piece"
    with path.open("wb") as file:
        for (content,) in db.execute(query, (facet,)):
            if not isinstance(content, bytes):
                raise ValueError(f"the facet {facet} has a piece that is no bytes")
            file.write(content)
