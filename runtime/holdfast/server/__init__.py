"""The listener, host routing, and the `Runtime` that joins the parts.

May import objects, workers, host, catalog, assets, storage and engine; touches aiohttp.

Scripts and what they use:

- `Runtime` (runtime.py): the loaded scripts and live objects of one shard; `Residents`
  (residents.py): which versions of scripts are loaded, and take events; resident.py is one of them.
- sources.py: where scripts come from: the catalog, or one file; code_ahead.py compiles what is
  large before it is loaded; `Environment` (environment.py): what a script finds in `env`.
- `GradualDeployment` (gradual.py): two versions of a script in one shard; version_headers.py: what
  requests say of them; previews.py: versions that were loaded for their URLs; `Lingering`
  (lingering.py): those that were replaced, and wait for their objects.
- `LoadedWorkers` (loaded.py): the isolates of Workers that scripts load; loaded_tails.py: who is
  told of their events.
- `Resources` (resources.py): what scripts are bound to besides objects, opened when asked for;
  assets.py puts static assets before a script, mail.py is where mails go.
- `Queues` (queues.py): stores what is sent to queues; queue_delivery.py delivers it.
- schedules.py: cron triggers; triggers.py: the same by URL, for development; clock_steps.py
  notices that the clock was set.
- `Tails` (tails.py): who listens to which script's events; tail_consumers.py: Tail Workers.

Connections and requests:

- `Listener` (listener.py): HTTP in, a Worker's response out; http_server.py takes what connects to
  the sockets of listening.py.
- connection.py is one client's connection, flow.py its bytes, intake.py what requests they become,
  framing.py where these end, refusals.py what is none that is taken; movable.py is one that may go
  on in another shard.
- response.py writes, websocket.py shakes hands.
- `Routes` (routing.py): which script a Host header means; route_table.py: routes and custom
  domains; proxies.py: for whom a proxy asks.
- overload.py: what is too much, and refused; backlog.py: what waits, and is perhaps too late.

What operators see and keep:

- `Deployments` (deployments.py), which `holdfast serve` alone imports: makes uploads live; what
  the REST API drives, as is workflows.py.
- object_data.py: objects as data, rendering.py: their values for people; object_files.py: their
  files, whoever owns them; known_namespaces.py: whose they are; renamed.py: where they lie.
- data_folder.py: the claim on a data folder; opening.py, backup.py, check.py: the whole of one.
- `Settings` (settings.py); `Metrics` (metrics.py): what is counted, as Prometheus collects it.
- freed.py: memory that evicted objects leave, given back; signals.py: what asks a server to stop.

shards/ has several processes behind one port; only those that have them import it.
"""

from typing import TYPE_CHECKING

from holdfast.lazy import lazily

if TYPE_CHECKING:
    from holdfast.server.listener import Listener
    from holdfast.server.routing import HostRoutes, OneScript, Routes
    from holdfast.server.runtime import Runtime
    from holdfast.server.settings import Settings
    from holdfast.server.sources import CatalogSource, FileSource, FileSources, ScriptSource

__all__ = [
    "CatalogSource",
    "FileSource",
    "FileSources",
    "HostRoutes",
    "Listener",
    "OneScript",
    "Routes",
    "Runtime",
    "ScriptSource",
    "Settings",
]

_PLACES = {
    "CatalogSource": "sources",
    "FileSource": "sources",
    "FileSources": "sources",
    "HostRoutes": "routing",
    "Listener": "listener",
    "OneScript": "routing",
    "Routes": "routing",
    "Runtime": "runtime",
    "ScriptSource": "sources",
    "Settings": "settings",
}

# What only tests needs no listener.
__getattr__ = lazily(__name__, _PLACES)
