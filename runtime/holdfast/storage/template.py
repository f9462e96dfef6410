"""The file that every object's database begins as: workerd's table, and nothing in it.

Copying it costs a fraction of what SQLite takes to make the same file: no schema is
parsed, no journal is written, and the file is in WAL mode from its first byte.
"""

from functools import cache
from pathlib import Path

import apsw

# https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite-kv.c%2B%2B
KV_SCHEMA = "CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"

PAGE_BYTES = 4096

# The file format's "write version" and "read version": 2 is WAL.
# https://www.sqlite.org/fileformat2.html#file_format_version_numbers
_VERSIONS = slice(18, 20)
_WAL = b"\2\2"


@cache
def template() -> bytes:
    """The content of a fresh object's database file."""
    connection = apsw.Connection(":memory:")
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
    connection.execute(KV_SCHEMA)
    content = bytearray(connection.serialize("main"))
    connection.close()
    content[_VERSIONS] = _WAL
    assert len(content) == 2 * PAGE_BYTES, "one page for the schema, one for the table"
    return bytes(content)


def is_unborn(path: Path) -> bool:
    """True for a template that a power loss cut off: its object never stored anything.

    No round is durable before the template is, so a file in which one of the template's
    pages is missing holds nothing that anyone was told of. A power loss leaves such a page
    cut off or full of zeros. The file must not be open in SQLite.
    """
    with path.open("rb") as file:
        head = file.read(2 * PAGE_BYTES)
    if len(head) < 2 * PAGE_BYTES:
        return template().startswith(head.rstrip(b"\0"))
    first, second = head[:PAGE_BYTES], head[PAGE_BYTES:]
    empty = bytes(PAGE_BYTES)
    return empty in (first, second) and first in (template()[:PAGE_BYTES], empty)
