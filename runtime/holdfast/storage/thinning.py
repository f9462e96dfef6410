"""Which marks of an object's past are given up, so that it stays small. Pure.

The older a mark is, the further it may be from its neighbours. See history.py for what they are.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

MAX_ASKED = 1_000

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000


class Mark(NamedTuple):
    """A mark in a list of them: what it shows was so from `since_ms` to `until_ms` at least."""

    number: int
    since_ms: int
    until_ms: int
    asked: bool  # for by a script, which may come back with the bookmark


def outdated(marks: Sequence[Mark], now_ms: float, oldest_ms: float) -> list[int]:
    """The numbers of marks that no rule keeps, of a list from the oldest to the newest.

    Kept are the newest one; those that scripts asked for, up to MAX_ASKED; of the others all of
    an hour, one of each hour of a day, and one of each day. Nothing that ended before
    `oldest_ms`.
    """
    gone: list[int] = []
    asked = 0
    seen: set[tuple[int, int]] = set()
    for mark in reversed(marks[:-1]):
        age = now_ms - mark.until_ms
        unit = _HOUR_MS if age < _DAY_MS else _DAY_MS
        slot = (unit, mark.until_ms // unit)
        asked += mark.asked
        keep = asked <= MAX_ASKED if mark.asked else age < _HOUR_MS or slot not in seen
        seen.add(slot)
        if mark.until_ms < oldest_ms or not keep:
            gone.append(mark.number)
    return gone


def least_missed(marks: Sequence[Mark], now_ms: float, kept: Iterable[int | None]) -> int | None:
    """The mark that is missed least if one has to go for want of space.

    It leaves the smallest gap, as measured by how long ago that is. None where all are needed:
    the oldest and the newest, those that were asked for, and the numbers in `kept`.
    """
    needed = set(kept)
    chosen: int | None = None
    least = math.inf
    for before, mark, after in zip(marks, marks[1:], marks[2:], strict=False):
        gap = (after.until_ms - before.until_ms) / max(now_ms - mark.until_ms, 1)
        if gap < least and not mark.asked and mark.number not in needed:
            chosen, least = mark.number, gap
    return chosen
