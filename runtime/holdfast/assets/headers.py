"""`_headers`: what responses with assets have of headers besides their own.

https://developers.cloudflare.com/workers/static-assets/headers/
"""

import re
from collections.abc import Iterable
from dataclasses import field

from holdfast.assets.rule_text import Mistake, RuleInvalid, checked_url, lines_of, trimmed
from holdfast.assets.rules import Rules, RuleUrl, filled_in
from holdfast.dataclass import dataclass

MAX_RULES = 100

_PATH = re.compile(r"\S+://|/")
_UNSET = "! "
_SPLAT = re.compile(r":splat(?!\w)", re.ASCII)
# https://datatracker.ietf.org/doc/html/rfc9110#section-5.6.2
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NOT_IN_VALUE = re.compile(r"[\0\r]")

Fields = dict[str, list[str]]
"""Values by name in lower case; more than one make as many lines."""


@dataclass(slots=True)
class HeaderRule:
    """What is set, and what is taken away before."""

    values: dict[str, str] = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)


class HeaderRules:
    """The rules of a file, and what is wrong with it."""

    def __init__(self, text: str = "") -> None:
        parsed = _Parser(text)
        self.mistakes = tuple(parsed.mistakes)
        self.count = parsed.count
        self._rules = Rules(parsed.rules)

    def apply(self, url: RuleUrl, fields: Fields) -> None:
        """Change a response's headers as the rules for a URL say.

        What a rule sets goes in the place of what was there, and beside what other rules set.
        """
        was_set: set[str] = set()
        for rule, parts in self._rules.matches(url):
            for name in rule.unset:
                fields.pop(name, None)
            for name, value in rule.values.items():
                _set(fields, name, filled_in(value, parts), beside=name in was_set)
                was_set.add(name)


def _set(fields: Fields, name: str, value: str, *, beside: bool) -> None:
    value = value.strip(" \t\n")
    known = fields.get(name) if beside else None
    if not known:
        fields[name] = [value]
    elif name == "set-cookie":
        known.append(value)
    else:
        known[-1] += f", {value}"


class _Parser:
    def __init__(self, text: str) -> None:
        self.rules: dict[str, HeaderRule] = {}
        self.mistakes: list[Mistake] = []
        self.count = 0
        self._path: str | None = None  # of the rule that is being read
        self._line = ""
        self._rule = HeaderRule()
        self._skips = False  # what belongs to a path that is none
        self._parse(lines_of(text, self.mistakes), text.count("\n") + 1)

    def _parse(self, lines: Iterable[tuple[int, str]], count: int) -> None:
        for number, line in lines:
            try:
                if not _PATH.match(line):
                    if not self._skips:
                        self._take(line)
                    continue
                self._skips = False
                if self.count >= MAX_RULES:
                    told = f"Maximum number of rules supported is {MAX_RULES}."
                    left = count - number + 1
                    told = f"{told} Skipping remaining {left} lines of file."
                    self.mistakes.append(Mistake(told))
                    break
                self._finish(number)
                self._begin(line)
            except RuleInvalid as error:
                self.mistakes.append(Mistake(str(error), number, line))
        self._finish(None)

    def _begin(self, line: str) -> None:
        try:
            path = checked_url(line, only_relative=False, no_ports=True)
            _check_wildcards(path)
        except RuleInvalid:
            self._skips = True
            raise
        self._path, self._line, self._rule = path, line, HeaderRule()

    def _finish(self, number: int | None) -> None:
        """The rule that was being read is whole."""
        path, self._path = self._path, None
        if path is None:
            return
        if self._rule.values or self._rule.unset:
            self.count += 1
            self.rules[path] = self._rule
        else:
            self.mistakes.append(Mistake("No headers specified", number, self._line))

    def _take(self, line: str) -> None:
        name, colon, value = line.partition(":")
        if not colon:
            self._take_unset(line)
            return
        name, value = trimmed(name).lower(), trimmed(value)
        if " " in name:
            raise RuleInvalid("Header name cannot include spaces")
        if not name:
            raise RuleInvalid("No header name specified")
        if not value:
            raise RuleInvalid("No header value specified")
        if self._path is None:
            raise RuleInvalid(f"Path should come before header ({name}: {value})")
        if not _NAME.fullmatch(name):
            raise RuleInvalid(f"{name!r} is no name of a header")
        if _NOT_IN_VALUE.search(value):
            raise RuleInvalid(f"The value of {name} has a character that no header may have")
        known = self._rule.values.get(name)
        self._rule.values[name] = f"{known}, {value}" if known else value

    def _take_unset(self, line: str) -> None:
        if self._path is None:
            raise RuleInvalid("Expected a path beginning with at least one forward-slash")
        if not line.startswith(_UNSET):
            raise RuleInvalid("Expected a colon-separated header pair (e.g. name: value)")
        self._rule.unset.append(line.removeprefix(_UNSET).lower())


def _check_wildcards(path: str) -> None:
    stars = path.count("*")
    if stars > 1:
        raise RuleInvalid(
            "Only one wildcard is allowed per rule. Use a named placeholder (e.g. :project) "
            f"instead. Skipping {path}."
        )
    if stars and _SPLAT.search(path):
        raise RuleInvalid(
            "Cannot combine a wildcard * with a :splat placeholder because wildcards are converted "
            f"to :splat at runtime. Skipping {path}."
        )
