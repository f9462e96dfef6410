"""Modules that are not to be used any more, since something that they import did not load.

QuickJS frees a module that does not load. What was loaded on its account stays, and if that
imports the module in its turn, as in a circle, it keeps an address where nothing is any more. A
script may ask for it later, by `import()`; so such a module fails then as it should: with the
error of what it imports.
"""

from holdfast.engine.errors import ScriptError


class LoadAttempts:
    """Follows the loads of one context, which lie within each other as imports do."""

    def __init__(self) -> None:
        self._depth = 0
        self._importers: dict[str, set[str]] = {}  # by what they import, in what is being loaded
        self._failed: dict[str, ScriptError] = {}
        self._broken: dict[str, ScriptError] = {}

    def begin(self) -> None:
        """A module is about to be loaded, perhaps on account of another one."""
        self._depth += 1

    def end(self, name: str, error: ScriptError | None) -> None:
        """It was, or has failed."""
        self._depth -= 1
        if error is not None:
            self._failed[name] = error
        if self._depth == 0:
            for failed, reason in self._failed.items():
                self._break_importers(failed, reason)
            self._importers.clear()
            self._failed.clear()

    def note_import(self, importer: str, name: str) -> None:
        """A module asks for another one. Raises the error of one that must not be used."""
        if name in self._broken:
            raise self._broken[name]
        if self._depth:
            self._importers.setdefault(name, set()).add(importer)

    def _break_importers(self, name: str, reason: ScriptError) -> None:
        found = [name]
        for imported in found:
            for importer in self._importers.get(imported, ()):
                if importer not in self._failed and importer not in self._broken:
                    self._broken[importer] = reason
                    found.append(importer)
