"""Tells JavaScript of promises, for the frames of AsyncLocalStorage (polyfills/kernel/frames.js).

The hook is called several times for each promise, so what it can decide it decides here: a
promise matters that was made inside a frame, one that is fulfilled right after it was made,
as `await` does with what is no promise, and one that a thenable settles.

JS_SetPromiseHook, JS_Call.
"""

from typing import Any

from holdfast.engine.library import TAG_EXCEPTION, TAG_INT, UNDEFINED, ffi, lib

_MADE, _BEFORE, _AFTER, _FULFILLED = range(4)


class PromiseHook:
    """Installs the hook; it must be kept alive as long as the runtime."""

    def __init__(self, runtime: Any, context: Any, listener: Any, in_frame: Any) -> None:
        """`listener(kind, promise)` is a function that the isolate holds.

        `in_frame` points to the shared word that says whether a frame is current.
        """
        self._context = context
        self._listener = listener
        self._in_frame = in_frame
        self._arguments = ffi.new("JSValue[2]")
        self._arguments[0].tag = TAG_INT
        self._last = 0  # the promise that was made last
        self._thenable: set[int] = set()  # by address, those that a thenable is to settle
        self._callback = ffi.callback("JSPromiseHook", self._on_event)
        lib.JS_SetPromiseHook(runtime, self._callback, ffi.NULL)

    def _on_event(self, _context: Any, kind: int, promise: Any, _parent: Any, _opaque: Any) -> None:
        address = promise.u
        if kind == _MADE:
            self._last = address
            self._thenable.discard(address)  # which was that of another, since freed
            if self._in_frame[0]:
                self._tell(kind, promise)
        elif kind == _FULFILLED:
            if address == self._last or address in self._thenable:
                self._thenable.discard(address)
                self._tell(kind, promise)
        elif kind == _BEFORE:
            self._tell(kind, promise)
            self._thenable.add(address)

    def _tell(self, kind: int, promise: Any) -> None:
        self._arguments[0].u = kind
        self._arguments[1] = promise
        returned = lib.JS_Call(self._context, self._listener, UNDEFINED, 2, self._arguments)
        if returned.tag == TAG_EXCEPTION:
            # Out of memory, or of time: whatever runs next meets that as well.
            lib.JS_FreeValue(self._context, lib.JS_GetException(self._context))
