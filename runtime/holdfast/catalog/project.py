"""A project on disk, as Wrangler's configuration file describes it.

Read are `wrangler.jsonc`, `wrangler.json` and `wrangler.toml`, as far as they say what the
server has to know; what only Wrangler itself needs is left alone, and what Holdfast cannot
give a script is refused rather than left out of its `env`.

https://developers.cloudflare.com/workers/wrangler/configuration/
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.assets import AssetFolder, Assets
from holdfast.catalog.additional_modules import find_modules
from holdfast.catalog.bindings import (
    SITE_MANIFEST,
    SITE_NAMESPACE,
    Binding,
    PlainText,
    RequestedBinding,
    SiteFiles,
)
from holdfast.catalog.bundling import BundleOptions
from holdfast.catalog.files import guess_syntax, module_kind
from holdfast.catalog.module_rules import fits
from holdfast.catalog.node_compat import has_node
from holdfast.catalog.project_bindings import (
    FieldsLacking,
    ProjectInvalid,
)
from holdfast.catalog.project_fields import (
    NOT_INHERITED,
    bindings_of,
    notes_on,
    notes_on_left_out,
    refused_of,
)
from holdfast.catalog.project_files import parse_project
from holdfast.catalog.project_reader import DevAddress, ProjectReader
from holdfast.catalog.project_secrets import read_secrets
from holdfast.catalog.script import Syntax
from holdfast.catalog.source import Source, read_source
from holdfast.dataclass import dataclass
from holdfast.engine.modules import Module, ModuleKind

if TYPE_CHECKING:
    from holdfast.assets.workers_site import SiteContent
    from holdfast.catalog.consumers import DeclaredConsumer
    from holdfast.catalog.d1_migrations import DeclaredDatabase
    from holdfast.catalog.declared_routes import DeclaredRoute
    from holdfast.catalog.workflows import DeclaredWorkflow

# What Wrangler calls, in development, a script whose configuration has no name.
DEFAULT_NAME = "worker"


@dataclass(frozen=True, slots=True)
class Project:
    """What a configuration file says of a script.

    `entries` are its bindings as an upload's metadata lists them, `bindings` the same parsed;
    `main` is None where there is nothing but assets. Below `more_modules`, if it is one, all files
    that fit a rule are modules. `routes` is None where nothing is said of them. `notes` are for its
    author: fields that are misspelt, or that nothing comes of.
    """

    file: Path
    name: str
    main: Path | None
    entries: tuple[Mapping[str, Any], ...]
    bindings: tuple[RequestedBinding, ...]
    compatibility_date: str | None
    compatibility_flags: tuple[str, ...]
    migrations: tuple[Mapping[str, Any], ...]
    exports: Mapping[str, Mapping[str, Any]]
    crons: tuple[str, ...]
    routes: "tuple[DeclaredRoute, ...] | None"
    dev: DevAddress
    rules: tuple[tuple[str, ModuleKind], ...]
    more_modules: Path | None
    bundling: BundleOptions
    notes: tuple[str, ...]
    assets: Assets | None = None
    consumers: "tuple[DeclaredConsumer, ...]" = ()
    tail_consumers: tuple[str, ...] = ()
    databases: "tuple[DeclaredDatabase, ...]" = ()
    bound_modules: tuple[Path, ...] = ()
    site: "SiteContent | None" = None
    cpu_ms: int | None = None
    code_update: Mapping[str, Any] | None = None
    previews: bool = True
    workflows: "tuple[DeclaredWorkflow, ...]" = ()

    @property
    def folder(self) -> Path:
        """The folder of the configuration file; modules are named from here."""
        return self.file.parent

    def source(
        self,
        others: Iterable[Path] = (),
        compatibility_date: str | None = None,
        compatibility_flags: Iterable[str] = (),
    ) -> Source:
        """What the script is made of; date and flags, if any, go before the file's. Blocks.

        Raises what `read_source` does.
        """
        if self.main is None:
            return Source((), Syntax.MODULES)
        if self.more_modules is not None:
            globs = (pattern for pattern, _ in self.rules)
            others = (*others, *find_modules(self.more_modules, globs, besides=self.file))
        source = read_source(
            self.main,
            (*others, *self.bound_modules),
            folder=self.folder,
            kind_of=self.kind_of,
            options=self.bundling,
            with_node=has_node(
                compatibility_date or self.compatibility_date,
                tuple(compatibility_flags) or self.compatibility_flags,
            ),
        )
        if self.bound_modules and source.syntax is not Syntax.SERVICE_WORKER:
            raise ValueError(
                f'"wasm_modules" of {self.file} is for scripts without exports: import the module '
                f"instead, as in: import code from './{self.bound_modules[0].name}'"
            )
        if self.site is not None and source.syntax is Syntax.MODULES:
            manifest = Module(SITE_MANIFEST, ModuleKind.TEXT, self.site.manifest.encode())
            source = replace(source, modules=(*source.modules, manifest))
        return source

    def kind_of(self, path: Path) -> ModuleKind:
        """What kind of module a file is: by the rules of the project, then by its name."""
        names = [*self._names_of(path)]
        for pattern, kind in self.rules:
            if any(fits(name, pattern) for name in names):
                return kind
        return module_kind(path)

    def _names_of(self, path: Path) -> Iterator[str]:
        """A file's name from the folder of additional modules, and from that of the project."""
        for folder in filter(None, (self.more_modules, self.folder)):
            with suppress(ValueError):
                yield path.resolve().relative_to(folder.resolve()).as_posix()

    def max_steps(self, workflow: str) -> int | None:
        """How many steps an instance of a Workflow of the script's may have, if that is said."""
        return next((one.steps for one in self.workflows if one.name == workflow), None)

    def uses_sqlite(self, class_name: str) -> bool:
        """Whether a class's objects have SQL: unless it was made without."""
        with_sql = {name: one.get("storage") != "legacy-kv" for name, one in self.exports.items()}
        for step in self.migrations:
            with_sql.update(dict.fromkeys(step.get("new_classes", ()), False))
            with_sql.update(dict.fromkeys(step.get("new_sqlite_classes", ()), True))
            for renamed in step.get("renamed_classes", ()):
                with_sql[renamed["to"]] = with_sql.get(renamed["from"], True)
        return with_sql.get(class_name, True)

    def former_names(self, class_name: str) -> list[str]:
        """What a class was called before its `renamed_classes`, the last name first."""
        former = []
        for step in reversed(self.migrations):
            for renamed in step.get("renamed_classes", ()):
                if renamed["to"] == class_name:
                    class_name = renamed["from"]
                    former.append(class_name)
                    break
        return former


