"""What a request says of the version that is to answer it.

https://developers.cloudflare.com/workers/versions-and-deployments/version-overrides/
https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/version-affinity/
"""

import re
from typing import NamedTuple

from holdfast.host.header_lines import pairs_in

KEY = "cloudflare-workers-version-key"
OVERRIDES = "cloudflare-workers-version-overrides"
_PREFIX = "cloudflare-workers-version-"

# RFC 8941, section 3: what a dictionary is made of.
# A key may begin with a digit or an underscore besides, as a script's name may.
_KEY = r"[a-z0-9_*][a-z0-9_\-.*]*"
_STRING = r'"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"'
_BARE_ITEM = (
    rf"(?:-?\d{{1,15}}(?!\d|\.)|-?\d{{1,12}}\.\d{{1,3}}(?!\d)|{_STRING}"
    r"|[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*|:[A-Za-z0-9+/=]*:|\?[01])"
)
_PARAMETERS = rf"(?:; *{_KEY}(?:={_BARE_ITEM})?)*"
_ITEM = rf"{_BARE_ITEM}{_PARAMETERS}"
_INNER_LIST = rf"\( *(?:{_ITEM}(?: +{_ITEM})* *)?\){_PARAMETERS}"
_VALUE = rf"(?:({_STRING}){_PARAMETERS}|{_ITEM}|{_INNER_LIST})"
_MEMBER = re.compile(rf"({_KEY})(?:={_VALUE}|{_PARAMETERS})")
_COMMA = re.compile(r"[ \t]*,[ \t]*")
_ESCAPE = re.compile(r"\\(.)")


class Wanted(NamedTuple):
    """The version that a request is to go to, if it is deployed; else its version key."""

    override: str | None
    key: str | None


NOTHING = Wanted(None, None)


def wanted_version(headers: str, script: str) -> Wanted:
    """What the headers of a request to a script say; these are names and values, one a line."""
    if _PREFIX not in headers.lower():
        return NOTHING
    fields = [(name.lower(), value.strip()) for name, value in pairs_in(headers)]
    overrides = ", ".join(value for name, value in fields if name == OVERRIDES)
    key = next((value for name, value in fields if name == KEY and value), None)
    return Wanted(strings_of(overrides).get(script), key)


def strings_of(dictionary: str) -> dict[str, str]:
    """The members of a structured field that are strings; none where it is no dictionary.

    https://www.rfc-editor.org/rfc/rfc8941#name-dictionaries
    """
    text, at = dictionary.strip(" "), 0
    found: dict[str, str] = {}
    while at < len(text):
        member = _MEMBER.match(text, at)
        if member is None:
            return {}
        key, string = member.groups()
        found.pop(key, None)  # the last one counts
        if string is not None:
            found[key] = _ESCAPE.sub(r"\1", string[1:-1])
        at = member.end()
        if at == len(text):
            break
        comma = _COMMA.match(text, at)
        if comma is None or comma.end() == len(text):
            return {}
        at = comma.end()
    return found
