"""`S3Request`: where a request leads, and what it says.

aiohttp's own view of a path has no `..` and the like, which keys may have, so it is read anew.
"""

import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import unquote, unquote_plus, urlsplit

from aiohttp import web

from holdfast.api.object_headers import as_text
from holdfast.api.s3.errors import S3Error, invalid_argument
from holdfast.storage.r2 import Bucket, Buckets

# `<bucket>.localhost`, or the host that the bucket has at Cloudflare, if it leads here.
_HOST = re.compile(
    r"(?:(?P<local>[a-z0-9-]+)\.localhost"
    r"|(?P<bucket>[a-z0-9-]+)\.[a-z0-9-]+(?:\.(?:eu|fedramp))?\.r2\.cloudflarestorage\.com)(?::\d+)?"
)
T = TypeVar("T")


class S3Request:
    """A request, path-style or virtual-hosted."""

    def __init__(self, http: web.Request, buckets: Buckets) -> None:
        self.http = http
        self.buckets = buckets
        self.method = http.method
        self.now_ms = time.time() * 1000
        self.raw_path, _, self._raw_query = _target(http).partition("?")
        self.path = unquote(self.raw_path, errors="surrogateescape")
        self.query = [_pair(pair) for pair in self._raw_query.split("&") if pair]
        self.cors: dict[str, str] = {}
        """Headers that the answer has for the sake of a page of another origin."""
        self._parameters = dict(reversed(self.query))
        self._in_query: frozenset[str] = frozenset()

    # ---- where -----------------------------------------------------------------------

    @property
    def bucket(self) -> str:
        """The bucket's name; empty where none is meant."""
        return self._place()[0]

    @property
    def key(self) -> str:
        """The object's key; empty where none is meant."""
        return self._place()[1]

    def _place(self) -> tuple[str, str]:
        path = self.path.removeprefix("/")
        host = _HOST.fullmatch(self.http.headers.get("Host", "").lower())
        if host is not None:
            return host["local"] or host["bucket"], path
        bucket, _, key = path.partition("/")
        return bucket, key

    def check_text(self) -> None:
        """Raise S3Error where the path or the query is no UTF-8."""
        try:
            "".join((self.path, *(text for pair in self.query for text in pair))).encode()
        except UnicodeEncodeError:
            raise S3Error(
                "InvalidURI", HTTPStatus.BAD_REQUEST, "Couldn't parse the specified URI."
            ) from None

    def use(self, do: Callable[[Bucket], T]) -> T:
        """What comes of doing something with the bucket. Blocks; raises NoSuchBucket."""
        return self.buckets.use(self.bucket, do)

    # ---- what it says ----------------------------------------------------------------

    def header(self, name: str) -> str | None:
        """A header. What begins with `x-amz-` may be in the query of a URL that was signed."""
        values = self.http.headers.getall(name, None)
        if values is not None:
            return as_text(",".join(values))
        if name.lower() in self._in_query:
            return next((value for key, value in self.query if key.lower() == name.lower()), None)
        return None

    def take_query_as_headers(self) -> None:
        """The query was signed: what is in it was said by who has the secret."""
        names = (key.lower() for key, _ in self.query)
        self._in_query = frozenset(name for name in names if name.startswith("x-amz-"))

    def named(self, prefix: str) -> dict[str, str]:
        """The headers that begin with `prefix`, by what follows it, in lower case."""
        names = {name.lower() for name in self.http.headers} | self._in_query
        return {
            name.removeprefix(prefix): self.header(name) or ""
            for name in sorted(names)
            if name.startswith(prefix)
        }

    def parameter(self, name: str) -> str | None:
        """A parameter of the query."""
        return self._parameters.get(name)

    def number(self, name: str, default: int) -> int:
        """A parameter that is a whole number from 0. Raises S3Error."""
        told = self.parameter(name)
        if not told:
            return default
        if not (told.isascii() and told.isdigit() and len(told) < 10):
            raise invalid_argument(f"Provided {name} not an integer or within integer range")
        return int(told)


def _target(http: web.Request) -> str:
    target = http.raw_path
    if target.startswith("/"):
        return target
    parts = urlsplit(target)  # as a proxy is asked
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return (
        unquote_plus(name, errors="surrogateescape"),
        unquote_plus(value, errors="surrogateescape"),
    )
