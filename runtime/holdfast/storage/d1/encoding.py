"""What a D1 request gave, as the JSON that its author is given. Pure.

A blob is a list of its bytes, as in D1; a number that JSON has no form for is null.
"""

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from holdfast.storage.d1.connection import Outcome
from holdfast.storage.d1.database import Answers, Query
from holdfast.storage.statements import SqlValue

SERVED_BY = "holdfast"
_ROWS_OF_A_PIECE = 32
_SHOWN = 200  # characters of a parameter that is none

_ENCODER = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))


def encode_rows(outcome: Outcome) -> str:
    """An outcome with its rows as lists, beside the columns' names."""
    columns, rows = _encode(outcome.columns), _encode_values(outcome.rows)
    return _encode_result(outcome, f'{{"columns":{columns},"rows":{rows}}}')


def encode_answers(answers: Answers) -> str:
    """What a request of a script gave: `{bookmark, results}`."""
    results = ",".join(encode_rows(outcome) for outcome in answers.outcomes)
    return f'{{"bookmark":"{bookmark_of(answers.writes)}","results":[{results}]}}'


def encode_objects(outcome: Outcome) -> str:
    """An outcome with its rows as objects; of columns that share a name, the last counts."""
    objects = [dict(zip(outcome.columns, row, strict=True)) for row in outcome.rows]
    return _encode_result(outcome, _encode_values(objects))


def meta_of(outcome: Outcome) -> dict[str, Any]:
    """What is counted of an outcome."""
    return {
        "served_by": SERVED_BY,
        "duration": outcome.duration_ms,
        "changes": outcome.changes,
        "last_row_id": outcome.last_row_id,
        "changed_db": outcome.changed_db,
        "size_after": outcome.size_after,
        "rows_read": outcome.rows_read,
        "rows_written": outcome.rows_written,
    }


def bookmark_of(writes: int) -> str:
    """The bookmark of a database that was written so many times; later ones sort after it.

    It has the form of Cloudflare's.
    """
    high, low = divmod(writes, 1 << 32)
    return f"{high:08x}-{low:08x}-{0:08x}-{0:032x}"


def restored(bookmark: str, previous: str) -> dict[str, str]:
    """What who went back to a bookmark is told; `previous` undoes that."""
    return {
        "bookmark": bookmark,
        "message": "Database restored successfully",
        "previous_bookmark": previous,
    }


def decode_query(entry: Any) -> Query:
    """A query from JSON, `{sql, params?}`: a list of bytes is a blob, every number a double.

    Raises ValueError for what is none.
    """
    sql, params = (
        (entry.get("sql"), entry.get("params") or []) if isinstance(entry, dict) else ("", 0)
    )
    if not isinstance(sql, str) or not isinstance(params, list):
        raise ValueError('a query must have "sql", a string, and may have "params", a list')
    return Query(sql, [_decode(value) for value in params])


def _decode(value: Any) -> SqlValue:
    match value:
        case None | str():
            return value
        case bool():
            return float(value)
        case int() | float():
            return float(value)
        case list():
            with suppress(TypeError, ValueError):  # as nearly all are, and far sooner done
                return bytes(value)
            if all(isinstance(byte, int | float) for byte in value):
                return bytes(int(byte) & 255 for byte in value)
    wanted = "a parameter must be null, a number, a string or a list of bytes"
    raise ValueError(f"{wanted}: {repr(value)[:_SHOWN]}")


def _encode(value: Any) -> str:
    return _ENCODER.encode(value)


def _encode_result(outcome: Outcome, results: str) -> str:
    return f'{{"success":true,"meta":{_encode(meta_of(outcome))},"results":{results}}}'


def _encode_values(rows: Sequence[Sequence[Any]] | Sequence[Mapping[str, Any]]) -> str:
    """The rows of a result, of which there may be many: others have turns between the pieces."""
    pieces = (
        _encode_piece(rows[start : start + _ROWS_OF_A_PIECE])
        for start in range(0, len(rows), _ROWS_OF_A_PIECE)
    )
    return f"[{','.join(piece[1:-1] for piece in pieces)}]"


def _encode_piece(rows: Sequence[Sequence[Any]] | Sequence[Mapping[str, Any]]) -> str:
    try:
        text = _encode(rows)
    except (TypeError, ValueError):  # a blob, or a number that JSON has no form for
        text = ""
    if text and "-0.0" not in text:
        return text
    return _encode([_plain_row(row) for row in rows])


def _plain_row(row: Any) -> Any:
    if isinstance(row, Mapping):
        return {name: _plain(value) for name, value in row.items()}
    return [_plain(value) for value in row]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, float):
        return (value or 0) if math.isfinite(value) else None
    return value
