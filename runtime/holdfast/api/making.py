"""From an upload to a `Script`, and back to what the API shows of one."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aiohttp import web

from holdfast.api.asset_tokens import check_assets, requested_assets
from holdfast.api.buckets import refuse_unknown_buckets
from holdfast.api.d1 import refuse_unknown_databases
from holdfast.api.key_value import refuse_unknown_namespaces
from holdfast.api.platform import Platform
from holdfast.api.queues import refuse_unknown_queues
from holdfast.api.upload import Upload
from holdfast.catalog import (
    Binding,
    Catalog,
    ErrorCode,
    NamespaceNotFound,
    Script,
    ScriptRecord,
    Share,
    UploadRejected,
)
from holdfast.catalog.migrations import NamespaceChanges
from holdfast.catalog.previews import ALIAS, check_alias
from holdfast.catalog.resolve import resolve_bindings
from holdfast.catalog.script import TAG, new_version
from holdfast.catalog.tail_consumers import refuse_missing
from holdfast.catalog.traffic import WHOLE


async def script_of(
    platform: Platform, name: str, upload: Upload
) -> tuple[Script, NamespaceChanges]:
    """The script of an upload under a new version, and what it does to namespaces.

    Raises UploadRejected for a reference to something that does not exist.
    """
    metadata = upload.metadata
    if alias := metadata.annotations.get(ALIAS):
        check_alias(alias, name, [record.name for record in platform.catalog.records()])
    assets = await requested_assets(platform.catalog, name, metadata.assets)
    resolved = resolve_bindings(
        platform.catalog,
        name,
        metadata.bindings,
        keep_types=metadata.keep_bindings,
        migrations=metadata.migrations,
        declared=metadata.declared,
    )
    await refuse_unknown(platform, resolved.bindings)
    consumers = metadata.tail_consumers
    refuse_unknown_tails(platform.catalog, name, consumers, "metadata.tail_consumers")
    script = Script(
        name=name,
        main=upload.main,
        syntax=upload.syntax,
        modules=upload.modules,
        bindings=resolved.bindings,
        compatibility_date=metadata.compatibility_date,
        compatibility_flags=metadata.compatibility_flags,
        version=new_version(),
        tag=metadata.annotations.get(TAG, ""),
        assets=assets,
        cpu_ms=metadata.cpu_ms,
    )
    check_assets(script)
    return script, resolved.changes


async def refuse_unknown(platform: Platform, bindings: Collection[Binding]) -> None:
    """Raise UploadRejected for a binding to what the API creates, and has not created."""
    await refuse_unknown_namespaces(platform.key_value, bindings)
    await refuse_unknown_buckets(platform.buckets, bindings)
    await refuse_unknown_databases(platform.d1.registry, bindings)
    await refuse_unknown_queues(platform, bindings)


def refuse_unknown_tails(
    catalog: Catalog, name: str, consumers: Sequence[Mapping[str, str]], place: str
) -> None:
    """Raise UploadRejected for a Tail Worker of the script `name` that there is not."""
    if consumers:
        refuse_missing(consumers, {name, *(record.name for record in catalog.records())}, place)


def latest_if_live(
    catalog: Catalog, name: str, code: ErrorCode, unopened: Collection[str] = ()
) -> Script:
    """The latest version. Raises ScriptNotFound, or UploadRejected unless it takes all events.

    `unopened` as in `Catalog.latest`.
    """
    latest = catalog.latest(name, unopened)
    if catalog.traffic(name).shares != (Share(latest.version, WHOLE),):
        what = "secret" if code is ErrorCode.VERSION_NOT_DEPLOYED else "setting"
        raise UploadRejected(
            code,
            f"{what.capitalize()} edit failed. You attempted to modify a {what}, but the latest "
            "version of your Worker isn't currently deployed. Please ensure that the latest "
            f"version of your Worker is fully deployed before modifying {what}s.",
        )
    return latest


def source_of(request: web.Request) -> str:
    """Who asks, in the words of Cloudflare's listings."""
    return "wrangler" if request.headers.get("User-Agent", "").startswith("wrangler") else "api"


def shown_limits(record: ScriptRecord) -> dict[str, int]:
    """The limits of a version, as its upload has them."""
    return {} if record.cpu_ms is None else {"cpu_ms": record.cpu_ms}


def shown_bindings(catalog: Catalog, record: ScriptRecord) -> list[Mapping[str, Any]]:
    """A version's bindings, without secrets' texts."""
    return [_with_class(catalog, entry) for entry in record.bindings]


def _with_class(catalog: Catalog, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A namespace's binding with the class that it is of, where the namespace still exists."""
    if entry["type"] != "durable_object_namespace":
        return entry
    try:
        namespace = catalog.namespace(entry["namespace_id"])
    except NamespaceNotFound:
        return entry
    return {**entry, "class_name": namespace.class_name, "script_name": namespace.script}
