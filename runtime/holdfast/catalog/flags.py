"""Cloudflare's compatibility flags: which there are, and which hold for a script.

https://developers.cloudflare.com/workers/configuration/compatibility-flags/
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from holdfast.dataclass import dataclass
from holdfast.meant import meant

_TABLE = Path(__file__).with_name("flags.txt")
NEWEST = "9999-12-31"  # the date of a script that gives none


@dataclass(frozen=True, slots=True)
class Flag:
    """One that a script may name, by what enables it.

    It holds from `since` on, and from `with_others_since` on where any of `others` holds.
    """

    name: str
    opposite: str | None
    since: str | None
    others: tuple[str, ...]
    with_others_since: str


def mistake_in(flags: Sequence[str]) -> str | None:
    """What is wrong with a script's flags, in workerd's words; None where nothing is."""
    asked = set[str]()
    for name in flags:
        if name in asked:
            return f"Compatibility flag specified multiple times: {name}"
        asked.add(name)
    for flag in known_flags():
        if flag.name in asked and flag.opposite in asked:
            return f"Compatibility flags are mutually contradictory: {flag.name} vs {flag.opposite}"
    names = _names()
    unknown = next((name for name in flags if name not in names), None)
    return None if unknown is None else f"No such compatibility flag: {unknown}{_hint(unknown)}"


def flags_that_hold(date: str | None, flags: Sequence[str]) -> frozenset[str]:
    """The flags that hold for a script of this compatibility date that names these flags.

    One that gives no date is taken for a new one.
    """
    return _flags_that_hold(date or NEWEST, tuple(flags))


@lru_cache(maxsize=256)  # scripts are loaded again and again
def _flags_that_hold(date: str, flags: tuple[str, ...]) -> frozenset[str]:
    holding = set[str]()
    for flag in known_flags():
        by_date = flag.since is not None and date >= flag.since
        if flag.name in flags or (by_date and flag.opposite not in flags):
            holding.add(flag.name)
    for flag in known_flags():
        is_late = date >= flag.with_others_since and flag.opposite not in flags
        if is_late and not holding.isdisjoint(flag.others):
            holding.add(flag.name)
    return frozenset(holding)


@cache
def known_flags() -> tuple[Flag, ...]:
    """All of them. Blocks, the first time."""
    lines = _TABLE.read_text("utf-8").splitlines()
    return tuple(_flag(line) for line in lines if not line.startswith("#"))


def _flag(line: str) -> Flag:
    name, *words = line.split(" ")
    opposite = since = None
    others: tuple[str, ...] = ()
    with_others_since = ""
    for word in words:
        if word.startswith("/"):
            opposite = word[1:]
        elif "<" in word:
            with_others_since, _, listed = word.partition("<")
            others = tuple(listed.split(","))
        else:
            since = word
    return Flag(name, opposite, since, others, with_others_since)


@cache
def _names() -> frozenset[str]:
    both = ((flag.name, flag.opposite) for flag in known_flags())
    return frozenset(name for pair in both for name in pair if name is not None)


def _hint(name: str) -> str:
    near = meant(name, _names())
    return f' (did you mean "{near}"?)' if near else ""
