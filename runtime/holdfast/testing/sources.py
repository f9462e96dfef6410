"""Where a test's scripts come from: a file, a project, inline source, or modules by name."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, TypeVar

from holdfast.catalog import (
    Namespace,
    NamespaceNotFound,
    Script,
    ScriptNotFound,
    Syntax,
    Traffic,
)
from holdfast.catalog.bindings import Binding, Inherit, ObjectClass, ObjectNamespace, Workflow
from holdfast.catalog.files import module_kind
from holdfast.catalog.node_compat import has_node
from holdfast.catalog.project import DEFAULT_NAME, Project, read_project
from holdfast.catalog.project_bindings import FieldsLacking, ProjectInvalid
from holdfast.catalog.project_files import FILE_NAMES, find_project, is_project_file
from holdfast.catalog.routes import ScriptRoute, new_route
from holdfast.catalog.source import Source as ScriptSource
from holdfast.catalog.source import read_source, texts_of
from holdfast.catalog.workflows import local_workflow
from holdfast.dataclass import dataclass
from holdfast.engine import Module
from holdfast.engine.modules import ModuleKind
from holdfast.testing.errors import HarnessError, hidden_from_tracebacks

__tracebackhide__ = hidden_from_tracebacks

T = TypeVar("T")

Source = str | Path | Mapping[str, str | bytes]

_FILE_NAME = re.compile(r"[^\n;{}()]*\.(mjs|cjs|js|[mc]?ts|tsx|jsx|json|jsonc|toml)")
_SCRIPT_TEXT = re.compile(r"\bexport\b|\baddEventListener\s*\(")


@dataclass(frozen=True, slots=True)
class Found:
    """A script as it was found; `file` is None for one that is in no file."""

    script: Script
    file: Path | None = None
    project: Project | None = None
    source: ScriptSource | None = None  # where there was a file to read
    tail_consumers: tuple[str, ...] = ()

    def told(self, text: str) -> str:
        """A text, such as a stack, with places in files of the author's."""
        return text if self.source is None else self.source.told(text)

    @property
    def texts(self) -> dict[str, str]:
        """The source of its JavaScript modules by name, for reports."""
        return texts_of(self.script.modules) if self.source is None else self.source.texts

    @property
    def where(self) -> str:
        """What to call it in messages."""
        return str(self.file or f"the script {self.script.name!r}")


class Sources:
    """The scripts of one harness (server.sources.ScriptSource)."""

    implies_stores = True

    def __init__(self) -> None:
        self.found: dict[str, Found] = {}
        self.replaced: dict[str, list[tuple[str, bytes]]] = {}  # steps of Workflows, by script

    def traffic(self, name: str) -> Traffic:
        """See ScriptSource."""
        return Traffic.whole(self.script(name).version)

    def script(self, name: str, version: str | None = None) -> Script:
        """See ScriptSource."""
        assert version is None, "a test has one version of a script"
        try:
            return self.found[name].script
        except KeyError:
            raise ScriptNotFound(name) from None

    def namespace(self, namespace_id: str) -> Namespace:
        """See ScriptSource."""
        script, _, class_name = namespace_id.rpartition("-")
        if script not in self.found:
            raise NamespaceNotFound(namespace_id)
        return self.of_class(script, class_name)

    def namespaces(self) -> list[Namespace]:
        """See ScriptSource."""
        return []

    def routes(self) -> list[ScriptRoute]:
        """See ScriptSource: those that the projects ask for."""
        return [
            new_route(route.pattern, name, is_domain=route.is_domain)
            for name, found in self.found.items()
            for route in (found.project.routes if found.project else None) or ()
        ]

    def tail_consumers(self) -> Mapping[str, Sequence[str]]:
        """See ScriptSource; those that are not loaded are told nothing."""
        return {
            name: [consumer for consumer in found.tail_consumers if consumer in self.found]
            for name, found in self.found.items()
            if found.tail_consumers
        }

    def implied_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """A project says what is bound; of other scripts each class is, under its name."""
        found = self.found.get(script.name)
        if found is None or found.project is not None:
            return []
        bound = {binding.name for binding in script.bindings}
        return [self.of_class(script.name, name) for name in classes if name not in bound]

    def workflow(self, binding: Workflow, script: Script) -> Namespace:
        """See ScriptSource."""
        owner = binding.script_name or script.name
        found = self.found.get(owner)
        name, project = binding.workflow_name, None if found is None else found.project
        steps = None if project is None else project.max_steps(name)
        return local_workflow(name, owner, binding.class_name, steps)

    def implied_workflows(self, script: Script, classes: Iterable[str]) -> list[Workflow]:
        """As `implied_namespaces`; each is called as its class."""
        found = self.found.get(script.name)
        if found is None or found.project is not None:
            return []
        bound = {binding.name for binding in script.bindings}
        return [Workflow(name, name, name) for name in classes if name not in bound]

    def own_namespaces(self, script: Script, classes: Iterable[str]) -> list[Namespace]:
        """See ScriptSource."""
        return [self.of_class(script.name, name) for name in classes]

    def of_class(self, script: str, class_name: str) -> Namespace:
        """The namespace of a script's class."""
        project = self.found[script].project
        use_sqlite = project is None or project.uses_sqlite(class_name)
        key = f"{script}-{class_name}"
        return Namespace(key, class_name, script, class_name, key, use_sqlite)


@dataclass(frozen=True, slots=True)
class Options:
    """What a test says about a script besides its source."""

    name: str | None = None
    environment: str | None = None
    compatibility_date: str | None = None
    compatibility_flags: tuple[str, ...] = ()
    without: tuple[str, ...] = ()  # fields of a configuration
    env: Collection[str] = ()  # the names of what the test binds


