"""Ops behind `storage.sql` and `storage.transactionSync`, by the object's slot.

An answer crosses as one JSON text, with the rows last. A value that JSON has no form for stands
there as an object: `{"b": length}` for a blob, whose bytes follow by `storage_taken_values`, end to
end, and `{"n": "Infinity"}` for a number. Where there are such values, 1 follows the rows.
"""

import json
from collections.abc import Sequence
from typing import Any

from holdfast.host.context import Host
from holdfast.host.ops import op
from holdfast.host.storage import attempt
from holdfast.storage import Sql
from holdfast.storage.statements import Row, Statement


@op
def sql_exec(host: Host, slot: int, sql: str, *bindings: Any) -> str:
    """Run statements. JSON: cursor, round, rows written, columns, kind, rows.

    The cursor is 0 where all rows are here; see polyfills/objects/sql-rows.js for the kind.
    """
    answer = attempt(_sql(host, slot).execute, sql, _values(bindings))
    statement = answer.statement
    columns = statement.encoded or _encode_columns(statement)
    rows = _encode(host, answer.rows)
    kind = answer.is_query + 2 * statement.repeats
    return f"[{answer.cursor},{answer.written},{answer.rows_written},{columns},{kind},{rows}]"


@op
def sql_fetch(host: Host, slot: int, cursor: int, limit: int) -> str:
    """Up to `limit` rows of a cursor that has some. JSON: whether there are more, rows."""
    rows, more = attempt(_sql(host, slot).fetch, cursor, limit)
    return f"[{'true' if more else 'false'},{_encode(host, rows)}]"


@op
def sql_stand_at(host: Host, slot: int, cursor: int, taken: int, sql: str, *bindings: Any) -> int:
    """Another cursor in place of one that has read ahead, of which so many rows were taken."""
    sql_of = _sql(host, slot)
    return attempt(sql_of.stand_at, cursor, taken, sql, _values(bindings))


@op
def sql_close(host: Host, slot: int, cursor: int) -> None:
    """Nobody will read the rest of a cursor; its object may be gone."""
    store = host.stores.get(slot)
    if store is not None:
        store.sql(host.isolate.is_out_of_time).close_cursor(cursor)


@op
def sql_rows_read(host: Host, slot: int, sql: str, *bindings: Any) -> int:
    """About how many rows a statement that only reads looks at; 0 for others."""
    return attempt(_sql(host, slot).rows_read, sql, _values(bindings))


@op
def sql_size(host: Host, slot: int) -> int:
    """The size of the database in bytes."""
    return attempt(_sql(host, slot).size)


@op
def storage_save(host: Host, slot: int) -> None:
    """Begin a synchronous transaction."""
    attempt(host.stores[slot].save)


@op
def storage_release(host: Host, slot: int) -> None:
    """Keep what the innermost synchronous transaction did, as a part of what is around it."""
    attempt(host.stores[slot].release, undo=False)


@op
def storage_undo(host: Host, slot: int) -> None:
    """Undo what the innermost synchronous transaction did."""
    attempt(host.stores[slot].release, undo=True)


def _sql(host: Host, slot: int) -> Sql:
    return host.stores[slot].sql(host.isolate.is_out_of_time)


def _values(bindings: Sequence[Any]) -> list[Any]:
    """Every number of JavaScript is a double, and SQL can tell."""
    return [float(value) if value.__class__ is int else value for value in bindings]


def _encode_columns(statement: Statement) -> str:
    statement.encoded = json.dumps(statement.columns)
    return statement.encoded


_ENCODER = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))


def _encode(host: Host, rows: Sequence[Row]) -> str:
    if not rows:
        return "[]"
    try:
        return _ENCODER.encode(rows)
    except (TypeError, ValueError):  # a blob, or a number that JSON has no form for
        blobs: list[bytes] = []
        text = _ENCODER.encode([[_described(value, blobs) for value in row] for row in rows])
        host.values = b"".join(blobs)
        return f"{text},1"


def _described(value: Any, blobs: list[bytes]) -> Any:
    if value.__class__ is bytes:
        blobs.append(value)
        return {"b": len(value)}
    if value.__class__ is float and value in (float("inf"), float("-inf")):
        return {"n": "Infinity" if value > 0 else "-Infinity"}
    return value
