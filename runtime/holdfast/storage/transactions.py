"""The transactions of one object's database, as they were begun and as SQLite knows of them.

The *implicit* transaction begins with the first write and ends when its round starts. An *explicit*
one, and those nested in it, begin when `begin` is called, but reach SQLite with their first write:
this process has the file for itself, so until then nothing tells the difference, and transactions
that only read cost nothing. *Savepoints* are the synchronous transactions, which come and go within
one turn, inside of whichever transaction is open then; they, too, reach SQLite with their first
write.
"""

import apsw

_SAVEPOINT = "SAVEPOINT holdfast_level"
_RELEASE = "RELEASE holdfast_level"
_ROLLBACK_TO = "ROLLBACK TO holdfast_level"


class Transactions:
    """What was begun. All that is given a cursor raises apsw.Error, with nothing changed here."""

    __slots__ = ("_levels", "_saved", "depth", "emptied", "implicit", "ready", "savepoints")

    def __init__(self) -> None:
        self.implicit = False  # the implicit transaction is open
        self.emptied = ""  # what it has deleted outright: "all", or all "but the alarm"
        self.depth = 0  # explicit transactions begun
        self.ready = False  # a write can be executed as it stands
        self.savepoints = 0  # synchronous transactions begun inside of the others
        self._levels = 0  # explicit transactions that SQLite knows of
        self._saved = 0  # savepoints that SQLite knows of

    @property
    def none_is_begun(self) -> bool:
        """True while what is written would begin one."""
        return not (self.implicit or self.depth or self.savepoints)

    @property
    def are_open(self) -> bool:
        """True while SQLite has one open."""
        return self.implicit or self._levels > 0

    @property
    def has_explicit(self) -> bool:
        """True while SQLite has an explicit one open."""
        return self._levels > 0

    @property
    def innermost_is_open(self) -> bool:
        """True if SQLite knows of the explicit one that was begun last."""
        return self._levels == self.depth

    @property
    def is_nested(self) -> bool:
        """True if the innermost one that SQLite knows of is nested in another."""
        return self._levels > 1

    def open(self, cursor: apsw.Cursor) -> bool:
        """Have SQLite know of all, since something is to be written; is the implicit one new."""
        begins = self.depth == 0 and not self.implicit
        if begins:
            cursor.execute("BEGIN IMMEDIATE")
            self.implicit = True
        while self._levels < self.depth:
            cursor.execute(_SAVEPOINT if self._levels else "BEGIN IMMEDIATE")
            self._levels += 1
        while self._saved < self.savepoints:
            cursor.execute(_SAVEPOINT)
            self._saved += 1
        return begins

    def begun_by_itself(self) -> None:
        """The implicit one was begun in SQLite."""
        self.implicit, self.ready = True, False

    def implicit_ended(self) -> None:
        """The implicit one was committed in SQLite."""
        self.implicit = self.ready = False
        self.emptied = ""

    # ---- explicit ones -------------------------------------------------------------

    def begin(self) -> None:
        """One begins, perhaps nested in the innermost."""
        self.depth += 1
        self.ready = False

    def commit_in_sqlite(self, cursor: apsw.Cursor) -> None:
        """Commit the innermost one, of which SQLite knows; then call `ended`."""
        cursor.execute(_RELEASE if self.is_nested else "COMMIT")

    def roll_back_in_sqlite(self, cursor: apsw.Cursor) -> None:
        """Undo it; then call `ended`."""
        if self.is_nested:
            cursor.execute(_ROLLBACK_TO)
            cursor.execute(_RELEASE)
        else:
            cursor.execute("ROLLBACK")

    def ended(self) -> None:
        """The innermost one is over."""
        if self.innermost_is_open:
            self._levels -= 1
        self.depth -= 1
        self.ready = 0 < self.depth == self._levels

    # ---- synchronous ones ----------------------------------------------------------

    def save(self) -> None:
        """One begins."""
        self.savepoints += 1
        self.ready = False

    @property
    def savepoint_is_open(self) -> bool:
        """True if SQLite knows of the synchronous one that was begun last."""
        return self._saved == self.savepoints

    def release(self, cursor: apsw.Cursor | None, *, undo: bool) -> None:
        """The innermost one ends; `cursor` is there if SQLite knows of it."""
        if cursor:
            if undo:
                cursor.execute(_ROLLBACK_TO)
            cursor.execute(_RELEASE)
            self._saved -= 1
        self.savepoints -= 1
        begun = self.implicit if self.depth == 0 else self.innermost_is_open
        self.ready = begun and self.savepoint_is_open

    def drop(self, cursor: apsw.Cursor) -> None:
        """Undo what SQLite has open; then call `forget`."""
        cursor.execute("ROLLBACK")

    def forget(self) -> None:
        """None is open any more."""
        self.implicit = self.ready = False
        self.emptied = ""
        self.depth = self._levels = self.savepoints = self._saved = 0
