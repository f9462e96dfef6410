"""Files of NAME=VALUE lines, read as Wrangler reads them: by the rules of npm's dotenv.

Those of Python's differ in what a secret may well hold: `#`, backslashes, backquotes, `$`.

https://github.com/motdotla/dotenv#what-rules-does-the-parsing-engine-follow
https://github.com/motdotla/dotenv-expand#what-rules-does-the-expansion-engine-follow
"""

import re
from collections.abc import Mapping

from holdfast.dataclass import dataclass

_LINE = re.compile(
    r"""
    ^ \s* (?:export\s+)? (?P<name>[A-Za-z0-9_.-]+) (?:\s*=\s*?|:\s+?)
    (?P<value> \s*'(?:\\'|[^'])*' | \s*"(?:\\"|[^"])*" | \s*`(?:\\`|[^`])*` | [^\#\n]+ )?
    \s* (?:\#.*)? $
    """,
    re.MULTILINE | re.VERBOSE,
)
_QUOTED = re.compile(r"""^(['"`])(.*)\1$""", re.MULTILINE | re.DOTALL)
_REFERENCE = re.compile(r"(?<!\\)\$(?:\{([^{}]+)\}|([A-Za-z_][A-Za-z0-9_]*))")
_CONDITION = re.compile(r":\+|\+|:-|-")
_MOST_REFERENCES = 1_000  # in one value: some can be made to come back for ever


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a file sets, by name in its order; and the numbers of lines that set nothing."""

    values: Mapping[str, str]
    mistakes: tuple[int, ...]


def parse_env_file(text: str) -> EnvFile:
    """What a file's text sets. `$NAME` in it stays as it is; see `expanded`."""
    text = re.sub(r"\r\n?", "\n", text)
    values: dict[str, str] = {}
    mistakes: list[int] = []
    end = 0
    for line in _LINE.finditer(text):
        mistakes += _mistakes(text, end, line.start())
        values[line["name"]] = _unquoted((line["value"] or "").strip())
        end = line.end()
    mistakes += _mistakes(text, end, len(text))
    return EnvFile(values, tuple(mistakes))


def expanded(values: Mapping[str, str]) -> Mapping[str, str]:
    """Values with `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}` filled in.

    A name stands for a value before it; the shell's variables are not looked at.
    """
    known: dict[str, str] = {}
    for name, value in values.items():
        for _ in range(_MOST_REFERENCES):
            if (reference := _REFERENCE.search(value)) is None:
                break
            meant = _meant(reference[1] or reference[2], known)
            value = value[: reference.start()] + meant + value[reference.end() :]
        known[name] = value.replace("\\$", "$")
    return known


def _unquoted(value: str) -> str:
    bare = _QUOTED.sub(lambda found: found[2], value)
    return bare.replace("\\n", "\n").replace("\\r", "\r") if value.startswith('"') else bare


def _mistakes(text: str, start: int, end: int) -> list[int]:
    first = text.count("\n", 0, start) + 1
    lines = (line.strip() for line in text[start:end].split("\n"))
    return [first + at for at, line in enumerate(lines) if line and not line.startswith("#")]


def _meant(expression: str, known: Mapping[str, str]) -> str:
    condition = _CONDITION.search(expression)
    name = expression[: condition.start()] if condition else expression
    other = expression[condition.end() :] if condition else ""
    if condition and condition[0].endswith("+"):
        return other if known.get(name) else ""
    return known.get(name) or other
