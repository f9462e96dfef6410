"""What the language does not tell of a value, for those who show values: promises and proxies."""

from typing import Any

from holdfast.engine.library import EXCEPTION, TAG_EXCEPTION, TAG_INT, UNDEFINED, ffi, lib


def make_insides(context: Any) -> Any:
    """The function `insides(value)` of a context; the caller's. No script gets it.

    Of a promise it gives `[state, result]`, where the state is 0 for pending, 1 for fulfilled
    and 2 for rejected; of a proxy `[target, handler]`, both undefined once it is revoked; of
    all else undefined.
    JS_PromiseState, JS_PromiseResult, JS_GetProxyTarget, JS_GetProxyHandler.
    """
    return lib.JS_NewCFunctionData(context, _callback, 1, 0, 0, ffi.NULL)


def _look(context: Any, _this: Any, _count: int, arguments: Any, _magic: int, _data: Any) -> Any:
    value = arguments[0]
    pair = ffi.new("JSValue[2]")
    if lib.JS_IsProxy(value):
        pair[0] = lib.JS_GetProxyTarget(context, value)
        pair[1] = lib.JS_GetProxyHandler(context, value)
        for part in pair:
            if part.tag == TAG_EXCEPTION:  # the proxy is revoked
                lib.JS_FreeValue(context, lib.JS_GetException(context))
                part.u, part.tag = UNDEFINED.u, UNDEFINED.tag
    else:
        state = lib.JS_PromiseState(context, value)
        if state < 0:
            return UNDEFINED
        pair[0].u, pair[0].tag = state, TAG_INT
        pair[1] = lib.JS_PromiseResult(context, value)
    return lib.JS_NewArrayFrom(context, 2, pair)  # which takes them over


_callback = ffi.callback("JSCFunctionData", _look, error=EXCEPTION)  # of all isolates
