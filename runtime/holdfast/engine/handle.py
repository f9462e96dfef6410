"""A JavaScript value that Python holds on to."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.engine.isolate import Isolate


class Handle:
    """A JavaScript value that Python holds on to; freed by `close`, or with its isolate."""

    __slots__ = ("_isolate", "value")

    def __init__(self, isolate: "Isolate", value: Any) -> None:
        self._isolate: Isolate | None = isolate
        self.value = value

    def close(self) -> None:
        """Let go of the value; harmless the second time."""
        if self._isolate is not None:
            self._isolate._release(self)
            self._isolate = None
