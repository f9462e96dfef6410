"""Private databases in memory, for objects that have no file yet.

A database that an object is done with is emptied and lent again: making a connection, and its
statements, takes several times as long. Only one that is, byte by byte, what a new one is may be
lent again, so nothing of an object can reach another.
"""

import apsw

from holdfast.storage.session import FRUGAL, STATEMENTS
from holdfast.storage.template import KV_SCHEMA, PAGE_BYTES, is_template

_FLAGS = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
_PRIVATE = ""  # SQLite's name for a database of the connection's own

# What one transaction may write before SQLite takes a temporary file to help.
_CACHE_KIB = 8192

_PRAGMAS = (
    f"PRAGMA page_size={PAGE_BYTES}; {FRUGAL}; PRAGMA cache_size=-{_CACHE_KIB};"
    # What is deleted leaves no trace in the pages.
    " PRAGMA secure_delete=ON"
)

_MAX_FREE = 32


class Nursery:
    """Lends databases for keys, and makes those that begin with SQL. On the loop's thread only."""

    def __init__(self, max_pages: int) -> None:
        """`max_pages`: how large a database may become, unless whoever has it says otherwise."""
        self._bound = max_pages
        self._free: list[apsw.Connection] = []

    def lend(self) -> apsw.Connection:
        """A database with workerd's table and nothing in it, to be given back or closed.

        Raises apsw.Error.
        """
        if self._free:
            return self._free.pop()
        connection = self.make()
        connection.execute(KV_SCHEMA, can_cache=False)
        return connection

    def make(self) -> apsw.Connection:
        """A database without any table, to be closed. Raises apsw.Error."""
        connection = apsw.Connection(_PRIVATE, flags=_FLAGS, statementcachesize=STATEMENTS)
        connection.execute(_PRAGMAS, can_cache=False).fetchall()
        bound(connection, self._bound)
        return connection

    def take_back(self, connection: apsw.Connection, *, is_bounded: bool = True) -> None:
        """Keep the database for the next one, or close it.

        It is to be as it was lent, but for its content, and for its bound where that is said to
        be another one: a script's SQL changes more.
        """
        if len(self._free) >= _MAX_FREE or not _is_empty(connection):
            connection.close()
            return
        if not is_bounded:
            bound(connection, self._bound)
        self._free.append(connection)

    def close(self) -> None:
        """Close what is not lent."""
        for connection in self._free:
            connection.close()
        self._free.clear()


def bound(connection: apsw.Connection, pages: int) -> None:
    """Have a database become no larger than so many pages."""
    connection.execute(f"PRAGMA max_page_count={pages}").fetchall()


def _is_empty(connection: apsw.Connection) -> bool:
    """Empty the database; true if that has made a new one of it."""
    try:
        connection.execute("DELETE FROM _cf_KV")
        return not connection.in_transaction and is_template(connection.serialize("main"))
    except apsw.Error:
        return False
