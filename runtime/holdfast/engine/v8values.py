"""What JavaScript has and Python has not: the values that `v8format` makes."""

from collections.abc import Iterable
from dataclasses import field
from enum import Enum
from typing import Any, Final

from holdfast.dataclass import dataclass

WIRE_VERSION = 15  # what workerd writes, and the newest that is read


class V8FormatError(ValueError):
    """The bytes are not a whole value in V8's format, or the value has no place in it."""


class Undefined(Enum):
    """JavaScript's `undefined`, which None is not: None is `null`."""

    UNDEFINED = "undefined"

    def __repr__(self) -> str:
        return self.value


UNDEFINED: Final = Undefined.UNDEFINED


class BigInt(int):
    """A BigInt, which JavaScript keeps apart from its numbers."""


class ArrayBuffer(bytes):
    """The bytes of an ArrayBuffer; those of a Uint8Array are plain `bytes`."""


class Array(list[Any]):
    """An Array; `properties` are those it has besides its elements."""

    properties: dict[str, Any]

    def __init__(self, items: Iterable[Any] = (), /) -> None:
        super().__init__(items)
        self.properties = {}


@dataclass(slots=True)
class SparseArray:
    """An Array with far fewer elements than its length, by their indices as strings."""

    length: int
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Map:
    """A Map's keys and values, in order."""

    entries: list[tuple[Any, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Set:
    """A Set's values, in order."""

    values: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class View:
    """A typed array or DataView: the name of its class and its own bytes."""

    name: str
    data: bytes


@dataclass(slots=True)
class Boxed:
    """A primitive in an object, such as `new Number(1)`."""

    value: Any


@dataclass(slots=True)
class RegExp:
    """A regular expression as JavaScript writes it."""

    source: str
    flags: str


@dataclass(slots=True)
class InvalidDate:
    """A Date that no datetime can be: invalid, or out of Python's range."""

    time_ms: float


@dataclass(slots=True)
class ErrorValue:
    """An Error or DOMException; `message` and `stack` are None where it has none."""

    name: str = "Error"
    message: str | None = None
    stack: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Blob:
    """A Blob with its MIME type."""

    type: str
    data: bytes


@dataclass(slots=True)
class Opaque:
    """A value that only the runtime can read, and why."""

    reason: str
    data: bytes
