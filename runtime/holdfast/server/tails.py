"""Who listens to which scripts' events."""

from collections.abc import Callable

from holdfast.catalog import Script
from holdfast.workers.trace import Frame, Tracer

Hear = Callable[[Frame], None]
_Listeners = dict[str, list[Hear]]


class Tails:
    """The listeners of one shard. A script that nobody listens to is not traced."""

    def __init__(self, changed: Callable[[str], None], now_ms: Callable[[], float]) -> None:
        """`changed` is told of a script that has got its first listener, or lost its last."""
        self._changed = changed
        self._now_ms = now_ms
        self._everywhere: _Listeners = {}
        self._here: _Listeners = {}

    @property
    def scripts(self) -> list[str]:
        """The scripts that somebody listens to, in whichever shard their events are."""
        return [*self._everywhere]

    def tracer(self, script: Script) -> Tracer | None:
        """What one isolate of a script is to tell of its events; None where nobody listens."""
        if not self._has_listener(script.name):
            return None
        version = {"id": script.version, **({"tag": script.tag} if script.tag else {})}
        return Tracer(script.name, version, self._tell, self._now_ms)

    def listen(self, script: str, hear: Hear, *, only_here: bool = False) -> Callable[[], None]:
        """Have each event of a script told to `hear`, until the function returned is called.

        Those of other shards as well, unless `only_here`.
        """
        listeners = self._here if only_here else self._everywhere
        is_first = not self._has_listener(script)
        listeners.setdefault(script, []).append(hear)
        if is_first:
            self._changed(script)

        def stop() -> None:
            hearing = listeners.get(script, [])
            if hear not in hearing:
                return
            hearing.remove(hear)
            if not hearing:
                del listeners[script]
                if not self._has_listener(script):
                    self._changed(script)

        return stop

    def heard(self, frame: Frame) -> None:
        """Another shard tells of an event."""
        for hear in [*self._everywhere.get(frame["scriptName"], ())]:
            hear(frame)

    def _tell(self, frame: Frame) -> None:
        for hear in [*self._here.get(frame["scriptName"], ())]:
            hear(frame)
        self.heard(frame)

    def _has_listener(self, script: str) -> bool:
        return script in self._everywhere or script in self._here
