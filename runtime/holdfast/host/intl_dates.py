"""Ops of Intl: dates and time zones. What they call is imported when a script first asks for it.

Locales are tags whose extension names the calendar and the digits; zones are those that
`intl_time_zone` gave; times are in milliseconds since 1970.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from holdfast.engine import Json, ScriptError
from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Host

T = TypeVar("T")


@op
def intl_time_zone(_host: "Host", name: str) -> str:
    """The time zone of that name, as Intl tells it. Raises RangeError for what is none."""
    from holdfast.engine.icu.time_zones import time_zone

    zone = time_zone(name)
    if zone is None:
        raise ScriptError("RangeError", f"Invalid time zone specified: {name}")
    return zone


@op
def intl_date_pattern(_host: "Host", locale: str, skeleton: str, hour_cycle: str) -> str:
    """See `pattern_for` of engine/icu/date_patterns.py."""
    from holdfast.engine.icu.date_patterns import pattern_for

    return pattern_for(locale, skeleton, hour_cycle)


@op
def intl_date_style_pattern(
    _host: "Host", locale: str, date_style: str, time_style: str, hour_cycle: str
) -> str:
    """See `pattern_of_styles` of engine/icu/date_patterns.py."""
    from holdfast.engine.icu.date_patterns import pattern_of_styles

    return pattern_of_styles(locale, date_style, time_style, hour_cycle)


@op
def intl_date_text(_host: "Host", locale: str, pattern: str, zone: str, ms: float) -> str:
    """A time as text."""
    from holdfast.engine.icu.dates import date_text

    return _written(date_text, locale, pattern, zone, ms)


@op
def intl_date_parts(_host: "Host", locale: str, pattern: str, zone: str, ms: float) -> Json:
    """The text in its parts."""
    from holdfast.engine.icu.dates import date_parts

    return Json(json.dumps(_written(date_parts, locale, pattern, zone, ms)).encode())


@op
def intl_date_range(
    _host: "Host", locale: str, pattern: str, zone: str, hours: str, start: float, end: float
) -> Json:
    """Two times as text in its parts, with hours that are counted so, as in `h12`."""
    from holdfast.engine.icu.dates import range_parts

    return Json(
        json.dumps(_written(range_parts, locale, pattern, zone, hours, (start, end))).encode()
    )


def _written(function: Callable[..., T], *arguments: object) -> T:
    """What the function gives. Raises TypeError for a time that the calendar cannot tell of."""
    from holdfast.engine.icu.library import IcuError

    try:
        return function(*arguments)
    except IcuError as error:
        raise ScriptError("TypeError", "Internal error. Icu error.") from error
