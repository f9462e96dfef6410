"""What was uploaded: scripts, versions, namespaces, bindings, secrets.

May import assets/, storage/ and engine/; touches APSW for a database of its own,
`<data>/catalog.sqlite`, which one Holdfast process at a time has open.

- `Script`, `Syntax` (script.py): the description of a Worker that every layer above uses;
  bindings.py has the kinds of bindings, binding_entries.py reads them from an upload's metadata
  (json_values.py: what is asked of such), resolve.py turns them into what a `Script` may hold.
- `Namespace` (namespace.py): a Durable Object namespace.
- `Catalog` (catalog.py): stores and finds them; what a call has stored survives
  `kill -9`. database.py opens the file, schema.py makes it; scripts.py, versions.py and
  namespaces.py have the SQL.
- `Deployed`, `check_exports` (deployment.py): what a script must export.
- `Traffic` (traffic.py): which versions take a script's events, where two are deployed, and
  (code_updates.py) when objects follow.
- `UploadRejected`, `CatalogUnusable`, … (errors.py).
- migrations.py: what an upload does to the namespaces of its classes, or, with `exports`,
  declared.py; cron.py and schedules.py: cron triggers; consumers.py: how queues are consumed;
  vault.py: the key that secrets are encrypted with.
- routes.py and route_pattern.py: which script answers where; previews.py: versions with URLs of
  their own; tail_consumers.py: who is told of a script's events; limits.py.
- asset_library.py: static assets, from their upload on; asset_rows.py has their SQL.
- dates.py, flags.py and node_compat.py: what a compatibility date and flags ask for.
- workflows.py: Workflows, which are namespaces of a kind.

What is read from files, for uploads and for what is served from a folder:

- files.py reads a script's modules, by module_rules.py and additional_modules.py; bundling.py has
  esbuild bundle them, source.py says when; source_map.py knows where lines of a bundle come from,
  excerpt.py shows the lines that an error's stack tells.
- project_files.py finds a project's configuration and parses it (jsonc.py); project.py reads it,
  with project_reader.py, project_fields.py, project_bindings.py, project_secrets.py,
  declared_routes.py, env_file.py; text_file.py reads text. d1_migrations.py: the migrations of D1
  databases.
"""

from typing import TYPE_CHECKING

from holdfast.catalog.bindings import (
    D1,
    Analytics,
    AssetsBinding,
    Binding,
    Hyperdrive,
    Json,
    KeyValue,
    ObjectNamespace,
    PlainText,
    QueueProducer,
    R2Bucket,
    RateLimit,
    SecretText,
    SendEmail,
    Service,
    SiteFiles,
    StoreSecret,
    VersionMetadata,
    WasmModule,
    WorkerLoader,
    Workflow,
)
from holdfast.catalog.errors import (
    CatalogError,
    CatalogUnusable,
    ErrorCode,
    NamespaceNotFound,
    ScriptNotFound,
    UploadRejected,
    VersionNotFound,
)
from holdfast.catalog.namespace import Namespace, ObjectInfo
from holdfast.catalog.script import Script, Syntax, check_script_name
from holdfast.lazy import lazily

if TYPE_CHECKING:
    from holdfast.catalog.catalog import Catalog
    from holdfast.catalog.deployment import Deployed, check_exports
    from holdfast.catalog.scripts import ScriptRecord
    from holdfast.catalog.traffic import Share, Traffic
    from holdfast.catalog.versions import Deployment, Loaded, Note, VersionRecord

__all__ = [
    "D1",
    "Analytics",
    "AssetsBinding",
    "Binding",
    "Catalog",
    "CatalogError",
    "CatalogUnusable",
    "Deployed",
    "Deployment",
    "ErrorCode",
    "Hyperdrive",
    "Json",
    "KeyValue",
    "Loaded",
    "Namespace",
    "NamespaceNotFound",
    "Note",
    "ObjectInfo",
    "ObjectNamespace",
    "PlainText",
    "QueueProducer",
    "R2Bucket",
    "RateLimit",
    "Script",
    "ScriptNotFound",
    "ScriptRecord",
    "SecretText",
    "SendEmail",
    "Service",
    "Share",
    "SiteFiles",
    "StoreSecret",
    "Syntax",
    "Traffic",
    "UploadRejected",
    "VersionMetadata",
    "VersionNotFound",
    "VersionRecord",
    "WasmModule",
    "WorkerLoader",
    "Workflow",
    "check_exports",
    "check_script_name",
]

# What is needed where things are uploaded only, and not to run a script from its file.
_PLACES = {
    "Catalog": "catalog",
    "Deployed": "deployment",
    "Deployment": "versions",
    "Loaded": "versions",
    "Note": "versions",
    "ScriptRecord": "scripts",
    "Share": "traffic",
    "Traffic": "traffic",
    "VersionRecord": "versions",
    "check_exports": "deployment",
}

__getattr__ = lazily(__name__, _PLACES)
