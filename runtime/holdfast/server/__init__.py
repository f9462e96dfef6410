"""The listener, host routing, and the `Runtime` that joins the parts.

May import objects, workers, host, catalog, storage and engine; touches aiohttp.

- `Runtime` (runtime.py): the loaded scripts and live objects of one shard.
- `Listener` (listener.py): HTTP in, a Worker's response out; response.py writes it.
- `Routes` (routing.py): which script a Host header means.
- sources.py: where scripts come from: the catalog, or one file.
- `Deployments` (deployments.py), which `holdfast serve` alone imports: makes uploads live; what
  the REST API drives.
- `Settings` (settings.py).
"""

from holdfast.server.listener import Listener
from holdfast.server.routing import HostRoutes, OneScript, Routes
from holdfast.server.runtime import Runtime
from holdfast.server.settings import Settings
from holdfast.server.sources import CatalogSource, FileSource, ScriptSource

__all__ = [
    "CatalogSource",
    "FileSource",
    "HostRoutes",
    "Listener",
    "OneScript",
    "Routes",
    "Runtime",
    "ScriptSource",
    "Settings",
]
