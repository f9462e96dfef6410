"""An R2 bucket at hand in a test."""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from holdfast.testing.errors import HarnessError, hidden_from_tracebacks

if TYPE_CHECKING:
    from holdfast.storage.r2 import Bucket as StoredBucket
    from holdfast.storage.r2.bucket import Got
    from holdfast.testing.core import Core

__tracebackhide__ = hidden_from_tracebacks

T = TypeVar("T")


class ObjectInfo(NamedTuple):
    """What is told of an object besides its content; `http_metadata` by the names that R2 has."""

    size: int
    etag: str
    http_metadata: dict[str, Any]
    custom_metadata: dict[str, str]


class Bucket:
    """What an R2 binding leads to: `env={"FILES": bucket}` binds it."""

    def __init__(self, core: "Core[Any]", name: str) -> None:
        self.name = name
        self._core = core

    def __repr__(self) -> str:
        return f"<Bucket {self.name}>"

    def __contains__(self, key: str) -> bool:
        return self.head(key) is not None

    def head(self, key: str) -> ObjectInfo | None:
        """What is told of an object; None where there is none."""
        from holdfast.storage.r2.errors import NoSuchKey

        try:
            found = self._use(lambda bucket: bucket.head(key))
        except NoSuchKey:
            return None
        return ObjectInfo(found.size, found.etag, found.metadata.http, found.metadata.custom)

    def get(self, key: str) -> bytes | None:
        """The content of an object; None where there is none."""
        from holdfast.storage.r2.errors import NoSuchKey

        try:
            return self._use(lambda bucket: _content_of(bucket.get(key)))
        except NoSuchKey:
            return None

    def put(
        self,
        key: str,
        content: bytes | str,
        *,
        http_metadata: Mapping[str, Any] | None = None,
        custom_metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Make an object, in the place of one before."""
        from holdfast.storage.r2 import Metadata

        metadata = Metadata(dict(http_metadata or {}), dict(custom_metadata or {}))

        def write(bucket: "StoredBucket") -> None:
            with bucket.begin(key) as new:
                new.write(content.encode() if isinstance(content, str) else content)
                bucket.put(key, new, metadata, now_ms=self._core.clock.now_ms())

        self._use(write)

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        self._use(lambda bucket: bucket.delete([key]))

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin so, in order."""
        from holdfast.storage.r2.listing import Page

        def list_all(bucket: "StoredBucket") -> list[str]:
            listing = bucket.list(Page(prefix=prefix))
            found = listing.objects
            while listing.cursor:
                listing = bucket.list(Page(prefix=prefix, cursor=listing.cursor))
                found += listing.objects
            return [one.key for one in found]

        return self._use(list_all)

    def _use(self, do: "Callable[[StoredBucket], T]") -> T:
        from holdfast.storage.r2.errors import NoSuchKey, R2Error

        self._core.begin()
        buckets = self._core.runtime.resources.buckets
        buckets.imply(self.name)
        try:
            return buckets.use(self.name, do)
        except NoSuchKey:
            raise
        except R2Error as error:
            raise HarnessError(f"{self!r}: {error}") from None


def _content_of(got: "Got") -> bytes:
    from holdfast.storage.r2.contents import OpenedParts

    content = got.content
    assert content is not None, "no condition was given"
    if not isinstance(content, OpenedParts):
        return _read(content.fd, content.start, len(got.range))
    with closing(content):
        return b"".join(
            _read(content.open(part), part.start, part.length) for part in content.parts
        )


def _read(descriptor: int, start: int, length: int) -> bytes:
    with open(descriptor, "rb") as file:
        file.seek(start)
        return file.read(length)
