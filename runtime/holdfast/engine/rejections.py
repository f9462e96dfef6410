"""Rejected promises that nobody listens to, from the engine's tracker to who is told.

A promise is told of at the end of the turn that rejected it, if nobody has come to listen
by then. JavaScript may hear of it first, by two functions (`watch`); what those do not
take is left for the host. Each value in here is held, so that no address is used twice.
"""

from collections.abc import Callable, Iterator
from typing import Any

from holdfast.engine.library import TAG_BOOL, TAG_EXCEPTION, UNDEFINED, ffi, lib

_free = lib.JS_FreeValue


class Rejections:
    """What one context's rejected promises wait for.

    JS_DupValue, JS_FreeValue, JS_Call.
    """

    def __init__(self, context: Any) -> None:
        self._context = context
        self._unhandled: dict[int, tuple[Any, Any]] = {}  # promise and reason
        self._handled_late: list[Any] = []
        self._hooks: tuple[Any, Any] | None = None
        self._arguments = ffi.new("JSValue[2]")
        self.waiting = False  # somebody may have to be told at the end of the turn

    def watch(self, unhandled: Any, handled: Any) -> None:
        """Have two functions of JavaScript hear first: see `Isolate.watch_rejections`."""
        self._hooks = (unhandled, handled)

    def track(self, promise: Any, reason: Any, *, is_handled: bool) -> None:
        """The engine tells of a rejection, or that somebody listens to one after all."""
        hold = lib.JS_DupValue
        self.waiting = True
        if not is_handled:
            self._unhandled[promise.u] = hold(self._context, promise), hold(self._context, reason)
        elif promise.u in self._unhandled:
            self.forget(promise)
        elif self._hooks is not None:
            self._handled_late.append(hold(self._context, promise))

    def forget(self, promise: Any) -> None:
        """Somebody else tells of this one."""
        for value in self._unhandled.pop(promise.u, ()):
            _free(self._context, value)

    def end_turn(self, *, is_terminated: Callable[[], bool]) -> Iterator[Any]:
        """Let JavaScript hear; yields the reasons that it leaves to the host, to be freed."""
        unhandled, self._unhandled = self._unhandled, {}
        handled, self._handled_late = self._handled_late, []
        self.waiting = False
        for promise in handled:
            if not is_terminated():
                self._hear(1, promise)
            _free(self._context, promise)
        for promise, reason in unhandled.values():
            taken = not is_terminated() and self._hear(0, promise, reason)
            _free(self._context, promise)
            if taken:
                _free(self._context, reason)
            else:
                yield reason

    def _hear(self, index: int, *values: Any) -> bool:
        if self._hooks is None:
            return False
        for slot, value in enumerate(values):
            self._arguments[slot] = value
        function = self._hooks[index]
        returned = lib.JS_Call(self._context, function, UNDEFINED, len(values), self._arguments)
        if returned.tag == TAG_EXCEPTION:
            _free(self._context, lib.JS_GetException(self._context))
        return bool(returned.tag == TAG_BOOL and returned.u)

    def close(self) -> None:
        """Free all that is held."""
        for promise, reason in self._unhandled.values():
            _free(self._context, promise)
            _free(self._context, reason)
        for promise in self._handled_late:
            _free(self._context, promise)
        self._unhandled, self._handled_late, self._hooks = {}, [], None
