"""One SQLite database per Durable Object: key-value data, transactions, durability.

Also what belongs to no object: KV namespaces and cached responses.

May import engine/ (portable.py reads values); touches APSW. docs/durability.md tells what is
promised.

- `Storage` (storage.py): all object databases of one shard, below one folder.
- `ObjectStore` (store.py): one object's data, as its owner reads and writes it; `Facets`
  (facets.py): the databases of the facets inside of it.
- `Barrier`, `LocalBarrier` (barrier.py): from "committed" to "durable"; journaling.py keeps commits
  of many in one journal (journal.py: its format), redo.py brings files to where it has them,
  recovery.py says when, untold.py remembers those that could not be brought there.
- `StorageError` and its kinds (errors.py).
- `Bookmarking` (bookmarks.py): how the past of objects is kept, and when it is marked; history.py
  has the marks, thinning.py says which go, going_back.py puts one in an object's place, expiry.py
  removes what is too old.
- `AlarmList` (alarms.py): when which object of a namespace is to be woken; listed_alarm.py: what
  one object's commits tell it, unlisted.py what a power loss has kept from it, mending.py
  what is done about a damaged one.
- `Sql` (sql.py): SQL as scripts may use it; statements.py tells a script's statements from
  ours, splitting.py where each ends, authorizer.py has what they may do; limited.py and quoting.py
  spell some otherwise.
- `NameBook` (object_names.py): what the objects of a namespace are called; portable.py: an
  object's database as a file of its own; bundle.py: with its facets in it; whole.py: which files
  make an object.
- `KeyValueStore` (key_value.py), `QueueStore` (queues.py, with queue_messages.py), cache.py:
  databases for a whole server; shared_file.py: how such are opened, makeshift.py: how they are
  read on a full disk.

Below these: database.py is one file's transactions (transactions.py, savepoint.py) and rounds, and
has the invariants; failures.py says what an error means for it; newborn.py an object's first
writes, in memory that nursery.py lends, growing.py their way out of it; recent.py writes that
SQLite is told of late, by catching_up.py; session.py an open connection and how SQLite is set up;
opening.py how files are made, found and healed, template.py what they begin as, staged.py what is
to be one; lifecycle.py checkpoints, parking and closing; leftovers.py logs that eviction has left;
workers.py the threads; gathering.py what is done in one go; disk.py syncing folders; shard.py what
all databases share; snapshot.py a moment of a database, copying.py a copy of one; packing.py
compresses pages; clock.py is the calendar. rounds.py, lru.py, keys.py, thinning.py and names.py are
pure.
"""

from holdfast.storage.barrier import Barrier, CommittedLog, LocalBarrier
from holdfast.storage.bookmarks import Bookmarking
from holdfast.storage.errors import (
    DiskFull,
    InvalidName,
    SqlError,
    StorageError,
    StorageReadOnly,
    StoreBroken,
    StoreClosed,
    StoreLocked,
    TransactionConflict,
    ValueTooLarge,
)
from holdfast.storage.facets import Facets
from holdfast.storage.sql import Sql
from holdfast.storage.storage import Statistics, Storage
from holdfast.storage.store import ObjectStore

__all__ = [
    "Barrier",
    "Bookmarking",
    "CommittedLog",
    "DiskFull",
    "Facets",
    "InvalidName",
    "LocalBarrier",
    "ObjectStore",
    "Sql",
    "SqlError",
    "Statistics",
    "Storage",
    "StorageError",
    "StorageReadOnly",
    "StoreBroken",
    "StoreClosed",
    "StoreLocked",
    "TransactionConflict",
    "ValueTooLarge",
]
