"""holdfast/dataclass.py does what the standard library's does: each test runs with both."""

import dataclasses
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from typing import Any

import pytest

from holdfast.dataclass import dataclass

Decorator = Callable[..., Any]


@pytest.fixture(params=[dataclass, dataclasses.dataclass], ids=["ours", "the-standard-librarys"])
def decorator(request) -> Decorator:
    return request.param


@pytest.fixture
def point(decorator: Decorator) -> Any:
    @decorator(frozen=True, slots=True)
    class Point:
        x: int
        y: int = 0
        label: str = field(default="", compare=False, repr=False)

        @property
        def sum(self) -> int:
            return self.x + self.y

    return Point


def test_fields_are_given_in_their_order_or_by_name(point):
    made = point(1, label="a")
    assert (made.x, made.y, made.label, made.sum) == (1, 0, "a", 1)
    assert repr(made).endswith("Point(x=1, y=0)")
    with pytest.raises(TypeError, match="x"):
        point()
    with pytest.raises(TypeError, match="z"):
        point(1, z=2)


def test_instances_are_equal_and_hash_as_what_is_compared(point, decorator):
    @decorator(frozen=True, slots=True)
    class Other:
        x: int
        y: int

    assert point(1, 2, "a") == point(1, 2, "b") != point(1, 3, "a")
    assert hash(point(1, 2, "a")) == hash(point(1, 2, "b"))
    assert point(1, 2) != Other(1, 2)


def test_frozen_instances_refuse_changes(point):
    made = point(1)
    for change in (lambda: setattr(made, "x", 2), lambda: delattr(made, "x")):
        with pytest.raises(FrozenInstanceError, match="'x'"):
            change()
    assert made.x == 1


def test_the_standard_librarys_functions_know_the_fields(point):
    made = point(1, 2, "a")
    assert replace(made, y=5) == point(1, 5)
    assert asdict(made) == {"x": 1, "y": 2, "label": "a"}
    assert [(one.name, one.type) for one in fields(made)] == [
        ("x", int),
        ("y", int),
        ("label", str),
    ]


def test_patterns_match_by_place(point):
    match point(3, 4):
        case point(x, y):
            assert (x, y) == (3, 4)


def test_each_instance_has_a_default_of_its_own_from_a_factory(decorator):
    @decorator(slots=True)
    class Row:
        cells: list[int] = field(default_factory=list)
        kept: dict[str, int] = field(init=False, default_factory=dict)
        count: int = field(init=False, default=7)
        later: int = field(init=False)

    one, other = Row(), Row([1])
    one.cells.append(2)
    one.kept["a"] = 1
    assert (one.cells, other.cells, other.kept, other.count) == ([2], [1], {}, 7)
    assert not hasattr(one, "later")
    with pytest.raises(AttributeError):
        one.unknown = 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_what_would_be_shared_by_all_instances_is_refused(decorator):
    with pytest.raises((AssertionError, ValueError)):

        @decorator(slots=True)
        class Row:
            cells: list[int] = []  # noqa: RUF012 - that is the mistake


def test_identity_alone_counts_without_eq(decorator):
    @decorator(slots=True, eq=False)
    class Seat:
        number: int

    one = Seat(1)
    assert one != Seat(1) and len({one, Seat(1)}) == 2


def test_methods_of_its_own_stay(decorator):
    seen = []

    @decorator(frozen=True, slots=True)
    class Own:
        number: int

        def __post_init__(self) -> None:
            seen.append(self.number)

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

    assert repr(Own(1)) == "own" and Own(1) == Own(2) and seen == [1, 1, 2]
    assert hash(Own(3)) == hash(Own(3)) != hash(Own(4))


def test_a_class_has_the_fields_of_its_base_first(decorator):
    @decorator(frozen=True, slots=True)
    class Base:
        name: str

    @decorator(frozen=True, slots=True)
    class Derived(Base):
        size: int = 0

    assert Base("a") == Base("a")
    assert (Derived("a", 2).name, Derived("a", 2).size) == ("a", 2)
    assert asdict(Derived("a")) == {"name": "a", "size": 0}
    assert Derived.__slots__ == ("size",)


def test_a_base_may_be_an_ordinary_class(decorator):
    class Base:
        def shown(self) -> str:
            return f"<{self.name}>"

    @decorator(slots=True)
    class Derived(Base):
        name: str

    assert Derived("a").shown() == "<a>"


def test_an_instance_that_holds_itself_is_shown(decorator):
    @decorator(slots=True)
    class Ring:
        next: Any = None

    ring = Ring()
    ring.next = ring
    assert repr(ring).endswith("Ring(next=...)")
