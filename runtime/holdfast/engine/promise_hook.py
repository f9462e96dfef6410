"""Tells JavaScript of promises, for the frames of AsyncLocalStorage (polyfills/kernel/frames.js).

The hook is called several times for each promise, so what it can decide it decides here: a
promise matters that was made inside a frame, one that is fulfilled right after it was made,
as `await` does with what is no promise, and one that a thenable settles.

It is declared with less than QuickJS gives it: of the promise, a JSValue, the pointer alone, and
nothing of what follows. A struct of two words comes in two registers, as two arguments do, and
what is not declared stays where it is (System V's ABI for x86-64, and that for AArch64); so
nothing is made in Python for each call but a number.

JS_SetPromiseHook, JS_Call.
"""

from collections.abc import Callable
from typing import Any

from holdfast.engine.library import TAG_EXCEPTION, TAG_INT, TAG_OBJECT, UNDEFINED, ffi, lib

_MADE, _BEFORE, _AFTER, _FULFILLED = range(4)


class PromiseHook:
    """Installs the hook; it must be kept alive as long as the runtime."""

    def __init__(self, runtime: Any, context: Any, listener: Any, in_frame: Any) -> None:
        """`listener(kind, promise)` is a function that the isolate holds.

        `in_frame` points to the shared word that says whether a frame is current.
        """
        told = _teller(context, listener)
        self._callback = ffi.callback("JSPromiseHook", _hook(told, in_frame))
        lib.JS_SetPromiseHook(runtime, self._callback, ffi.NULL)


def _hook(tell: Callable[[int, int], None], in_frame: Any) -> Callable[[int, int, int], None]:
    last = 0  # the promise that was made last
    thenable: set[int] = set()  # by address, those that a thenable is to settle

    def hook(_context: int, kind: int, promise: int) -> None:
        nonlocal last
        if kind == _MADE:
            last = promise
            if thenable:
                thenable.discard(promise)  # which was that of another, since freed
            if in_frame[0]:
                tell(kind, promise)
        elif kind == _FULFILLED:
            if promise == last:
                tell(kind, promise)
            elif promise in thenable:
                thenable.discard(promise)
                tell(kind, promise)
        elif kind == _BEFORE:
            tell(kind, promise)
            thenable.add(promise)

    return hook


def _teller(context: Any, listener: Any) -> Callable[[int, int], None]:
    arguments = ffi.new("JSValue[2]")
    kind, promise = arguments[0], arguments[1]
    kind.tag, promise.tag = TAG_INT, TAG_OBJECT
    call = lib.JS_Call

    def tell(what: int, address: int) -> None:
        kind.u, promise.u = what, address
        returned = call(context, listener, UNDEFINED, 2, arguments)
        if returned.tag == TAG_EXCEPTION:
            # Out of memory, or of time: whatever runs next meets that as well.
            lib.JS_FreeValue(context, lib.JS_GetException(context))

    return tell
