"""A script made runnable: its isolate, its environment and its events.

May import host, catalog, assets, storage and engine.

- `Worker` (worker.py): one version of a script in an isolate; `fetch` gives it a
  request and returns a future of its `WorkerResponse`.
- `GradualWorker` (gradual.py): what takes events where two versions are deployed.
- `load.py`: how a script gets into an isolate, and what can be wrong with it; import_places.py:
  where.
- assets.py: static assets before a script; mail.py: mail that comes in; batches.py: batches of a
  queue, and what a script has made of them.
- compatibility.py: what its compatibility date and flags decide.
- `ScriptCounts` (counts.py): how many, for metrics, and `Durations`: how long.
- `Tracer` (trace.py): what becomes of events, for those who listen; redaction.py: what they are not
  told.
- `errors.py`: what can happen to an event.
"""

from holdfast.workers.counts import Durations, ScriptCounts
from holdfast.workers.errors import (
    NotCompiled,
    ScriptFailed,
    ScriptHung,
    ScriptInvalid,
    WorkerError,
    WorkerTerminated,
)
from holdfast.workers.load import Exports
from holdfast.workers.worker import GOING_AWAY, SERVICE_RESTART, Body, Worker, WorkerResponse

__all__ = [
    "GOING_AWAY",
    "SERVICE_RESTART",
    "Body",
    "Durations",
    "Exports",
    "NotCompiled",
    "ScriptCounts",
    "ScriptFailed",
    "ScriptHung",
    "ScriptInvalid",
    "Worker",
    "WorkerError",
    "WorkerResponse",
    "WorkerTerminated",
]
