"""JSON that lets other threads have turns."""

import json

import pytest

from holdfast.host import large_json
from holdfast.host.large_json import dumps, loads

VALUES = [
    None,
    [],
    {},
    [[], {}, [[]], {"a": []}],
    {"a": [1, -2, 2.5, "é\ud800"], "b": {"c": {"d": {"e": [{"f": None}, True]}}}},
    {1: "keys that are no strings", "a": 1},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_it_is_the_same_json(value: object) -> None:
    assert dumps(value) == json.dumps(value)
    assert loads(dumps(value)) == json.loads(json.dumps(value))


def test_python_is_come_by_for_each_object_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(large_json, "_as_it_is", lambda read: seen.append(read) or read)
    monkeypatch.setattr(large_json, "_integer", lambda digits: seen.append(digits) or int(digits))
    assert loads('[{"a": 1}, 2, {"b": {}}]') == [{"a": 1}, 2, {"b": {}}]
    assert seen == ["1", {"a": 1}, "2", {}, {"b": {}}]
    assert len([*large_json._pieces([{"a": [1, 2]}, "b"], 4)]) == 11


def test_what_is_no_number_of_json_is_the_callers_to_refuse() -> None:
    assert loads("[NaN]", refuse=str) == ["NaN"]
