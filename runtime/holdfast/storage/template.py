"""The database that every object begins with: workerd's table, and nothing in it."""

from functools import cache

import apsw

# https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite-kv.c%2B%2B
KV_SCHEMA = "CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"

PAGE_BYTES = 4096
TEMPLATE_PAGES = 2  # one for the schema, one for the table

# The file format's "write version" and "read version": 2 is WAL.
# https://www.sqlite.org/fileformat2.html#file_format_version_numbers
_VERSIONS = slice(18, 20)
_WAL = b"\2\2"


@cache
def template() -> bytes:
    """A fresh object's database, as it is in memory."""
    connection = apsw.Connection(":memory:")
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
    connection.execute(KV_SCHEMA)
    content = connection.serialize("main")
    connection.close()
    assert len(content) == TEMPLATE_PAGES * PAGE_BYTES, "SQLite lays it out like this"
    return bytes(content)


def file_image(content: bytes) -> bytes:
    """The file for a database that was in memory, where there is no WAL mode."""
    image = bytearray(content)
    image[_VERSIONS] = _WAL
    return bytes(image)
