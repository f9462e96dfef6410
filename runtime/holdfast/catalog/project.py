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

from holdfast.assets import AssetFolder, Assets, AssetsConfig, AssetsInvalid
from holdfast.catalog.additional_modules import find_modules
from holdfast.catalog.bindings import (
    SITE_MANIFEST,
    SITE_NAMESPACE,
    Binding,
    PlainText,
    RequestedBinding,
    SiteFiles,
    parse_bindings,
)
from holdfast.catalog.bundling import BundleOptions
from holdfast.catalog.code_updates import delay_of
from holdfast.catalog.cron import parse_crons
from holdfast.catalog.dates import is_compatibility_date
from holdfast.catalog.errors import UploadRejected
from holdfast.catalog.files import guess_syntax, module_kind
from holdfast.catalog.flags import mistake_in
from holdfast.catalog.limits import cpu_ms_of
from holdfast.catalog.module_rules import copied_endings, fits
from holdfast.catalog.node_compat import has_node
from holdfast.catalog.project_bindings import (
    BindingReader,
    FieldsLacking,
    ProjectInvalid,
    is_list_of,
)
from holdfast.catalog.project_fields import (
    NOT_INHERITED,
    bindings_of,
    notes_on,
    notes_on_left_out,
    refused_of,
)
from holdfast.catalog.project_files import parse_project
from holdfast.catalog.project_secrets import for_development, read_secrets
from holdfast.catalog.script import Syntax, check_script_name
from holdfast.catalog.source import Source, read_source
from holdfast.catalog.tail_consumers import names_of, parse_tail_consumers
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

_RULE_KINDS = {
    "ESModule": ModuleKind.ESM,
    "CommonJS": ModuleKind.COMMONJS,
    "Text": ModuleKind.TEXT,
    "Data": ModuleKind.DATA,
    "CompiledWasm": ModuleKind.WASM,
}

_STATIC = ("pages_build_output_dir", "site")
MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class DevAddress:
    """Where the project is served for development; None where it does not say."""

    ip: str | None = None
    port: int | None = None


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
    reader = _Reader(file, fields)
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
    return _Reader(file, fields).databases()


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
    """The fields that Holdfast lacks, and which declare no binding but these."""
    named = {name: bindings_of(fields[name]) for name in refused_of(fields)}
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


def _require_built(reader: "_Reader", command: str) -> None:
    main = reader.main()
    if main is not None and not main.is_file():
        raise reader.invalid("main", f"does not exist yet; build it first: {command}")


