"""Classes that are declared, in the place of migrations."""

import pytest

from holdfast.catalog import Namespace, UploadRejected
from holdfast.catalog.declared import parse_declared, step_to
from holdfast.catalog.migrations import Given, Renamed, Step

LIVE = {"type": "durable-object", "storage": "sqlite"}
GIVEN = {"type": "durable-object", "state": "transferred", "transferred_to": "other"}
EXPECTED = {**LIVE, "state": "expecting-transfer", "transfer_from": "other"}


@pytest.mark.parametrize(
    ("exports", "known", "step"),
    [
        ({"A": LIVE, "Door": {"type": "worker"}}, set(), Step(new_sqlite_classes=("A",))),
        ({"A": {**LIVE, "storage": "legacy-kv"}}, set(), Step(new_classes=("A",))),
        ({"A": LIVE}, {"A", "Other"}, Step()),
        (
            {"A": {"type": "durable-object", "state": "deleted"}},
            {"A"},
            Step(deleted_classes=("A",)),
        ),
        ({"A": {"type": "durable-object", "state": "deleted"}}, set(), Step()),
        (
            {"A": {"type": "durable-object", "state": "renamed", "renamed_to": "B"}, "B": LIVE},
            {"A"},
            Step(renamed=(Renamed("A", "B"),)),
        ),
        (
            {"A": {"type": "durable-object", "state": "renamed", "renamed_to": "B"}, "B": LIVE},
            {"B"},
            Step(),
        ),
        ({"A": GIVEN}, {"A"}, Step(given=(Given("A", "other"),))),
        ({"A": GIVEN}, set(), Step()),
        ({"A": EXPECTED}, set(), Step()),
        ({"A": EXPECTED}, {"A"}, Step()),
        ({"A": {**LIVE, "storage": "legacy-kv"}}, {"A"}, Step(new_classes=("A",))),
    ],
)
def test_what_is_so_already_stays_as_it_is(
    exports: dict[str, dict[str, str]], known: set[str], step: Step
) -> None:
    namespaces = {name: Namespace.new("main", name, use_sqlite=True) for name in known}
    assert step_to(parse_declared(exports, "exports"), namespaces) == step


@pytest.mark.parametrize(
    "exports",
    [
        *(5, {"A": 5}, {"A": {"type": 5}}, {"A": {**LIVE, "state": 5}}),
        {"A": {**GIVEN, "transferred_to": ""}},
        {"A": {**LIVE, "state": "expecting-transfer"}},
        {"A": {**LIVE, "transfer_from": "other"}},
    ],
)
def test_what_declares_nothing_is_refused(exports: object) -> None:
    with pytest.raises(UploadRejected, match=r"^exports"):
        parse_declared(exports, "exports")
