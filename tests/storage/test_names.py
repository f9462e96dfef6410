import pytest

from holdfast.storage.errors import InvalidName
from holdfast.storage.names import check_object_id, check_unique_key, object_id_of


@pytest.mark.parametrize(
    "key",
    ["", ".", "..", "a/b", "../x", "/etc", "a\0b", "x" * 256, "é" * 128, ".deleted-1", "\ud800"],
)
def test_a_unique_key_that_could_leave_its_folder_is_refused(key: str) -> None:
    with pytest.raises(InvalidName):
        check_unique_key(key)


@pytest.mark.parametrize("key", ["script-Counter", "a b", ".hidden", "é", "x" * 255, "a\\b", "…"])
def test_any_other_unique_key_names_its_folder_as_it_stands(key: str) -> None:
    assert check_unique_key(key) == key


@pytest.mark.parametrize("name", ["", "a.b", "a/b", "..", "metadata", "x" * 129, "a\n", "é"])
def test_an_id_that_could_name_another_file_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        check_object_id(name)


def test_only_databases_of_objects_count_as_such() -> None:
    assert object_id_of("ab12.sqlite") == "ab12"
    others = ["ab12.sqlite-wal", "ab12.1.sqlite", "metadata.sqlite", "ab12", ".sqlite"]
    assert [object_id_of(name) for name in others] == [None] * 5
