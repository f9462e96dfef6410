"""Where scripts come from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from holdfast.catalog import (
    Namespace,
    NamespaceNotFound,
    Script,
    ScriptNotFound,
    Traffic,
    Workflow,
)
from holdfast.catalog.routes import ScriptRoute
from holdfast.catalog.workflows import class_of, local_workflow, namespace_name

if TYPE_CHECKING:
    from holdfast.catalog import Catalog


class ScriptSource(Protocol):
    """Finds scripts and the namespaces they are bound to."""

    @property
    def implies_stores(self) -> bool:
        """Whether a queue or a bucket that a script is bound to is there with its first use."""

    def traffic(self, name: str) -> Traffic:
        """Which versions take a script's events. Raises ScriptNotFound."""

    def script(self, name: str, version: str | None = None) -> Script:
        """The version to run, or one of two. Raises ScriptNotFound, VersionNotFound."""

    def namespace(self, namespace_id: str) -> Namespace:
        """A namespace that a binding names. Raises NamespaceNotFound."""

    def namespaces(self) -> list[Namespace]:
        """All that are known before any script is loaded; their alarms are armed at once."""

    def implied_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """Namespaces that are bound under their class's name without being asked for."""

    def workflow(self, binding: Workflow, script: Script) -> Namespace:
        """The namespace of a Workflow that `script` is bound to; a deleted one has no script."""

    def implied_workflows(self, script: Script, classes: Iterable[str]) -> list[Workflow]:
        """Workflows that are bound under their class's name without being asked for."""

    def own_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """The namespaces of the script's own classes: what it finds in `ctx.exports`."""

    def routes(self) -> Sequence[ScriptRoute]:
        """The routes and custom domains of all scripts."""

    def tail_consumers(self) -> Mapping[str, Sequence[str]]:
        """Of each script that has any, the scripts that are told of its events."""


class CatalogSource:
    """Scripts that were uploaded."""

    implies_stores = False

    def __init__(self, catalog: "Catalog") -> None:
        self._catalog = catalog

    def traffic(self, name: str) -> Traffic:
        """As the last deployment says; of a preview, its version. Raises ScriptNotFound."""
        try:
            return self._catalog.traffic(name)
        except ScriptNotFound:
            return Traffic.whole(self._catalog.preview(name).version)

    def script(self, name: str, version: str | None = None) -> Script:
        """The live version, or one of two, or a preview. Raises ScriptNotFound, VersionNotFound."""
        try:
            if version is None:
                return self._catalog.script(name)
            return self._catalog.version(name, version)
        except ScriptNotFound:
            return self._catalog.preview(name)

    def namespace(self, namespace_id: str) -> Namespace:
        """A namespace of the catalog. Raises NamespaceNotFound."""
        return self._catalog.namespace(namespace_id)

    def namespaces(self) -> list[Namespace]:
        """The namespaces of the catalog."""
        return self._catalog.namespaces()

    def routes(self) -> list[ScriptRoute]:
        """Those of the catalog."""
        return self._catalog.all_routes()

    def tail_consumers(self) -> Mapping[str, Sequence[str]]:
        """Those of the catalog."""
        return self._catalog.all_tail_consumers()

    def implied_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """None: uploads name their bindings."""
        return []

    def workflow(self, binding: Workflow, script: Script) -> Namespace:
        """The one of the catalog."""
        name = binding.workflow_name
        gone = Namespace("", namespace_name(name), "", class_of(name, binding.class_name), name)
        return self._catalog.find_workflow(name) or gone

    def implied_workflows(self, script: Script, classes: Iterable[str]) -> list[Workflow]:
        """None: uploads name their bindings."""
        return []

    def own_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """Those of the catalog."""
        return self._catalog.namespaces_of(script.name)


