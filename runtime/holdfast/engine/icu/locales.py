"""Which locale serves a request, and what ICU has for it.

https://tc39.es/ecma402/#sec-resolvelocale
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

from holdfast.engine.icu.date_patterns import default_hour_cycle
from holdfast.engine.icu.library import NULL, checked, ffi, icu, names_in, opened
from holdfast.engine.icu.tags import as_locale, as_tag, joined, split
from holdfast.engine.icu.time_zones import place_names

DEFAULT = "en-US"

_IN_USE = 1 | 8  # UCURR_COMMON, UCURR_NON_DEPRECATED

_EXTENSION = re.compile(r"-u((?:-[a-z0-9]{2,8})+)")
_FIXED = {
    "kn": ("false", "true"),
    "kf": ("false", "upper", "lower"),
    "hc": ("", "h11", "h12", "h23", "h24"),
}


@cache
def available_locales() -> frozenset[str]:
    """The tags of the locales that ICU knows, also without their scripts, such as zh-TW."""
    return _with_short_forms(icu.uloc_getAvailable, icu.uloc_countAvailable())


@cache
def collator_locales() -> frozenset[str]:
    """The tags of the locales that have an order, which are languages but for a few."""
    return _with_short_forms(icu.ucol_getAvailable, icu.ucol_countAvailable())


def _with_short_forms(listed: Callable[[int], Any], count: int) -> frozenset[str]:
    tags = {as_tag(ffi.string(listed(n)).decode()) for n in range(count)}
    scripted = (split(tag) for tag in tags)
    short = {joined(language, region) for language, script, region, _ in scripted if script}
    return frozenset(tags | short)


@cache
def plural_locales() -> frozenset[str]:
    """The tags of the locales that have rules for plurals, which are languages but for a few."""
    root = opened(icu.ures_close, icu.ures_openDirect, NULL, b"plurals")
    table = opened(icu.ures_close, icu.ures_getByKey, root, b"locales", NULL)
    tags = set()
    while icu.ures_hasNext(table):
        entry = opened(icu.ures_close, icu.ures_getNextResource, table, NULL)
        tags.add(as_tag(ffi.string(icu.ures_getKey(entry)).decode()))
    return frozenset(tags)


_LOCALES_OF = {"Collator": collator_locales, "PluralRules": plural_locales}


@lru_cache(maxsize=512)
def best_available(tag: str, service: str) -> str | None:
    """The locale of one of Intl's classes that serves a canonical tag; maybe a more general one."""
    known = _LOCALES_OF.get(service, available_locales)()
    candidate = re.split(r"-[a-z0-9]-", tag, maxsplit=1)[0]
    while candidate and candidate not in known:
        candidate = candidate.rpartition("-")[0]
    return candidate or None


@lru_cache(maxsize=512)
def resolve_locale(tag: str, keys: str, service: str) -> str:
    """The locale of a class that serves a canonical tag, and what the tag's extension comes to.

    `keys`, joined by commas, are those of the extension that matter: `nu` alone, or `nu=latn`
    where an option has a say as well. "" stands for a tag that nothing serves. The answer is the
    locale with what was heeded of the extension, the same without, and a value for each key,
    joined by commas.
    """
    found, keywords = best_available(tag, service) or DEFAULT, keywords_of(tag)
    values, heeded = [], []
    for entry in filter(None, keys.split(",")):
        key, has_option, option = entry.partition("=")
        value, is_heeded = _value(found, key, keywords.get(key), option if has_option else None)
        values.append(value)
        if is_heeded:
            heeded.append(f"-{key}" if value == "true" else f"-{key}-{value}")
    extension = f"-u{''.join(sorted(heeded))}" if heeded else ""
    return ",".join([found + extension, found, *values])


def _value(locale: str, key: str, asked: str | None, option: str | None) -> tuple[str, bool]:
    """What a key comes to, and whether it is because the tag says so."""
    own = asked or ("true" if asked == "" else None)
    if own is not None and not _is_value(locale, key, own):
        own = None
    if option is not None:
        option = option and canonical_value(key, option)
        if option != own and _is_value(locale, key, option):
            return option, False
    if own is not None:
        return own, True
    return _preset(locale, key), False


def keywords_of(tag: str) -> dict[str, str]:
    """What the Unicode extension of a canonical tag says, by its keys; "" for "true"."""
    match = _EXTENSION.search(tag.partition("-x-")[0])
    found: dict[str, str] = {}
    key = None
    for part in match[1].split("-")[1:] if match else ():
        if len(part) == 2:
            key = part
            found.setdefault(key, "")
        elif key is not None:
            found[key] = joined(found[key], part)
    return found


def canonical_value(key: str, value: str) -> str:
    """A value of an extension's key as it is written today; as it is, if it is not known."""
    lower = value.lower()
    found = icu.uloc_toUnicodeLocaleType(key.encode(), lower.encode("ascii", "replace"))
    return lower if found == NULL else ffi.string(found).decode()


