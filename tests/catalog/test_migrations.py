"""What migrations do to namespaces, step by step."""

from dataclasses import replace

import pytest

from holdfast.catalog import Namespace, UploadRejected
from holdfast.catalog.migrations import (
    Given,
    Migrations,
    NamespaceChanges,
    Plan,
    Renamed,
    Step,
    check_migrated,
    check_tag,
)

OLD = Namespace.new("main", "Old", use_sqlite=True)
OTHERS = Namespace.new("other", "Theirs")


def plan(*steps: Step) -> NamespaceChanges:
    taken = Plan(
        "main", {"Old": OLD}, lambda s, c: OTHERS if (s, c) == ("other", "Theirs") else None
    )
    taken.take(steps)
    return taken.changes("v9")


def test_new_classes_get_namespaces_of_their_kind() -> None:
    changes = plan(Step(new_classes=("A",), new_sqlite_classes=("B",)))
    assert [(n.script, n.class_name, n.use_sqlite) for n in changes.created] == [
        ("main", "A", False),
        ("main", "B", True),
    ]
    assert (changes.moved, changes.deleted, changes.tag) == ((), (), "v9")


def test_a_renamed_class_keeps_everything_else() -> None:
    [moved] = plan(Step(renamed=(Renamed("Old", "New"),))).moved
    assert (moved.class_name, moved.id, moved.unique_key) == ("New", OLD.id, OLD.unique_key)
    assert moved.use_sqlite


def test_a_transferred_class_keeps_everything_but_its_script() -> None:
    [moved] = plan(Step(renamed=(Renamed("Theirs", "Ours", "other"),))).moved
    assert (moved.script, moved.class_name) == ("main", "Ours")
    assert (moved.id, moved.unique_key, moved.use_sqlite) == (OTHERS.id, OTHERS.unique_key, False)


def test_steps_come_one_after_the_other() -> None:
    changes = plan(
        Step(renamed=(Renamed("Old", "Newer"),)),
        Step(new_classes=("Old",)),
        Step(renamed=(Renamed("Newer", "Newest"), Renamed("Old", "Newer"))),
        Step(new_classes=("Gone",)),
        Step(deleted_classes=("Gone",)),
    )
    assert [(n.class_name, n.id == OLD.id) for n in changes.moved] == [("Newest", True)]
    assert [n.class_name for n in changes.created] == ["Newer"]
    assert changes.deleted == ()


def test_a_deleted_class_may_be_made_anew() -> None:
    changes = plan(Step(deleted_classes=("Old",), new_classes=("Old",)))
    assert changes.deleted == (OLD,)
    [made] = changes.created
    assert made.unique_key != OLD.unique_key


@pytest.mark.parametrize(
    ("step", "code", "told"),
    [
        (Step(new_classes=("Old",)), 10074, "new-class migration to class 'Old' that is already"),
        (Step(new_sqlite_classes=("Old",)), 10074, "new-sqlite-class migration to class 'Old'"),
        (
            Step(deleted_classes=("No",)),
            10074,
            "delete-class migration to class 'No' which was not",
        ),
        (Step(renamed=(Renamed("No", "A"),)), 10074, "rename-class migration to class 'No'"),
        (Step(renamed=(Renamed("Old", "Old"),)), 10074, "'Old' that is already depended on"),
        (Step(renamed=(Renamed("No", "A", "other"),)), 10074, "transfer-class migration"),
        (Step(renamed=(Renamed("Theirs", "A", "nobody"),)), 10074, "transfer-class migration"),
    ],
)
def test_what_cannot_be_done_is_refused(step: Step, code: int, told: str) -> None:
    with pytest.raises(UploadRejected, match=told) as refused:
        plan(step)
    assert refused.value.code == code


def test_the_first_migrations_take_in_a_class_that_was_bound_without_one() -> None:
    bare = Namespace.new("main", "Bare")

    def first(*steps: Step) -> NamespaceChanges:
        known = {"Bare": bare, "Old": OLD}
        taken = Plan("main", known, lambda _s, _c: None, unmigrated={*known})
        taken.take(steps)
        return taken.changes("v1")

    [given_sql] = first(Step(new_sqlite_classes=("Bare", "Old"))).moved
    assert (given_sql.id, given_sql.unique_key) == (bare.id, bare.unique_key)
    assert given_sql.use_sqlite
    assert first(Step(new_classes=("Bare",))).alive == ()
    for steps in [
        (Step(new_classes=("Old",)),),  # whose SQL it would lose
        (Step(new_classes=("Bare",)), Step(new_sqlite_classes=("Bare",))),
    ]:
        with pytest.raises(UploadRejected, match="already depended on"):
            first(*steps)


def test_a_class_is_given_to_a_script_that_exports_it() -> None:
    def give(target: str, class_name: str = "Old") -> NamespaceChanges:
        exports = {"other": ("Old", "Theirs")}
        known = {"Old": OLD, "Theirs": Namespace.new("main", "Theirs")}
        taken = Plan(
            "main",
            known,
            lambda s, c: OTHERS if (s, c) == ("other", "Theirs") else None,
            lambda script: exports.get(script, ()),
        )
        taken.take([Step(given=(Given(class_name, target),))])
        return taken.changes(None)

    [given] = give("other").moved
    assert (given.script, given.class_name, given.id) == ("other", "Old", OLD.id)
    with pytest.raises(UploadRejected, match="expecting-transfer"):
        give("nobody")
    with pytest.raises(UploadRejected, match="has Durable Objects of a class of that name"):
        give("other", "Theirs")


def test_a_namespace_is_transferred_once() -> None:
    with pytest.raises(UploadRejected, match="transfer-class"):
        plan(Step(renamed=(Renamed("Theirs", "A", "other"), Renamed("Theirs", "B", "other"))))


def test_an_upload_starts_from_where_the_script_is() -> None:
    check_tag(Migrations(), None)
    check_tag(Migrations(old_tag="v1"), "v1")
    for old, current in [(None, "v1"), ("v1", None), ("v1", "v2")]:
        with pytest.raises(UploadRejected, match="precondition failed") as refused:
            check_tag(Migrations(old_tag=old), current)
        assert refused.value.code == 10079


def test_what_is_declared_deleted_must_not_be_exported() -> None:
    changes = replace(plan(Step(deleted_classes=("Old",))), unexported=("Old",))
    check_migrated(changes, "main", ["New"])
    with pytest.raises(UploadRejected, match="'Old' that is still exported") as refused:
        check_migrated(changes, "main", ["Old"])
    assert refused.value.code == 10064


def test_what_is_renamed_to_must_be_exported() -> None:
    changes = plan(Step(renamed=(Renamed("Old", "New"),)))
    check_migrated(changes, "main", ["New"])
    with pytest.raises(UploadRejected, match="'New' that is not exported by script") as refused:
        check_migrated(changes, "main", ["Old"])
    assert refused.value.code == 10070
