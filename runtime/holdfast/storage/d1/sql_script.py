"""SQL that comes as a file: its statements, one after the other."""

from collections.abc import Iterator
from typing import BinaryIO

from holdfast.storage.d1.connection import D1Error
from holdfast.storage.splitting import is_empty, split, statement_ends
from holdfast.storage.statements import TOO_LONG

MAX_LINE_BYTES = 16 << 20
_LOOKED_AT_ONCE = 1 << 16  # characters


def statements_in(file: BinaryIO) -> Iterator[str]:
    """Each statement but those that are empty, read as it is wanted. Blocks.

    Raises D1Error where a line or a statement is too long, or it is no text.
    """
    text, enough = "", _LOOKED_AT_ONCE
    for line in _lines(file):
        text += line
        if len(text) >= enough:
            end = max(statement_ends(text), default=0)
            yield from _not_empty(text[:end])
            text = text[end:]
            if len(text) > MAX_LINE_BYTES:
                raise D1Error(TOO_LONG)
            enough = max(2 * len(text), _LOOKED_AT_ONCE)  # lest a long one is looked at for ever
    yield from _not_empty(text)


def _not_empty(text: str) -> Iterator[str]:
    return (statement for statement in split(text) if not is_empty(statement))


def _lines(file: BinaryIO) -> Iterator[str]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES):
        number += 1
        if len(line) == MAX_LINE_BYTES:
            raise D1Error(f"Line {number} of the SQL file is longer than {MAX_LINE_BYTES} bytes.")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise D1Error(f"Line {number} of the SQL file is not UTF-8.") from error