class FileSources:
    """Several scripts, each from its file, that may be bound to each other."""

    implies_stores = True

    def __init__(self, sources: "Iterable[FileSource]") -> None:
        self._sources = [*sources]

    def traffic(self, name: str) -> Traffic:
        """See FileSource."""
        return Traffic.whole(self._of(name).current.version)

    def script(self, name: str, version: str | None = None) -> Script:
        """See FileSource."""
        return self._of(name).script(name, version)

    def namespace(self, namespace_id: str) -> Namespace:
        """See FileSource."""
        try:
            return self._of(namespace_id.rpartition("-")[0]).namespace(namespace_id)
        except ScriptNotFound:
            raise NamespaceNotFound(namespace_id) from None

    def namespaces(self) -> list[Namespace]:
        """See FileSource."""
        return []

    def routes(self) -> list[ScriptRoute]:
        """See FileSource."""
        return []

    def tail_consumers(self) -> Mapping[str, Sequence[str]]:
        """See FileSource."""
        return {name: told for one in self._sources for name, told in one.tail_consumers().items()}

    def implied_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """See FileSource."""
        return self._of(script.name).implied_namespaces(script, classes)

    def workflow(self, binding: Workflow, script: Script) -> Namespace:
        """See FileSource."""
        return self._of(binding.script_name or script.name).workflow(binding, script)

    def implied_workflows(self, script: Script, classes: Iterable[str]) -> list[Workflow]:
        """See FileSource."""
        return self._of(script.name).implied_workflows(script, classes)

    def own_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """See FileSource."""
        return self._of(script.name).own_namespaces(script, classes)

    def _of(self, name: str) -> "FileSource":
        found = next((one for one in self._sources if one.current.name == name), None)
        if found is None:
            raise ScriptNotFound(name)
        return found


class FileSource:
    """One script from a file, whose classes are namespaces that nobody has to create.

    `uses_sqlite` tells whether a class's objects have SQL, and `implies` whether a class that
    the script exports is bound under its own name. `tail_consumers` are the scripts that are told
    of its events, and `kept_as` tells by which name the objects of a script's class are kept,
    `max_steps` how many steps an instance of a Workflow may have, if that is said.
    """

    implies_stores = True

    def __init__(
        self,
        script: Script,
        *,
        uses_sqlite: Callable[[str], bool] = lambda _: True,
        implies: Callable[[str], bool] = lambda _: True,
        tail_consumers: Callable[[], Sequence[str]] = tuple,
        kept_as: Callable[[str, str], str] = lambda _, class_name: class_name,
        max_steps: Callable[[str], int | None] = lambda _: None,
    ) -> None:
        self.current = script
        self._max_steps = max_steps
        self._kept_as = kept_as
        self._tail_consumers = tail_consumers
        self._uses_sqlite = uses_sqlite
        self._implies = implies

    def traffic(self, name: str) -> Traffic:
        """A file is one version."""
        return Traffic.whole(self.script(name).version)

    def script(self, name: str, version: str | None = None) -> Script:
        """The file's script, as it was last read. Raises ScriptNotFound for other names."""
        assert version is None, "a file is one version"
        if name != self.current.name:
            raise ScriptNotFound(name)
        return self.current

    def namespace(self, namespace_id: str) -> Namespace:
        """The namespace of one of the script's classes. Raises NamespaceNotFound."""
        script, dash, class_name = namespace_id.rpartition("-")
        if not dash or script != self.current.name:
            raise NamespaceNotFound(namespace_id)
        return self._of_class(class_name)

    def namespaces(self) -> list[Namespace]:
        """None: which classes there are is known when the file is loaded."""
        return []

    def routes(self) -> list[ScriptRoute]:
        """None: every host leads to the script of the command line."""
        return []

    def tail_consumers(self) -> Mapping[str, Sequence[str]]:
        """Those that the file names."""
        consumers = self._tail_consumers()
        return {self.current.name: consumers} if consumers else {}

    def implied_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """One for each exported class that is bound without being asked for."""
        return [self._of_class(name) for name in classes if self._implies(name)]

    def workflow(self, binding: Workflow, script: Script) -> Namespace:
        """The Workflow of this name, whoever is bound to it."""
        owner, name = binding.script_name or script.name, binding.workflow_name
        return local_workflow(name, owner, binding.class_name, self._max_steps(name))

    def implied_workflows(self, script: Script, classes: Iterable[str]) -> list[Workflow]:
        """One for each exported class that is bound without being asked for, and called as it."""
        return [Workflow(name, name, name) for name in classes if self._implies(name)]

    def own_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """One for each exported class."""
        return [self._of_class(name) for name in classes]

    def _of_class(self, class_name: str) -> Namespace:
        """A class's namespace; its unique key is the one that `wrangler dev` uses."""
        script = self.current.name
        return Namespace(
            id=f"{script}-{class_name}",
            name=class_name,
            script=script,
            class_name=class_name,
            unique_key=f"{script}-{self._kept_as(script, class_name)}",
            use_sqlite=self._uses_sqlite(class_name),
        )
