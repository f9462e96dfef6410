"""Patterns for dates: in which order, and with what between them, a language writes their fields.

How an hour is counted is put into ICU's patterns as V8 puts it there, where the two would differ.

https://unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table
"""

import re
from functools import lru_cache
from typing import Any

from holdfast.engine.icu.library import NULL, checked, icu, opened, text_of, utf16
from holdfast.engine.icu.tags import as_locale

# By the letters that stand for an hour; in the order of UDateFormatHourCycle.
HOUR_CYCLES = {"h11": "K", "h12": "h", "h23": "H", "h24": "k"}

# UDateFormatStyle
_STYLES = {"full": 0, "long": 1, "medium": 2, "short": 3, "": -1}
_BY_PATTERN = -2
_STYLED = "@"

_NAMELESS = "-ca-iso8601"
_MATCH_HOUR_FIELD_LENGTH = 1 << 11  # UDATPG_MATCH_HOUR_FIELD_LENGTH
_HOUR = re.compile("[hHkK]")
_DAY_PERIOD = re.compile("[abB]")
_QUOTED = re.compile("('[^']*')")


def default_hour_cycle(locale: str) -> str:
    """How hours are counted where the locale is spoken, as `h23`."""
    number: int = checked(icu.udatpg_getDefaultHourCycle, generator(locale))
    return [*HOUR_CYCLES][number]


@lru_cache(256)
def pattern_for(locale: str, skeleton: str, hour_cycle: str) -> str:
    """The pattern that comes closest to a skeleton, its hours counted so, or in any way for ``."""
    function = icu.udatpg_getBestPatternWithOptions
    pattern = text_of(function, generator(locale), *utf16(skeleton), _MATCH_HOUR_FIELD_LENGTH)
    return _with_hours(pattern, HOUR_CYCLES[hour_cycle]) if hour_cycle else pattern


@lru_cache(256)
def pattern_of_styles(locale: str, date_style: str, time_style: str, hour_cycle: str) -> str:
    """The pattern of a style for the date and one for the time, either of which may be ``.

    As `@full,long` where it is ICU's own, which knows more of it: in which figures the days are.
    """
    own = f"{_STYLED}{date_style},{time_style}"
    pattern = written_pattern(opened_form(locale, own))
    if time_style and _hours_of(pattern) != HOUR_CYCLES[hour_cycle]:
        skeleton = _HOUR.sub(HOUR_CYCLES[hour_cycle], _DAY_PERIOD.sub("", skeleton_of(pattern)))
        return pattern_for(locale, skeleton, hour_cycle)
    return pattern if _NAMELESS in locale else own


def opened_form(locale: str, pattern: str) -> Any:
    """A UDateFormat for a pattern, in CLDR's letters or as `@full,long`."""
    styles, units = (_BY_PATTERN, _BY_PATTERN), utf16(pattern)
    if pattern.startswith(_STYLED):
        date_style, time_style = pattern[1:].split(",")
        styles, units = (_STYLES[time_style], _STYLES[date_style]), (NULL, 0)
    if _NAMELESS in locale and styles[0] == _BY_PATTERN:
        locale = with_names(locale)
    return opened(icu.udat_close, icu.udat_open, *styles, as_locale(locale), NULL, 0, *units)


def written_pattern(form: Any) -> str:
    """The pattern of a UDateFormat in CLDR's letters."""
    return text_of(icu.udat_toPattern, form, 0)  # 0: not localized


def with_names(locale: str) -> str:
    """The locale with a calendar that is the same, and whose months and eras have names."""
    return locale.replace(_NAMELESS, "-ca-gregory")


def skeleton_of(pattern: str) -> str:
    """The fields of a pattern, without order and what is between them."""
    return text_of(icu.udatpg_getSkeleton, NULL, *utf16(pattern))


@lru_cache(64)
def generator(locale: str) -> Any:
    """The UDateTimePatternGenerator of a locale."""
    return opened(icu.udatpg_close, icu.udatpg_open, as_locale(locale))


def _hours_of(pattern: str) -> str:
    found = _HOUR.search(_QUOTED.sub("", pattern))
    return found[0] if found else ""


def _with_hours(pattern: str, letter: str) -> str:
    """The pattern with another letter for hours, which stands apart from a day before it."""
    parts = _QUOTED.split(pattern)
    parts[::2] = [_HOUR.sub(letter, re.sub("(?<=d)(?=[hHkK])", " ", part)) for part in parts[::2]]
    return "".join(parts)
