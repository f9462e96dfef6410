"""Dataclasses that a start pays little for: `__init__` is compiled when an instance is first made.

`dataclasses.dataclass` writes the text of up to six methods for each class and has Python compile
it, which takes half a millisecond. A start has a hundred such classes, and makes instances of a
few. Here the methods are closures, but for `__init__`, whose text is compiled by the first call.
From then on frozen instances are made faster than by the other, since their slots are set directly.

For `@dataclass(slots=True)`, also with `frozen=True` and `eq=False`, of classes whose annotations
are all fields, and whose bases are no dataclasses of the other kind. To type checkers and to
`dataclasses.replace` and the like they are as any.
https://docs.python.org/3/library/dataclasses.html
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn

Class = type[Any]
Method = Callable[..., Any]
Fields = Mapping[str, "Field[Any]"]  # by name, in the order of their declaration


def _dataclass(*, slots: bool, frozen: bool = False, eq: bool = True) -> Callable[[Class], Class]:
    assert slots, "classes without slots are for the standard library's decorator"
    return lambda cls: _made_again(cls, frozen=frozen, eq=eq)


def _made_again(cls: Class, *, frozen: bool, eq: bool) -> Class:
    """The class with slots, which it can have from its beginning only."""
    own = {name: _field(cls, name, hint) for name, hint in cls.__annotations__.items()}
    inherited = _inherited(cls)
    fields = {**inherited, **own}

    unslotted = {"__dict__", "__weakref__", *own}
    members = {name: value for name, value in vars(cls).items() if name not in unslotted}
    if "__eq__" in members and members["__hash__"] is None:
        del members["__hash__"]  # the interpreter's, which knows of no fields

    added = {
        "__slots__": tuple(name for name in own if name not in inherited),
        "__match_args__": tuple(name for name, field in fields.items() if field.init),
        "__dataclass_fields__": _StandardFields(fields),
        "__init__": _compiled_later(lambda: made, fields, frozen=frozen),
        "__repr__": _repr_of([name for name, field in fields.items() if field.repr]),
    }
    if eq:
        compared = [name for name, field in fields.items() if field.compare]
        added |= _comparing(compared, is_hashable=frozen)
    if frozen:
        added |= {"__setattr__": _refuse, "__delattr__": _refuse}
    metaclass: Callable[..., Class] = type(cls)
    made = metaclass(cls.__name__, cls.__bases__, {**added, **members})
    return made


def _field(cls: Class, name: str, hint: object) -> "Field[Any]":
    given = vars(cls).get(name, MISSING)
    field: Field[Any] = given if isinstance(given, Field) else dataclasses.field(default=given)
    assert type(field.default).__hash__ is not None, f"all instances would share one {name}"
    field.type = hint
    return field


def _inherited(cls: Class) -> Fields:
    fields: dict[str, Field[Any]] = {}
    for base in reversed(cls.__mro__[1:]):
        if told := vars(base).get("__dataclass_fields__"):
            fields |= told.fields
    return fields


class _StandardFields:
    """What `dataclasses.fields` and its like ask a class for, made when they first do."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self._standard: Fields | None = None

    def __get__(self, _instance: object, _owner: Class) -> Fields:
        if self._standard is None:
            told = [(name, field.type, field) for name, field in self.fields.items()]
            made = dataclasses.make_dataclass("_", told, init=False, repr=False, eq=False)
            self._standard = vars(made)["__dataclass_fields__"]
        return self._standard


def _repr_of(names: list[str]) -> Method:
    @recursive_repr()
    def __repr__(self: Any) -> str:  # noqa: N807
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return __repr__


def _comparing(names: list[str], *, is_hashable: bool) -> dict[str, Any]:
    """The methods by which instances are equal whose fields are."""
    values: Method = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if is_hashable else None}


def _refuse(_self: object, name: str, _value: object = None) -> NoReturn:
    raise FrozenInstanceError(f"cannot change field {name!r}")


def _compiled_later(owner: Callable[[], Class], fields: Fields, *, frozen: bool) -> Method:
    """An `__init__` of `owner()` that puts the compiled one in its own place."""

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807
        cls = owner()
        cls.__init__ = _compiled(cls, fields, frozen=frozen)
        cls.__init__(self, *arguments, **named)

    return __init__


def _compiled(cls: Class, fields: Fields, *, frozen: bool) -> Method:
    known: dict[str, Any] = {"__MISSING": MISSING}
    parameters, lines = ["self"], []
    for name, field in fields.items():
        value, default = name, ""
        if field.default_factory is not MISSING:
            known[f"__make_{name}"] = field.default_factory
            value, default = f"__make_{name}() if {name} is __MISSING else {name}", "=__MISSING"
        elif field.default is not MISSING:
            known[f"__default_{name}"] = field.default
            default = f"=__default_{name}"
        elif not field.init:
            continue  # whoever uses it sets it first
        if field.init:
            parameters.append(name + default)
        else:
            lines.append(name + default)
        known[f"__set_{name}"] = getattr(cls, name).__set__
        lines.append(f"__set_{name}(self, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    text = f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(lines or ["pass"])
    exec(text, known)  # noqa: S102 - of names of fields alone, as the standard library does
    method: Method = known["__init__"]
    return method


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _dataclass
