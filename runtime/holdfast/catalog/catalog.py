"""`Catalog`: what was uploaded, safe on the disk when a call returns."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from holdfast.catalog import namespaces as namespace_rows
from holdfast.catalog import schedules as schedule_rows
from holdfast.catalog import scripts as script_rows
from holdfast.catalog.cron import Cron, InvalidCron
from holdfast.catalog.database import Database
from holdfast.catalog.deployment import check_exports
from holdfast.catalog.errors import ErrorCode, UploadRejected
from holdfast.catalog.migrations import NO_CHANGES, NamespaceChanges, check_migrated
from holdfast.catalog.namespace import Namespace
from holdfast.catalog.schedules import Schedule
from holdfast.catalog.script import Script
from holdfast.catalog.scripts import ScriptRecord
from holdfast.catalog.vault import KEY_FILE, Vault


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Catalog:
    """The scripts and namespaces of one data folder.

    Every method is one transaction, blocks while it works and may be called from
    any thread; a method that changes something returns once that is on the disk.
    Opening raises CatalogUnusable when the file cannot be used, and so does any
    later call when the disk fails or is full.
    """

    def __init__(self, path: Path, *, clock: Callable[[], datetime] = _utc_now) -> None:
        self._vault = Vault(path.with_name(KEY_FILE))
        self._database = Database(path, self._vault.seal)
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, so that another process may open it."""
        self._database.close()

    # Scripts

    def put_script(
        self,
        script: Script,
        *,
        handlers: Sequence[str],
        classes: Sequence[str],
        namespaces: Sequence[Namespace] = (),
        changes: NamespaceChanges = NO_CHANGES,
    ) -> ScriptRecord:
        """Store a version, make it the live one, and create `namespaces` with it.

        `changes` is what else becomes of namespaces.

        `handlers` and `classes` are what the script was seen to export. Raises
        UploadRejected, and changes nothing, when it handles no event or lacks the
        class of one of its namespaces.
        """
        now = self._now()
        with self._database.transaction() as db:
            script_rows.insert_version(
                db, script, self._vault, handlers=handlers, classes=classes, now=now
            )
            for namespace in changes.deleted:
                namespace_rows.delete(db, namespace.id)
            namespace_rows.move(db, changes.moved)
            for namespace in (*namespaces, *changes.created):
                namespace_rows.insert(db, namespace, now)
            check_migrated(changes, script.name, classes)
            check_exports(handlers, classes, namespace_rows.read_of_script(db, script.name))
            if changes.tag is not None:
                script_rows.set_migration_tag(db, script.name, changes.tag)
            return script_rows.read_record(db, script.name)

    def script(self, name: str) -> Script:
        """The live version of a script, with its secrets. Raises ScriptNotFound."""
        with self._database.reading() as db:
            return script_rows.read(db, name, self._vault)

    def record(self, name: str) -> ScriptRecord:
        """What is listed of a script. Raises ScriptNotFound."""
        with self._database.reading() as db:
            return script_rows.read_record(db, name)

    def records(self) -> list[ScriptRecord]:
        """What is listed of all scripts, by name."""
        with self._database.reading() as db:
            return list(script_rows.read_records(db))

    def delete_script(self, name: str) -> tuple[Namespace, ...]:
        """Forget a script and its namespaces, which are returned; their objects' files stay.

        Other scripts may still be bound to them: see `users_of`. Raises ScriptNotFound.
        """
        with self._database.transaction() as db:
            orphaned = tuple(namespace_rows.read_of_script(db, name))
            script_rows.delete(db, name)
            return orphaned

    def users_of(self, name: str) -> list[tuple[str, str]]:
        """The other scripts bound to this one or to its namespaces, as (script, binding name)."""
        with self._database.reading() as db:
            own = frozenset(n.id for n in namespace_rows.read_of_script(db, name))
            return list(script_rows.users_of(db, name, own))

    # Cron triggers

    def schedules(self, script: str) -> list[Schedule]:
        """The cron triggers of a script. Raises ScriptNotFound."""
        with self._database.reading() as db:
            script_rows.read_record(db, script)
            return list(schedule_rows.read_of_script(db, script))

    def put_schedules(self, script: str, crons: Sequence[str]) -> list[Schedule]:
        """Give a script these cron triggers, and no others; one that is twice counts once.

        Raises ScriptNotFound, or UploadRejected where one is no cron expression.
        """
        for cron in crons:
            try:
                Cron(cron)
            except InvalidCron as error:
                raise UploadRejected(ErrorCode.INVALID_SCHEDULE, str(error)) from None
        with self._database.transaction() as db:
            script_rows.read_record(db, script)
            schedule_rows.replace(db, script, crons, self._now())
            return list(schedule_rows.read_of_script(db, script))

    def all_schedules(self) -> list[tuple[str, str]]:
        """(script, cron) of every trigger."""
        with self._database.reading() as db:
            return list(schedule_rows.read_all(db))

    # Namespaces

    def create_namespace(
        self, name: str, script: str, class_name: str, *, use_sqlite: bool = False
    ) -> Namespace:
        """Create the namespace of a class that a live script exports.

        Raises ScriptNotFound, or UploadRejected when the script does not export
        the class, or the name or the class has a namespace already.
        """
        namespace = Namespace.new(script, class_name, name=name, use_sqlite=use_sqlite)
        with self._database.transaction() as db:
            record = script_rows.read_record(db, script)
            if class_name not in record.classes:
                raise UploadRejected(ErrorCode.CLASS_NOT_FOUND, _no_such_class(record, class_name))
            namespace_rows.insert(db, namespace, self._now())
        return namespace

    def namespace(self, namespace_id: str) -> Namespace:
        """The namespace with this id. Raises NamespaceNotFound."""
        with self._database.reading() as db:
            return namespace_rows.read(db, namespace_id)

    def find_namespace(self, script: str, class_name: str) -> Namespace | None:
        """The namespace of a script's class, if it has one."""
        with self._database.reading() as db:
            return namespace_rows.find(db, script, class_name)

    def namespaces(self) -> list[Namespace]:
        """All namespaces, by id."""
        with self._database.reading() as db:
            return list(namespace_rows.read_all(db))

    def namespaces_of(self, script: str) -> list[Namespace]:
        """The namespaces of a script's classes, by class."""
        with self._database.reading() as db:
            return list(namespace_rows.read_of_script(db, script))

    def delete_namespace(self, namespace_id: str) -> None:
        """Forget a namespace; its objects' files stay. Raises NamespaceNotFound."""
        with self._database.transaction() as db:
            namespace_rows.delete(db, namespace_id)

    def _now(self) -> str:
        return self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _no_such_class(record: ScriptRecord, class_name: str) -> str:
    exported = ", ".join(sorted(record.classes)) or "none"
    return (
        f'The Worker "{record.name}" does not export a class named "{class_name}". '
        f"Classes it exports: {exported}."
    )
