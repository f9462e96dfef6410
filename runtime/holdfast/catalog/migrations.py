"""Class migrations: what an upload does to the namespaces of its classes. Pure.

A namespace keeps its id and its unique key, and with them its objects and all that they have
stored, whatever its class is called and whichever script has it. A *tag* says how far a script
has come: an upload names the one that it starts from, so that no step is taken twice.

The messages and numbers of what is refused are Cloudflare's, as far as they are known.
https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import field, replace

from holdfast.catalog.errors import ErrorCode, UploadRejected
from holdfast.catalog.namespace import Namespace
from holdfast.catalog.workflows import is_workflow
from holdfast.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Renamed:
    """A class that goes on under another name, and perhaps in another script."""

    source: str
    target: str
    script: str | None = None  # that it comes from; None: the uploaded one


@dataclass(frozen=True, slots=True)
class Given:
    """A class that another script takes over, under the same name."""

    class_name: str
    target: str


@dataclass(frozen=True, slots=True)
class Step:
    """One migration."""

    new_classes: tuple[str, ...] = ()
    new_sqlite_classes: tuple[str, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    given: tuple[Given, ...] = ()
    deleted_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Migrations:
    """The migrations of an upload; the tag stays as it is where `new_tag` is None."""

    steps: tuple[Step, ...] = ()
    old_tag: str | None = None
    new_tag: str | None = None


@dataclass(frozen=True, slots=True)
class NamespaceChanges:
    """What becomes of namespaces when an upload goes live; all of it, or nothing."""

    created: tuple[Namespace, ...] = ()
    moved: tuple[Namespace, ...] = ()  # as they are to be: another class, or another script
    deleted: tuple[Namespace, ...] = ()
    tag: str | None = None  # the script's new one; None: as it is
    unexported: tuple[str, ...] = ()  # classes that the script must not export any more

    @property
    def alive(self) -> tuple[Namespace, ...]:
        """The namespaces that are new or other than they were."""
        return (*self.created, *self.moved)


NO_CHANGES = NamespaceChanges()
_STORED_OTHERWISE = ", which are stored otherwise; what a class is stored as cannot be changed"


@dataclass(slots=True)
class Plan:
    """Takes one step after the other, and knows what the script's classes are by then."""

    script: str
    known: dict[str, Namespace]  # the script's, by class
    find: Callable[[str, str], Namespace | None]  # others', by script and class
    classes_of: Callable[[str], Collection[str]] = field(default=lambda _: ())  # others' exports
    unmigrated: set[str] = field(default_factory=set)  # of those known: no migration has named them
    _created: dict[str, Namespace] = field(default_factory=dict)  # by id, as the next two
    _moved: dict[str, Namespace] = field(default_factory=dict)
    _deleted: dict[str, Namespace] = field(default_factory=dict)

    def take(self, steps: Iterable[Step]) -> None:
        """Raises UploadRejected for what cannot be done."""
        for step in steps:
            for deleted in step.deleted_classes:
                self._delete(deleted)
            for renamed in step.renamed:
                self._rename(renamed)
            for given in step.given:
                self._give(given)
            for class_name in step.new_classes:
                self._create(class_name, use_sqlite=False)
            for class_name in step.new_sqlite_classes:
                self._create(class_name, use_sqlite=True)

    def add(self, namespace: Namespace) -> None:
        """A namespace that comes into being without a migration."""
        self._created[namespace.id] = namespace
        if namespace.script == self.script:
            self.known[namespace.class_name] = namespace

    def move(self, namespace: Namespace, class_name: str) -> Namespace:
        """A namespace that goes on as this class of the uploaded script."""
        if namespace.script == self.script:
            del self.known[namespace.class_name]
        moved = replace(namespace, script=self.script, class_name=class_name)
        self.known[class_name] = moved
        (self._created if moved.id in self._created else self._moved)[moved.id] = moved
        return moved

    def given_to(self, script: str, class_name: str) -> Namespace | None:
        """A namespace that becomes another script's."""
        given = (n for n in self._moved.values() if n.script != self.script)
        return next((n for n in given if (n.script, n.class_name) == (script, class_name)), None)

    def changes(self, tag: str | None) -> NamespaceChanges:
        """All of it."""
        return NamespaceChanges(
            tuple(self._created.values()),
            tuple(self._moved.values()),
            tuple(self._deleted.values()),
            tag,
        )

    def check_bindings(self, classes: Collection[str]) -> None:
        """Refuse to delete a class that the upload itself is bound to."""
        for namespace in self._deleted.values():
            if namespace.class_name in classes and namespace.class_name not in self.known:
                raise UploadRejected(
                    ErrorCode.CLASS_NOT_FOUND,
                    f"Cannot apply --delete-class migration to class '{namespace.class_name}' "
                    "without also removing the binding that references it.",
                )

    def _create(self, class_name: str, *, use_sqlite: bool) -> None:
        if self._take_in(class_name, use_sqlite=use_sqlite):
            return
        kind = "new-sqlite-class" if use_sqlite else "new-class"
        self._refuse_existing(class_name, kind, use_sqlite=use_sqlite)
        self.add(Namespace.new(self.script, class_name, use_sqlite=use_sqlite))

    def _take_in(self, class_name: str, *, use_sqlite: bool) -> bool:
        """Whether the class is there already, since it was bound; it may get SQL now."""
        found = self.known.get(class_name)
        if found is None or class_name not in self.unmigrated or found.use_sqlite > use_sqlite:
            return False
        self.unmigrated.discard(class_name)
        if found.use_sqlite < use_sqlite:
            self.move(replace(found, use_sqlite=True), class_name)
        return True

    def _delete(self, class_name: str) -> None:
        namespace = self._existing(class_name, None, "delete-class")
        del self.known[class_name]
        self._moved.pop(namespace.id, None)
        if self._created.pop(namespace.id, None) is None:
            self._deleted[namespace.id] = namespace

    def _rename(self, renamed: Renamed) -> None:
        kind = "rename-class" if renamed.script in (None, self.script) else "transfer-class"
        namespace = self._existing(renamed.source, renamed.script, kind)
        self._refuse_existing(renamed.target, kind)
        self.move(namespace, renamed.target)

    def _give(self, given: Given) -> None:
        class_name, target = given.class_name, given.target
        if class_name not in self.classes_of(target):
            raise UploadRejected(
                ErrorCode.CLASS_NOT_EXPORTED,
                f"Cannot transfer class '{class_name}' to the Worker '{target}', which does not "
                'export it: deploy that first, and declare it there as "expecting-transfer".',
            )
        if self.find(target, class_name) is not None:
            raise UploadRejected(
                ErrorCode.NAMESPACE_EXISTS,
                f"Cannot transfer class '{class_name}' to the Worker '{target}', which has Durable "
                "Objects of a class of that name.",
            )
        namespace = self.known.pop(class_name)
        self._moved[namespace.id] = replace(namespace, script=target)

    def _existing(self, class_name: str, script: str | None, kind: str) -> Namespace:
        if script in (None, self.script):
            found = self.known.get(class_name)
        else:
            found = self.find(script or "", class_name)
            if found and found.id in self._moved:
                found = None
        if found is None:
            raise UploadRejected(
                ErrorCode.NAMESPACE_EXISTS,
                f"Cannot apply {kind} migration to class '{class_name}' which was not exported in "
                "the previous version of the script",
            )
        return found

    def _refuse_existing(
        self, class_name: str, kind: str, *, use_sqlite: bool | None = None
    ) -> None:
        found = self.known.get(class_name)
        if found is None:
            return
        is_other = use_sqlite is not None and use_sqlite != found.use_sqlite
        raise UploadRejected(
            ErrorCode.NAMESPACE_EXISTS,
            f"Cannot apply {kind} migration to class '{class_name}' that is already depended "
            f"on by existing Durable Objects{_STORED_OTHERWISE if is_other else ''}",
        )