def read_project(
    file: Path,
    environment: str | None = None,
    *,
    with_secrets: bool = False,
    default_name: str | None = None,
    without: Collection[str] = (),
    stand_ins: Collection[str] = (),
) -> Project:
    """The project that a configuration file describes, in one of its environments.

    `with_secrets` reads the files beside it that set some for development, too; `default_name` is
    for a file that has no name; `without` names fields that are left out, `stand_ins` bindings in
    whose place somebody puts something: what Holdfast lacks may be among them. Blocks. Raises
    ValueError, as a rule ProjectInvalid, and OSError where the file cannot be read.
    """
    whole = parse_project(file)
    environment = _chosen(file, whole, environment)
    fields = _environment(file, whole, environment)
    left_out = [*without, *_replaced(fields, stand_ins)]
    whole, fields = (_without(one, left_out) for one in (whole, fields))
    reader = ProjectReader(file, fields)
    if refused := refused_of(fields):
        raise FieldsLacking(file, {name: bindings_of(fields[name]) for name in refused})
    if command := reader.table("build").get("command"):
        _require_built(reader, command)
    secrets = read_secrets(file.parent, environment) if with_secrets else None
    assets = reader.assets()
    site = reader.site()
    notes = [
        *notes_on(whole, environment),
        *notes_on_left_out(without),
        *_notes_on_assets(assets),
    ]
    values = secrets.values if secrets else None
    entries = tuple(reader.entries(values or {}))
    script_name = reader.script_name(environment, default_name)
    return Project(
        file=file,
        name=script_name,
        main=reader.main(),
        entries=entries,
        bindings=(*reader.bindings(entries, values), *_bindings_of_site(site, reader.main())),
        compatibility_date=reader.compatibility_date(),
        compatibility_flags=reader.compatibility_flags(),
        migrations=tuple(reader.migrations()),
        exports=reader.exports(),
        crons=reader.crons(),
        routes=reader.routes(),
        dev=reader.dev(),
        rules=tuple(reader.rules()),
        more_modules=reader.more_modules(),
        bundling=reader.bundling(),
        notes=(*(f"{file}: {note}" for note in notes), *(secrets.notes if secrets else ())),
        assets=assets,
        consumers=reader.consumers(),
        tail_consumers=reader.tail_consumers(),
        databases=reader.databases(),
        bound_modules=tuple(file.parent / path for path in reader.wasm_modules().values()),
        site=site,
        cpu_ms=reader.cpu_ms(),
        code_update=reader.code_update(),
        previews=reader.previews(),
        workflows=reader.workflows(script_name),
    )


