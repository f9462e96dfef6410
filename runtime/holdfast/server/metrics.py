"""What a server counts, as Prometheus collects it.

Nothing is counted for this alone but what workers/counts.py has, which costs an addition each, and
how long answers take, once somebody has asked; all else is looked at then.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from holdfast import __version__
from holdfast.catalog.workflows import class_shown
from holdfast.server.freed import resident_bytes
from holdfast.server.overload import Reason
from holdfast.server.runtime import Runtime
from holdfast.workers import Durations

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

HEAP_SHARE = 0.001  # of the time may be spent on looking how much memory isolates have

Sample = tuple[str, ...]  # a metric's name, and the values of its labels
Samples = dict[Sample, float]
Told = tuple[int, Samples, Samples]  # by a shard: its process, its counters, its gauges
AskOthers = Callable[[str], Coroutine[Any, Any, Mapping[int, Told]]]


async def nobody(verb: str) -> Mapping[int, Told]:
    """There are no other shards to do it."""
    del verb
    return {}


class Metric(NamedTuple):
    """What is said of a metric."""

    kind: str
    help: str
    labels: tuple[str, ...] = ()


DURATION = "holdfast_request_duration_seconds"
METRICS = {
    "holdfast_info": Metric("gauge", "Always 1.", ("version",)),
    "holdfast_shards": Metric("gauge", "Processes that answered when this was asked for."),
    "holdfast_requests_total": Metric(
        "counter", "Requests that a script answered, or threw at.", ("script", "status")
    ),
    DURATION: Metric(
        "histogram",
        "From a client's request to the head of the answer, since metrics were first asked for.",
        ("script",),
    ),
    "holdfast_refused_total": Metric(
        "counter", "What was refused because of overload.", ("reason",)
    ),
    "holdfast_connections": Metric("gauge", "Connections of clients, but for WebSockets."),
    "holdfast_websockets": Metric("gauge", "WebSockets of clients."),
    "holdfast_objects": Metric("gauge", "Durable Objects in memory.", ("script", "class")),
    "holdfast_storage_rounds_total": Metric(
        "counter", "Batches of an object's writes that became durable.", ("script",)
    ),
    "holdfast_syncs_total": Metric(
        "counter", "Syncs of the disk, each of one batch of writes or of many."
    ),
    "holdfast_isolates": Metric("gauge", "Isolates that take events.", ("script",)),
    "holdfast_isolate_memory_bytes": Metric(
        "gauge", "Memory that the isolates of a script use.", ("script",)
    ),
    "holdfast_isolates_stopped_total": Metric(
        "counter", "Isolates that were stopped since they went past a limit.", ("script",)
    ),
    "holdfast_queue_messages": Metric(
        "gauge", "Messages in a queue, those that are being delivered included.", ("queue",)
    ),
    "holdfast_d1_requests_total": Metric(
        "counter", "Requests to a D1 database, which write or only read.", ("database", "kind")
    ),
    "holdfast_d1_waiting": Metric(
        "gauge", "Requests to a D1 database that wait, or are under way.", ("database",)
    ),
    "holdfast_shard_restarts_total": Metric(
        "counter", "Processes that had to be started again.", ("shard",)
    ),
    "holdfast_process_resident_memory_bytes": Metric("gauge", "Memory of the processes."),
    "holdfast_process_cpu_seconds_total": Metric("counter", "CPU time of the processes."),
}


class Gauge:
    """Looks at what one shard has to tell."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._heaps: dict[tuple[str, str], int] = {}  # by script and version
        self._next_look = 0.0

    def told(self) -> Told:
        """What there is now."""
        return os.getpid(), self._counters(), self._gauges()

    def _counters(self) -> Samples:
        runtime = self._runtime
        runtime.take_time()
        found: Samples = {
            ("holdfast_process_cpu_seconds_total",): time.process_time(),
            ("holdfast_syncs_total",): runtime.storage.syncs,
        }
        for reason in Reason:
            found["holdfast_refused_total", reason.name.lower()] = runtime.overload.refused[reason]
        for script, counts in runtime.counts.items():
            for first, count in enumerate(counts.responses):
                if count:
                    found["holdfast_requests_total", script, f"{first}xx"] = count
            if counts.durations is not None:
                found.update(_histogram(DURATION, script, counts.durations))
            found["holdfast_storage_rounds_total", script] = counts.rounds
            found["holdfast_isolates_stopped_total", script] = counts.stopped
        if (d1 := runtime.resources.d1_in_use) is not None:
            for (database, reads), count in d1.requests.items():
                kind = "read" if reads else "write"
                found["holdfast_d1_requests_total", database, kind] = count
        return found

    def _gauges(self) -> Samples:
        runtime = self._runtime
        connections, sockets = runtime.overload.count_clients()
        found: Samples = {
            ("holdfast_connections",): connections,
            ("holdfast_websockets",): sockets,
            ("holdfast_shards",): 1,
            ("holdfast_process_resident_memory_bytes",): resident_bytes(),
        }
        for (script, class_name), count in runtime.directory.population().items():
            series = "holdfast_objects", script, class_shown(class_name)
            found[series] = found.get(series, 0) + count
        for queue, count in runtime.resources.queued().items():
            found["holdfast_queue_messages", queue] = count
        if (d1 := runtime.resources.d1_in_use) is not None:
            for database, count in d1.waiting().items():
                found["holdfast_d1_waiting", database] = count
        self._look_at_heaps()
        for (script, _), used in self._heaps.items():
            for sample, value in (("isolates", 1), ("isolate_memory_bytes", used)):
                name = f"holdfast_{sample}"
                found[name, script] = found.get((name, script), 0) + value
        return found

    def _look_at_heaps(self) -> None:
        """Walk the heaps, unless that was done not long ago: it holds up everything else."""
        started = time.monotonic()
        workers = [resident.worker for resident in self._runtime.live_versions()]
        residents = {
            (worker.script.name, worker.script.version): worker
            for worker in workers
            if not worker.is_dead
        }
        if self._runtime.loaded is not None:
            residents |= self._runtime.loaded.by_version()
        if started < self._next_look and residents.keys() == self._heaps.keys():
            return
        self._heaps = {
            version: worker.host.isolate.memory_used() for version, worker in residents.items()
        }
        ended = time.monotonic()
        self._next_look = ended + (ended - started) / HEAP_SHARE


