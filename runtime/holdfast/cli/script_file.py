"""A script in a file: read with what it imports, and looked at for changes."""

import argparse
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.catalog.bindings import ObjectNamespace
from holdfast.catalog.errors import UploadRejected
from holdfast.catalog.excerpt import excerpt, lacking_binding, place_in
from holdfast.catalog.node_compat import has_node
from holdfast.catalog.project_reader import DevAddress
from holdfast.catalog.script import MAX_SCRIPT_NAME_LENGTH, Script, new_version
from holdfast.catalog.source import Source, read_source
from holdfast.catalog.workflows import check_workflows
from holdfast.cli.given import elsewhere, given_bindings, local_binding
from holdfast.meant import meant
from holdfast.workers import Exports, ScriptInvalid

if TYPE_CHECKING:
    from holdfast.catalog.consumers import DeclaredConsumer
    from holdfast.catalog.workflows import DeclaredWorkflow

# The state of each file: modification time in ns, size, inode. None for one that is not there.
Stamp = dict[Path, tuple[int, int, int] | None]


class ScriptUnreadable(Exception):
    """There is no script to be had from the file; the message is one line for its author."""


class Followed:
    """What a script was last read from: where its places are, and when it changes."""

    _source: Source | None = None

    def told(self, text: str) -> str:
        """A text, such as a stack, with places in files of the author's."""
        return text if self._source is None else self._source.told(text)

    def explained(self, error: str, bound: Collection[str]) -> str:
        """An error with its stack, in the author's files; then the lines, and what `env` lacks.

        `bound` are the names that `env` has.
        """
        text = self.told(error)
        place = None if self._source is None else place_in(text.splitlines(), self._source.texts)
        parts = [text, excerpt(place)]
        if missing := lacking_binding(text, place, bound):
            parts.append(f"env has no {missing}; it has: {', '.join(bound) or 'nothing'}.")
        return "\n".join(filter(None, parts))

    def _stamp(self, script: Script | None, folder: Path, *further: Path) -> Stamp:
        """The state of a version's modules, of `further` files, and of the folders they lie in.

        A folder's state changes when files come and go, which an import may wait for.
        """
        modules = [folder / module.name for module in script.modules] if script else []
        files = [*further, *(self._source.files if self._source else ()), *modules]
        return {path: _state_of(path) for path in [*files, *(file.parent for file in files)]}


class ScriptFile(Followed):
    """A script's main file, and what the command line says about the script."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.path: Path = options.script
        self.name: str = options.name or name_of(self.path)
        self._given = given_bindings(options)
        self.peers = frozenset({self.name})  # the scripts that are here
        self._compatibility_date: str | None = options.compatibility_date
        self._compatibility_flags = tuple(options.compatibility_flag)

    @property
    def is_there(self) -> bool:
        """Whether there is a file that this user may read, whatever it holds."""
        return os.access(self.path, os.R_OK) and self.path.is_file()

    @property
    def notes(self) -> tuple[str, ...]:
        """What its author should know."""
        return tuple(elsewhere(self._given, self.peers, self.path))

    @property
    def crons(self) -> tuple[str, ...]:
        """When the script's `scheduled` handler is to run: a file does not say."""
        return ()

    @property
    def consumers(self) -> "tuple[DeclaredConsumer, ...]":
        """The queues that the script consumes: a file does not say."""
        return ()

    @property
    def tail_consumers(self) -> tuple[str, ...]:
        """The scripts that are told of the script's events: a file does not say."""
        return ()

    @property
    def untold(self) -> list[str]:
        """What to say of Tail Workers that are not here: there are none."""
        return []

    @property
    def dev(self) -> DevAddress:
        """Where to serve it for development: a file does not say."""
        return DevAddress()

    def uses_sqlite(self, class_name: str) -> bool:
        """Whether a class's objects have SQL: they do."""
        return True

    @property
    def workflows(self) -> "tuple[DeclaredWorkflow, ...]":
        """The Workflows that it has, as they are declared: a file does not say."""
        return ()

    def max_steps(self, workflow: str) -> int | None:
        """How many steps an instance of a Workflow may have: a file does not say."""
        return None

    def former_names(self, class_name: str) -> list[str]:
        """What a class was called before: a file does not say."""
        return []

    def implies(self, class_name: str) -> bool:
        """Whether a class is bound under its own name: nothing else would bind it."""
        return True

    def read(self) -> Script:
        """The script as its files are now. Blocks; raises ScriptUnreadable."""
        with explained(self.path):
            with_node = has_node(self._compatibility_date, self._compatibility_flags)
            source = read_source(self.path, with_node=with_node)
            bindings = [local_binding(b, self.name, self.peers, self.path) for b in self._given]
        self._source = source
        return Script(
            name=self.name,
            main=source.modules[0].name,
            syntax=source.syntax,
            modules=source.modules,
            bindings=tuple(bindings),
            compatibility_date=self._compatibility_date,
            compatibility_flags=self._compatibility_flags,
            version=new_version(),
        )

    def stamp(self, script: Script | None) -> Stamp:
        """The state of the main file, of a version's modules, and of their folders."""
        return self._stamp(script, self.path.resolve().parent, self.path)


def name_of(path: Path) -> str:
    """The file's name made fit to be a script's, which is a label of a host's name."""
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in path.stem)
    return stem.lower().strip("-")[:MAX_SCRIPT_NAME_LENGTH] or "worker"


def _state_of(path: Path) -> tuple[int, int, int] | None:
    """The state of a file or a folder; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)


def check_classes(script: Script, exports: Exports) -> None:
    """Raises ScriptInvalid where a class that a script binds of its own is not exported."""
    exported = exports.classes
    try:
        check_workflows(script.name, script.bindings, exports.workflows)
    except UploadRejected as error:
        raise ScriptInvalid(str(error)) from None
    for binding in script.bindings:
        if not isinstance(binding, ObjectNamespace):
            continue
        owner, _, class_name = binding.namespace_id.rpartition("-")
        if owner == script.name and class_name not in exported:
            raise ScriptInvalid(
                f'The binding "{binding.name}" is to the class "{class_name}", which the script '
                f"does not export; it exports: {', '.join(exported) or 'none'}."
            )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what reading a script raises into ScriptUnreadable; `path` is what was to be read."""
    try:
        yield
    except OSError as error:
        raise ScriptUnreadable(unreadable(error, path)) from error
    except UnicodeDecodeError as error:
        raise ScriptUnreadable(f"{path} is not text in UTF-8") from error
    except ValueError as error:
        raise ScriptUnreadable(str(error)) from error


def unreadable(error: OSError, path: Path) -> str:
    """Why a file cannot be read, and what helps."""
    found = Path(error.filename or path)
    match error:
        case FileNotFoundError():
            return f"{found} does not exist{_meant(found)}"
        case IsADirectoryError():
            return f"{found} is a folder; name a file"
        case PermissionError():
            return f"{found} may not be read by this user"
    return f"{found} cannot be read: {error.strerror or error}"


def _meant(path: Path) -> str:
    """The file that may have been meant by one that is not there, as a question."""
    if path.is_symlink():
        return f": it is a link to {path.readlink()}"
    try:
        near = meant(path.name, (file.name for file in path.parent.iterdir()))
    except OSError:
        return ""
    return f"; did you mean {path.with_name(near)}?" if near else ""
