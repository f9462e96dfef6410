"""The kinds of bindings: what a script finds in its `env`.

https://developers.cloudflare.com/workers/runtime-apis/bindings/
"""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TypeAlias

from holdfast.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class PlainText:
    """A string that anyone who may see the script may see."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class SecretText:
    """A string that only the script sees; no listing and no repr shows it."""

    name: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Json:
    """A value given as JSON text; the script sees it parsed."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Service:
    """Another Worker, or one of its named entry points.

    `props` is JSON text of an object: what the entry point sees as its `ctx.props`.
    """

    name: str
    service: str
    entrypoint: str | None = None
    props: str | None = None


@dataclass(frozen=True, slots=True)
class KeyValue:
    """A KV namespace, by its id."""

    name: str
    namespace_id: str


SITE_NAMESPACE = "__STATIC_CONTENT"
"""What the files of a Workers Site are called in `env`."""

SITE_MANIFEST = "__STATIC_CONTENT_MANIFEST"
"""The module, or a service worker's variable, with a JSON object: the key of each file's path."""


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """The files of a Workers Site, by their keys: a KV namespace that takes nothing.

    A project has it that is served from its folder; no upload asks for one, and no catalog has it.
    """

    name: str
    files: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class D1:
    """A D1 database, by its id."""

    name: str
    database_id: str


MAX_QUEUE_DELAY_S = 86_400
"""For how long a message may be kept back."""


@dataclass(frozen=True, slots=True)
class QueueProducer:
    """A queue to send to, by its name; `delivery_delay_s` is what its messages are delayed by."""

    name: str
    queue: str
    delivery_delay_s: int | None = None


@dataclass(frozen=True, slots=True)
class R2Bucket:
    """An R2 bucket, by its name."""

    name: str
    bucket_name: str


@dataclass(frozen=True, slots=True)
class Hyperdrive:
    """A database, which the script connects to by itself.

    Where it is, is the script's secret named `variable`, unless a project has told it.
    """

    name: str
    config_id: str
    connection_string: str | None = field(default=None, repr=False)

    @property
    def variable(self) -> str:
        """What Wrangler calls the variable of the shell that has the connection string."""
        return f"CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_{self.name}"


@dataclass(frozen=True, slots=True)
class StoreSecret:
    """A secret of a Secrets Store: the script's own of that name, unless a project has told it."""

    name: str
    store_id: str
    secret_name: str
    text: str | None = field(default=None, repr=False)


ASSETS_ENTRYPOINT = "holdfast:assets"
"""The entrypoint of a script with assets that an `AssetsBinding` leads to."""


@dataclass(frozen=True, slots=True)
class AssetsBinding:
    """The script's own static assets."""

    name: str


@dataclass(frozen=True, slots=True)
class VersionMetadata:
    """What is known of the very version of the script: its id, its tag, when it was made."""

    name: str


RATE_LIMIT_PERIODS_S = (10, 60)
"""For how long a rate limit may count."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit of so many calls for each key in `period_s` seconds, counted by `namespace_id`."""

    name: str
    namespace_id: str
    limit: int
    period_s: int


@dataclass(frozen=True, slots=True)
class Analytics:
    """A dataset of Analytics Engine: what is written to it is checked, and not kept."""

    name: str
    dataset: str


@dataclass(frozen=True, slots=True)
class WorkerLoader:
    """The means to load Workers whose code comes at runtime."""

    name: str


@dataclass(frozen=True, slots=True)
class SendEmail:
    """Mail to send: to one address or to some, from some; None is whatever the script says."""

    name: str
    destination_address: str | None = None
    allowed_destination_addresses: tuple[str, ...] | None = None
    allowed_sender_addresses: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ObjectNamespace:
    """A Durable Object namespace, by its id."""

    name: str
    namespace_id: str


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """A request for the namespace of a class; `script_name` None means this very script."""

    name: str
    class_name: str
    script_name: str | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A Workflow, by its name; `script_name` None means that this very script has its class."""

    name: str
    workflow_name: str
    class_name: str
    script_name: str | None = None


@dataclass(frozen=True, slots=True)
class WasmModule:
    """A module of WebAssembly among the script's own, by its name; an upload names the part."""

    name: str
    part: str


@dataclass(frozen=True, slots=True)
class Inherit:
    """A request for the binding that the latest version has under `source`."""

    name: str
    source: str


Binding: TypeAlias = (
    PlainText
    | SecretText
    | Json
    | Service
    | KeyValue
    | SiteFiles
    | D1
    | QueueProducer
    | R2Bucket
    | Hyperdrive
    | StoreSecret
    | AssetsBinding
    | VersionMetadata
    | RateLimit
    | Analytics
    | WorkerLoader
    | SendEmail
    | ObjectNamespace
    | Workflow
    | WasmModule
)
"""A binding as a `Script` holds it."""

RequestedBinding: TypeAlias = Binding | ObjectClass | Inherit
"""A binding as an upload asks for it; `resolve_bindings` makes a `Binding` of it."""
