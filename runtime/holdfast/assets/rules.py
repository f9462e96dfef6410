"""Paths in rules: `*` matches anything, and `:name` a part of a path or of a host.

Both can be used in what a rule says, the first as `:splat`. The patterns are regular expressions
as Cloudflare's asset worker makes them; a rule that makes none, such as one with two `*`, matches
nothing.

https://developers.cloudflare.com/workers/static-assets/redirects/#dynamic-redirects
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

_PLACEHOLDER = re.compile(r":([A-Za-z]\w*)", re.ASCII)
_SPECIAL = re.compile(r"[-/\\^$*+?.()|[\]{}]")
_HOST = re.compile(r"https:\\/\\/[^/]*?(?=\\/|$)")
_PROTOCOL = "https://"


class RuleUrl(NamedTuple):
    """What of a request's URL rules look at."""

    hostname: str
    path: str


class Rules(Generic[T]):
    """What is said for paths, in order."""

    def __init__(self, rules: Mapping[str, T]) -> None:
        compiled = ((_compiled(rule), rule.startswith(_PROTOCOL), rules[rule]) for rule in rules)
        self._rules = [(pattern, has_host, said) for pattern, has_host, said in compiled if pattern]

    def matches(self, url: RuleUrl) -> Iterator[tuple[T, Mapping[str, str]]]:
        """What is said for a URL, each with the parts that its rule has names for.

        Rules with a host are for HTTPS, and hold for HTTP all the same.
        """
        for pattern, has_host, said in self._rules:
            tested = f"{_PROTOCOL}{url.hostname}{url.path}" if has_host else url.path
            if found := pattern.fullmatch(tested):
                yield said, found.groupdict()


def filled_in(text: str, parts: Mapping[str, str]) -> str:
    """A text with the parts of a match in the place of their names."""
    for name, value in parts.items():
        text = text.replace(f":{name}", value)
    return text


def _compiled(rule: str) -> re.Pattern[str] | None:
    pattern = "(?P<splat>.*)".join(_SPECIAL.sub(r"\\\g<0>", part) for part in rule.split("*"))
    if host := _HOST.match(pattern):
        # Within a host, a part ends at a dot as well.
        pattern = _with_groups(pattern, _names(host[0]), "[^/.]+")
    pattern = _with_groups(pattern, _names(pattern), "[^/]+")
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None


def _names(text: str) -> list[str]:
    return _PLACEHOLDER.findall(text)


def _with_groups(pattern: str, names: Iterable[str], matched: str) -> str:
    for name in names:
        pattern = pattern.replace(f":{name}", f"(?P<{name}>{matched})")
    return pattern
