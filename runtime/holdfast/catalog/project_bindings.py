"""The bindings of a project, as its configuration describes them.

https://developers.cloudflare.com/workers/wrangler/configuration/#bindings
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from holdfast.catalog.project_fields import AS_UPLOADED

if TYPE_CHECKING:
    from holdfast.catalog.d1_migrations import DeclaredDatabase


class ProjectInvalid(ValueError):
    """The configuration cannot be used; the message names the file and the field."""


class FieldsLacking(ProjectInvalid):
    """The script needs what Holdfast does not have: fields, with the bindings that they declare."""

    def __init__(self, file: Path, fields: Mapping[str, set[str]]) -> None:
        quoted = ", ".join(f'"{name}"' for name in fields)
        options = " ".join(f"--without {name}" for name in fields)
        self.what = f"{file}: Holdfast does not have {quoted}"
        self.fields = fields
        super().__init__(f"{self.what}; the script goes without by {options}")


class BindingReader:
    """Takes fields from a configuration, and says where one is wrong."""

    def __init__(self, file: Path, fields: Mapping[str, Any]) -> None:
        self.file = file
        self._fields = fields

    def invalid(self, field: str, what: str) -> ProjectInvalid:
        """What to raise for a field that is wrong."""
        return ProjectInvalid(f'{self.file}: "{field}" {what}')

    @contextmanager
    def mistakes_in(self, field: str, *kinds: type[Exception]) -> Iterator[None]:
        """Have exceptions of these kinds tell of a mistake in a field."""
        try:
            yield
        except kinds as error:
            raise self.invalid(field, f"has a mistake: {error}") from error

    def text(self, name: str) -> str:
        """The string of a field, which must be there and not be empty."""
        value = self._fields.get(name)
        if not isinstance(value, str) or not value:
            raise self.invalid(name, "must be a non-empty string")
        return value

    def texts(self, name: str, *, within: str | None = None) -> list[str]:
        """The strings of a field, of the table `within` if it has one; none where missing."""
        table = self._fields if within is None else self._fields.get(within, {})
        values = table.get(name, []) if isinstance(table, Mapping) else None
        if not is_list_of(values, str):
            raise self.invalid(f"{within}.{name}" if within else name, "must be a list of strings")
        return values

    def table(self, name: str) -> Mapping[str, Any]:
        """The table of a field, empty where it is missing."""
        value = self._fields.get(name, {})
        if not isinstance(value, Mapping):
            raise self.invalid(name, "must be a table")
        return value

    def tables(self, name: str, *, within: str | None = None) -> list[Mapping[str, Any]]:
        """The tables of a field, as `texts`."""
        table = self._fields if within is None else self._fields.get(within, {})
        values = table.get(name, []) if isinstance(table, Mapping) else None
        if not is_list_of(values, Mapping):
            raise self.invalid(f"{within}.{name}" if within else name, "must be a list of tables")
        return values

    def entries(self, secrets: Mapping[str, str]) -> Iterable[Mapping[str, Any]]:
        """The bindings as an upload's metadata lists them."""
        for variable, value in self.table("vars").items():
            if variable not in secrets:
                yield _variable(variable, value)
        stored = {entry.get("binding") for entry in self.tables("secrets_store_secrets")}
        for secret in (name for name in secrets if name not in stored):
            yield {"type": "secret_text", "name": secret, "text": secrets[secret]}
        for entry in self.tables("bindings", within="durable_objects"):
            self._name_of("durable_objects.bindings", entry, "name")
            yield {**entry, "type": "durable_object_namespace"}
        yield from self._stores()
        for entry in self.tables("services"):
            name = self._name_of("services", entry, "binding")
            yield {**entry, "type": "service", "name": name}
        for entry in self.tables("workflows"):
            name = self._name_of("workflows", entry, "binding")
            workflow = {"type": "workflow", "name": name, "workflow_name": entry.get("name")}
            script = {"script_name": entry["script_name"]} if entry.get("script_name") else {}
            yield {**workflow, "class_name": entry.get("class_name"), **script}
        for name, part in self.wasm_modules().items():
            yield {"type": "wasm_module", "name": name, "part": part}
        yield from self._named_as_uploaded()
        if metadata := self.table("version_metadata"):
            name = self._name_of("version_metadata", metadata, "binding")
            yield {"type": "version_metadata", "name": name}
        if binding := self.table("assets").get("binding"):
            if not isinstance(binding, str):
                raise self.invalid("assets.binding", "must be a string, its name in env")
            yield {"type": "assets", "name": binding}

    def wasm_modules(self) -> Mapping[str, str]:
        """The modules of WebAssembly that are bound, by their names in the script: their paths."""
        table = self.table("wasm_modules")
        for name, path in table.items():
            if not isinstance(path, str):
                raise self.invalid(f"wasm_modules.{name}", "must be a string, a file's path")
        return {name: posixpath.normpath(path) for name, path in table.items()}

    def _stores(self) -> Iterable[Mapping[str, Any]]:
        """Bindings to what many scripts may share; what has no id goes by the binding's name."""
        for entry in self.tables("kv_namespaces"):
            name = self._name_of("kv_namespaces", entry, "binding")
            namespace_id = entry.get("id") or entry.get("preview_id") or name
            yield {"type": "kv_namespace", "name": name, "namespace_id": namespace_id}
        for database in self.databases():
            yield {"type": "d1", "name": database.binding, "id": database.id}
        for entry in self.tables("producers", within="queues"):
            name = self._name_of("queues.producers", entry, "binding")
            queue = entry.get("queue") or name.lower().replace("_", "-")
            yield {**entry, "type": "queue", "name": name, "queue_name": queue}
        for entry in self.tables("r2_buckets"):
            name = self._name_of("r2_buckets", entry, "binding")
            bucket_name = entry.get("bucket_name") or entry.get("preview_bucket_name") or name
            yield {"type": "r2_bucket", "name": name, "bucket_name": bucket_name}

    def databases(self) -> "tuple[DeclaredDatabase, ...]":
        """The D1 databases, with their migrations."""
        tables = self.tables("d1_databases")
        if not tables:
            return ()
        from holdfast.catalog.d1_migrations import declared_database

        names = [self._name_of("d1_databases", entry, "binding") for entry in tables]
        pairs = zip(names, tables, strict=True)
        with self.mistakes_in("d1_databases", ValueError):
            return tuple(declared_database(name, entry, self.file.parent) for name, entry in pairs)

    def _named_as_uploaded(self) -> Iterable[Mapping[str, Any]]:
        """What is told in an upload's words but for the name, and in these, as limits were."""
        for field, kind in AS_UPLOADED.items():
            for entry in self.tables(field):
                name = self._name_of(field, entry, "binding")
                yield {**entry, "type": kind, "name": name}
        for field, kind in (("ratelimits", "ratelimit"), ("send_email", "send_email")):
            for entry in self.tables(field):
                self._name_of(field, entry, "name")
                yield {**entry, "type": kind}
        for entry in self.tables("bindings", within="unsafe"):
            self._name_of("unsafe.bindings", entry, "name")
            yield entry

    def _name_of(self, field: str, entry: Mapping[str, Any], key: str) -> str:
        name = entry.get(key)
        if not isinstance(name, str):
            raise self.invalid(field, f'must have "{key}" in each, which is its name in env')
        return name


def is_list_of(value: Any, kind: type) -> TypeGuard[list[Any]]:
    """Whether a value of JSON is a list of such values."""
    return isinstance(value, list) and all(isinstance(element, kind) for element in value)


def _variable(name: str, value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        return {"type": "plain_text", "name": name, "text": value}
    return {"type": "json", "name": name, "json": value}
