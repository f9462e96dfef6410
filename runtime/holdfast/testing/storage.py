"""An object's storage as a mapping."""

import contextlib
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from holdfast.catalog.namespace import Namespace
from holdfast.storage import ObjectStore, SqlError, StorageError
from holdfast.testing.errors import HarnessError, hidden_from_tracebacks
from holdfast.testing.values import to_javascript, to_python

if TYPE_CHECKING:
    from holdfast.testing.core import Core

__tracebackhide__ = hidden_from_tracebacks

_ROWS = 1000

Rows = list[dict[str, Any]]


class ObjectStorage(MutableMapping[str, Any]):
    """What an object has stored, by key; SQL with `sql`. Reads what is written, durable or not."""

    def __init__(self, core: "Core[Any]", namespace: Namespace, object_id: str) -> None:
        self._core = core
        self._namespace = namespace
        self._id = object_id

    def __getitem__(self, key: str) -> Any:
        with self.store() as store:
            value = store.get(key)
        if value is None:
            __tracebackhide__ = True  # it is the test's key
            raise KeyError(key)
        return to_python(value)

    def __setitem__(self, key: str, value: Any) -> None:
        encoded = to_javascript(value)
        with self.store() as store:
            store.put(key, encoded)

    def __delitem__(self, key: str) -> None:
        if not self.delete(key):
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self.list())

    def __repr__(self) -> str:
        return repr(self.list())

    def put(self, key: str, value: Any) -> None:
        """Store a value."""
        self[key] = value

    def delete(self, key: str) -> bool:
        """Remove a key; was it there."""
        with self.store() as store:
            return store.delete(key)

    def list(self, *, prefix: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """The keys that begin with `prefix`, in order, with their values."""
        with self.store() as store:
            found = store.list(prefix=prefix, limit=limit)
        return {key: to_python(value) for key, value in found}

    def sql(self, query: str, *bindings: str | bytes | float | None) -> Rows:
        """Run SQL; its rows. Raises HarnessError with SQLite's message."""
        with self.store() as store:
            sql = store.sql(lambda: False)
            try:
                answer = sql.execute(query, [*bindings])
                rows, more = [*answer.rows], bool(answer.cursor)
                while more:
                    next_rows, more = sql.fetch(answer.cursor, _ROWS)
                    rows += next_rows
            except SqlError as error:
                raise HarnessError(str(error)) from None
        return [dict(zip(answer.statement.columns, row, strict=True)) for row in rows]

    @contextlib.contextmanager
    def store(self) -> Iterator[ObjectStore]:
        """The object's store, or one for the moment while the object is not live."""
        self._core.begin()
        record = self._core.runtime.directory.find(self._id)
        if record is not None:
            with _explained():
                yield record.store
            self._core.wrote(record.store)
            return
        store = self._core.storage.open(
            self._namespace.unique_key,
            self._id,
            use_sqlite=self._namespace.use_sqlite,
            on_durable=lambda _: None,
            on_broken=lambda _: None,
        )
        try:
            with _explained():
                yield store
            self._core.wrote(store)
        finally:
            store.close()


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except SqlError:
        raise
    except StorageError as error:
        raise HarnessError(str(error)) from None
