"""Stored values as JSON that people can read.

What JSON has stands for itself. Anything else is an object whose `$type` names its class, so
that a Map or a Date is told from what merely looks like one.
"""

import base64
import dataclasses
import math
from datetime import datetime
from typing import Any

from holdfast.engine import v8values as v8

_MAX_DEPTH = 200


def rendered(value: Any) -> tuple[Any, bool]:
    """The value for `json.dumps`, and whether JSON says all of it."""
    renderer = _Renderer()
    return renderer.render(value), renderer.is_exact


class _Renderer:
    def __init__(self) -> None:
        self.is_exact = True
        self._inside: list[int] = []

    def render(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, v8.BigInt):
            return self._typed("BigInt", value=str(int(value)))
        if isinstance(value, int):
            return value
        if isinstance(value, float):
            is_json = math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0)
            return value if is_json else self._typed("Number", value=_number(value))
        if id(value) in self._inside or len(self._inside) > _MAX_DEPTH:
            return self._typed("circular" if id(value) in self._inside else "nested too deeply")
        self._inside.append(id(value))
        try:
            return self._compound(value)
        finally:
            self._inside.pop()

    def _compound(self, value: Any) -> Any:
        match value:
            case v8.Array() if value.properties:
                own = {k: self.render(v) for k, v in value.properties.items()}
                return self._typed("Array", items=[*map(self.render, value)], properties=own)
            case list():
                return [*map(self.render, value)]
            case dict():
                return {str(key): self.render(item) for key, item in value.items()}
            case datetime():
                return self._typed("Date", value=value.isoformat().replace("+00:00", "Z"))
            case v8.Map():
                pairs = [[self.render(k), self.render(v)] for k, v in value.entries]
                return self._typed("Map", entries=pairs)
            case v8.Set():
                return self._typed("Set", values=[*map(self.render, value.values)])
            case v8.ArrayBuffer():
                return self._typed("ArrayBuffer", base64=_base64(value))
            case bytes():
                return self._typed("Uint8Array", base64=_base64(value))
            case v8.View():
                return self._typed(value.name, base64=_base64(value.data))
            case v8.Undefined():
                return self._typed("undefined")
            case v8.Blob():
                return self._typed("Blob", type=value.type, base64=_base64(value.data))
        return self._object(value)

    def _object(self, value: Any) -> Any:
        """One of the values that have fields, such as a RegExp or an Error."""
        fields = {
            field.name: self._field(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
        return self._typed(type(value).__name__.removesuffix("Value"), **fields)

    def _field(self, value: Any) -> Any:
        return {"base64": _base64(value)} if isinstance(value, bytes) else self.render(value)

    def _typed(self, kind: str, **fields: Any) -> dict[str, Any]:
        self.is_exact = False
        return {"$type": kind, **fields}


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "-0" if value == 0 else ("Infinity" if value > 0 else "-Infinity")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
