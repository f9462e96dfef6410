"""What a project's configuration says of a script, field by field, and where it is wrong.

https://developers.cloudflare.com/workers/wrangler/configuration/
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.assets import AssetFolder, Assets, AssetsConfig, AssetsInvalid
from holdfast.catalog.binding_entries import parse_bindings
from holdfast.catalog.bindings import RequestedBinding
from holdfast.catalog.bundling import BundleOptions
from holdfast.catalog.code_updates import delay_of
from holdfast.catalog.cron import parse_crons
from holdfast.catalog.dates import is_compatibility_date
from holdfast.catalog.errors import UploadRejected
from holdfast.catalog.flags import mistake_in
from holdfast.catalog.limits import cpu_ms_of
from holdfast.catalog.module_rules import copied_endings
from holdfast.catalog.project_bindings import (
    BindingReader,
    ProjectInvalid,
    is_list_of,
)
from holdfast.catalog.project_secrets import for_development
from holdfast.catalog.script import check_script_name
from holdfast.catalog.tail_consumers import names_of, parse_tail_consumers
from holdfast.dataclass import dataclass
from holdfast.engine.modules import ModuleKind

if TYPE_CHECKING:
    from holdfast.assets.workers_site import SiteContent
    from holdfast.catalog.consumers import DeclaredConsumer
    from holdfast.catalog.declared_routes import DeclaredRoute
    from holdfast.catalog.workflows import DeclaredWorkflow


_RULE_KINDS = {
    "ESModule": ModuleKind.ESM,
    "CommonJS": ModuleKind.COMMONJS,
    "Text": ModuleKind.TEXT,
    "Data": ModuleKind.DATA,
    "CompiledWasm": ModuleKind.WASM,
}

# Why a project without a script is none.
_NO_SCRIPT = {
    "pages_build_output_dir": "is missing, and Holdfast has no Pages: a folder of files is that of "
    '"assets", and functions, once they are built, are the "main" (docs/moving.md)',
    "site": 'is missing, which a "site" needs; "assets" serves files alone',
}
MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class DevAddress:
    """Where the project is served for development; None where it does not say."""

    ip: str | None = None
    port: int | None = None


class ProjectReader(BindingReader):
    """Takes what a configuration says of a script, and says where it is wrong."""

    def crons(self) -> tuple[str, ...]:
        """Its cron triggers, as they run."""
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
        """Its compatibility flags, without mistakes in them."""
        flags = self.texts("compatibility_flags")
        if mistake := mistake_in(flags):
            raise self.invalid("compatibility_flags", f"has a mistake: {mistake}")
        return tuple(flags)

    def cpu_ms(self) -> int | None:
        """How long a turn may take, in milliseconds of CPU time; None where it is not said."""
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
        """The steps of migrations, in their order."""
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
        otherwise = 'is missing: it names the script, such as "src/index.ts"'
        why = (text for name, text in _NO_SCRIPT.items() if self._fields.get(name))
        raise self.invalid("main", next(why, otherwise))

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
            if one["type"] == "workflow" and name not in self._bound_workflows():
                why = (
                    'is a Workflow, which Holdfast finds by a binding only: name it in "workflows"'
                )
                raise self.invalid(f"exports.{name}", why)
        return {name: one for name, one in exports.items() if one["type"] == "durable-object"}

    def _bound_workflows(self) -> set[Any]:
        return {table.get("class_name") for table in self.tables("workflows")}

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
        """Patterns of files, and which kind of module these are."""
        for rule in self.tables("rules"):
            kind = _RULE_KINDS.get(str(rule.get("type", "")))
            if kind is None:
                raise self.invalid("rules", f"knows the types {', '.join(_RULE_KINDS)}")
            if not is_list_of(rule.get("globs", []), str):
                raise self.invalid("rules", "has globs that are no list of strings")
            for pattern in rule.get("globs", ()):
                yield str(pattern), kind
