"""The fields of Wrangler's configuration: what Holdfast lacks, and what is told of the others.

https://developers.cloudflare.com/workers/wrangler/configuration/
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from holdfast.meant import meant

# Each environment says these for itself; the others it takes from the top of the file.
# https://developers.cloudflare.com/workers/wrangler/configuration/#non-inheritable-keys
NOT_INHERITED = (
    "vars",
    "durable_objects",
    "kv_namespaces",
    "d1_databases",
    "r2_buckets",
    "services",
    "define",
    "ratelimits",
    "analytics_engine_datasets",
    "queues",
    "version_metadata",
    "tail_consumers",
    "unsafe",
    "workflows",
    "hyperdrive",
    "secrets_store_secrets",
    "send_email",
    "worker_loaders",
)

# Whose entries are an upload's of these types, but that the name is told as `binding`.
AS_UPLOADED = {
    "analytics_engine_datasets": "analytics_engine",
    "hyperdrive": "hyperdrive",
    "secrets_store_secrets": "secrets_store_secret",
    "worker_loaders": "worker_loader",
}

# Without these, the script would not find what it was written for.
_REFUSED = """
    agent_memory ai ai_search ai_search_namespaces artifacts browser cloudchamber connect containers
    data_blobs dispatch_namespaces flagship images k2 logfwdr media
    mtls_certificates pipelines stream streaming_tail_consumers
    text_blobs unsafe_hello_world vectorize vpc_networks vpc_services websearch
""".split()  # noqa: SIM905  (read as prose)
_TAKEN = """
    alias analytics_engine_datasets assets base_dir build compatibility_date compatibility_flags
    d1_databases define dev durable_objects exports find_additional_modules hyperdrive jsx_factory
    jsx_fragment kv_namespaces limits main migrations minify name no_bundle preview_urls queues
    r2_buckets ratelimits route routes rules secrets_store_secrets send_email services site
    tail_consumers triggers tsconfig unsafe vars version_metadata wasm_modules worker_loaders
    workers_dev workflows
""".split()  # noqa: SIM905
# For Wrangler itself, for Cloudflare's network, or for what is always so here.
_NOTHING_COMES_OF = """
    $schema account_id cache compliance_region configPath definedEnvironments
    dependencies_instrumentation env first_party_worker keep_names keep_vars
    legacy_env logpush observability pages_build_output_dir placement preserve_file_names
    previews python_modules secrets send_metrics
    targetEnvironment topLevelName upload_source_maps userConfigPath
""".split()  # noqa: SIM905
_ANALYTICS = "analytics_engine_datasets"
_KNOWN = frozenset((*_REFUSED, *_TAKEN, *_NOTHING_COMES_OF))


def refused_of(fields: Mapping[str, Any]) -> list[str]:
    """The fields that a script cannot do without, of those that Holdfast does not have."""
    return [name for name in _REFUSED if _says_anything(fields.get(name))]


def bindings_of(value: Any) -> set[str]:
    """The names of the bindings that a field declares, as one table or as a list of them."""
    entries = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return {
        entry["binding"]
        for entry in entries
        if isinstance(entry, Mapping) and isinstance(entry.get("binding"), str)
    }


def notes_on(fields: Mapping[str, Any], environment: str | None) -> Iterator[str]:
    """What the author should know: of fields that are misspelt, not inherited, or to no avail."""
    chosen = fields if environment is None else fields["env"][environment]
    prefix = "" if environment is None else f"env.{environment}."
    for name in fields:
        yield from _unknown(name, "")
    if environment is not None:
        for name in chosen:
            yield from _unknown(name, prefix)
        for name in NOT_INHERITED:
            if fields.get(name) and name not in chosen:
                yield (
                    f'"{name}" is not inherited by an environment: '
                    f'there is nothing of it, as "{prefix}{name}" is missing'
                )
    if chosen.get(_ANALYTICS):
        yield f'"{_ANALYTICS}": what is written to a dataset is checked, and kept nowhere'


def _says_anything(value: Any) -> bool:
    """Not where it is empty, as are the fields that a build writes down without there being any."""
    if isinstance(value, Mapping):
        return any(map(_says_anything, value.values()))
    return bool(value)


def notes_on_left_out(names: Collection[str]) -> Iterator[str]:
    """What the author should know of fields that were to be left out."""
    for name in names:
        if name not in _KNOWN:
            yield f'"{name}", which was to be left out, is no field that Wrangler has{_near(name)}'


def _unknown(name: str, prefix: str) -> Iterator[str]:
    if name not in _KNOWN:
        yield f'"{prefix}{name}" is no field that Wrangler has, and is left out{_near(name)}'


def _near(name: str) -> str:
    near = meant(name, _KNOWN)
    return f'; did you mean "{near}"?' if near else ""
