"""The file that every object's database begins as: workerd's table, and nothing in it.

Copying it costs a fraction of what SQLite takes to make the same file: no schema is
parsed, no journal is written, and the file is in WAL mode from its first byte.
"""

from functools import cache
from pathlib import Path

import apsw

# https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite-kv.c%2B%2B
KV_SCHEMA = "CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"

# workerd makes the table of keys with the first of them, and SQL can see it. So an object that
# begins with SQL begins without one, and where there is no table there are no keys.
MAKE_KEYS = KV_SCHEMA.replace("TABLE", "TABLE IF NOT EXISTS")
HAS_KEYS = "SELECT 1 FROM sqlite_schema WHERE name = '_cf_KV'"

PAGE_BYTES = 4096
UNBOUNDED = 0xFFFF_FFFE  # the most pages that SQLite knows

# The file format's "write version" and "read version": 2 is WAL.
# https://www.sqlite.org/fileformat2.html#file_format_version_numbers
_VERSIONS = slice(18, 20)
_WAL = b"\2\2"
_NO_WAL = b"\1\1"

BIRTH = "PRAGMA application_id"
_BIRTH = slice(68, 72)
_SIGN = 2**31


def lacks_keys(error: apsw.Error) -> bool:
    """Whether a statement found no table of keys."""
    return isinstance(error, apsw.SQLError) and "no such table: _cf_KV" in str(error)


def born(time_ms: float) -> str:
    """A statement that has a database tell in its header when it was made; see as_born."""
    return f"{BIRTH}={(int(time_ms / 1000) + _SIGN) % (2 * _SIGN) - _SIGN}"


def as_born(content: bytes, time_ms: float) -> bytes:
    """A database that tells in its header when it was made, in seconds.

    The field is SQLite's `application_id`, 32 bits with a sign, of which it makes no use.
    """
    image = bytearray(content)
    image[_BIRTH] = (int(time_ms / 1000) % (2 * _SIGN)).to_bytes(4, "big")
    return bytes(image)


def read_birth_ms(cursor: apsw.Cursor) -> float | None:
    """When a database was made, if it tells; another tool's may have any number there.

    Raises apsw.Error.
    """
    found = int(cursor.execute(BIRTH).get or 0)
    return found % (2 * _SIGN) * 1000.0 or None


def in_wal_mode(content: bytes) -> bytes:
    """A database that is no file, as a file in WAL mode."""
    image = bytearray(content)
    image[_VERSIONS] = _WAL
    return bytes(image)


def in_memory_mode(content: bytes) -> bytes:
    """A database file, as one that is no file: in memory SQLite has no log."""
    image = bytearray(content)
    image[_VERSIONS] = _NO_WAL
    return bytes(image)


def settle(path: Path) -> None:
    """Make a database file one that needs no log beside it. Blocks; nobody has it open."""
    with path.open("r+b") as file:
        file.seek(_VERSIONS.start)
        file.write(_NO_WAL)


@cache
def template() -> bytes:
    """The content of a fresh object's database file."""
    connection = apsw.Connection(":memory:")
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
    connection.execute(KV_SCHEMA)
    content = in_wal_mode(connection.serialize("main"))
    connection.close()
    assert len(content) == 2 * PAGE_BYTES, "one page for the schema, one for the table"
    return content


def is_template(content: bytes) -> bool:
    """True for a database, no file, that holds what the template does, and never held more."""
    return _constant(content) == _constant_of_template()


def _constant(content: bytes) -> bytes:
    # All but the versions, and what tells how often a database was changed.
    return content[: _VERSIONS.start] + content[20:24] + content[28:92] + content[96:]


@cache
def _constant_of_template() -> bytes:
    return _constant(template())


def is_unborn(path: Path) -> bool:
    """True for a damaged file that never was more than a part of the template.

    No round is durable before the template is, so where a power loss has cut the template
    off, or left zeros for parts of it, the object holds nothing that anyone was told of.
    To be asked of files that SQLite calls damaged, and does not have open.
    """
    with path.open("rb") as file:
        head = file.read(len(template()) + 1)
    return len(head) <= len(template()) and all(
        byte in (0, expected) for byte, expected in zip(head, template(), strict=False)
    )
