"""Time zones as ICU's own data has them, whatever the machine has.

https://unicode-org.github.io/icu/userguide/datetime/timezone/
"""

import re
from functools import cache

from holdfast.engine.icu.library import NULL, checked, ffi, icu, names_in, text_of, utf16

MAX_NAME_CHARS = 64

_ANY, _CANONICAL_LOCATION = 0, 2  # USystemTimeZoneType
_OFFSET = re.compile(r"([+\-\u2212])([01]\d|2[0-3])(?::?([0-5]\d))?", re.ASCII)
_UTC = frozenset({"Etc/UTC", "Etc/GMT"})


def time_zone(name: str) -> str | None:
    """The zone that is meant as Intl names it, an offset as `+05:30`; None if there is none.

    Letters of either case. A name that is another's has that one's: Asia/Kolkata is Asia/Calcutta,
    which CLDR keeps for the sake of those who have stored it.
    """
    if match := _OFFSET.fullmatch(name):
        sign, hours, minutes = match.groups("00")
        is_zero = hours == minutes == "00"
        return f"{'+' if sign == '+' or is_zero else '-'}{hours}:{minutes}"
    known = _known().get(name.lower()) if len(name) <= MAX_NAME_CHARS else None
    return None if known is None else _canonical(known)


def icu_name(zone: str) -> str:
    """The same zone as ICU names it."""
    return f"GMT{zone}" if zone[0] in "+-" else zone


def place_names() -> list[str]:
    """The zones that are named after a place."""
    return _ids(_CANONICAL_LOCATION)


@cache
def _known() -> dict[str, str]:
    return {name.lower(): name for name in _ids(_ANY) if name != "Etc/Unknown"}


def _ids(kind: int) -> list[str]:
    return names_in(checked(icu.ucal_openTimeZoneIDEnumeration, kind, NULL, NULL))


def _canonical(name: str) -> str:
    is_system_id = ffi.new("UBool *")
    function = icu.ucal_getCanonicalTimeZoneID
    found = text_of(function, *utf16(name), after=(is_system_id,))
    return "UTC" if found in _UTC else found
