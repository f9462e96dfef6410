"""Python's values as JavaScript's, and back; see engine/v8format.py for what becomes what."""

from typing import Any

from holdfast.engine.v8format import V8FormatError, decode, encode
from holdfast.engine.v8values import UNDEFINED, BigInt, Map, Opaque, Set
from holdfast.host.rpc import Message
from holdfast.testing.errors import HarnessError, hidden_from_tracebacks
from holdfast.testing.responses import Response

__all__ = ["BigInt", "Map", "Set", "result_of", "to_javascript", "to_python"]

__tracebackhide__ = hidden_from_tracebacks

_MADE_THERE = ". Make what is to be called there, in worker.run('async (env) => …')."
_BY_A_WORKER = ". A method that returns a Response is a Worker's: env={'NAME': holdfast.worker(…)}."


def to_javascript(value: Any) -> bytes:
    """The value's bytes in V8's format. Raises HarnessError where JavaScript has none such."""
    try:
        return encode(value)
    except V8FormatError as error:
        inner = value if isinstance(value, list) else []
        hint = _MADE_THERE if any(map(callable, inner)) else ""
        if any(isinstance(one, Response) for one in inner):
            hint = _BY_A_WORKER
        raise HarnessError(f"{value!r} cannot be given to JavaScript: {error}{hint}") from None


def to_python(data: bytes) -> Any:
    """The value of these bytes; `undefined` is None."""
    value = decode(data)
    return None if value is UNDEFINED else value


def result_of(message: Message) -> Any:
    """What a call by RPC has returned. Raises HarnessError for what only JavaScript can hold."""
    found = decode(message.data)
    if message.capabilities or isinstance(found, Opaque):
        message.drop()
        raise HarnessError(
            "The method returned a function, a stub, a stream or another object that lives in "
            "JavaScript. Use it there: worker.run('async (env) => …') calls it, and looks at what "
            "it gives."
        )
    value = found[0] if found else None
    return None if value is UNDEFINED else value
