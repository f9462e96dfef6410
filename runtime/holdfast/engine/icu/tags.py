"""Language tags in their canonical form, with ICU's list of what has another name today.

Neither C nor V8 has one function for that: `uloc_canonicalize` keeps names that are out of use.

https://unicode.org/reports/tr35/#LocaleId_Canonicalization
"""

import re
from functools import cache, lru_cache
from typing import Any

from holdfast.engine.icu.library import (
    NULL,
    IcuError,
    checked,
    ffi,
    icu,
    name_of,
    opened,
    text_at,
)

MAX_TAG_CHARS = 2048

_LANGUAGE = (
    r"(?:[a-z]{2,3}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
)
_FIELDS = r"(?:-[a-z][0-9](?:-[a-z0-9]{3,8})+)"
_KEYWORDS = r"(?:-[a-z0-9][a-z](?:-[a-z0-9]{3,8})*)"
_EXTENSION = (
    rf"u(?:(?:-[a-z0-9]{{3,8}})+{_KEYWORDS}*|{_KEYWORDS}+)"
    rf"|t(?:-{_LANGUAGE}{_FIELDS}*|{_FIELDS}+)"
    r"|[a-svwyz0-9](?:-[a-z0-9]{2,8})+"
)
_TAG = re.compile(
    rf"(?P<id>{_LANGUAGE})(?P<extensions>(?:-(?:{_EXTENSION}))*)(?P<private>(?:-x(?:-[a-z0-9]{{1,8}})+)?)"
)
_SINGLETON = re.compile(r"-([a-z0-9])(?=-)")
_TRANSFORMED = re.compile(rf"-t(?:-(?P<id>{_LANGUAGE})(?=-|$))?(?P<fields>{_FIELDS}*)(?=-|$)")
_REGIONAL = re.compile(
    r"-(?P<key>rg|sd)-(?P<place>[a-z]{2}[a-z0-9]{1,4}|[0-9]{3}[a-z0-9]{1,4})(?=-|$)"
)


@lru_cache(maxsize=512)
def canonical_tag(tag: str) -> str | None:
    """The tag as it is written today; None for what is no Unicode BCP 47 locale identifier."""
    if len(tag) > MAX_TAG_CHARS or not tag.isascii():
        return None
    match = _TAG.fullmatch(tag.lower())
    if match is None:
        return None
    extensions: str = match["extensions"]
    singletons = _SINGLETON.findall(extensions)
    if len(singletons) != len(set(singletons)) or _repeats_variants(match["id"]):
        return None
    transformed = _TRANSFORMED.search(extensions)
    if transformed is not None and transformed["id"] and _repeats_variants(transformed["id"]):
        return None
    extensions = _TRANSFORMED.sub(_canonical_transformed, extensions)
    extensions = _REGIONAL.sub(_canonical_place, extensions)
    try:
        locale = as_locale(canonical_language(match["id"]) + extensions + match["private"])
        return as_tag(locale.decode())
    except IcuError:
        return None


def _canonical_transformed(match: re.Match[str]) -> str:
    language = f"-{canonical_language(match['id']).lower()}" if match["id"] else ""
    fields = re.findall(r"-[a-z][0-9](?:-[a-z0-9]{3,8})+", match["fields"])
    return f"-t{language}{''.join(sorted(fields))}"


def _canonical_place(match: re.Match[str]) -> str:
    place = match["place"]
    found = _replacements()["subdivision"].get(place, place).split(" ")[0].lower()
    return f"-{match['key']}-{found if len(found) > 2 else f'{found}zzzz'}"


def as_locale(tag: str) -> bytes:
    """The tag as ICU's functions take it: `de_DE@numbers=latn`. Raises IcuError."""
    return name_of(icu.uloc_forLanguageTag, tag.encode(), after=(NULL,)).encode()


def as_tag(locale: str) -> str:
    """The tag of what ICU calls a locale. Raises IcuError."""
    return name_of(icu.uloc_toLanguageTag, locale.encode(), after=(1,))


