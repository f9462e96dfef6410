"""Ops on the storage of the objects that live in this isolate, by slot.

Several pairs cross as one JSON text, `[keys, lengths]` of two lists, and one buffer
with the values end to end. Storage's own errors are for the script to see, under the
name that `objects/` and the polyfills act on.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from holdfast.engine import ScriptError
from holdfast.host.context import Host
from holdfast.host.ops import async_op, awaited_work, op
from holdfast.storage import StorageError, TransactionConflict

CONFLICT = "TransactionConflict"  # the name that makes the polyfill rerun a transaction

Result = TypeVar("Result")


def attempt(operation: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
    """Run an operation of a store; its errors become the script's."""
    try:
        return operation(*arguments, **options)
    except TransactionConflict as error:
        raise ScriptError(CONFLICT, str(error)) from error
    except StorageError as error:
        raise ScriptError("Error", str(error)) from error


@op
def storage_get(host: Host, slot: int, key: str) -> bytes | None:
    """The stored bytes of a key."""
    try:
        return host.stores[slot].get(key)
    except StorageError as error:
        raise ScriptError("Error", str(error)) from error


@op
def storage_put(host: Host, slot: int, key: str, value: bytes) -> int:
    """Store bytes under a key; the round of the write."""
    try:
        return host.stores[slot].put(key, value)
    except TransactionConflict as error:
        raise ScriptError(CONFLICT, str(error)) from error
    except StorageError as error:
        raise ScriptError("Error", str(error)) from error


@op
def storage_get_many(host: Host, slot: int, keys: str) -> str | None:
    """The stored pairs among some keys; None if there are none."""
    return _leave_values(host, attempt(host.stores[slot].get_many, json.loads(keys)))


@op
def storage_list(host: Host, slot: int, options: str) -> str | None:
    """The stored pairs in a range; None if there are none."""
    names = {"startAfter": "start_after"}
    range_ = {names.get(name, name): value for name, value in json.loads(options).items()}
    return _leave_values(host, attempt(host.stores[slot].list, **range_))


@op
def storage_taken_values(host: Host) -> bytes:
    """The values that belong to the index which the op before returned."""
    values, host.values = host.values, b""
    return values


@op
def storage_put_many(host: Host, slot: int, index: str, values: bytes) -> int:
    """Store several pairs; the round of the write."""
    return attempt(host.stores[slot].put_many, _pairs(json.loads(index), values))


@op
def storage_delete(host: Host, slot: int, key: str) -> bool:
    """Delete a key; was it there."""
    return attempt(host.stores[slot].delete, key)


@op
def storage_delete_many(host: Host, slot: int, keys: str) -> int:
    """Delete keys; how many were there."""
    return attempt(host.stores[slot].delete_many, json.loads(keys))


@op
def storage_delete_all(host: Host, slot: int) -> int:
    """Delete everything; the round of the write."""
    with_alarm = host.compatibility.delete_all_deletes_alarm
    return attempt(host.stores[slot].delete_all, with_alarm=with_alarm)


@op
def storage_deletes_alarm(host: Host) -> bool:
    """Whether deleting everything includes the alarm."""
    return host.compatibility.delete_all_deletes_alarm


@op
def storage_round(host: Host, slot: int) -> int:
    """The round of the newest write."""
    return attempt(lambda: host.stores[slot].written)


@op
def storage_started(host: Host, slot: int) -> int:
    """The newest round that is under way: its writes stay, whatever becomes of the instance."""
    return host.stores[slot].started


@op
def storage_commit_written(host: Host, slot: int) -> None:
    """Commit what was written outside of transactions: the end of the instance leaves it then."""
    host.stores[slot].commit_written()


@op
def storage_take_broken(host: Host) -> str:
    """The objects whose storage has failed within the turn, as JSON: slot, why, flags of each."""
    broken, host.broken_stores = host.broken_stores, []
    return json.dumps(broken)


@op
def storage_outstanding(host: Host, slot: int) -> int | None:
    """The round that an owner before this one has written; where it is durable, below zero.

    None where the object has to wait for its files: see `storage_opened`.
    """
    store = host.stores[slot]
    if store.is_opening:
        return None
    return store.written if store.written > store.durable else -store.durable


@async_op
async def storage_opened(host: Host, slot: int) -> None:
    """Return once nobody puts other files in the place of an object's."""
    store = host.stores.get(slot)
    if store is not None:
        await awaited_work(store.opened())


@op
def storage_begin(host: Host, slot: int) -> None:
    """Open a transaction, or a savepoint inside the one that is open."""
    attempt(host.stores[slot].begin)


@op
def storage_commit(host: Host, slot: int) -> int:
    """Commit the innermost transaction; the round of its writes."""
    return attempt(host.stores[slot].commit)


@op
def storage_rollback(host: Host, slot: int) -> None:
    """Undo the innermost transaction."""
    attempt(host.stores[slot].rollback)


def _leave_values(host: Host, pairs: Sequence[tuple[str, bytes]]) -> str | None:
    if not pairs:
        return None
    keys, values = zip(*pairs, strict=True)
    host.values = b"".join(values)
    return json.dumps([keys, [*map(len, values)]])


def _pairs(index: list[list[Any]], values: bytes) -> Iterable[tuple[str, bytes]]:
    position = 0
    for key, length in zip(*index, strict=True):
        yield key, values[position : position + length]
        position += length
