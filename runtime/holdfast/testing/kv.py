"""A KV namespace at hand in a test."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from holdfast.storage.key_value import Entry, KeyValueStore

if TYPE_CHECKING:
    from holdfast.testing.core import Core

_PAGE = 1000


class KVNamespace:
    """What a KV binding leads to: `env={"CACHE": namespace}` binds it."""

    def __init__(self, core: "Core[Any]", namespace_id: str) -> None:
        self.id = namespace_id
        self._core = core

    def __repr__(self) -> str:
        return f"<KVNamespace {self.id}>"

    def __contains__(self, key: str) -> bool:
        return self._entry(key) is not None

    def get(self, key: str) -> str | None:
        """The value as text; None where there is none, or none any more."""
        value = self.get_bytes(key)
        return None if value is None else value.decode("utf-8", "replace")

    def get_bytes(self, key: str) -> bytes | None:
        """The value as it is."""
        entry = self._entry(key)
        return None if entry is None else entry.value

    def metadata(self, key: str) -> Any:
        """What was stored beside the value; None for nothing."""
        entry = self._entry(key)
        return None if entry is None or entry.metadata is None else json.loads(entry.metadata)

    def put(
        self,
        key: str,
        value: str | bytes,
        *,
        metadata: Any = None,
        expiration_ttl: float | None = None,
    ) -> None:
        """Keep a value, for so many seconds."""
        content = value.encode() if isinstance(value, str) else bytes(value)
        told = None if metadata is None else json.dumps(metadata)
        end = None if expiration_ttl is None else int(self._now_s() + expiration_ttl)
        self._store().put(self.id, [Entry(key, content, told, end)], self._now_s())

    def delete(self, key: str) -> None:
        """Remove a key, if it is there."""
        self._store().delete(self.id, [key])

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin so, in order."""
        return [*self._keys(prefix)]

    def _keys(self, prefix: str) -> Iterator[str]:
        after, more = "", True
        while more:
            page, more = self._store().page(
                self.id, self._now_s(), prefix=prefix, after=after, limit=_PAGE
            )
            for entry in page:
                after = entry.key
                yield after

    def _entry(self, key: str) -> Entry | None:
        return self._store().get(self.id, key, self._now_s())

    def _store(self) -> KeyValueStore:
        self._core.begin()
        return self._core.runtime.resources.key_value

    def _now_s(self) -> float:
        return self._core.clock.now_ms() / 1000
