"""Events of other Workers, as tests tell Tail Workers of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.dataclass import dataclass
from holdfast.workers.trace import Frame, Tracer


@dataclass(frozen=True, slots=True)
class TraceItem:
    """What became of an event.

    https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/#traceitem

    `event` is as a Tail Worker finds it, such as `{"request": {"url": …}, "response": {"status":
    …}}` or `{"cron": …, "scheduledTime": …}`; of a request, what is left out is a GET's. `logs` are
    levels with what was logged, `("warn", "text", 5)`; `exceptions` are names with messages.
    """

    event: Mapping[str, Any]
    script_name: str = "producer"
    outcome: str = "ok"
    logs: Iterable[tuple[Any, ...]] = ()
    exceptions: Iterable[tuple[str, str]] = ()
    entrypoint: str | None = None


def frame_of(item: TraceItem, now_ms: float) -> Frame:
    """An event as workers/trace.py collects it, which happened now."""
    frames: list[Frame] = []
    tracer = Tracer(item.script_name, {"id": "test"}, frames.append, lambda: now_ms)
    event = {**item.event}
    if (request := event.get("request")) is not None:
        headers = {name.lower(): value for name, value in request.get("headers", {}).items()}
        event["request"] = {"method": "GET", "cf": {}, **request, "headers": headers}
    tracer.begin(1, event, entrypoint=item.entrypoint)
    for level, *values in item.logs:
        tracer.log(1, level, values)
    for name, message in item.exceptions:
        tracer.exception(1, name, message, "")
    tracer.finish(1)
    [frame] = frames
    return {**frame, "outcome": item.outcome}
