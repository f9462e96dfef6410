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
REDACTED = "REDACTED"
_REDACTED_HEADERS = frozenset(
    ("authorization", "cookie", "proxy-authorization", "set-cookie", "x-auth-key")
)


class Tracer:
    """Collects what the events of one script log, and how they end.

    An event is named by its number; 0 is what no event of the Worker has, such as a line that
    an object logs. That becomes a frame by itself.
    """

    def __init__(
        self, script: str, emit: Callable[[Frame], None], now_ms: Callable[[], float]
    ) -> None:
        self._script = script
        self._emit = emit
        self._now_ms = now_ms
        self._frames: dict[int, Frame] = {}

    def request(self, number: int, method: str, url: str, headers: str) -> None:
        """A request has come; `headers` has names and values, one a line."""
        lines = headers.split("\n")
        shown = {
            name.lower(): REDACTED if name.lower() in _REDACTED_HEADERS else value
            for name, value in zip(lines[::2], lines[1::2], strict=False)
        }
        self.begin(number, {"request": {"method": method, "url": url, "headers": shown, "cf": {}}})

    def call(self, number: int, route: str) -> None:
        """A method is called by RPC; `route` is as polyfills/rpc/message.js writes it."""
        _depth, *path = json.loads(route)
        self.begin(number, {"rpcMethod": ".".join(map(str, path))})

    def begin(self, number: int, event: Frame | None) -> None:
        """An event has come; `event` is how frames tell of it."""
        self._frames[number] = {
            "outcome": "ok",
            "scriptName": self._script,
            "entrypoint": None,
            "exceptions": [],
            "logs": [],
            "eventTimestamp": round(self._now_ms()),
            "event": event,
        }

    def log(self, number: int, level: str, text: str) -> None:
        """An event has logged a line."""
        frame = self._frames.get(number)
        if frame is None:
            self.begin(0, None)
            self._log(self._frames[0], level, text)
            self.finish(0)
        else:
            self._log(frame, level, text)

    def fail(self, number: int, name: str, message: str, stack: str, outcome: str) -> None:
        """An event has failed."""
        frame = self._frames.get(number)
        if frame is not None:
            frame["outcome"] = outcome
            told = {"name": name, "message": message, "timestamp": round(self._now_ms())}
            frame["exceptions"].append({**told, "stack": stack} if stack else told)

    def finish(self, number: int) -> None:
        """An event has ended: tell of it."""
        frame = self._frames.pop(number, None)
        if frame is not None:
            self._emit(frame)

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
