"""Durable Objects on the host: ids, namespaces, slots, placement, eviction.

May import workers, host, catalog, assets, storage and engine. The instances themselves, and
their gates, live in the isolates (`polyfills/objects/`); here it is decided which
isolate hosts an object, and here its storage is opened, fenced off and closed.

- `ids.py`: the id scheme, workerd's.
- `ObjectDirectory` (directory.py): every object that is live in this shard.
- `Departures` (departures.py): what the log says of objects that leave memory.
- `ObjectHome` (home.py): the objects of one Worker's isolate, as the directory sees it.
- `ObjectRecord` (record.py): one of them; `LiveFacets` (facets.py): the objects inside of it;
  `FarFacets` (far_facets.py): those of them that live in another isolate.
- `IsolateObjects` (capability.py): what one isolate's ops may do with objects; services.py:
  what its service bindings lead to.
- `IsolateLoaders` (loaders.py): the Workers that one isolate loads, and calls of them;
  `LoadedCode` (loaded_code.py): what they are made of.
- `Calls` (calls.py): calls that wait for an answer, and their callers; rpc.py: the
  capabilities that cross with them.
- `WaitGraph` (wait_graph.py): calls that wait for each other, and would for ever.
- `AlarmScheduler` (alarms.py): when which object is woken; `AlarmCalls` (alarm_calls.py): how.
- `Placement` (placement.py): who owns an id; `LocalObjects` (local.py): what is here.
"""

from holdfast.objects.alarm_calls import AlarmCalls
from holdfast.objects.alarms import AlarmScheduler
from holdfast.objects.capability import IsolateObjects
from holdfast.objects.directory import ObjectDirectory
from holdfast.objects.home import ObjectHome
from holdfast.objects.local import LocalObjects
from holdfast.objects.placement import InProcess, Placement
from holdfast.objects.wait_graph import WaitGraph

__all__ = [
    "AlarmCalls",
    "AlarmScheduler",
    "InProcess",
    "IsolateObjects",
    "LocalObjects",
    "ObjectDirectory",
    "ObjectHome",
    "Placement",
    "WaitGraph",
]