class Metrics:
    """What all shards of a server tell, in one text.

    Counters go on where a shard is started again, so that what clients add up is right: what the
    one before had counted is kept, as of when somebody last asked.
    """

    def __init__(
        self, runtime: Runtime, ask_others: AskOthers = nobody, restarts: Sequence[float] = ()
    ) -> None:
        """`ask_others` has a verb done by the other shards (shards/errands.py)."""
        self._gauge = Gauge(runtime)
        self._ask_others = ask_others
        self._restarts = restarts
        self._last: dict[int, Told] = {}  # by place
        self._kept: Samples = defaultdict(float)  # of processes that have ended

    async def text(self) -> str:
        """What there is now."""
        told = {0: self._gauge.told(), **await self._ask_others("measure")}
        for place, (process, *_) in told.items():
            last = self._last.get(place)
            if last is not None and last[0] != process:
                _add(self._kept, last[1])
        self._last.update(told)
        total: Samples = defaultdict(float)
        _add(total, self._kept)
        for _, counters, _ in self._last.values():
            _add(total, counters)
        for _, _, gauges in told.values():
            _add(total, gauges)
        total["holdfast_info", __version__] = 1
        for shard, count in enumerate(self._restarts):
            total["holdfast_shard_restarts_total", str(shard)] = count
        return _written(total)


def _histogram(name: str, script: str, durations: Durations) -> Iterator[tuple[Sample, float]]:
    """The series of a histogram."""
    counted = accumulate(durations.counts)
    for bound, count in zip((*durations.BOUNDS, "+Inf"), counted, strict=True):
        yield (f"{name}_bucket", script, str(bound)), count
    yield (f"{name}_sum", script), durations.sum
    yield (f"{name}_count", script), sum(durations.counts)


def _add(total: Samples, more: Samples) -> None:
    for sample, value in more.items():
        total[sample] += value


def _written(total: Samples) -> str:
    lines = []
    samples = sorted(total.items(), key=_order)
    for metric, (kind, text, labels) in METRICS.items():
        lines += [f"# HELP {metric} {text}", f"# TYPE {metric} {kind}"]
        for name, series_labels in _series(metric, kind, labels):
            for sample, value in samples:
                if sample[0] == name:
                    pairs = zip(series_labels, sample[1:], strict=True)
                    told = ",".join(f'{label}="{_escaped(each)}"' for label, each in pairs)
                    number = int(value) if value == int(value) else value
                    lines.append(f"{name}{{{told}}} {number}" if told else f"{name} {number}")
    return "\n".join(lines) + "\n"


def _series(
    metric: str, kind: str, labels: tuple[str, ...]
) -> Sequence[tuple[str, tuple[str, ...]]]:
    if kind != "histogram":
        return [(metric, labels)]
    return [
        (f"{metric}_bucket", (*labels, "le")),
        (f"{metric}_sum", labels),
        (f"{metric}_count", labels),
    ]


def _order(told: tuple[Sample, float]) -> tuple[Any, ...]:
    """By name and labels; buckets by their bounds."""
    sample, _ = told
    return (*sample[:-1], float(sample[-1])) if sample[0].endswith("_bucket") else sample


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
