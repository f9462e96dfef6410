"""What a language calls languages, regions, scripts, currencies, calendars and fields of dates."""

from functools import lru_cache
from typing import Any

from holdfast.engine.icu.date_patterns import generator
from holdfast.engine.icu.library import NULL, IcuError, ffi, icu, opened, text_of, utf16
from holdfast.engine.icu.tags import as_locale

# UDisplayContext
_DIALECTS = {"standard": 0, "dialect": 1}
_CAPITALIZATION_NONE = 0x100
_FULL, _SHORT = 0x200, 0x201
_SUBSTITUTE, _NO_SUBSTITUTE = 0x300, 0x301

_WIDTHS = ("long", "short", "narrow")  # UDateTimePGDisplayWidth
# UDateTimePatternField, by ECMA-402's names.
_FIELDS = {
    "era": 0,
    "year": 1,
    "quarter": 2,
    "month": 3,
    "weekOfYear": 4,
    "weekday": 6,
    "day": 9,
    "dayPeriod": 10,
    "hour": 11,
    "minute": 12,
    "second": 13,
    "timeZoneName": 15,
}


class Names:
    """The names in one language. uldn_openForContext."""

    def __init__(self, locale: str, style: str, dialect: str, fallback: str) -> None:
        contexts = (
            _DIALECTS[dialect],
            _CAPITALIZATION_NONE,
            _FULL if style == "long" else _SHORT,
            _SUBSTITUTE if fallback == "code" else _NO_SUBSTITUTE,
        )
        self._names = opened(
            icu.uldn_close,
            icu.uldn_openForContext,
            *(as_locale(locale), ffi.new("int[]", contexts), len(contexts)),
        )

    def of(self, kind: str, code: str) -> str | None:
        """The name of a code in its canonical form; None if the language has none for it."""
        try:
            name = self._of(kind, code)
        except IcuError:
            return None
        return None if name in {"", code} else name

    def _of(self, kind: str, code: str) -> str:
        if kind == "language":
            return text_of(icu.uldn_localeDisplayName, self._names, as_locale(code))
        if kind == "region":
            return text_of(icu.uldn_regionDisplayName, self._names, code.encode())
        if kind == "script":
            return text_of(icu.uldn_scriptDisplayName, self._names, code.encode())
        if kind == "calendar":
            legacy = icu.uloc_toLegacyType(b"calendar", code.encode())
            code = code if legacy == NULL else ffi.string(legacy).decode()
        return text_of(icu.uldn_keyValueDisplayName, self._names, kind.encode(), code.encode())


@lru_cache(maxsize=48)
def names(locale: str, style: str, dialect: str, fallback: str) -> Names:
    """The names in this locale, by the options of DisplayNames."""
    return Names(locale, style, dialect, fallback)


def field_name(locale: str, style: str, field: str) -> str:
    """The name of a field of dates, such as the quarter. udatpg_getFieldDisplayName."""
    return text_of(
        icu.udatpg_getFieldDisplayName, generator(locale), _FIELDS[field], _WIDTHS.index(style)
    )


def uppercase(text: str, language: str) -> str:
    """The text in upper case, by the rules of a language. u_strToUpper."""
    return _cased(icu.u_strToUpper, text, language)


def lowercase(text: str, language: str) -> str:
    """The text in lower case, by the rules of a language. u_strToLower."""
    return _cased(icu.u_strToLower, text, language)


def _cased(function: Any, text: str, language: str) -> str:
    source, length = utf16(text)
    name = language.encode()

    def fill(target: Any, size: int, status: Any) -> int:
        return int(function(target, size, source, length, name, status))

    return text_of(fill, units=length + 32)