def _is_value(locale: str, key: str, value: str) -> bool:
    if key == "nu":
        return value in numbering_systems()
    if key == "ca":
        return value in keyword_values("ca", "und", common=False)
    if key == "co":
        return value not in {"standard", "search"} and value in keyword_values("co", locale)
    return value in _FIXED[key]


def _preset(locale: str, key: str) -> str:
    if key == "nu":
        system = opened(icu.unumsys_close, icu.unumsys_open, as_locale(locale))
        return str(ffi.string(icu.unumsys_getName(system)).decode())
    if key == "ca":
        return keyword_values("ca", locale)[0]
    return "default" if key == "co" else _FIXED[key][0]


@cache
def numbering_systems() -> tuple[str, ...]:
    """The numbering systems of ten digits."""
    names = names_in(checked(icu.unumsys_openAvailableNames))
    return tuple(name for name in sorted(names) if not _is_algorithmic(name))


def _is_algorithmic(name: str) -> bool:
    system = opened(icu.unumsys_close, icu.unumsys_openByName, name.encode())
    return bool(icu.unumsys_isAlgorithmic(system))


@lru_cache(maxsize=512)
def keyword_values(key: str, locale: str, *, common: bool = True) -> tuple[str, ...]:
    """The calendars (`ca`) or collations (`co`) of a locale, the usual ones first."""
    listed, keyword = {
        "ca": (icu.ucal_getKeywordValuesForLocale, "calendar"),
        "co": (icu.ucol_getKeywordValuesForLocale, "collation"),
    }[key]
    enumeration = checked(listed, keyword.encode(), as_locale(locale), int(common))
    return tuple(dict.fromkeys(canonical_value(key, name) for name in names_in(enumeration)))


def locale_info(tag: str, what: str) -> str:
    """What is usual where a canonical tag is at home, joined by commas; "" for nothing.

    "calendars", "collations", "hourCycles", "numberingSystems" and "timeZones" are lists, the
    extension's own value alone if it has one; "direction" is `ltr` or `rtl`; "week" is the first
    day and those of the weekend, from 1 for Monday.
    """
    return ",".join(_INFO[what](tag, keywords_of(tag)))


def _calendars(tag: str, own: dict[str, str]) -> Iterable[str]:
    return [own["ca"]] if "ca" in own else keyword_values("ca", tag)


def _collations(tag: str, own: dict[str, str]) -> Iterable[str]:
    if "co" in own:
        return [own["co"]]
    return sorted({*keyword_values("co", tag)} - {"standard", "search"})


def _hour_cycles(tag: str, own: dict[str, str]) -> Iterable[str]:
    if "hc" in own:
        return [own["hc"]]
    return [default_hour_cycle(tag)]


def _numbering_systems(tag: str, own: dict[str, str]) -> Iterable[str]:
    return [own["nu"] if "nu" in own else _preset(tag, "nu")]


def _time_zones(tag: str, _own: dict[str, str]) -> Iterable[str]:
    region = split(re.split(r"-[a-z0-9]-", tag, maxsplit=1)[0])[2]
    if not region:
        return ()
    enumeration = checked(icu.ucal_openTimeZoneIDEnumeration, _CANONICAL, region.encode(), NULL)
    return sorted(names_in(enumeration))


def _direction(tag: str, _own: dict[str, str]) -> Iterable[str]:
    return ["rtl" if icu.uloc_isRightToLeft(as_locale(tag)) else "ltr"]


def _week(tag: str, _own: dict[str, str]) -> Iterable[str]:
    calendar = opened(icu.ucal_close, icu.ucal_open, NULL, 0, as_locale(tag), 0)
    days = [icu.ucal_getAttribute(calendar, _FIRST_DAY)]  # from 1 for Sunday
    days += [day for day in _DAYS if checked(icu.ucal_getDayOfWeekType, calendar, day)]
    return [str((day + 5) % 7 + 1) for day in days]


_CANONICAL = 1  # UCAL_ZONE_TYPE_CANONICAL
_FIRST_DAY = 1  # UCAL_FIRST_DAY_OF_WEEK
_DAYS = (2, 3, 4, 5, 6, 7, 1)
_INFO = {
    "calendars": _calendars,
    "collations": _collations,
    "hourCycles": _hour_cycles,
    "numberingSystems": _numbering_systems,
    "timeZones": _time_zones,
    "direction": _direction,
    "week": _week,
}


def supported_values(key: str) -> list[str]:
    """The calendars, collations, currencies, numbering systems or time zones that ICU knows."""
    if key == "calendar":
        values: Iterable[str] = keyword_values("ca", "und", common=False)
    elif key == "collation":
        every = names_in(checked(icu.ucol_getKeywordValues, b"collation"))
        values = {canonical_value("co", name) for name in every} - {"standard", "search"}
    elif key == "currency":
        values = names_in(checked(icu.ucurr_openISOCurrencies, _IN_USE))
    elif key == "timeZone":
        values = place_names()
    else:
        values = numbering_systems()
    return sorted(values)
