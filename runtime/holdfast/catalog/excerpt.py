"""The places that an error's stack tells, in the sources: the lines around, and what they lack."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

_FRAME = re.compile(r"\(?([^\s()]+):(\d+):(\d+)\)?$")
_BINDING = re.compile(r"\benv\.([A-Za-z_$][\w$]*)")
_AROUND = 2  # lines of source that are shown on each side of the one that threw
_WIDTH = 200  # letters of a line that are shown: what was minified may have megabytes


class Place(NamedTuple):
    """A place in a source: its name and its lines; the line's number and the column, from 1."""

    name: str
    lines: list[str]
    number: int
    column: int

    @property
    def line(self) -> str:
        """The line itself."""
        return self.lines[self.number - 1]


def place_in(frames: Iterable[str], sources: Mapping[str, str]) -> Place | None:
    """Where the first frame of a stack is that is in one of the sources, which have names."""
    for frame in frames:
        match = _FRAME.search(frame)
        if match is None or match[1] not in sources:
            continue
        lines, number = sources[match[1]].splitlines(), int(match[2])
        if number <= len(lines):
            return Place(match[1], lines, number, int(match[3]))
    return None


def excerpt(place: Place | None) -> str:
    """The lines around a place, which is marked; "" where there is none."""
    if place is None:
        return ""
    name, lines, number, column = place
    first = max(number - _AROUND, 1)
    shown = [f"{name}:{number}"]
    for at, line in enumerate(lines[first - 1 : number + _AROUND], first):
        shown.append(f"{'>' if at == number else ' '} {at:4} | {line[:_WIDTH]}")
        if at == number and column <= _WIDTH:
            shown.append(f"       | {' ' * (column - 1)}^")
    return "\n".join(shown)


def lacking_binding(message: str, place: Place | None, bound: Collection[str]) -> str | None:
    """The name of a binding that the line at this place asks `env` for, and that it lacks.

    `message` is the error's, `bound` are the names that `env` has.
    """
    used = _BINDING.findall(place.line) if place is not None and "undefined" in message else []
    return next((name for name in used if name not in bound), None)
