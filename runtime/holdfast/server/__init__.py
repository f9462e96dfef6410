"""The listener, host routing, and the `Runtime` that joins the parts.

May import objects, workers, host, catalog, storage and engine; touches aiohttp.

- `Runtime` (runtime.py): the loaded scripts and live objects of one shard; `Residents`
  (residents.py): which versions of scripts are loaded, and take events.
- `GradualDeployment` (gradual.py): two versions of a script in one shard; version_headers.py: what
  requests say of them.
- `Listener` (listener.py): HTTP in, a Worker's response out; http_server.py takes
  what connects to the sockets of listening.py, connection.py is one client's connection,
  response.py writes, websocket.py shakes hands.
- overload.py: what is too much, and refused; backlog.py: what waits, and is perhaps too late.
- `Routes` (routing.py): which script a Host header means.
- sources.py: where scripts come from: the catalog, or one file.
- `Deployments` (deployments.py), which `holdfast serve` alone imports: makes uploads live; what
  the REST API drives.
- `Queues` (queues.py): stores what is sent to queues; queue_delivery.py delivers it.
- schedules.py: cron triggers; triggers.py: the same by URL, for development.
- object_data.py: objects as data, rendering.py: their values for people.
- data_folder.py: the claim on a data folder; opening.py, backup.py, check.py: the whole of one.
- shards/: several processes behind one port.
- `LoadedWorkers` (loaded.py): the isolates of Workers that scripts load; loaded_tails.py: who is
  told of their events.
- `Tails` (tails.py): who listens to which script's events.
- `Settings` (settings.py).
- `Metrics` (metrics.py): what is counted, as Prometheus collects it.
- freed.py: memory that evicted objects leave, given back.
- shards/: several processes behind one port, which only those that have them import.
"""

from typing import TYPE_CHECKING

from holdfast.lazy import lazily

if TYPE_CHECKING:
    from holdfast.server.listener import Listener
    from holdfast.server.routing import HostRoutes, OneScript, Routes
    from holdfast.server.runtime import Runtime
    from holdfast.server.settings import Settings
    from holdfast.server.sources import CatalogSource, FileSource, ScriptSource

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
