"""`_redirects`: requests that are sent elsewhere, or served from another path.

https://developers.cloudflare.com/workers/static-assets/redirects/
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from holdfast.assets.configuration import HtmlHandling
from holdfast.assets.rule_text import (
    SPACE,
    Mistake,
    RuleInvalid,
    checked_url,
    has_host,
    lines_of,
    trimmed,
)
from holdfast.assets.rules import Rules, RuleUrl, filled_in

MAX_STATIC_RULES = 2_000
MAX_DYNAMIC_RULES = 100
STATUSES = (200, 301, 302, 303, 307, 308)

_COMMENT = re.compile(f"[{SPACE}]+#.*$")
_SPACES = re.compile(f"[{SPACE}]+")
_DYNAMIC = re.compile(r"\*|:[A-Za-z]\w*", re.ASCII)
_TO_INDEX = re.compile(r"/index(.html)?$")
_WITH_PROTOCOL = re.compile(r"\w+://", re.ASCII)
_LOOP = (
    "Infinite loop detected in this rule and has been ignored. This will cause a redirect to strip "
    "`.html` or `/index` and end up triggering this rule again. Please fix or remove this rule to "
    "silence this warning."
)


class Target(NamedTuple):
    """Where a request goes. With status 200 it is served from there, else sent there."""

    to: str
    status: int


class Redirects:
    """The rules of a file, and what is wrong with it."""

    def __init__(self, text: str = "", html_handling: HtmlHandling = HtmlHandling.AUTO) -> None:
        parsed = _Parser(text, keeps_index=html_handling is HtmlHandling.NONE)
        self.mistakes = tuple(parsed.mistakes)
        self.count = len(parsed.static) + len(parsed.dynamic)
        self._static: Mapping[str, Target] = parsed.static
        self._dynamic = Rules(parsed.dynamic)

    def find(self, url: RuleUrl) -> Target | None:
        """Where a request for this URL goes; None where no rule is for it."""
        if (target := self._static.get(url.path)) is not None:
            return target
        for (to, status), parts in self._dynamic.matches(url):
            filled = trimmed(filled_in(to, parts))
            if not _WITH_PROTOCOL.match(filled):
                filled = re.sub("/+", "/", filled)
            return Target(filled, status)
        return None


class _Parser:
    def __init__(self, text: str, *, keeps_index: bool) -> None:
        """`keeps_index`: whether files `index.html` are at their own paths."""
        self.static: dict[str, Target] = {}
        self.dynamic: dict[str, Target] = {}
        self.mistakes: list[Mistake] = []
        self._keeps_index = keeps_index
        self._static_seen = self._dynamic_seen = 0
        count = text.count("\n") + 1
        for number, line in lines_of(text, self.mistakes):
            try:
                self._take(line)
            except _Static as error:
                self.mistakes.append(Mistake(str(error)))
            except _Dynamic as error:
                left = count - number + 1
                self.mistakes.append(Mistake(f"{error} Skipping remaining {left} lines of file."))
                break
            except RuleInvalid as error:
                self.mistakes.append(Mistake(str(error), number, line))

    def _take(self, line: str) -> None:
        tokens = _SPACES.split(_COMMENT.sub("", line))
        if not 2 <= len(tokens) <= 3:
            raise RuleInvalid(
                f"Expected exactly 2 or 3 whitespace-separated tokens. Got {len(tokens)}."
            )
        source = checked_url(tokens[0], only_relative=True, no_ports=True)
        self._count(source)
        target = checked_url(tokens[1], only_relative=False, no_ports=False, with_query=True)
        status = _status(tokens[2] if len(tokens) > 2 else "302")
        if not has_host(target) and self._is_loop(source, target):
            raise RuleInvalid(_LOOP)
        if source in self.static or source in self.dynamic:
            raise RuleInvalid(f"Ignoring duplicate rule for path {source}.")
        if status == 200 and has_host(target):
            raise RuleInvalid(
                f"Proxy (200) redirects can only point to relative paths. Got {target}"
            )
        # One without `*` and names is found at once, unless it is behind one that has some.
        is_dynamic = self.dynamic or _DYNAMIC.search(source)
        (self.dynamic if is_dynamic else self.static)[source] = Target(target, status)

    def _count(self, source: str) -> None:
        """Raises RuleInvalid where there are too many rules; those that are wrong count as well."""
        if not self._dynamic_seen and not _DYNAMIC.search(source):
            self._static_seen += 1
            if self._static_seen > MAX_STATIC_RULES:
                raise _Static(
                    f"Maximum number of static rules supported is {MAX_STATIC_RULES}. "
                    "Skipping line."
                )
            return
        self._dynamic_seen += 1
        if self._dynamic_seen > MAX_DYNAMIC_RULES:
            raise _Dynamic(f"Maximum number of dynamic rules supported is {MAX_DYNAMIC_RULES}.")

    def _is_loop(self, source: str, target: str) -> bool:
        if not _TO_INDEX.search(target):
            return False
        return source.endswith("/*") or (source.endswith("/") and not self._keeps_index)


class _Static(RuleInvalid):
    """There are too many rules that are found at once."""


class _Dynamic(RuleInvalid):
    """There are too many others, so that the rest of the file is not read."""


def _status(text: str) -> int:
    try:
        status = float(text)
    except ValueError:
        status = 0
    if status not in STATUSES:
        raise RuleInvalid(
            f"Valid status codes are 200, 301, 302 (default), 303, 307, or 308. Got {text}."
        )
    return int(status)
