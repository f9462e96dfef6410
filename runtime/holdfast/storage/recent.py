"""Key-value writes that the journal has, and SQLite has yet to be told of.

An object that counts, or notes where it stands, writes the same few keys again and again. SQLite
would write a page to its log for each, and the journal the page once more. So small writes stay
here, in memory, and the journal is given *them*: keys and values, instead of pages. SQLite is told
of all that has come together in one commit, when somebody has to see it (a deletion, a statement
that writes, a transaction, a copy), when there is too much, or when the journal wants to begin
anew.

    put ──► fresh ── the turn's end ──► committed ── a round: the journal ──► kept
              └─ undone with its turn       └─────────── settle: SQLite's log ──┘

What is here is newer than what SQLite has. It survives what the journal does: a kill and a loss of
power. The next process tells SQLite before anybody asks (redo.py).

Invariants:
1. While something is here, no transaction of SQLite's is open, and its log has no frames that no
   round was asked for. So the puts of an object's rounds lie between two of its commits, and an
   entry of the journal that has puts says between which: it counts the frames before them.
2. `settle` makes the log longer, whatever it writes: so entries from before are known by their
   count, even if they are found again where newer ones should have been written over them.
3. A connection is let go of once the log has all, durably (`Session.lags`).
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Protocol

PUT = "INSERT INTO _cf_KV VALUES(?,?) ON CONFLICT DO UPDATE SET value=excluded.value"
DELETE = "DELETE FROM _cf_KV WHERE key=?"

MAX_ENTRIES = 64
MAX_KEY_CHARACTERS = 256
MAX_VALUE_BYTES = 1024

_PUT = struct.Struct("<HI")  # bytes of the key, of the value


class Recent:
    """The writes of one object's open file. Pure: knows of no file."""

    __slots__ = ("_in_round", "_unsent", "fresh", "kept")

    def __init__(self) -> None:
        self.fresh: dict[str, bytes] = {}  # not committed
        self._unsent: dict[str, bytes] = {}  # committed, and no round was asked for it
        self._in_round: dict[str, bytes] = {}  # of the round that is under way
        self.kept: dict[str, bytes] = {}  # durable, in the journal

    def __bool__(self) -> bool:
        return bool(self.fresh or self.kept or self._unsent or self._in_round)

    def __len__(self) -> int:
        """How many writes there are, at most."""
        return len(self.fresh) + len(self._unsent) + len(self._in_round) + len(self.kept)

    def get(self, key: str) -> bytes | None:
        """The value of a key that was written lately; None for all others."""
        for written in (self.fresh, self._unsent, self._in_round, self.kept):
            if (value := written.get(key)) is not None:
                return value
        return None

    @property
    def committed(self) -> dict[str, bytes]:
        """What SQLite is to be told of."""
        return {**self.kept, **self._in_round, **self._unsent}

    def between(self, lower: bytes, upper: bytes | None) -> dict[str, bytes]:
        """What was written lately with a key whose UTF-8 bytes are in a range."""
        return {
            key: value
            for key, value in {**self.committed, **self.fresh}.items()
            if lower <= (name := key.encode()) and (upper is None or name < upper)
        }

    def has_room(self, entries: Sequence[tuple[str, bytes]]) -> bool:
        """True for writes that are small, while there are few."""
        if len(self) + len(entries) > MAX_ENTRIES:
            return False
        for key, value in entries:
            if len(value) > MAX_VALUE_BYTES or len(key) > MAX_KEY_CHARACTERS:
                return False
            if not key.isascii() and not _is_text(key):
                return False
        return True

    def commit(self) -> None:
        """What is fresh is undone with the connection alone, from now on."""
        self._unsent.update(self.fresh)
        self.fresh = {}

    def begin_round(self) -> bytes:
        """What the round that begins now is to keep, as `puts_of` reads it; nothing if b""."""
        if not self._unsent:
            return b""
        self._in_round, self._unsent = self._unsent, {}
        return packed(self._in_round)

    def round_ended(self) -> None:
        """What it was to keep is durable."""
        if self._in_round:
            self.kept.update(self._in_round)
            self._in_round = {}

    def settled(self) -> None:
        """SQLite has what was committed."""
        self.kept, self._in_round, self._unsent = {}, {}, {}

    def break_down(self) -> None:
        """Forget what is not durable."""
        self.fresh, self._in_round, self._unsent = {}, {}, {}


class Unsettled(Protocol):
    """What a connection has left that is no more: a Session that broke, or what redo.py found."""

    recent: Recent
    settled: int

    def forget_recent(self) -> None:
        """Another connection has it, durably."""


class Left:
    """What the start could not tell SQLite. An `Unsettled`."""

    def __init__(self, values: dict[str, bytes]) -> None:
        self.recent = Recent()
        self.recent.kept.update(values)
        self.settled = 0

    def forget_recent(self) -> None:
        """See Unsettled."""
        self.recent.settled()


def packed(values: dict[str, bytes]) -> bytes:
    """Keys and values, one after the other."""
    parts: list[bytes] = []
    for key, value in values.items():
        name = key.encode()
        parts += (_PUT.pack(len(name), len(value)), name, value)
    return b"".join(parts)


def puts_of(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The keys and values that were packed."""
    at = 0
    while at < len(content):
        name_bytes, value_bytes = _PUT.unpack_from(content, at)
        name_at = at + _PUT.size
        value_at = name_at + name_bytes
        at = value_at + value_bytes
        yield content[name_at:value_at].decode(), content[value_at:at]


def _is_text(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:  # half of a pair, which SQLite gets by another way
        return False
    return True
