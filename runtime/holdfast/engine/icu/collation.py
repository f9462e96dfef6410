"""The order of texts.

A collator is found by its `spec`, in ASCII: the locale's tag, then for `sensitivity`,
`ignorePunctuation`, `numeric` and `caseFirst` what they shall be, or nothing where the locale says;
joined by commas.

https://tc39.es/ecma402/#collator-objects
"""

from functools import lru_cache
from typing import Any, NamedTuple

from holdfast.engine.icu.library import checked, ffi, icu, opened, utf16
from holdfast.engine.icu.tags import as_locale

# UColAttribute, UColAttributeValue
_ALTERNATE, _CASE_FIRST, _CASE_LEVEL, _NORMALIZATION, _STRENGTH, _NUMERIC = 1, 2, 3, 4, 5, 7
_PRIMARY, _SECONDARY, _TERTIARY = 0, 1, 2
_OFF, _ON, _SHIFTED, _NON_IGNORABLE = 16, 17, 20, 21
_CASES = {"lower": 24, "upper": 25, "false": _OFF}
_STRENGTHS = {"base": _PRIMARY, "accent": _SECONDARY, "case": _PRIMARY, "variant": _TERTIARY}

_KEY_BYTES = 1024  # of those keys that need no memory of their own


_key = ffi.new("uint8_t[]", _KEY_BYTES)


class Collation(NamedTuple):
    """What a collator does heed."""

    sensitivity: str
    ignores_punctuation: bool
    is_numeric: bool
    case_first: str


def compare(spec: str, left: str, right: str) -> int:
    """-1, 0 or 1: how two texts stand to each other. Lone surrogates have a place, too."""
    return int(icu.ucol_strcoll(_collator(spec), *utf16(left), *utf16(right)))


def collation_of(spec: str) -> Collation:
    """What comes of a spec, with the locale's say where it has one."""
    collator = _collator(spec)
    strength = checked(icu.ucol_getAttribute, collator, _STRENGTH)
    has_case = checked(icu.ucol_getAttribute, collator, _CASE_LEVEL) == _ON
    if strength == _PRIMARY:
        sensitivity = "case" if has_case else "base"
    else:
        sensitivity = "accent" if strength == _SECONDARY else "variant"
    case_first = checked(icu.ucol_getAttribute, collator, _CASE_FIRST)
    return Collation(
        sensitivity,
        checked(icu.ucol_getAttribute, collator, _ALTERNATE) == _SHIFTED,
        checked(icu.ucol_getAttribute, collator, _NUMERIC) == _ON,
        next((name for name, value in _CASES.items() if value == case_first), "false"),
    )


def sort_key(spec: str, text: str) -> str:
    """What stands to the keys of others as the text to other texts, character by character."""
    collator, units, key = _collator(spec), utf16(text), _key
    length = icu.ucol_getSortKey(collator, *units, key, _KEY_BYTES)
    if length > _KEY_BYTES:
        key = ffi.new("uint8_t[]", length)
        icu.ucol_getSortKey(collator, *units, key, length)
    return str(ffi.buffer(key, length - 1)[:], "latin-1")  # without the 0 at its end


@lru_cache(64)
def _collator(spec: str) -> Any:
    locale, sensitivity, ignores_punctuation, numeric, case_first = spec.split(",")
    collator = opened(icu.ucol_close, icu.ucol_open, as_locale(locale))
    wanted = {_NORMALIZATION: _ON}
    if numeric:
        wanted[_NUMERIC] = _ON if numeric == "true" else _OFF
    if case_first:
        wanted[_CASE_FIRST] = _CASES[case_first]
    if sensitivity:
        wanted[_STRENGTH] = _STRENGTHS[sensitivity]
    if sensitivity == "case":
        wanted[_CASE_LEVEL] = _ON
    if ignores_punctuation:
        wanted[_ALTERNATE] = _SHIFTED if ignores_punctuation == "true" else _NON_IGNORABLE
    for attribute, value in wanted.items():
        checked(icu.ucol_setAttribute, collator, attribute, value)
    return collator
