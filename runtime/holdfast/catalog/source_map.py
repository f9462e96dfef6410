"""Where lines of a bundle come from, so that stacks name the files that their author knows.

https://tc39.es/ecma426/
"""

import json
import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

MAX_MAPPINGS = 4_000_000  # characters, which take half a second to read
_DIGITS = {
    letter: value
    for value, letter in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
}


class SourceMap:
    """The map of one module of a bundle. It is read when a place is first asked for."""

    def __init__(self, module: str, content: bytes, place: Path, folder: Path) -> None:
        """`place` is the folder from which the map names files; we name them from `folder`."""
        fields = json.loads(content)
        self._module = re.compile(rf"(?<![\w./-]){re.escape(module)}:(\d+):(\d+)")
        self._files = [
            os.path.relpath(os.path.normpath(place / source), folder)
            for source in fields["sources"]
        ]
        self._folder = folder
        self._mappings: str = fields["mappings"]

    @property
    def texts(self) -> dict[str, str]:
        """The author's own files, as they are now, by the names that places in them have."""
        texts = {}
        for name in self._files:
            if "node_modules/" not in name:
                with suppress(OSError):
                    texts[name] = (self._folder / name).read_text("utf-8", "replace")
        return texts

    def told(self, text: str) -> str:
        """A text in which places in the bundle are those in its sources."""
        return self._module.sub(self._original, text)

    def _original(self, found: re.Match[str]) -> str:
        line, column = int(found[1]) - 1, int(found[2]) - 1
        segments = self._segments
        if line >= len(segments.starts) - 1:
            return found[0]
        first, end = segments.starts[line], segments.starts[line + 1]
        index = bisect_right(segments.columns, column, first, end) - 1
        if index < first:
            return found[0]
        file, line, column = segments.origins[index * 3 : index * 3 + 3]
        return f"{self._files[file]}:{line + 1}:{column + 1}"

    @cached_property
    def _segments(self) -> "_Segments":
        return _read(self._mappings if len(self._mappings) <= MAX_MAPPINGS else "")


class _Segments(NamedTuple):
    """What a map says, in flat arrays, for the garbage collector to have nothing to look at.

    `starts` has the first segment of each generated line, and the end of the last. A segment has a
    generated column, and three of `origins`: file, line and column.
    """

    starts: "array[int]"
    columns: "array[int]"
    origins: "array[int]"


def _read(mappings: str) -> _Segments:
    starts, columns, origins = array("i", [0]), array("i"), array("i")
    known: dict[str, tuple[int, ...]] = {}  # few of the many segments differ
    file = line = column = 0
    for group in mappings.split(";"):
        generated = 0
        for segment in group.split(",") if group else ():
            numbers = known.get(segment)
            if numbers is None:
                numbers = known[segment] = tuple(_numbers(segment))
            generated += numbers[0]
            if len(numbers) >= 4:
                file, line, column = file + numbers[1], line + numbers[2], column + numbers[3]
                columns.append(generated)
                origins.extend((file, line, column))
        starts.append(len(columns))
    return _Segments(starts, columns, origins)


def _numbers(segment: str) -> Iterator[int]:
    """Base64 VLQ: five bits at a time, the lowest first, and the lowest of all is the sign."""
    value = shift = 0
    for letter in segment:
        digit = _DIGITS[letter]
        value += (digit & 31) << shift
        shift += 5
        if not digit & 32:
            yield -(value >> 1) if value & 1 else value >> 1
            value = shift = 0
