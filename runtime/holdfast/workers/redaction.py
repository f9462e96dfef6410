"""What is not told of a request to those who listen: workerd's rules.

https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/#tailrequest
"""

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "REDACTED"

# Headers of these names, or with one of these words in their names.
_NAMES = frozenset(("cookie", "set-cookie"))
_WORDS = ("auth", "jwt", "key", "secret", "token")

_SPAN = re.compile(r"[0-9A-Za-z+_-]+")
_HEX_DIGITS = 32  # and nothing else: an id in hexadecimals, in groups perhaps
_BASE64_CHARS = 21  # with two digits, two capitals and two small letters: an id in base64
_CARD_DIGITS = range(13, 20)


def redacted(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request's `url` and `headers`, by their names in small letters, as all may see them."""
    headers = {
        name: REDACTED if is_secret(name) else value for name, value in request["headers"].items()
    }
    return {**request, "url": redact_url(request["url"]), "headers": headers}


def is_secret(name: str) -> bool:
    """Whether a header's value is nobody's business."""
    return name in _NAMES or any(word in name for word in _WORDS)


def redact_url(url: str) -> str:
    """A URL without what looks like an id, or like the number of a payment card."""
    return _SPAN.sub(lambda found: REDACTED if _is_telling(found[0]) else found[0], url)


def _is_telling(span: str) -> bool:
    digits = sum(c.isdigit() for c in span)
    capitals, small = sum(c.isupper() for c in span), sum(c.islower() for c in span)
    if len(span) >= _BASE64_CHARS and min(digits, capitals, small) >= 2:
        return True
    bare = span.translate(_SEPARATORS)
    if len(bare) >= _HEX_DIGITS and not bare.lower().strip("0123456789abcdef"):
        return True
    return bare.isdigit() and len(bare) in _CARD_DIGITS and _checks(bare)


_SEPARATORS = str.maketrans("", "", "+-_")


def _checks(digits: str) -> bool:
    """Whether the last digit is the one that the others ask for (ISO/IEC 7812-1, Luhn)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[::-2]))) % 10 == 0
