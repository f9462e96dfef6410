"""SQL that comes as a file: its statements, one after the other."""

from collections.abc import Iterator
from typing import BinaryIO

import apsw

from holdfast.storage.d1.connection import D1Error
from holdfast.storage.statements import is_empty, split

MAX_LINE_BYTES = 16 << 20


def statements_in(file: BinaryIO) -> Iterator[str]:
    """Each statement but those that are empty, read as it is wanted. Blocks.

    Raises D1Error where a line is too long or no text.
    """
    read: list[str] = []
    for line in _lines(file):
        read.append(line)
        if ";" in line and apsw.complete(text := "".join(read)):
            yield from _not_empty(text)
            read.clear()
    yield from _not_empty("".join(read))


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
