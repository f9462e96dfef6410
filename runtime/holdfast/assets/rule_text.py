"""What `_headers` and `_redirects` have in common: their lines, and the URLs in them."""

import re
from collections.abc import Iterator

import ada_url

from holdfast.dataclass import dataclass

MAX_LINE_LENGTH = 2_000

# What JavaScript takes for white space.
SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_AROUND = re.compile(f"^[{SPACE}]+|[{SPACE}]+$")

_ABSOLUTE = re.compile(r"https:/{2,}([^/]+)/?(.*)")
_WITH_PORT = re.compile(r".*:\d+")


class RuleInvalid(ValueError):
    """A rule is left out; the message says why."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a line, which is left out; `line` is None where it is with several."""

    message: str
    number: int | None = None
    line: str | None = None

    def __str__(self) -> str:
        place = "" if self.number is None else f"line {self.number}: "
        return f"{place}{self.message}"


def lines_of(text: str, mistakes: list[Mistake]) -> Iterator[tuple[int, str]]:
    """Numbers and texts of the lines that say something; too long ones are mistakes."""
    for number, raw in enumerate(text.split("\n"), 1):
        line = trimmed(raw)
        if not line or line.startswith("#"):
            continue
        if len(line.encode("utf-16-le", "surrogatepass")) > 2 * MAX_LINE_LENGTH:
            told = "Ignoring line {} as it exceeds the maximum allowed length of {}."
            mistakes.append(Mistake(told.format(number, MAX_LINE_LENGTH)))
            continue
        yield number, line


def trimmed(text: str) -> str:
    """The text without white space around it."""
    return _AROUND.sub("", text)


def checked_url(
    token: str, *, only_relative: bool, no_ports: bool, with_query: bool = False
) -> str:
    """A rule's URL in its canonical form, with query and fragment or without.

    Raises RuleInvalid.
    """
    if found := _ABSOLUTE.fullmatch(token):
        host, path = found.groups()
        if only_relative:
            raise RuleInvalid(f"Only relative URLs are allowed. Skipping absolute URL {token}.")
        if no_ports and _WITH_PORT.fullmatch(host):
            raise RuleInvalid(f"Specifying ports is not supported. Skipping absolute URL {token}.")
        return f"https://{host}{_canonical(path, token, with_query=with_query)}"
    if only_relative and not token.startswith("/"):
        token = f"/{token}"
    if token.startswith("/"):
        return _canonical(token, token, with_query=with_query)
    raise RuleInvalid(
        "URLs should either be relative (e.g. begin with a forward-slash), or use HTTPS (e.g. "
        'begin with "https://").'
    )


def has_host(url: str) -> bool:
    """Whether a rule's URL is absolute."""
    return _ABSOLUTE.fullmatch(url) is not None


def _canonical(path: str, token: str, *, with_query: bool) -> str:
    """A path as URLs have it, with what is to be escaped escaped."""
    if not path.startswith("/"):
        path = f"/{path}"
    try:
        url = ada_url.URL(f"//{path}", "relative://")
    except ValueError:
        raise RuleInvalid(f"Error parsing URL segment {token}. Skipping.") from None
    return f"{url.pathname}{url.search}{url.hash}" if with_query else str(url.pathname)