def _repeats_variants(language: str) -> bool:
    variants = split(language)[3]
    return len(set(variants)) < len(variants)


def split(language: str) -> tuple[str, str, str, list[str]]:
    """Language, script, region, variants of a tag without extensions; "" for what is not there."""
    first, *rest = language.split("-")
    script = rest.pop(0) if rest and len(rest[0]) == 4 and rest[0].isalpha() else ""
    is_region = rest and (len(rest[0]) == 2 or (len(rest[0]) == 3 and rest[0].isdigit()))
    region = rest.pop(0) if is_region else ""
    return first, script, region, rest


def joined(*parts: str) -> str:
    """A tag of those parts that are there."""
    return "-".join(part for part in parts if part)


def canonical_language(tag: str) -> str:
    """A tag without extensions, in lower case, as it is written today."""
    language, script, region, variants = split(tag)
    known = _replacements()
    script, region = script.title(), region.upper()
    if "hepburn" in variants and "heploc" in variants:  # the one rule for two of them
        variants = [*({*variants, "alalc97"} - {"hepburn", "heploc"})]
    variants.sort()
    for _ in range(8):  # a name's successor may have one, too
        before = (language, script, region, variants)
        variants = sorted({known["variant"].get(variant, variant) for variant in variants})
        language, script, region, variants = _with_language(language, script, region, variants)
        script = known["script"].get(script, script)
        region = _successor(language, script, region)
        if (language, script, region, variants) == before:
            break
    return joined(language, script, region, *variants)


def _with_language(
    language: str, script: str, region: str, variants: list[str]
) -> tuple[str, str, str, list[str]]:
    known = _replacements()["language"]
    for variant in variants:
        for kept in (language, "und"):
            found = known.get(f"{kept}_{variant}")
            if found is not None:
                left = [other for other in variants if other != variant]
                successor = _replaced(found, script, region, left)
                return (language, *successor[1:]) if kept == "und" else successor
    if region and (found := known.get(f"{language}_{region}")) is not None:
        return _replaced(found, script, "", variants)
    if (found := known.get(language)) is not None:
        return _replaced(found, script, region, variants)
    return language, script, region, variants


def _replaced(
    found: str, script: str, region: str, variants: list[str]
) -> tuple[str, str, str, list[str]]:
    language, own_script, own_region, own_variants = split(found.replace("_", "-"))
    return (
        language,
        script or own_script,
        region or own_region,
        sorted({*variants, *own_variants}),
    )


def _successor(language: str, script: str, region: str) -> str:
    found = _replacements()["territory"].get(region)
    if found is None:
        return region
    successors = found.split(" ")
    if len(successors) > 1:
        home = split(likely(joined(language, script), adds=True))[2]
        if home in successors:
            return home
    return successors[0]


def likely(tag: str, *, adds: bool) -> str:
    """The tag with its likely subtags, or without those that are likely. Raises IcuError."""
    function = icu.uloc_addLikelySubtags if adds else icu.uloc_minimizeSubtags
    return as_tag(name_of(function, as_locale(tag)))


@cache
def _replacements() -> dict[str, dict[str, str]]:
    """What has another name today, by its kind; joined by low lines, and several ones by spaces."""
    root = opened(icu.ures_close, icu.ures_openDirect, NULL, b"metadata")
    alias = _child(root, b"alias")
    kinds = ("language", "script", "territory", "subdivision", "variant")
    return {kind: dict(_entries(_child(alias, kind.encode()))) for kind in kinds}


def _child(bundle: Any, key: bytes) -> Any:
    return opened(icu.ures_close, icu.ures_getByKey, bundle, key, NULL)


def _entries(table: Any) -> list[tuple[str, str]]:
    length = ffi.new("int32_t *")
    entries = []
    while icu.ures_hasNext(table):
        entry = opened(icu.ures_close, icu.ures_getNextResource, table, NULL)
        units = checked(icu.ures_getStringByKey, entry, b"replacement", length)
        entries.append((ffi.string(icu.ures_getKey(entry)).decode(), text_at(units, length[0])))
    return entries
