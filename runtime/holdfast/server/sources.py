"""Where scripts come from."""

from collections.abc import Iterable
from typing import Protocol

from holdfast.catalog import Catalog, Namespace, Script, ScriptNotFound


class ScriptSource(Protocol):
    """Finds scripts and the namespaces they are bound to."""

    def script(self, name: str) -> Script:
        """The version to run. Raises ScriptNotFound."""

    def namespace(self, namespace_id: str) -> Namespace:
        """A namespace that a binding names. Raises NamespaceNotFound."""

    def implied_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """Namespaces that are bound under their class's name without being asked for."""

    def own_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """The namespaces of the script's own classes: what it finds in `ctx.exports`."""


class CatalogSource:
    """Scripts that were uploaded."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def script(self, name: str) -> Script:
        """The live version. Raises ScriptNotFound."""
        return self._catalog.script(name)

    def namespace(self, namespace_id: str) -> Namespace:
        """A namespace of the catalog. Raises NamespaceNotFound."""
        return self._catalog.namespace(namespace_id)

    def implied_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """None: uploads name their bindings."""
        return []

    def own_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """Those of the catalog."""
        return self._catalog.namespaces_of(script.name)


class FileSource:
    """One script from a file; every class it exports is a namespace under its own name."""

    def __init__(self, script: Script) -> None:
        self.current = script

    def script(self, name: str) -> Script:
        """The file's script, as it was last read. Raises ScriptNotFound for other names."""
        if name != self.current.name:
            raise ScriptNotFound(name)
        return self.current

    def namespace(self, namespace_id: str) -> Namespace:
        """Never asked: a file's bindings are implied."""
        raise AssertionError("a script from a file has no bindings by namespace id")

    def implied_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """One per exported class; the unique key is the one that `wrangler dev` uses."""
        return [
            Namespace(
                id=f"{script.name}-{name}",
                name=name,
                script=script.name,
                class_name=name,
                unique_key=f"{script.name}-{name}",
                use_sqlite=True,
            )
            for name in classes
        ]

    def own_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """The implied ones."""
        return self.implied_namespaces(script, classes)
