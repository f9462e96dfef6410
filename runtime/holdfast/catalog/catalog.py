"""`Catalog`: what was uploaded, safe on the disk when a call returns."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from holdfast.assets.manifest import STORE
from holdfast.catalog import namespaces as namespace_rows
from holdfast.catalog import previews as preview_rows
from holdfast.catalog import routes as route_rows
from holdfast.catalog import schedules as schedule_rows
from holdfast.catalog import scripts as script_rows
from holdfast.catalog import versions as version_rows
from holdfast.catalog.asset_library import AssetLibrary
from holdfast.catalog.cron import parse_crons
from holdfast.catalog.database import Database
from holdfast.catalog.deployment import check_bindings, check_exports
from holdfast.catalog.errors import ErrorCode, ScriptNotFound, UploadRejected
from holdfast.catalog.migrations import NO_CHANGES, NamespaceChanges, check_migrated
from holdfast.catalog.namespace import Namespace, Trigger
from holdfast.catalog.routes import ScriptRoute, new_route
from holdfast.catalog.schedules import Schedule
from holdfast.catalog.script import Script, iso_time
from holdfast.catalog.scripts import ScriptRecord
from holdfast.catalog.traffic import Traffic
from holdfast.catalog.vault import KEY_FILE, Vault
from holdfast.catalog.versions import Deployment, Loaded, Note, VersionRecord
from holdfast.catalog.workflows import namespace_name, new_workflow

NO_NOTE = Note()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Catalog:
    """The scripts and namespaces of one data folder; `assets` are their static assets.

    Every method is one transaction, blocks while it works and may be called from
    any thread; a method that changes something returns once that is on the disk.
    Opening raises CatalogUnusable when the file cannot be used, and so does any
    later call when the disk fails or is full.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], datetime] = _utc_now,
        for_reading: bool = False,
    ) -> None:
        """`for_reading`: another process has the catalog open, and changes it."""
        self._vault = Vault(path.with_name(KEY_FILE))
        self._database = Database(path, self._vault.seal, for_reading=for_reading)
        self._clock = clock
        self.assets = AssetLibrary(self._database, path.with_name(STORE), clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, so that another process may open it."""
        self._database.close()
        self.assets.close()

    # Scripts

    def put_script(
        self,
        script: Script,
        *,
        handlers: Sequence[str],
        classes: Sequence[str],
        namespaces: Sequence[Namespace] = (),
        startup_time_ms: int = 0,
        changes: NamespaceChanges = NO_CHANGES,
        note: Note = NO_NOTE,
        max_delay_s: float = 0.0,
    ) -> ScriptRecord:
        """Store a version, make it the live one, and create `namespaces` with it.

        `changes` is what else becomes of namespaces; `max_delay_s` as Traffic has it.

        `handlers` and `classes` are what the script was seen to export. Raises
        UploadRejected, and changes nothing, when it handles no event or lacks the
        class of one of its namespaces.
        """
        now = self._now()
        with self._database.transaction() as db:
            loaded = Loaded(handlers, classes, startup_time_ms)
            version_rows.insert(db, script, self._vault, loaded, note, now)
            traffic = Traffic.whole(script.version, max_delay_s)
            version_rows.deploy(db, script.name, traffic, str(uuid.uuid4()), note, now)
            version_rows.forget_oldest(db, script.name)
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
        """The live version of a script, with its secrets. Raises ScriptNotFound.

        Of two that are live, the one that takes more; so it is with `record`.
        """
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

    def doomed(self) -> list[str]:
        """The unique keys of namespaces that are deleted; their files stay until `removed`."""
        with self._database.reading() as db:
            return namespace_rows.doomed(db)

    def removed(self, unique_key: str) -> None:
        """The files of a deleted namespace are gone, durably."""
        with self._database.transaction() as db:
            namespace_rows.forget_doomed(db, unique_key)

    def users_of(self, name: str) -> list[tuple[str, str]]:
        """The other scripts bound to this one or to its namespaces, as (script, binding name)."""
        with self._database.reading() as db:
            own = frozenset(n.id for n in namespace_rows.read_of_script(db, name))
            return list(script_rows.users_of(db, name, own))

    def settings(self, name: str) -> dict[str, Any]:
        """What was set for a script whatever its version. Raises ScriptNotFound."""
        with self._database.reading() as db:
            return script_rows.read_settings(db, name)

    def put_settings(self, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Set these for a script, beside those that it has; all of them. Raises ScriptNotFound."""
        with self._database.transaction() as db:
            merged = {**script_rows.read_settings(db, name), **settings}
            script_rows.put_settings(db, name, merged)
            return merged

    def all_tail_consumers(self) -> dict[str, list[str]]:
        """Of each script that has Tail Workers, which these are."""
        with self._database.reading() as db:
            return dict(script_rows.read_tail_consumers(db))

    # Versions and deployments

    def put_version(self, script: Script, loaded: Loaded, note: Note = NO_NOTE) -> None:
        """Store a version of a script, and leave live what is. Raises ScriptNotFound."""
        with self._database.transaction() as db:
            script_rows.read_record(db, script.name)
            version_rows.insert(db, script, self._vault, loaded, note, self._now())
            version_rows.forget_oldest(db, script.name)

    def deploy(self, name: str, traffic: Traffic, note: Note = NO_NOTE) -> Traffic:
        """Make these versions the live ones; they keep the points that they have had.

        Raises ScriptNotFound, VersionNotFound, or UploadRejected when one lacks the class of one
        of the script's namespaces, or is bound to one that is gone where two are to be live.
        """
        with self._database.transaction() as db:
            known = {namespace.id for namespace in namespace_rows.read_all(db)}
            own = list(namespace_rows.read_of_script(db, name))
            for version in traffic.versions:
                record = version_rows.read_record_of(db, name, version).script
                check_exports(record.handlers, record.classes, own)
                if traffic.is_gradual:
                    check_bindings(version, record.bindings, known)
            arranged = traffic.after(version_rows.read_traffic(db, name))
            version_rows.deploy(db, name, arranged, str(uuid.uuid4()), note, self._now())
            version_rows.forget_oldest(db, name)
            return arranged

    def traffic(self, name: str) -> Traffic:
        """Which versions of a script are live. Raises ScriptNotFound."""
        with self._database.reading() as db:
            return version_rows.read_traffic(db, name)

    def version(self, name: str, version: str) -> Script:
        """A version, with its secrets. Raises ScriptNotFound, VersionNotFound."""
        with self._database.reading() as db:
            record = version_rows.read_record_of(db, name, version).script
            return script_rows.read_whole(db, record, self._vault)

    def preview(self, label: str) -> Script:
        """The version whose URL has this label, as a script of that name, with its secrets.

        Raises ScriptNotFound.
        """
        with self._database.reading() as db:
            found = preview_rows.find(db, label)
            if found is not None:
                record = version_rows.read_record_of(db, *found).script
                if preview_rows.has_preview(record, namespace_rows.read_of_script(db, found[0])):
                    script = script_rows.read_whole(db, record, self._vault)
                    return preview_rows.as_preview(script, label)
        raise ScriptNotFound(label)

    def latest(self, name: str, unopened: Collection[str] = ()) -> Script:
        """The version uploaded last, live or not, with its secrets. Raises ScriptNotFound.

        Those that are `unopened` have no text, and need no key.
        """
        with self._database.reading() as db:
            record = next(version_rows.read_records(db, name)).script
            return script_rows.read_whole(db, record, self._vault, unopened)

    def version_record(self, name: str, version: str) -> VersionRecord:
        """What is listed of a version. Raises ScriptNotFound, VersionNotFound."""
        with self._database.reading() as db:
            return version_rows.read_record_of(db, name, version)

    def version_records(self, name: str) -> list[VersionRecord]:
        """What is listed of a script's versions, the newest first. Raises ScriptNotFound."""
        with self._database.reading() as db:
            return list(version_rows.read_records(db, name))

    def deployments(self, name: str) -> list[Deployment]:
        """A script's deployments, the newest first. Raises ScriptNotFound."""
        with self._database.reading() as db:
            return list(version_rows.read_deployments(db, name))

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
        crons = parse_crons([*crons])
        with self._database.transaction() as db:
            script_rows.read_record(db, script)
            schedule_rows.replace(db, script, crons, self._now())
            return list(schedule_rows.read_of_script(db, script))

    def all_triggers(self) -> list[Trigger]:
        """Every cron trigger, those of Workflows included."""
        with self._database.reading() as db:
            return list(schedule_rows.read_all(db))

    # Routes and custom domains

    def all_routes(self) -> list[ScriptRoute]:
        """Every route and custom domain."""
        with self._database.reading() as db:
            return list(route_rows.read_all(db))

    def route(self, route_id: str) -> ScriptRoute | None:
        """The route or custom domain with this id, if there is one."""
        with self._database.reading() as db:
            return route_rows.read(db, route_id)

    def routes_of(self, script: str, *, is_domain: bool) -> list[ScriptRoute]:
        """The routes, or the custom domains, of a script. Raises ScriptNotFound."""
        with self._database.reading() as db:
            script_rows.read_record(db, script)
            return route_rows.read_of_script(db, script, is_domain=is_domain)

    def put_routes(
        self,
        script: str,
        patterns: Sequence[str],
        *,
        is_domain: bool = False,
        takes_over: bool = False,
    ) -> list[ScriptRoute]:
        """Give a script these routes, or these custom domains, and no others.

        With `takes_over`, custom domains of other scripts become its own. Raises ScriptNotFound,
        or UploadRejected for what is no pattern or leads to another script.
        """
        routes = [new_route(pattern, script, is_domain=is_domain) for pattern in patterns]
        with self._database.transaction() as db:
            script_rows.read_record(db, script)
            if takes_over:
                route_rows.take_over(db, script, [route.pattern for route in routes])
            route_rows.replace(db, script, routes, is_domain=is_domain)
            return route_rows.read_of_script(db, script, is_domain=is_domain)

    def put_route(self, route: ScriptRoute) -> None:
        """Add a route or custom domain, in the place of the one with its id if there is one.

        Raises ScriptNotFound, or UploadRejected where its pattern is another's.
        """
        with self._database.transaction() as db:
            if route.script is not None:
                script_rows.read_record(db, route.script)
            route_rows.delete(db, route.id)
            route_rows.insert(db, route)

    def delete_route(self, route_id: str) -> None:
        """Forget a route or custom domain."""
        with self._database.transaction() as db:
            route_rows.delete(db, route_id)

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
            script_rows.read_record(db, script)
            for record in script_rows.read_deployed(db, script):
                if class_name not in record.classes:
                    raise UploadRejected(
                        ErrorCode.CLASS_NOT_FOUND, _no_such_class(record, class_name)
                    )
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

    def find_workflow(self, workflow: str) -> Namespace | None:
        """The namespace of the Workflow of this name, if there is one."""
        with self._database.reading() as db:
            return namespace_rows.find_named(db, namespace_name(workflow))

    def put_workflow(
        self,
        workflow: str,
        script: str,
        class_name: str,
        steps: int | None = None,
        crons: Sequence[str] = (),
    ) -> Namespace:
        """Give a Workflow, which comes into being if need be, a script's class.

        An instance has so many `steps` at most, and one is created by each of the `crons`. Raises
        ScriptNotFound.
        """
        made = new_workflow(workflow, script, class_name, steps)
        with self._database.transaction() as db:
            script_rows.read_record(db, script)
            found = namespace_rows.find_named(db, made.name)
            if found is None:
                namespace_rows.insert(db, made, self._now())
            else:
                made = replace(found, script=script, class_name=made.class_name)
                namespace_rows.move(db, [made])
            schedule_rows.replace_of_workflow(db, made.id, crons)
            return made

    def workflow_crons(self, namespace_id: str) -> list[str]:
        """When instances of a Workflow are created, by the id of its namespace."""
        with self._database.reading() as db:
            return schedule_rows.read_of_workflow(db, namespace_id)

    def created_on(self, namespace_id: str) -> str:
        """When a namespace was created, in ISO 8601. Raises NamespaceNotFound."""
        with self._database.reading() as db:
            return namespace_rows.created_on(db, namespace_id)

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
        return iso_time(self._clock())


def _no_such_class(record: ScriptRecord, class_name: str) -> str:
    exported = ", ".join(sorted(record.classes)) or "none"
    return (
        f'The Worker "{record.name}" does not export a class named "{class_name}". '
        f"Classes it exports: {exported}."
    )