def read_databases(file: Path, environment: str | None = None) -> "tuple[DeclaredDatabase, ...]":
    """The D1 databases of a configuration, whatever else is in it. Blocks; raises as the above."""
    whole = parse_project(file)
    fields = _environment(file, whole, _chosen(file, whole, environment))
    return ProjectReader(file, fields).databases()


def _chosen(file: Path, whole: Mapping[str, Any], environment: str | None) -> str | None:
    """The environment to look for: none where a build has chosen it, and written down no other."""
    built_for = whole.get("targetEnvironment")
    if environment is None or built_for is None:
        return environment
    if environment != built_for:
        raise ProjectInvalid(
            f"{file} was built for the environment {built_for!r}: build it for {environment!r}"
        )
    return None


def _environment(
    file: Path, fields: Mapping[str, Any], environment: str | None
) -> Mapping[str, Any]:
    if environment is None:
        return fields
    environments = fields.get("env", {})
    if not isinstance(environments, Mapping) or not all(
        isinstance(one, Mapping) for one in environments.values()
    ):
        raise ProjectInvalid(f'{file}: "env" must be a table of tables')
    if environment not in environments:
        known = ", ".join(environments) or "none"
        raise ProjectInvalid(f"{file}: there is no environment {environment!r}; there are: {known}")
    inherited = {name: value for name, value in fields.items() if name not in NOT_INHERITED}
    return {**inherited, **environments[environment], "is_environment": True}


def _without(fields: Mapping[str, Any], left_out: Collection[str]) -> Mapping[str, Any]:
    return {name: value for name, value in fields.items() if name not in left_out}


def _replaced(fields: Mapping[str, Any], stand_ins: Collection[str]) -> list[str]:
    """The fields that Holdfast lacks, and which declare no binding but these.

    Assets are among them whose folder only a build tells.
    """
    lacking = refused_of(fields)
    assets = fields.get("assets")
    if isinstance(assets, Mapping) and "directory" not in assets:
        lacking.append("assets")
    named = {name: bindings_of(fields[name]) for name in lacking}
    return [name for name, bindings in named.items() if bindings and bindings <= {*stand_ins}]


def _notes_on_assets(assets: Assets | None) -> Iterable[str]:
    if assets is None or not isinstance(assets.origin, AssetFolder):
        return
    if not assets.origin.directory.is_dir():
        yield f'"assets.directory" is no folder yet: {assets.origin.directory}'


def _bindings_of_site(site: "SiteContent | None", main: Path | None) -> Iterable[Binding]:
    if site is not None:
        yield SiteFiles(SITE_NAMESPACE, site.files)
        if main is not None and main.is_file() and guess_syntax(main) is Syntax.SERVICE_WORKER:
            yield PlainText(SITE_MANIFEST, site.manifest)


def _require_built(reader: ProjectReader, command: str) -> None:
    main = reader.main()
    if main is not None and not main.is_file():
        raise reader.invalid("main", f"does not exist yet; build it first: {command}")