def find(source: Source, options: Options, folders: Iterable[Path], taken: Iterable[str]) -> Found:
    """The script that a source means; files are looked for from each of the folders.

    Raises HarnessError, which names the file and the way out.
    """
    if isinstance(source, Mapping):
        return _finish(_of_modules(source), None, options, taken)
    if isinstance(source, str) and not _FILE_NAME.fullmatch(source) and _SCRIPT_TEXT.search(source):
        classic = not re.search(r"\bexport\b|\bimport\b", source)
        main = Module("worker.js" if classic else "worker.mjs", ModuleKind.ESM, source.encode())
        syntax = Syntax.SERVICE_WORKER if classic else Syntax.MODULES
        return _finish(_script("worker", (main,), syntax), None, options, taken)
    path = locate(Path(source), [*folders])
    if path.is_dir() or is_project_file(path):
        return _of_project(path, options)
    given = _of_file(path, options)
    script = _script(path.stem, given.modules, given.syntax)
    return _finish(script, path, options, taken, given)


def locate(path: Path, folders: list[Path]) -> Path:
    """What a path means, looked for from each of the folders. Raises HarnessError."""
    tried = [path] if path.is_absolute() else [folder / path for folder in folders]
    for candidate in tried:
        if candidate.exists():
            return candidate
    looked = ", ".join(dict.fromkeys(str(candidate) for candidate in tried))
    raise HarnessError(
        f"There is no {path}. Looked for: {looked}. "
        "Name a script, a wrangler.jsonc or wrangler.toml, or give the source itself."
    )


def _of_modules(modules: Mapping[str, str | bytes]) -> Script:
    if not modules:
        raise HarnessError("A script needs a module: worker({'main.mjs': 'export default …'}).")
    made = tuple(
        Module(
            name,
            module_kind(PurePath(name)),  # type: ignore[arg-type]
            text.encode() if isinstance(text, str) else text,
        )
        for name, text in modules.items()
    )
    return _script(PurePath(made[0].name).stem, made, Syntax.MODULES)


def _of_file(path: Path, options: Options) -> ScriptSource:
    with_node = has_node(options.compatibility_date, options.compatibility_flags)
    return _reading(path, lambda: read_source(path, with_node=with_node))


def _of_project(path: Path, options: Options) -> Found:
    file = find_project(path) if path.is_dir() else path
    if file is None:
        raise HarnessError(f"{path} is a folder without any of {', '.join(FILE_NAMES)}.")

    def read() -> Found:
        project = read_project(
            file,
            options.environment,
            with_secrets=True,
            default_name=DEFAULT_NAME,
            without=options.without,
            stand_ins=options.env,
        )
        source = project.source((), options.compatibility_date, options.compatibility_flags)
        script = replace(
            _script(options.name or project.name, source.modules, source.syntax),
            bindings=project_bindings(project, options.name or project.name),
            compatibility_date=options.compatibility_date or project.compatibility_date,
            compatibility_flags=options.compatibility_flags or project.compatibility_flags,
            assets=project.assets,
            cpu_ms=project.cpu_ms,
        )
        return Found(script, file, project, source, project.tail_consumers)

    return _reading(file, read)


def project_bindings(
    project: Project, name: str, own: Callable[[str], str | None] = lambda _: None
) -> tuple[Binding, ...]:
    """A project's bindings; `own(class)` may name another script that has a class."""
    return tuple(_resolved(binding, project, name, own) for binding in project.bindings)


def _resolved(
    binding: Any, project: Project, name: str, own: Callable[[str], str | None]
) -> Binding:
    match binding:
        case ObjectClass(bound, class_name, script):
            return ObjectNamespace(bound, f"{script or own(class_name) or name}-{class_name}")
        case Workflow(bound, workflow, class_name, script):
            return Workflow(bound, workflow, class_name, script or own(class_name) or name)
        case Inherit(bound):
            raise HarnessError(f'{project.file}: "{bound}" has nothing to inherit from.')
    resolved: Binding = binding
    return resolved


def _reading(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except UnicodeDecodeError:
        raise HarnessError(f"{path} is not text in UTF-8.") from None
    except FieldsLacking as error:
        names = sorted(set().union(*error.fields.values()))
        env = ", ".join(f'"{name}": …' for name in names)
        fields = ", ".join(f'"{name}"' for name in error.fields)
        instead = f"Put something of the test's in its place, env={{{env}}}, or go" if env else "Go"
        raise HarnessError(
            f"{error.what}. {instead} without: worker(…, without=[{fields}])."
        ) from None
    except ProjectInvalid as error:
        raise HarnessError(str(error)) from None
    except OSError as error:
        found = error.filename or path
        raise HarnessError(f"{found} cannot be read: {error.strerror or error}.") from None
    except ValueError as error:
        raise HarnessError(f"{path}: {error}") from None


def _script(name: str, modules: tuple[Module, ...], syntax: Syntax) -> Script:
    return Script(
        name=name,
        main=modules[0].name if modules else "",
        syntax=syntax,
        modules=modules,
        bindings=(),
        compatibility_date=None,
        compatibility_flags=(),
        version="test",
    )


def _finish(
    script: Script,
    file: Path | None,
    options: Options,
    taken: Iterable[str],
    source: ScriptSource | None = None,
) -> Found:
    name = options.name or _free_name(script.name, {*taken})
    return Found(
        replace(
            script,
            name=name,
            compatibility_date=options.compatibility_date,
            compatibility_flags=options.compatibility_flags,
        ),
        file,
        source=source,
    )


def _free_name(wanted: str, taken: set[str]) -> str:
    name = re.sub(r"[^a-z0-9_-]+", "-", wanted.lower()).strip("-") or "worker"
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
