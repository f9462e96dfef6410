"""Bindings as an upload's metadata lists them: read, and written.

https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from holdfast.catalog.bindings import (
    D1,
    MAX_QUEUE_DELAY_S,
    RATE_LIMIT_PERIODS_S,
    Analytics,
    AssetsBinding,
    Binding,
    Hyperdrive,
    Inherit,
    Json,
    KeyValue,
    ObjectClass,
    ObjectNamespace,
    PlainText,
    QueueProducer,
    R2Bucket,
    RateLimit,
    RequestedBinding,
    SecretText,
    SendEmail,
    Service,
    StoreSecret,
    VersionMetadata,
    WasmModule,
    WorkerLoader,
    Workflow,
)
from holdfast.catalog.errors import UploadRejected, rejected
from holdfast.catalog.json_values import is_well_formed, is_whole


def parse_bindings(entries: object) -> tuple[RequestedBinding, ...]:
    """The bindings that the metadata's `bindings` list asks for.

    Raises UploadRejected, naming the entry, for one that is malformed, of an
    unknown type, or of a name that is taken.
    """
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise rejected("metadata.bindings must be a list.")
    bindings = tuple(_parse(index, entry) for index, entry in enumerate(entries))
    seen: set[str] = set()
    for binding in bindings:
        if binding.name in seen:
            raise rejected(f'The binding name "{binding.name}" is used more than once.')
        seen.add(binding.name)
    return bindings


# Whose entry says nothing but type and name.
_OF_NAME_ALONE = ("assets", "version_metadata", "worker_loader")


def parse_patched_bindings(entries: object) -> tuple[RequestedBinding, ...]:
    """As `parse_bindings`, where an entry of nothing but type and name is the latest version's."""
    if isinstance(entries, list):
        entries = [
            {"type": "inherit", "name": entry["name"]}
            if isinstance(entry, dict)
            and entry.keys() == {"type", "name"}
            and entry["type"] not in _OF_NAME_ALONE
            else entry
            for entry in entries
        ]
    return parse_bindings(entries)


# Whose entry says what their fields do, under the same names.
_OF_FIELDS: Mapping[type, str] = {
    PlainText: "plain_text",
    KeyValue: "kv_namespace",
    R2Bucket: "r2_bucket",
    AssetsBinding: "assets",
    VersionMetadata: "version_metadata",
    Analytics: "analytics_engine",
    WorkerLoader: "worker_loader",
    WasmModule: "wasm_module",
    ObjectNamespace: "durable_object_namespace",
}


def describe_binding(binding: Binding) -> dict[str, Any]:
    """The binding as the API lists it and as the catalog stores it: all but a secret's text."""
    match binding:
        case SecretText(name):
            return {"name": name, "type": "secret_text"}
        case Json(name, value):
            return {"name": name, "type": "json", "json": json.loads(value)}
        case Service(name, service, entrypoint, props):
            entry: dict[str, Any] = {"name": name, "type": "service", "service": service}
            if entrypoint is not None:
                entry["entrypoint"] = entrypoint
            return entry if props is None else {**entry, "props": json.loads(props)}
        case D1(name, database_id):
            return {"name": name, "type": "d1", "id": database_id}
        case QueueProducer(name, queue, delay_s):
            entry = {"name": name, "type": "queue", "queue_name": queue}
            return entry if delay_s is None else {**entry, "delivery_delay": delay_s}
        case Hyperdrive(name, config_id):
            return {"name": name, "type": "hyperdrive", "id": config_id}
        case StoreSecret(name, store_id, secret_name):
            entry = {"name": name, "type": "secrets_store_secret", "store_id": store_id}
            return {**entry, "secret_name": secret_name}
        case RateLimit(name, namespace_id, limit, period_s):
            simple = {"limit": limit, "period": period_s}
            return {
                "name": name,
                "type": "ratelimit",
                "namespace_id": namespace_id,
                "simple": simple,
            }
        case SendEmail(name):
            given = {key: value for key, value in asdict(binding).items() if value is not None}
            return {**given, "name": name, "type": "send_email"}
        case Workflow(name, workflow, class_name, script):
            entry = {"name": name, "type": "workflow", "workflow_name": workflow}
            whose = {} if script is None else {"script_name": script}
            return {**entry, "class_name": class_name, **whose}
    return {"name": binding.name, "type": _OF_FIELDS[type(binding)], **asdict(binding)}


def binding_type(binding: Binding) -> str:
    """The name that uploads give to this kind of binding."""
    kind: str = describe_binding(binding)["type"]
    return kind