class _Reader(BindingReader):
    """Takes what a configuration says of a script, and says where it is wrong."""

    def crons(self) -> tuple[str, ...]:
        with self.mistakes_in("triggers.crons", UploadRejected):
            return parse_crons([*self.texts("crons", within="triggers")])

    def routes(self) -> "tuple[DeclaredRoute, ...] | None":
        """The routes and custom domains; None where the file says nothing of them."""
        route, routes = self._fields.get("route"), self._fields.get("routes")
        if route is None and routes is None:
            return None
        from holdfast.catalog.declared_routes import declared_routes

        with self.mistakes_in("route" if routes is None else "routes", UploadRejected):
            return declared_routes([route] if routes is None else routes)

    def workflows(self, script: str) -> "tuple[DeclaredWorkflow, ...]":
        """The Workflows whose classes are the script's own."""
        if not (tables := self.tables("workflows")):
            return ()
        from holdfast.catalog.workflows import declared_workflows

        with self.mistakes_in("workflows", UploadRejected):
            return tuple(declared_workflows(tables, script))

    def consumers(self) -> "tuple[DeclaredConsumer, ...]":
        """The queues that the script consumes."""
        tables = self.tables("consumers", within="queues")
        if not tables:
            return ()
        from holdfast.catalog.consumers import declared_consumers

        with self.mistakes_in("queues.consumers", UploadRejected):
            return tuple(declared_consumers(tables))

    def tail_consumers(self) -> tuple[str, ...]:
        """The scripts that are told of the script's events."""
        field = "tail_consumers"
        if not self._fields.get(field):
            return ()
        with self.mistakes_in(field, UploadRejected):
            consumers = parse_tail_consumers(self._fields[field], field)
        return tuple(names_of(consumers))

    def compatibility_date(self) -> str | None:
        """The date; TOML has dates of its own."""
        value = self._fields.get("compatibility_date")
        if value is not None and not is_compatibility_date(str(value)):
            raise self.invalid("compatibility_date", "must be a date, such as 2026-01-31")
        return value and str(value)

    def compatibility_flags(self) -> tuple[str, ...]:
        flags = self.texts("compatibility_flags")
        if mistake := mistake_in(flags):
            raise self.invalid("compatibility_flags", f"has a mistake: {mistake}")
        return tuple(flags)

    def cpu_ms(self) -> int | None:
        try:
            return cpu_ms_of(self._fields.get("limits"), "limits")
        except UploadRejected as error:
            raise ProjectInvalid(f"{self.file}: {error}") from error

    def code_update(self) -> Mapping[str, Any] | None:
        """When objects take up the code of an upload, if that is said."""
        strategy = self.table("durable_objects").get("code_update_strategy")
        with self.mistakes_in("durable_objects.code_update_strategy", UploadRejected):
            delay_of(strategy, "it")
        return strategy

    def previews(self) -> bool:
        """Whether versions have URLs: as the script has one by its name, unless it is said.

        https://developers.cloudflare.com/workers/versions-and-deployments/version-urls/
        """
        has_own = not (self._fields.get("route") or self._fields.get("routes"))
        for field in ("workers_dev", "preview_urls"):
            has_own = self._fields.get(field, has_own)
            if not isinstance(has_own, bool):
                raise self.invalid(field, "must be true or false")
        return has_own

    def dev(self) -> DevAddress:
        """Where to serve it for development; `*` is all addresses, as for Wrangler.

        https://developers.cloudflare.com/workers/wrangler/configuration/#local-development-settings
        """
        ip, port = (self.table("dev").get(name) for name in ("ip", "port"))
        if ip is not None and (not isinstance(ip, str) or not ip):
            raise self.invalid("dev.ip", "must be a non-empty string")
        if port is not None and (type(port) is not int or not 0 <= port <= MAX_PORT):
            raise self.invalid("dev.port", f"must be a number from 0 to {MAX_PORT}")
        return DevAddress("::" if ip == "*" else ip, port)

    def migrations(self) -> Iterable[Mapping[str, Any]]:
        for step in self.tables("migrations"):
            for name in ("new_classes", "new_sqlite_classes", "deleted_classes"):
                if not is_list_of(step.get(name, []), str):
                    raise self.invalid(f"migrations.{name}", "must be a list of strings")
            for name in ("renamed_classes", "transferred_classes"):
                moves = step.get(name, [])
                if not is_list_of(moves, Mapping) or not all(
                    isinstance(move.get(end), str) for move in moves for end in ("from", "to")
                ):
                    raise self.invalid(f"migrations.{name}", 'must be a list of {"from", "to"}')
            yield step

    def bundling(self) -> BundleOptions:
        """What is said of the bundle, in esbuild's words."""
        fields = self._fields
        words: list[str] = []
        for field in ("alias", "define"):
            values = self.table(field).items()
            words += [f"--{field}:{name}={value}" for name, value in values]
        endings = copied_endings(self.rules(), self.file.parent)
        words += [f"--loader:{ending}=copy" for ending in endings]
        words += ["--minify"] if fields.get("minify") is True else []
        words += [f"--tsconfig={self.text('tsconfig')}"] if "tsconfig" in fields else []
        words += [f"--jsx-factory={self.text('jsx_factory')}"] if "jsx_factory" in fields else []
        words += [f"--jsx-fragment={self.text('jsx_fragment')}"] if "jsx_fragment" in fields else []
        return BundleOptions(forbidden=fields.get("no_bundle") is True, arguments=tuple(words))

    def main(self) -> Path | None:
        """The script's main file; None where there are assets alone."""
        if "main" in self._fields:
            return self.file.parent / self.text("main")
        if self._fields.get("assets"):
            return None
        static = next((name for name in _STATIC if self._fields.get(name)), None)
        if static is not None:
            what = f'is missing, and Holdfast serves no static files alone ("{static}")'
            raise self.invalid("main", what)
        raise self.invalid("main", 'is missing: it names the script, such as "src/index.ts"')

    def more_modules(self) -> Path | None:
        """The folder whose files are modules by their names, if that is asked for."""
        main = self.main()
        if main is None or not self._fields.get(
            "find_additional_modules", self._fields.get("no_bundle")
        ):
            return None
        named = self.text("base_dir") if "base_dir" in self._fields else None
        return main.parent if named is None else self.file.parent / named

    def assets(self) -> Assets | None:
        """Static files, and how they are served.

        https://developers.cloudflare.com/workers/wrangler/configuration/#assets
        """
        fields = self.table("assets")
        if not fields:
            return None
        directory = fields.get("directory")
        if directory is None:
            raise self.invalid(
                "assets.directory",
                "is missing. Where a build adds it, use what the build has written; "
                'or go without "assets"',
            )
        if not isinstance(directory, str) or not directory:
            raise self.invalid("assets.directory", "must be a non-empty string")
        if self.table("site"):
            raise self.invalid("assets", 'cannot be used together with "site"')
        with self.mistakes_in("assets", AssetsInvalid):
            config = AssetsConfig.parse(
                {name: value for name, value in fields.items() if not name.startswith("_")}
            )
        if self.main() is None:
            for name in ("binding", "run_worker_first"):
                if fields.get(name):
                    raise self.invalid(f"assets.{name}", 'needs a script: "main" is missing')
        return Assets(AssetFolder((self.file.parent / directory).resolve()), config)

    def site(self) -> "SiteContent | None":
        """The files of a Workers Site.

        https://developers.cloudflare.com/workers/wrangler/configuration/#workers-sites
        """
        fields = self.table("site")
        if not fields:
            return None
        bucket = fields.get("bucket")
        if not isinstance(bucket, str) or not bucket:
            raise self.invalid("site.bucket", "must be a non-empty string, a folder")
        folder = self.file.parent / bucket
        if not folder.is_dir():
            raise self.invalid("site.bucket", f"is no folder: {folder}")
        from holdfast.assets.workers_site import WorkersSite

        patterns = (tuple(self.texts(name, within="site")) for name in ("include", "exclude"))
        with self.mistakes_in("site", AssetsInvalid, OSError):
            return WorkersSite(folder.resolve(), *patterns).content()

    def exports(self) -> Mapping[str, Mapping[str, Any]]:
        """The classes of Durable Objects that are declared, in the place of migrations."""
        exports = self.table("exports")
        for name, one in exports.items():
            if not isinstance(one, Mapping) or not isinstance(one.get("type"), str):
                raise self.invalid(f"exports.{name}", 'must be a table with a "type"')
        return {name: one for name, one in exports.items() if one["type"] == "durable-object"}

    def script_name(self, environment: str | None, default: str | None) -> str:
        """The script's name, with its environment's unless that has one of its own."""
        if "name" not in self._fields and default is None:
            raise self.invalid("name", "is missing; --name says it, too")
        name = self.text("name") if "name" in self._fields else default or ""
        own = self._fields.get("env", {}).get(environment, {}).get("name") if environment else None
        name = f"{name}-{environment}" if environment and not own else name
        try:
            check_script_name(name)
        except UploadRejected as error:
            raise self.invalid("name", f"is no script's name: {error}") from error
        return name

    def bindings(
        self, entries: Iterable[Mapping[str, Any]], secrets: Mapping[str, str] | None
    ) -> tuple[RequestedBinding, ...]:
        """What the entries ask for; where secrets for development were read, with those."""
        try:
            parsed = parse_bindings([*entries])
        except UploadRejected as error:
            raise ProjectInvalid(f"{self.file}: {error}") from error
        if secrets is None:
            return parsed
        databases = {
            t["binding"]: t.get("localConnectionString") for t in self.tables("hyperdrive")
        }
        return tuple(for_development(binding, secrets, databases) for binding in parsed)

    def rules(self) -> Iterable[tuple[str, ModuleKind]]:
        for rule in self.tables("rules"):
            kind = _RULE_KINDS.get(str(rule.get("type", "")))
            if kind is None:
                raise self.invalid("rules", f"knows the types {', '.join(_RULE_KINDS)}")
            if not is_list_of(rule.get("globs", []), str):
                raise self.invalid("rules", "has globs that are no list of strings")
            for pattern in rule.get("globs", ()):
                yield str(pattern), kind
