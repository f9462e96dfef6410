"""Entering an isolate for what is not a plain call."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.engine.isolate import Isolate


class Entry:
    """Marks an isolate as entered while its block runs."""

    __slots__ = ("_isolate",)

    def __init__(self, isolate: "Isolate") -> None:
        self._isolate = isolate

    def __enter__(self) -> None:
        isolate = self._isolate
        assert not isolate._entered, "an op must not enter the isolate that called it"
        assert not isolate.closed, "a closed isolate cannot be entered"
        isolate._entered = True
        isolate._watchdog.deadline = None

    def __exit__(self, *_: object) -> None:
        self._isolate._entered = False
        if self._isolate._rejections.waiting:
            self._isolate._report_rejections()
