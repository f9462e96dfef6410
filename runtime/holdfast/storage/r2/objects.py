"""What is told of an object."""

import json
from typing import Any

from holdfast.dataclass import dataclass
from holdfast.storage.r2.errors import InvalidStorageClass, MetadataTooLarge

MAX_METADATA_BYTES = 8_192  # https://developers.cloudflare.com/r2/platform/limits/
STORAGE_CLASSES = ("Standard", "InfrequentAccess")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an upload says of its object besides its content.

    `http` has the names that Workers give to headers (`contentType`, …); `cacheExpiry` is
    milliseconds since the epoch.
    """

    http: dict[str, Any]
    custom: dict[str, str]
    storage_class: str = STORAGE_CLASSES[0]

    def check(self) -> None:
        """Raise R2Error where no object can have these."""
        size = sum(_length(name) + _length(value) for name, value in self.custom.items())
        if size > MAX_METADATA_BYTES:
            raise MetadataTooLarge
        if self.storage_class not in STORAGE_CLASSES:
            raise InvalidStorageClass

    @property
    def row(self) -> tuple[str, str, str]:
        """As the tables have them."""
        return json.dumps(self.http), json.dumps(self.custom), self.storage_class


def _length(text: str) -> int:
    """How much of the limit a text takes: twice its length where it leaves Latin-1."""
    return len(text) if all(ord(character) < 256 for character in text) else 2 * _units(text)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object. `uploaded` is milliseconds since the epoch; checksums are hexadecimal."""

    key: str
    version: str
    size: int
    etag: str
    uploaded: int
    checksums: dict[str, str]
    metadata: Metadata

    @property
    def as_json(self) -> dict[str, Any]:
        """As polyfills/r2/object.js takes it."""
        return {
            "key": self.key,
            "version": self.version,
            "size": self.size,
            "etag": self.etag,
            "uploaded": self.uploaded,
            "checksums": self.checksums,
            "http": self.metadata.http,
            "custom": self.metadata.custom,
            "storageClass": self.metadata.storage_class,
        }
