"""Ops of Intl: locales. What they call is imported when a script first asks for it."""

import json
from typing import TYPE_CHECKING, Any

from holdfast.engine import Json, ScriptError
from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Host

MAX_ITEMS = 1 << 16  # of a list: ICU takes a quarter of a second for as many, and cannot be stopped


@op
def intl_canonical_tag(_host: "Host", tag: str) -> str:
    """The language tag in its canonical form. Raises RangeError for what is none."""
    from holdfast.engine.icu.tags import canonical_tag

    canonical = canonical_tag(tag)
    if canonical is None:
        raise ScriptError("RangeError", f"Invalid language tag: {tag}")
    return canonical


@op
def intl_best_available(_host: "Host", tag: str, service: str) -> str | None:
    """The locale that serves a canonical tag, if any does, of the class that is called so."""
    from holdfast.engine.icu.locales import best_available

    return best_available(tag, service)


@op
def intl_resolve_locale(_host: "Host", tag: str, keys: str, service: str) -> str:
    """See `resolve_locale` of engine/icu/locales.py."""
    from holdfast.engine.icu.locales import resolve_locale

    return resolve_locale(tag, keys, service)


@op
def intl_number(_host: "Host", locale: str, skeleton: str, number: float | str) -> str:
    """The number as ICU writes it; see engine/icu/numbers.py."""
    from holdfast.engine.icu.numbers import number_formatter

    return number_formatter(locale, skeleton).format(number)


@op
def intl_number_parts(_host: "Host", locale: str, skeleton: str, number: float | str) -> Json:
    """The number as parts, `[{type, value}, …]`."""
    from holdfast.engine.icu.numbers import number_formatter

    return _json(number_formatter(locale, skeleton).parts(number))


@op
def intl_number_range(_host: "Host", locale: str, skeleton: str, start: str, end: str) -> str:
    """The range between two numbers, both in decimal digits."""
    from holdfast.engine.icu.numbers import range_formatter

    return range_formatter(locale, skeleton).format(start, end)


@op
def intl_number_range_parts(
    _host: "Host", locale: str, skeleton: str, start: str, end: str
) -> Json:
    """The same as parts, `[{type, value, source}, …]`."""
    from holdfast.engine.icu.numbers import range_formatter

    return _json(range_formatter(locale, skeleton).parts(start, end))


@op
def intl_currency_digits(_host: "Host", code: str) -> int:
    """How many digits a fraction of a currency has."""
    from holdfast.engine.icu.numbers import currency_digits

    return currency_digits(code)


@op
def intl_time_separator(_host: "Host", locale: str, numbering_system: str) -> str:
    """What stands between hours and minutes."""
    from holdfast.engine.icu.numbers import time_separator

    return time_separator(locale, numbering_system)


@op
def intl_plural(_host: "Host", locale: str, kind: str, skeleton: str, number: float | str) -> str:
    """The plural category of a number, once it is written as the skeleton says."""
    from holdfast.engine.icu.phrases import plural_rules

    return plural_rules(locale, kind).select(skeleton, number)


@op
def intl_plural_range(
    _host: "Host", locale: str, kind: str, skeleton: str, start: str, end: str
) -> str:
    """The plural category of a range between two numbers, both in decimal digits."""
    from holdfast.engine.icu.phrases import plural_rules

    return plural_rules(locale, kind).select_range(skeleton, start, end)


@op
def intl_plural_categories(_host: "Host", locale: str, kind: str) -> str:
    """The plural categories of a language, joined by commas."""
    from holdfast.engine.icu.phrases import plural_rules

    return ",".join(plural_rules(locale, kind).categories())


@op
def intl_list(_host: "Host", locale: str, kind: str, style: str, items: str) -> str:
    """The texts of a JSON array as a list."""
    from holdfast.engine.icu.phrases import list_formatter

    return list_formatter(locale, kind, style).format(_texts(items))


@op
def intl_list_parts(_host: "Host", locale: str, kind: str, style: str, items: str) -> Json:
    """The same as parts, `[{type, value}, …]`."""
    from holdfast.engine.icu.phrases import list_formatter

    return _json(list_formatter(locale, kind, style).parts(_texts(items)))


@op
def intl_relative(
    _host: "Host", locale: str, style: str, in_words: bool, number: float | str, unit: str
) -> str:
    """A time told from now."""
    from holdfast.engine.icu.phrases import relative_formatter

    return relative_formatter(locale, style).format(float(number), unit, in_words=in_words)


@op
def intl_relative_parts(
    _host: "Host", locale: str, style: str, in_words: bool, number: float | str, unit: str
) -> Json:
    """The same as parts, `[{type, value, unit}, …]`."""
    from holdfast.engine.icu.phrases import relative_formatter

    formatter = relative_formatter(locale, style)
    return _json(formatter.parts(float(number), unit, in_words=in_words))


@op
def intl_name(_host: "Host", locale: str, options: str, code: str) -> str | None:
    """What a code is called, if it has a name; see engine/icu/names.py.

    The options are kind, style, dialect and fallback, joined by commas.
    """
    from holdfast.engine.icu.names import field_name, names

    kind, style, dialect, fallback = options.split(",")
    if kind == "dateTimeField":
        return field_name(locale, style, code)
    return names(locale, style, dialect, fallback).of(kind, code)


@op
def intl_cased(_host: "Host", text: str, language: str, to_upper: bool) -> str:
    """The text in upper or lower case, by the rules of a language."""
    from holdfast.engine.icu.names import lowercase, uppercase

    return (uppercase if to_upper else lowercase)(text, language)


@op
def intl_locale_info(_host: "Host", tag: str, what: str) -> str:
    """See `locale_info` of engine/icu/locales.py."""
    from holdfast.engine.icu.locales import locale_info

    return locale_info(tag, what)


@op
def intl_likely(_host: "Host", tag: str, adds: bool) -> str:
    """The tag with its likely subtags, or without."""
    from holdfast.engine.icu.tags import likely

    return likely(tag, adds=adds)


@op
def intl_supported_values(_host: "Host", key: str) -> str:
    """What ICU knows of this kind, joined by commas."""
    from holdfast.engine.icu.locales import supported_values

    return ",".join(supported_values(key))


def _texts(items: str) -> list[str]:
    texts: list[str] = json.loads(items)
    if len(texts) > MAX_ITEMS:
        raise ScriptError("RangeError", f"Lists have {MAX_ITEMS} elements at most")
    return texts


def _json(value: Any) -> Json:
    return Json(json.dumps(value).encode())
