"""CORS rules of a bucket: which pages of other origins may do what with it. Pure.

https://developers.cloudflare.com/r2/buckets/cors/
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from holdfast.dataclass import dataclass
from holdfast.storage.r2.errors import InvalidCors

MAX_RULES = 100
MAX_AGE_S = 86_400
METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:\[[0-9a-fA-F:]+\]|[^/?#*\s]*\*?[^/?#*\s]*)")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class CorsRule:
    """Allows `methods`, and requests with `headers`, to pages of `origins`.

    An origin, or a header, may have one `*`. `max_age_s`: how long a browser may remember it.
    """

    origins: Sequence[str]
    methods: Sequence[str]
    headers: Sequence[str] = ()
    exposed: Sequence[str] = ()
    max_age_s: int | None = None
    id: str = ""

    def allows(self, origin: str, method: str, headers: Sequence[str] = ()) -> bool:
        """Whether it lets a page of an origin make such a request."""
        return (
            method in self.methods
            and any(_fits(one, origin) for one in self.origins)
            and all(any(_fits(one.lower(), name) for one in self.headers) for name in headers)
        )

    @property
    def is_for_all(self) -> bool:
        """Whether every origin is allowed."""
        return "*" in self.origins


def check_rules(rules: Sequence[CorsRule]) -> None:
    """Raise InvalidCors where no bucket can have these."""
    if len(rules) > MAX_RULES:
        raise InvalidCors(f"A bucket has {MAX_RULES} CORS rules at most.")
    for rule in rules:
        if not rule.origins or not rule.methods:
            raise InvalidCors("A CORS rule has at least one origin and one method.")
        for told in _mistakes(rule):
            raise InvalidCors(told)


def _mistakes(rule: CorsRule) -> Iterator[str]:
    for origin in rule.origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            yield f"{origin!r} is no origin such as https://example.com: no path, one * at most."
    for method in rule.methods:
        if method not in METHODS:
            yield f"{method!r} is none of {', '.join(METHODS)}."
    for name in rule.headers:
        if not _HEADER.fullmatch(name) or name.count("*") > 1:
            yield f"{name!r} is no header, nor a pattern of some with one *."
    for name in rule.exposed:
        if not _HEADER.fullmatch(name):
            yield f"{name!r} is no header."
    if rule.max_age_s is not None and not 0 <= rule.max_age_s <= MAX_AGE_S:
        yield f"Browsers may remember an answer for {MAX_AGE_S} seconds at most."


def _fits(pattern: str, text: str) -> bool:
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == text
    is_long_enough = len(text) >= len(before) + len(after)
    return is_long_enough and text.startswith(before) and text.endswith(after)


def rules_as_text(rules: Sequence[CorsRule]) -> str:
    """Rules as they are kept."""
    return json.dumps([asdict(rule) for rule in rules])


def rules_of_text(text: str) -> list[CorsRule]:
    """The same back."""
    told: list[dict[str, Any]] = json.loads(text)
    return [CorsRule(**one) for one in told]
