"""What HTTP and Cloudflare say of cached responses: how long one is good for, and for whom.

https://www.rfc-editor.org/rfc/rfc9111
https://developers.cloudflare.com/workers/runtime-apis/cache/#headers
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

Headers = Mapping[str, str]  # names in lower case; values of one name joined by ", "

# How long Cloudflare keeps what does not say how long it may be kept.
# https://developers.cloudflare.com/cache/how-to/configure-cache-status-code/
DEFAULT_SECONDS = {
    200: 7200,
    301: 7200,
    302: 1200,
    303: 1200,
    404: 180,
    410: 180,
}
_DIRECTIVE = re.compile(r'([^\s=,;"]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,;]*)))?\s*[,;]?')
_MAX_DIGITS = 18
_WEEKDAY = re.compile(r"[A-Z][a-z]{2,8},? ")  # which a date of a mail may lack
_RANGE = re.compile(r"\s*+bytes\s*+=\s*+([0-9]*+)\s*+-\s*+([0-9]*+)\s*+", re.IGNORECASE)


def directives(value: str) -> dict[str, str]:
    """The directives of a Cache-Control header, in lower case."""
    return {
        match[1].lower(): (match[2] if match[2] is not None else match[3] or "").lower()
        for match in _DIRECTIVE.finditer(value)
    }


def lifetime_seconds(request: Headers, status: int, response: Headers, now: float) -> float:
    """How long a response may be served from a shared cache; 0 where it may not be kept."""
    told = directives(response.get("cache-control", ""))
    private = told.get("private")
    hides_cookie = private is not None and private.replace(" ", "") == "set-cookie"
    if "no-store" in told or "no-cache" in told or (private is not None and not hides_cookie):
        return 0
    if "set-cookie" in response and not hides_cookie:
        return 0
    shared = {"public", "must-revalidate", "s-maxage"} & told.keys()
    if "authorization" in request and not shared:
        return 0
    return max(_lifetime(told, status, response, now) - _number(response.get("age", "")), 0)


def _lifetime(told: dict[str, str], status: int, response: Headers, now: float) -> float:
    for name in ("s-maxage", "max-age"):
        if name in told:
            return _number(told[name])
    expires = response.get("expires")
    if expires is not None:
        date = http_date(response.get("date", ""))
        until = http_date(expires)
        return 0 if until is None else until - (now if date is None else date)
    return DEFAULT_SECONDS.get(status, 0)


def _number(text: str) -> float:
    return int(text) if text.isdecimal() and len(text) < 12 else 0


def http_date(text: str) -> float | None:
    """Seconds since the epoch; None for what is no date of HTTP."""
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def is_not_modified(request: Headers, response: Headers) -> bool:
    """Whether the client has this very response: an answer of 304 will do.

    https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
    """
    wanted = request.get("if-none-match")
    if wanted is not None:
        tag = _opaque(response.get("etag", ""))
        return tag != "" and (
            wanted.strip() == "*" or tag in [_opaque(one) for one in wanted.split(",")]
        )
    told = request.get("if-modified-since", "")
    since = http_date(told) if _WEEKDAY.match(told) else None
    modified = http_date(response.get("last-modified", ""))
    return since is not None and modified is not None and modified <= since


def _opaque(tag: str) -> str:
    tag = tag.strip().removeprefix("W/")
    return tag if len(tag) > 2 and tag[0] == tag[-1] == '"' else ""


def byte_range(request: Headers, size: int) -> range | None:
    """What a Range header asks for; None for everything, an empty range for what is not there.

    Several ranges are answered with everything, as a server may do.
    """
    wanted = request.get("range")
    if wanted is None or "," in wanted:
        return None
    match = _RANGE.fullmatch(wanted)
    first, last = (_bytes_in(digits) for digits in match.groups()) if match else (None, None)
    if first is None:
        if last is None:
            return range(0)
        return None if last >= size else range(size - last, size)
    return range(first, size if last is None else min(last, size - 1) + 1)


def _bytes_in(digits: str) -> int | None:
    """A number of bytes, or one that is larger than any body; None for no digits."""
    return int(digits.lstrip("0")[:_MAX_DIGITS] or 0) if digits else None
