"""Tests of Workers and Durable Objects: the pytest plugin, and `Harness` for plain use.

May import everything below but cli; docs/testing.md is its manual. One code base serves both
worlds: whatever takes time is a coroutine that the harness *drives*. `Harness` runs it to its
end in a loop of its own, and returns the result; `AsyncHarness` returns it to be awaited.

- `Harness`, `AsyncHarness` (harness.py): an empty platform, which `worker(…)` fills; stage.py and
  core.py have what both are, runtime.py is what they run; owners.py, leaks.py: who closes one.
- sources.py: where its scripts come from; spares.py: isolates that are made ahead.
- `Worker` (worker.py), `Object` (objects.py), `Socket` (sockets.py), `Stream` (streams.py): what
  tests speak to, each with a twin for AsyncHarness; driven.py has what makes two of their methods;
  requests.py, responses.py, answers.py and values.py: what goes there and comes back; storage.py:
  an object's, as a mapping.
- `VirtualClock` (clock.py), `LoopView` (loop.py): time, which jumps where it is all that is
  waited for; `Waiting` (waiting.py) decides when that is; harness_clock.py: as tests see it.
- queues.py: batches for a handler, and what a queue holds; database.py, kv.py, buckets.py: what
  D1 databases, KV namespaces and R2 buckets hold; traces.py: what a Tail Worker is told;
  mail.py: mail in and out; workflows.py: an instance of a Workflow.
- `Outbound` (outbound.py, outbound_sockets.py), services.py: who answers scripts; `Faults`
  (faults.py), barrier.py: what goes wrong, and what a power loss leaves; errors.py: what tests are
  told.
- plugin.py: fixtures and hooks; options.py: what a project sets. It imports next to nothing, for it
  is loaded by every run of pytest; javascript.py collects tests that are written in JavaScript.
"""

from typing import TYPE_CHECKING

from holdfast.lazy import lazily

if TYPE_CHECKING:
    from holdfast.testing.buckets import Bucket
    from holdfast.testing.database import Database
    from holdfast.testing.errors import CallTimedOut, HarnessError, JavaScriptError
    from holdfast.testing.harness import AsyncHarness, Harness
    from holdfast.testing.kv import KVNamespace
    from holdfast.testing.mail import SentMail
    from holdfast.testing.objects import AsyncObject, Object
    from holdfast.testing.plugin import holdfast_fixture
    from holdfast.testing.queues import AsyncQueue, Queue, QueueMessage, QueueResult
    from holdfast.testing.responses import Request, Response
    from holdfast.testing.sockets import AsyncSocket, Socket
    from holdfast.testing.streams import AsyncStream, Stream
    from holdfast.testing.traces import TraceItem
    from holdfast.testing.values import BigInt, Map, Set
    from holdfast.testing.worker import AsyncWorker, Worker
    from holdfast.testing.workflows import AsyncWorkflowInstance, WorkflowInstance

__all__ = [
    "AsyncHarness",
    "AsyncObject",
    "AsyncQueue",
    "AsyncSocket",
    "AsyncStream",
    "AsyncWorker",
    "AsyncWorkflowInstance",
    "BigInt",
    "Bucket",
    "CallTimedOut",
    "Database",
    "Harness",
    "HarnessError",
    "JavaScriptError",
    "KVNamespace",
    "Map",
    "Object",
    "Queue",
    "QueueMessage",
    "QueueResult",
    "Request",
    "Response",
    "SentMail",
    "Set",
    "Socket",
    "Stream",
    "TraceItem",
    "Worker",
    "WorkflowInstance",
    "holdfast_fixture",
]

_PLACES = {
    "AsyncHarness": "harness",
    "AsyncObject": "objects",
    "AsyncQueue": "queues",
    "AsyncSocket": "sockets",
    "AsyncStream": "streams",
    "AsyncWorker": "worker",
    "AsyncWorkflowInstance": "workflows",
    "BigInt": "values",
    "Bucket": "buckets",
    "CallTimedOut": "errors",
    "Database": "database",
    "Harness": "harness",
    "HarnessError": "errors",
    "JavaScriptError": "errors",
    "KVNamespace": "kv",
    "Map": "values",
    "Object": "objects",
    "Queue": "queues",
    "QueueMessage": "queues",
    "QueueResult": "queues",
    "Request": "responses",
    "Response": "responses",
    "SentMail": "mail",
    "Set": "values",
    "Socket": "sockets",
    "Stream": "streams",
    "TraceItem": "traces",
    "Worker": "worker",
    "WorkflowInstance": "workflows",
    "holdfast_fixture": "plugin",
}

__getattr__ = lazily(__name__, _PLACES)
