"""What an upload says of its object, as headers of HTTP.

https://developers.cloudflare.com/r2/api/s3/extensions/
"""

import re
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from holdfast.host.caching import http_date
from holdfast.storage.r2 import StoredObject

HEADERS = {
    "contentType": "Content-Type",
    "contentLanguage": "Content-Language",
    "contentDisposition": "Content-Disposition",
    "contentEncoding": "Content-Encoding",
    "cacheControl": "Cache-Control",
}
"""By their names in `Metadata.http`, where `Expires` is `cacheExpiry`, in milliseconds."""

_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")


def http_metadata(header: Callable[[str], str | None]) -> dict[str, Any]:
    """The `Metadata.http` of an upload, by a function that gives its headers."""
    told: dict[str, Any] = {
        field: as_text(value)
        for field, name in HEADERS.items()
        if (value := header(name)) is not None
    }
    expires = http_date(header("Expires") or "")
    return told if expires is None else {**told, "cacheExpiry": int(expires * 1000)}


def object_headers(stored: StoredObject) -> dict[str, str]:
    """The headers of an object's content."""
    http = stored.metadata.http
    headers = {name: sendable(http[field]) for field, name in HEADERS.items() if field in http}
    if "cacheExpiry" in http:
        headers["Expires"] = formatdate(http["cacheExpiry"] / 1000, usegmt=True)
    headers.setdefault("Content-Type", "application/octet-stream")
    modified = formatdate(stored.uploaded / 1000, usegmt=True)
    return {**headers, "ETag": f'"{stored.etag}"', "Last-Modified": modified}


def as_text(value: str) -> str:
    """A header as aiohttp gives it, with those bytes that are no UTF-8 taken for Latin-1."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value


def sendable(value: str) -> str:
    """A value, which a script may have given, without what no header can have."""
    return _UNSENDABLE.sub(" ", value)
