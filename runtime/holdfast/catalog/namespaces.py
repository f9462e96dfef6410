"""Namespaces in the catalog: at most one for each class of a script."""

from collections.abc import Iterator, Sequence
from typing import Any

import apsw

from holdfast.catalog.errors import ErrorCode, NamespaceNotFound, UploadRejected
from holdfast.catalog.namespace import Namespace

_COLUMNS = "SELECT id, name, script, class_name, unique_key, use_sqlite FROM namespaces "


def insert(db: apsw.Connection, namespace: Namespace, now: str) -> None:
    """Store a new namespace. Raises UploadRejected when its name or its class has one."""
    _refuse_duplicate(db, namespace)
    db.execute(
        "INSERT INTO namespaces VALUES (?,?,?,?,?,?,?)",
        (
            namespace.id,
            namespace.name,
            namespace.script,
            namespace.class_name,
            namespace.unique_key,
            int(namespace.use_sqlite),
            now,
        ),
    )


def move(db: apsw.Connection, namespaces: Sequence[Namespace]) -> None:
    """Give namespaces that exist other classes or scripts, or SQL. Raises NamespaceNotFound.

    All at once, because two may take each other's place.
    """
    for namespace in namespaces:
        # A class cannot be called so; the row is unique by its script and its class.
        db.execute("UPDATE namespaces SET class_name = '*' || id WHERE id = ?", (namespace.id,))
        if db.changes() == 0:
            raise NamespaceNotFound(namespace.id)
    for namespace in namespaces:
        db.execute(
            "UPDATE namespaces SET script = ?, class_name = ?, use_sqlite = ? WHERE id = ?",
            (namespace.script, namespace.class_name, int(namespace.use_sqlite), namespace.id),
        )


def delete(db: apsw.Connection, namespace_id: str) -> None:
    """Forget a namespace. Raises NamespaceNotFound."""
    db.execute("DELETE FROM namespaces WHERE id = ?", (namespace_id,))
    if db.changes() == 0:
        raise NamespaceNotFound(namespace_id)


def doomed(db: apsw.Connection) -> list[str]:
    """The unique keys of those that were deleted, until `forget_doomed`."""
    return [key for (key,) in db.execute("SELECT unique_key FROM doomed")]


def forget_doomed(db: apsw.Connection, unique_key: str) -> None:
    """The files of a deleted namespace are gone."""
    db.execute("DELETE FROM doomed WHERE unique_key = ?", (unique_key,))


def read(db: apsw.Connection, namespace_id: str) -> Namespace:
    """The namespace with this id. Raises NamespaceNotFound."""
    row = db.execute(_COLUMNS + "WHERE id = ?", (namespace_id,)).fetchone()
    if row is None:
        raise NamespaceNotFound(namespace_id)
    return _namespace(row)


def created_on(db: apsw.Connection, namespace_id: str) -> str:
    """When a namespace was created. Raises NamespaceNotFound."""
    row = db.execute("SELECT created_on FROM namespaces WHERE id = ?", (namespace_id,)).fetchone()
    if row is None:
        raise NamespaceNotFound(namespace_id)
    return str(row[0])


def find(db: apsw.Connection, script: str, class_name: str) -> Namespace | None:
    """The namespace of a script's class, if it has one."""
    where = "WHERE script = ? AND class_name = ?"
    row = db.execute(_COLUMNS + where, (script, class_name)).fetchone()
    return None if row is None else _namespace(row)


def find_named(db: apsw.Connection, name: str) -> Namespace | None:
    """The namespace that is called so, if there is one."""
    row = db.execute(_COLUMNS + "WHERE name = ?", (name,)).fetchone()
    return None if row is None else _namespace(row)


def read_all(db: apsw.Connection) -> Iterator[Namespace]:
    """All namespaces, by id."""
    return (_namespace(row) for row in db.execute(_COLUMNS + "ORDER BY id"))


def read_of_script(db: apsw.Connection, script: str) -> Iterator[Namespace]:
    """The namespaces of a script's classes, by class."""
    rows = db.execute(_COLUMNS + "WHERE script = ? ORDER BY class_name", (script,))
    return (_namespace(row) for row in rows)


def _refuse_duplicate(db: apsw.Connection, namespace: Namespace) -> None:
    if existing := find(db, namespace.script, namespace.class_name):
        raise UploadRejected(
            ErrorCode.NAMESPACE_EXISTS,
            f"The class {namespace.class_name} of the Worker {namespace.script} already has the "
            f'Durable Object namespace "{existing.name}" (id {existing.id}).',
        )
    row = db.execute(_COLUMNS + "WHERE name = ?", (namespace.name,)).fetchone()
    if row is not None:
        raise UploadRejected(
            ErrorCode.NAMESPACE_EXISTS,
            f'A Durable Object namespace named "{namespace.name}" already exists (id {row[0]}).',
        )


def _namespace(row: tuple[Any, ...]) -> Namespace:
    namespace_id, name, script, class_name, unique_key, use_sqlite = row
    return Namespace(namespace_id, name, script, class_name, unique_key, bool(use_sqlite))
