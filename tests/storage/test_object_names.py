"""What the objects of a namespace are called, noted beside them."""

from pathlib import Path

import pytest

from holdfast.storage.object_names import FILE_NAME, NameBook


def book_of(folder: Path, names: dict[str, str]) -> NameBook:
    book = NameBook(folder)
    for object_id, name in names.items():
        (folder / f"{object_id}.sqlite").touch()
        book.note(object_id, name)
    return book


def test_names_are_found_once_they_are_noted_and_after_they_are_written(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"1": "one", "2": "zw\ud800"})
    assert book.read(["1", "2", "3"]) == {"1": "one", "2": "zw\ud800"}
    book.write()
    assert not book.is_waiting
    assert NameBook(tmp_path).read(["1", "2", "3"]) == {"1": "one", "2": "zw\ud800"}


@pytest.mark.parametrize("reads_first", [False, True])
def test_a_damaged_book_is_put_aside_and_begun_anew(tmp_path: Path, reads_first: bool) -> None:
    damaged = b"no database at all" * 100
    (tmp_path / FILE_NAME).write_bytes(damaged)
    book = book_of(tmp_path, {"1": "one"})
    if reads_first:
        assert book.read(["1", "2"]) == {"1": "one"}
    book.write()
    assert NameBook(tmp_path).read(["1"]) == {"1": "one"}
    assert (tmp_path / "names.damaged").read_bytes() == damaged