class _Entry:
    """One entry of the list, with the words to say where it is wrong."""

    def __init__(self, index: int, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        name = fields.get("name")
        self._place = (
            f'binding "{name}"' if isinstance(name, str) else f"metadata.bindings[{index}]"
        )

    def text(self, key: str) -> str:
        """The string under `key`, which must be there."""
        value = self._fields.get(key)
        if not isinstance(value, str):
            raise rejected(f'{self._place}: "{key}" must be a string.')
        if not is_well_formed(value):
            raise rejected(f'{self._place}: "{key}" is not well-formed Unicode.')
        return value

    def word(self, key: str) -> str:
        """The string under `key`, which must be there and not be empty."""
        value = self.text(key)
        if not value:
            raise rejected(f'{self._place}: "{key}" must not be empty.')
        return value

    def optional_word(self, key: str) -> str | None:
        """The string under `key`, or None where it is missing, null or empty."""
        return self.text(key) if self._fields.get(key) not in (None, "") else None

    def json(self, key: str) -> str:
        """The value under `key`, whatever it is, as JSON text."""
        if key not in self._fields:
            raise rejected(f'{self._place}: "{key}" is missing.')
        try:
            return json.dumps(self._fields[key], allow_nan=False)
        except ValueError as error:
            raise rejected(f'{self._place}: "{key}" holds a number beyond a double.') from error

    def number(self, table: str, key: str) -> int:
        """The whole number above 0 under `key` of the object under `table`."""
        fields = self._fields.get(table)
        value = fields.get(key) if isinstance(fields, dict) else None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise rejected(f'{self._place}: "{table}.{key}" must be a whole number above 0.')
        return value

    def optional_number(self, key: str, most: int) -> int | None:
        """The whole number from 0 to `most` under `key`, or None where it is missing or null."""
        value: int | None = self._fields.get(key)
        if value is None:
            return None
        if not is_whole(value, 0, most):
            raise rejected(f'{self._place}: "{key}" must be a whole number from 0 to {most}.')
        return value

    def optional_texts(self, key: str) -> tuple[str, ...] | None:
        """The list of strings under `key`, or None where it is missing or null."""
        value = self._fields.get(key)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
            raise rejected(f'{self._place}: "{key}" must be a list of strings.')
        return tuple(value)

    def optional_object(self, key: str) -> str | None:
        """The object under `key` as JSON text, or None where it is missing or null."""
        if self._fields.get(key) is None:
            return None
        if not isinstance(self._fields[key], dict):
            raise rejected(f'{self._place}: "{key}" must be an object.')
        return self.json(key)

    def refuse_type(self) -> UploadRejected:
        """The error for a type that Holdfast does not have."""
        known = ", ".join(sorted(_PARSERS))
        return rejected(
            f"{self._place}: Holdfast has no binding of type {self._fields.get('type')!r}. "
            f"It has: {known}."
        )


def _parse(index: int, fields: object) -> RequestedBinding:
    if not isinstance(fields, dict):
        raise rejected(f"metadata.bindings[{index}] must be an object.")
    entry = _Entry(index, fields)
    parser = _PARSERS.get(entry.word("type"))
    if parser is None:
        raise entry.refuse_type()
    return parser(entry, entry.word("name"))


def _rate_limit(entry: _Entry, name: str) -> RequestedBinding:
    limit, period_s = (entry.number("simple", key) for key in ("limit", "period"))
    if period_s not in RATE_LIMIT_PERIODS_S:
        raise rejected(f'binding "{name}": "simple.period" must be 10 or 60, in seconds.')
    return RateLimit(name, entry.word("namespace_id"), limit, period_s)


def _queue(entry: _Entry, name: str) -> RequestedBinding:
    return QueueProducer(
        name,
        entry.word("queue_name"),
        entry.optional_number("delivery_delay", MAX_QUEUE_DELAY_S),
    )


def _send_email(entry: _Entry, name: str) -> RequestedBinding:
    only, several = "destination_address", "allowed_destination_addresses"
    binding = SendEmail(
        name,
        entry.optional_word(only),
        entry.optional_texts(several),
        entry.optional_texts("allowed_sender_addresses"),
    )
    if binding.destination_address and binding.allowed_destination_addresses is not None:
        raise rejected(f'binding "{name}": it has either "{only}" or "{several}".')
    return binding


def _object_namespace(entry: _Entry, name: str) -> RequestedBinding:
    if namespace_id := entry.optional_word("namespace_id"):
        return ObjectNamespace(name, namespace_id)
    return ObjectClass(name, entry.word("class_name"), entry.optional_word("script_name"))


_PARSERS: dict[str, Callable[[_Entry, str], RequestedBinding]] = {
    "plain_text": lambda entry, name: PlainText(name, entry.text("text")),
    "secret_text": lambda entry, name: SecretText(name, entry.text("text")),
    "json": lambda entry, name: Json(name, entry.json("json")),
    "service": lambda entry, name: Service(
        name,
        entry.word("service"),
        entry.optional_word("entrypoint"),
        entry.optional_object("props"),
    ),
    "kv_namespace": lambda entry, name: KeyValue(name, entry.word("namespace_id")),
    "d1": lambda entry, name: D1(name, entry.word("id")),
    "queue": _queue,
    "r2_bucket": lambda entry, name: R2Bucket(name, entry.word("bucket_name")),
    "hyperdrive": lambda entry, name: Hyperdrive(name, entry.word("id")),
    "secrets_store_secret": lambda entry, name: StoreSecret(
        name, entry.word("store_id"), entry.word("secret_name")
    ),
    "assets": lambda _, name: AssetsBinding(name),
    "version_metadata": lambda _, name: VersionMetadata(name),
    "ratelimit": _rate_limit,
    "analytics_engine": lambda entry, name: Analytics(name, entry.optional_word("dataset") or name),
    "worker_loader": lambda _, name: WorkerLoader(name),
    "wasm_module": lambda entry, name: WasmModule(name, entry.word("part")),
    "send_email": _send_email,
    "durable_object_namespace": _object_namespace,
    "workflow": lambda entry, name: Workflow(
        name,
        entry.word("workflow_name"),
        entry.word("class_name"),
        entry.optional_word("script_name"),
    ),
    "inherit": lambda entry, name: Inherit(name, entry.optional_word("old_name") or name),
}