def check_tag(migrations: Migrations, current: str | None) -> None:
    """Raise UploadRejected unless the upload starts from where the script is."""
    if (migrations.old_tag or "") != (current or ""):
        raise UploadRejected(
            ErrorCode.MIGRATION_TAG,
            f"Actor migration tag precondition failed, got tag '{migrations.old_tag or ''}' when "
            f"expected tag is '{current or ''}'.",
        )


def check_migrated(changes: NamespaceChanges, script: str, classes: Collection[str]) -> None:
    """Raise UploadRejected unless the script exports what its migrations are about."""
    for class_name in changes.unexported:
        if class_name in classes:
            raise UploadRejected(
                ErrorCode.STILL_IN_USE,
                f"Cannot delete class '{class_name}' that is still exported by script: take it out "
                "of the code, too.",
            )
    moved = {namespace.id for namespace in changes.moved}
    for namespace in changes.alive:
        if is_workflow(namespace):
            continue  # its class is looked at where the script is loaded
        if namespace.script == script and namespace.class_name not in classes:
            kind = "rename-class" if namespace.id in moved else "new-class"
            raise UploadRejected(
                ErrorCode.CLASS_NOT_EXPORTED,
                f"Cannot apply {kind} migration to class '{namespace.class_name}' that is not "
                f"exported by script. It exports: {', '.join(classes) or 'none'}.",
            )
