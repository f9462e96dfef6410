"""What becomes of a script's events, for those who listen: `wrangler tail`.

Frames are of the protocol `trace-v1`. The headers that tell who a client is are redacted in them.
https://developers.cloudflare.com/workers/observability/logs/tail-workers/
"""

import json
from collections.abc import Callable
from typing import Any

Frame = dict[str, Any]

MAX_LOGS = 256  # of one event
MAX_LOG_CHARS = 128 << 10  # of one event, as at Cloudflare
MAX_ENDED = 256  # events that a late line may belong to
REDACTED = "REDACTED"
_REDACTED_HEADERS = frozenset(
    ("authorization", "cookie", "proxy-authorization", "set-cookie", "x-auth-key")
)
# What a late line's frame has of its event's.
_HEAD = ("entrypoint", "executionModel", "durableObjectId", "event")


class Tracer:
    """Collects what the events of one script log, and how they end.

    An event is named by its number, an object's by a negative one; 0 is what belongs to none, such
    as a line that is logged while the script loads. That becomes a frame by itself, and so does
    what an event has its code do after its end.
    """

    def __init__(
        self, script: str, emit: Callable[[Frame], None], now_ms: Callable[[], float]
    ) -> None:
        self._script = script
        self._emit = emit
        self._now_ms = now_ms
        self._frames: dict[int, Frame] = {}
        self._ended: dict[int, Frame] = {}  # the last ones, without what they logged

    def request(
        self, number: int, method: str, url: str, headers: str, **source: str | None
    ) -> None:
        """A request has come; `headers` has names and values, one a line; `source` as `begin`."""
        lines = headers.split("\n")
        shown = {
            name.lower(): REDACTED if name.lower() in _REDACTED_HEADERS else value
            for name, value in zip(lines[::2], lines[1::2], strict=False)
        }
        told = {"method": method, "url": url, "headers": shown, "cf": {}}
        self.begin(number, {"request": told}, **source)

    def call(self, number: int, route: str, entrypoint: str) -> None:
        """A method is called by RPC; `route` is as polyfills/rpc/message.js writes it."""
        _depth, *path = json.loads(route)
        event = {"rpcMethod": ".".join(map(str, path))}
        self.begin(number, event, entrypoint=entrypoint or "default")

    def object_event(
        self, number: int, class_name: str, object_id: str, kind: str, *what: str
    ) -> None:
        """An object has got an event; see the op trace_begin."""
        source = {"entrypoint": class_name, "object_id": object_id}
        match kind, what:
            case "request", (method, url, headers):
                self.request(number, method, url, headers, **source)
            case "rpc", (method,):
                self.begin(number, {"rpcMethod": method}, **source)
            case "alarm", (scheduled,):
                self.begin(number, {"scheduledTime": scheduled}, **source)
            case "event", (event,):
                self.begin(number, json.loads(event), **source)
            case _:
                raise AssertionError(f"an event of no known kind: {kind!r}")

    def begin(
        self,
        number: int,
        event: Frame | None,
        *,
        entrypoint: str | None = None,
        object_id: str | None = None,
    ) -> None:
        """An event has come; `event` is how frames tell of it.

        `entrypoint` is the export that it is for; an object's class, with the object's id.
        """
        frame: Frame = {
            "outcome": "ok",
            "scriptName": self._script,
            "entrypoint": entrypoint,
            "executionModel": "stateless" if object_id is None else "durableObject",
            "exceptions": [],
            "logs": [],
            "diagnosticsChannelEvents": [],
            "truncated": False,
            "eventTimestamp": round(self._now_ms()),
            "event": event,
        }
        self._frames[number] = (
            frame if object_id is None else frame | {"durableObjectId": object_id}
        )

    def responded(self, number: int, status: int) -> None:
        """A request has got its response."""
        frame = self._frames.get(number)
        if frame is not None and frame["event"] is not None:
            frame["event"]["response"] = {"status": status}

    def log(self, number: int, level: str, text: str) -> None:
        """An event has logged a line."""
        frame = self._frames.get(number)
        if frame is not None:
            self._log(frame, level, text)
            return
        self.begin(0, None)
        late = self._frames[0] | self._ended.get(number, {})
        late["logs"] = []
        self._log(late, level, text)
        self._frames[0] = late
        self.finish(0)

    def fail(self, number: int, name: str, message: str, stack: str, outcome: str) -> None:
        """An event has failed."""
        frame = self._frames.get(number)
        if frame is not None:
            frame["outcome"] = outcome
            told = {"name": name, "message": message, "timestamp": round(self._now_ms())}
            frame["exceptions"].append({**told, "stack": stack} if stack else told)

    def fail_objects(self, message: str, outcome: str) -> None:
        """The isolate has ended under the events of its objects."""
        for number in self._frames:
            if number < 0:
                self.fail(number, "Error", message, "", outcome)

    def finish(self, number: int, *, counts: bool = True) -> None:
        """An event has ended: tell of it, unless it turned out to be none."""
        frame = self._frames.pop(number, None)
        if frame is None or not counts:
            return
        frame["wallTime"] = round(self._now_ms()) - frame["eventTimestamp"]
        self._emit(frame)
        if number:
            self._ended[number] = {key: frame[key] for key in _HEAD if key in frame}
            if len(self._ended) > MAX_ENDED:
                del self._ended[next(iter(self._ended))]

    def finish_all(self) -> None:
        """All events have ended."""
        for number in [*self._frames]:
            self.finish(number)

    def _log(self, frame: Frame, level: str, text: str) -> None:
        logs = frame["logs"]
        room = MAX_LOG_CHARS - sum(len(log["message"][0]) for log in logs)
        if len(logs) < MAX_LOGS and room > 0:
            text = text[:room]
            entry = {"message": [text], "level": level, "timestamp": round(self._now_ms())}
            logs.append(entry)
        else:
            frame["truncated"] = True
