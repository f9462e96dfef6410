"""What becomes of a script's events, for those who listen: tails and Tail Workers.

Events are told as frames, which are JSON: those of the protocol `trace-v1`, which Wrangler reads,
and of the `TraceItem` that a Tail Worker sees. A frame as it is collected has what is nobody's
business, too, and some fields for Holdfast itself: `shown` leaves them out.

https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from holdfast.host.byte_streams import ByteStream, Pipe
from holdfast.host.constants import CONNECT, MAX_CALL_DEPTH
from holdfast.host.header_lines import fields_in
from holdfast.host.loops import VIA
from holdfast.workers.redaction import redacted

Frame = dict[str, Any]

MAX_TRACE_BYTES = 256 << 10  # of what one event tells, as at Cloudflare
ENTRY_BYTES = 64  # that each entry counts besides its text
MAX_ENDED = 256  # events that a late line may belong to
TOO_MUCH = (
    "Log size limit exceeded: More than 256KB of data (across console.log statements, exception, "
    "request metadata and headers) was logged during a single request. Subsequent data for this "
    "request will not be recorded in logs, appear when tailing this Worker's logs, or in Tail "
    "Workers."
)
# What a late line's frame has of its event's.
_HEAD = ("entrypoint", "executionModel", "durableObjectId", "event", "depth", "passed")

# Fields for Holdfast itself: whether an event has ended without this, how deep the calls are that
# led to it, the Tail Workers that it came by, and what it has told in bytes; until it ends, also
# the `body` of its response that the script writes.
_OWN = ("late", "depth", "passed", "size")


def shown(frame: Frame) -> Frame:
    """A frame as those are told who listen."""
    told = {name: value for name, value in frame.items() if name not in _OWN}
    if request := (frame["event"] or {}).get("request"):
        told["event"] = {**told["event"], "request": redacted(request)}
    return told


def for_consumer(frames: Sequence[Frame]) -> str:
    """Frames in JSON, as polyfills/workers/traces.js reads them."""
    return json.dumps([shown(frame) | _unredacted(frame) for frame in frames])


def _unredacted(frame: Frame) -> Frame:
    request = frame["event"].get("request")
    if request is None:
        return {}
    return {"unredacted": {"url": request["url"], "headers": request["headers"]}}


def depth_of(frames: Sequence[Frame]) -> int:
    """How deep the deepest of the events is."""
    return max(int(frame["depth"]) for frame in frames)


class Tracer:
    """Collects what the events of one isolate tell, and how they end.

    An event is named by its number, an object's by a negative one; 0 is what belongs to none, such
    as a line that is logged while the script loads. That becomes a frame by itself, and so does
    what an event has its code do after its end: such frames are `late`.
    """

    def __init__(
        self,
        script: str | None,
        version: Mapping[str, str] | None,
        emit: Callable[[Frame], None],
        now_ms: Callable[[], float],
    ) -> None:
        """`script` and `version` are None for one that was loaded at runtime: it has none."""
        self._of_script = {"scriptName": script, "scriptVersion": version}
        self._emit = emit
        self._now_ms = now_ms
        self._frames: dict[int, Frame] = {}
        self._ended: dict[int, Frame] = {}  # the last ones, without what they logged

    # ---- events ----------------------------------------------------------------

    def request(
        self,
        number: int,
        method: str,
        url: str,
        headers: str,
        *,
        cf: str | None = None,
        **source: Any,
    ) -> None:
        """A request has come; `headers` has names and values, one a line; `source` as `begin`.

        `cf` is the JSON of `request.cf`, where another script has set it.
        """
        given = fields_in(headers)
        told: Frame = {"method": method, "url": url, "headers": given}
        left = given.pop(VIA, None)
        if cf is not None:
            told |= {"cf": json.loads(cf)} if cf != "null" else {}
        elif left is None:
            told["cf"] = {}  # of a request that came in: nobody knows more
        depth = MAX_CALL_DEPTH - int(left) if left is not None and left.isdecimal() else 0
        self.begin(number, {"request": told}, size=len(url) + len(headers), depth=depth, **source)

    def call(self, number: int, route: str, entrypoint: str) -> None:
        """A method is called by RPC; `route` is as polyfills/rpc/message.js writes it."""
        depth, *path = json.loads(route)
        event = {"rpcMethod": "connect" if path == [CONNECT] else ".".join(map(str, path))}
        self.begin(number, event, entrypoint=entrypoint or None, depth=depth)

    def object_event(
        self, number: int, class_name: str, object_id: str, depth: int, kind: str, *what: str
    ) -> None:
        """An object has got an event; see the op trace_begin."""
        source: Frame = {"entrypoint": class_name, "object_id": object_id}
        match kind, what:
            case "request", (method, url, headers):
                self.request(number, method, url, headers, cf="null", **source)
                self._frames[number]["depth"] = depth
            case "rpc", (method,):
                self.begin(number, {"rpcMethod": method}, depth=depth, **source)
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
        depth: int = 0,
        passed: Sequence[str] = (),
        size: int = 0,
    ) -> None:
        """An event has come; `event` is how frames tell of it, in so many bytes.

        `entrypoint` is the export that it is for; an object's class, with the object's id. `depth`
        and `passed` tell how it came: see `_OWN`.
        """
        frame: Frame = {
            "outcome": "ok",
            **self._of_script,
            "entrypoint": entrypoint,
            "executionModel": "stateless" if object_id is None else "durableObject",
            "exceptions": [],
            "logs": [],
            "diagnosticsChannelEvents": [],
            "truncated": False,
            "eventTimestamp": round(self._now_ms()),
            "event": event,
            "depth": depth,
            "passed": passed,
            "size": size,
        }
        self._frames[number] = (
            frame if object_id is None else frame | {"durableObjectId": object_id}
        )

    def responded(
        self,
        number: int,
        status: int,
        body: bytes | ByteStream | None = None,
        *,
        is_late: bool = False,
    ) -> None:
        """A request has got its response; `is_late` where its client had left by then."""
        frame = self._frames.get(number)
        if frame is not None and frame["event"] is not None:
            frame["event"]["response"] = {"status": status}
            if is_late:
                frame["outcome"] = "canceled"
            elif isinstance(body, Pipe) and frame["event"]["request"]["method"] != "HEAD":
                frame["body"] = body

    # ---- what they tell --------------------------------------------------------

    def log(
        self, number: int, level: str, message: Sequence[Any], errors: Sequence[Any] | None = None
    ) -> None:
        """An event has logged these values.

        `errors` has name, message and description of those among them that are errors, None for
        the others.
        """
        entry: Frame = {"message": message, "level": level}
        if errors is not None:
            entry["errorInfo"] = [error and _error(*error) for error in errors]
        self._tell(number, "logs", entry)

    def exception(self, number: int, name: str, message: str, description: str) -> None:
        """Something was thrown in an event that nobody caught; `description` as in a log."""
        self._tell(number, "exceptions", _error(name, message, description))

    def published(self, number: int, channel: str, message: bytes) -> None:
        """A channel of node:diagnostics_channel has a message, in V8's format."""
        told = {"channel": channel, "message": b64encode(message).decode()}
        self._tell(number, "diagnosticsChannelEvents", told)

    def _tell(self, number: int, kind: str, entry: Frame) -> None:
        frame = self._frames.get(number)
        if frame is None:
            self.begin(0, None)
            late = self._frames[0]
            late |= self._ended.get(number, {}) | {"late": True}
            self._add(late, kind, entry)
            self.finish(0)
        else:
            self._add(frame, kind, entry)

    def _add(self, frame: Frame, kind: str, entry: Frame) -> None:
        if frame["truncated"]:
            return
        now = {"timestamp": round(self._now_ms())}
        frame["size"] += ENTRY_BYTES + len(json.dumps(entry))
        if frame["size"] > MAX_TRACE_BYTES:
            frame["truncated"] = True
            frame["logs"].append({"message": [TOO_MUCH], "level": "warn", **now})
        else:
            frame[kind].append({**entry, **now})

    # ---- how they end ----------------------------------------------------------

    def fail(self, number: int, name: str, message: str, description: str, outcome: str) -> None:
        """An event has failed; see `exception`."""
        frame = self._frames.get(number)
        if frame is not None:
            frame["outcome"] = outcome
            self.exception(number, name, message, description)

    def fail_objects(self, message: str, outcome: str) -> None:
        """The isolate has ended under the events of its objects."""
        for number in self._frames:
            if number < 0:
                self.fail(number, "Error", message, "", outcome)

    def finish(self, number: int, *, counts: bool = True) -> None:
        """An event has ended: tell of it, unless it turned out to be none.

        One whose response the script still writes goes on until that is written.
        """
        body: Pipe | None = self._frames.get(number, {}).get("body")
        if body is None or body.has_ended:
            self._finish(number, counts=counts)
        else:
            body.on_end(partial(self._finish, number, counts=counts))

    def _finish(self, number: int, *, counts: bool) -> None:
        frame = self._frames.pop(number, None)
        if frame is None or not counts:
            return
        body: Pipe | None = frame.pop("body", None)
        if body is not None and body.gone is not None and frame["outcome"] == "ok":
            frame["outcome"] = "responseStreamDisconnected"
        frame["wallTime"] = round(self._now_ms()) - frame["eventTimestamp"]
        self._emit(frame)
        if number:
            self._ended[number] = {key: frame[key] for key in _HEAD if key in frame}
            if len(self._ended) > MAX_ENDED:
                del self._ended[next(iter(self._ended))]

    def finish_all(self) -> None:
        """All events have ended."""
        for number in [*self._frames]:
            self._finish(number, counts=True)


def _error(name: str, message: str, description: str) -> Frame:
    """An error; its stack is what its description has besides name and message."""
    stack = description.removeprefix(name).removeprefix(": ")
    stack = stack.removeprefix(message).removeprefix("\n")
    told = {"name": name, "message": message}
    return {**told, "stack": stack} if stack else told
