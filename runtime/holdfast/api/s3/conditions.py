"""The conditions of a request, as headers give them.

https://developers.cloudflare.com/r2/api/s3/extensions/#conditional-operations-in-putobject
https://www.rfc-editor.org/rfc/rfc9110#section-13.1
"""

import re
from collections.abc import Sequence

from holdfast.api.s3.request import S3Request
from holdfast.host.caching import http_date
from holdfast.storage.r2 import Condition, StoredObject
from holdfast.storage.r2.conditions import Etag

_ETAG = re.compile(r'\s*(?:(W/)?"([^"]*)"|([^",\s]+))\s*(?:,|$)')


def condition_of(request: S3Request, prefix: str = "") -> Condition:
    """What `If-Match` and the like ask for; `prefix` comes before their names."""
    required, fresh = parted_condition(request, prefix)
    return Condition(
        required.matches, fresh.does_not_match, required.before_ms, fresh.after_ms, by_seconds=True
    )


def parted_condition(request: S3Request, prefix: str = "") -> tuple[Condition, Condition]:
    """The same in two: without the first, a read fails; without the second, there is no news."""
    since, until = (
        _time(request, f"{prefix}if-modified-since"),
        _time(request, f"{prefix}if-unmodified-since"),
    )
    required = Condition(
        matches=_etags(request, f"{prefix}if-match"),
        before_ms=None if until is None else until + 1_000,  # that second included
        by_seconds=True,
    )
    fresh = Condition(
        does_not_match=_etags(request, f"{prefix}if-none-match"), after_ms=since, by_seconds=True
    )
    return required, fresh


def is_of_same(request: S3Request, stored: StoredObject) -> bool:
    """Whether a range is of the object of which the client has others (`If-Range`).

    https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5
    """
    told = request.header("If-Range")
    if told is None:
        return True
    date = http_date(told)
    return told.strip() == f'"{stored.etag}"' if date is None else date == stored.uploaded // 1_000


def _etags(request: S3Request, name: str) -> Sequence[Etag] | None:
    told = request.header(name)
    if told is None:
        return None
    return [
        Etag(None) if found[3] == "*" else Etag(found[2] or found[3] or "", bool(found[1]))
        for found in _ETAG.finditer(told)
    ]


def _time(request: S3Request, name: str) -> float | None:
    told = http_date(request.header(name) or "")
    return None if told is None else told * 1_000
