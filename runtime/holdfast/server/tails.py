"""Who listens to which scripts' events."""

from collections.abc import Callable

from holdfast.workers.trace import Frame, Tracer

Hear = Callable[[Frame], None]


class Tails:
    """The listeners of one shard. A script that nobody listens to is not traced."""

    def __init__(self, changed: Callable[[str], None], now_ms: Callable[[], float]) -> None:
        """`changed` is told of a script that has got its first listener, or lost its last."""
        self._changed = changed
        self._now_ms = now_ms
        self._listeners: dict[str, list[Hear]] = {}

    @property
    def scripts(self) -> list[str]:
        """The scripts that somebody listens to."""
        return [*self._listeners]

    def tracer(self, script: str) -> Tracer | None:
        """What one isolate of the script is to tell of its events; None where nobody listens."""
        if script not in self._listeners:
            return None
        return Tracer(script, self.tell, self._now_ms)

    def listen(self, script: str, hear: Hear) -> Callable[[], None]:
        """Have each event of a script told to `hear`, until the function returned is called."""
        listeners = self._listeners.setdefault(script, [])
        listeners.append(hear)
        if len(listeners) == 1:
            self._changed(script)

        def stop() -> None:
            if hear not in listeners:
                return
            listeners.remove(hear)
            if not listeners:
                del self._listeners[script]
                self._changed(script)

        return stop

    def tell(self, frame: Frame) -> None:
        """Tell an event to whoever listens to its script."""
        for hear in [*self._listeners.get(frame["scriptName"], ())]:
            hear(frame)
