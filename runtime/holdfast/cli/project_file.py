"""A project with a Wrangler configuration: read, and looked at for changes."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.catalog.bindings import Binding, RequestedBinding
from holdfast.catalog.project import DEFAULT_NAME, Project, read_project
from holdfast.catalog.project_files import FILE_NAMES, find_project, is_project_file
from holdfast.catalog.project_reader import DevAddress
from holdfast.catalog.project_secrets import secret_files
from holdfast.catalog.script import Script, new_version
from holdfast.cli.given import elsewhere, given_bindings, local_binding
from holdfast.cli.script_file import (
    Followed,
    ScriptFile,
    ScriptUnreadable,
    Stamp,
    explained,
    unreadable,
)
from holdfast.cli.where import environment_of, project_here

if TYPE_CHECKING:
    from holdfast.catalog.consumers import DeclaredConsumer
    from holdfast.catalog.d1_migrations import DeclaredDatabase
    from holdfast.catalog.workflows import DeclaredWorkflow


def open_script(options: argparse.Namespace) -> "SourceFile":
    """What the command line names: a script, a configuration, or a folder that has one.

    Raises ValueError, with the way out, where it names none.
    """
    file = project_of(options)
    return ScriptFile(options) if file is None else ProjectFile(file, options)


def open_scripts(options: argparse.Namespace) -> "list[SourceFile]":
    """What is served, and behind it what `--with` names. Raises ValueError as `open_script`."""
    files = [open_script(options)]
    for path in options.with_script:
        others: dict[str, object] = {"script": path, "name": None}
        others |= {"var": [], "service": [], "object": []}
        if not is_project_file(path) and not _is_folder(path):
            others["env"] = None
        files.append(open_script(argparse.Namespace(**{**vars(options), **others})))
    names = [file.name for file in files]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'two of the scripts are called "{name}": give one another name')
    for file in files:
        file.peers = frozenset(names)
    return files


def project_of(options: argparse.Namespace) -> Path | None:
    """The configuration file that the command line names; None where it names a script.

    The options have its environment then, wherever that is said. Raises ValueError, with the way
    out, where it names neither.
    """
    given: Path = options.script or Path()
    if given == Path():
        given = project_here(options)
    if _is_folder(given):
        try:
            found = find_project(given)
        except OSError as error:
            raise ValueError(unreadable(error, given)) from error
        if found:
            options.env = environment_of(options)
            return found
        raise ValueError(
            f"name a script, or a folder with one of {', '.join(FILE_NAMES)}: "
            f"{given.absolute()} has none" + (", nor a folder above" if given == Path() else "")
        )
    if is_project_file(given):
        options.env = environment_of(options)
        return given
    if options.env is not None:
        raise ValueError("--env chooses among the environments of a configuration file")
    return None


def _is_folder(path: Path) -> bool:
    """Raises ValueError where nobody can tell."""
    try:
        return path.is_dir()
    except OSError as error:
        raise ValueError(unreadable(error, path)) from error


class ProjectFile(Followed):
    """The script of a project, and what the command line says about it."""

    def __init__(self, file: Path, options: argparse.Namespace) -> None:
        """Raises ValueError for a configuration that cannot be used."""
        self._file = file
        self._environment: str | None = options.env
        self._default_name = options.name or DEFAULT_NAME
        self._without = tuple(options.without)
        self._given = given_bindings(options)
        self._date: str | None = options.compatibility_date
        self._flags = tuple(options.compatibility_flag)
        try:
            self._project = self._read_project()
        except OSError as error:
            raise ValueError(unreadable(error, file)) from error
        self.name: str = options.name or self._project.name
        self.peers = frozenset({self.name})  # the scripts that are here

    @property
    def path(self) -> Path:
        """The main module's file; the configuration where there are assets alone."""
        return self._project.main or self._file

    @property
    def is_there(self) -> bool:
        """Whether there is a configuration that this user may read, whatever it holds."""
        return os.access(self._file, os.R_OK)

    @property
    def notes(self) -> tuple[str, ...]:
        """What its author should know of the configuration."""
        away = elsewhere(self._asked(self._project), self.peers, self._file)
        return (*self._project.notes, *away, *self.untold)

    @property
    def untold(self) -> list[str]:
        """What to say of Tail Workers that are not here."""
        return [
            f'{self._file}: "tail_consumers" names the Worker "{name}", which is not here: name '
            "its project by --with, or go without by --without tail_consumers"
            for name in self.tail_consumers
            if name not in self.peers
        ]

    @property
    def databases(self) -> "tuple[DeclaredDatabase, ...]":
        """The D1 databases that it is bound to."""
        return self._project.databases

    @property
    def crons(self) -> tuple[str, ...]:
        """When the script's `scheduled` handler is to run."""
        return self._project.crons

    @property
    def consumers(self) -> "tuple[DeclaredConsumer, ...]":
        """The queues that the script consumes."""
        return self._project.consumers

    @property
    def tail_consumers(self) -> tuple[str, ...]:
        """The scripts that are told of the script's events."""
        return self._project.tail_consumers

    @property
    def dev(self) -> DevAddress:
        """Where to serve it for development."""
        return self._project.dev

    def uses_sqlite(self, class_name: str) -> bool:
        """Whether a class's objects have SQL."""
        return self._project.uses_sqlite(class_name)

    @property
    def workflows(self) -> "tuple[DeclaredWorkflow, ...]":
        """The Workflows that it has."""
        return self._project.workflows

    def max_steps(self, workflow: str) -> int | None:
        """How many steps an instance of a Workflow may have, if that is said."""
        return self._project.max_steps(workflow)

    def former_names(self, class_name: str) -> list[str]:
        """What a class was called before, the last name first."""
        return self._project.former_names(class_name)

    def implies(self, class_name: str) -> bool:
        """Whether a class is bound under its own name: a project says what is bound."""
        return False

    def read(self) -> Script:
        """The script as its files are now. Blocks; raises ScriptUnreadable."""
        with explained(self._file):
            project = self._project = self._read_project()
            bindings = tuple(self._bindings(project))
        with explained(project.main or self._file):
            if project.main is not None and not project.main.is_file():
                raise ScriptUnreadable(f'{self._file}: "main" is {project.main}, which is no file')
            source = project.source((), self._date, self._flags)
        self._source = source
        return Script(
            name=self.name,
            main=source.main,
            syntax=source.syntax,
            modules=source.modules,
            bindings=bindings,
            compatibility_date=self._date or project.compatibility_date,
            compatibility_flags=self._flags or project.compatibility_flags,
            version=new_version(),
            assets=project.assets,
            cpu_ms=project.cpu_ms,
        )

    def stamp(self, script: Script | None) -> Stamp:
        """The state of the configuration, of a version's modules, and of their folders."""
        folder = self._project.folder
        secrets = secret_files(folder, self._environment)
        site = self._project.site.files.values() if self._project.site else ()
        return self._stamp(script, folder, self._file, self.path, *secrets, *site)

    def _read_project(self) -> Project:
        return read_project(
            self._file,
            self._environment,
            with_secrets=True,
            default_name=self._default_name,
            without=self._without,
        )

    def _asked(self, project: Project) -> list[RequestedBinding]:
        given = {binding.name for binding in self._given}
        return [*(b for b in project.bindings if b.name not in given), *self._given]

    def _bindings(self, project: Project) -> list[Binding]:
        asked = self._asked(project)
        return [local_binding(binding, self.name, self.peers, self._file) for binding in asked]


SourceFile = ScriptFile | ProjectFile
"""Whatever a script is read from."""
