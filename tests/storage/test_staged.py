"""Files that a process has left before they had their names, or whose names are lost."""

from pathlib import Path

import pytest

from holdfast.storage.recovery import recover
from holdfast.storage.staged import promote, staged_name
from tests.storage.conftest import UNIQUE_KEY, Shard, object_id

CONTENT = b"a whole file"


def stage(folder: Path, content: bytes = CONTENT, number: int = 1, object_id: str = "a") -> Path:
    path = Path(staged_name(f"{folder}/{object_id}.sqlite", number, CONTENT))
    path.write_bytes(content)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_whole_file_gets_its_name(tmp_path: Path) -> None:
    stage(tmp_path)
    stage(tmp_path, object_id="b.12")  # a facet
    promote(tmp_path)
    assert contents(tmp_path) == {"a.sqlite": CONTENT, "b.12.sqlite": CONTENT}


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"\0", bytes(len(CONTENT))])
def test_a_file_that_is_not_whole_is_removed(content: bytes, tmp_path: Path) -> None:
    stage(tmp_path, content)
    promote(tmp_path)
    assert contents(tmp_path) == {}


def test_a_file_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"older")
    stage(tmp_path)
    promote(tmp_path)
    assert contents(tmp_path) == {"a.sqlite": CONTENT}


def test_the_newest_of_several_gets_the_name(tmp_path: Path) -> None:
    for number in (2, 11, 9):
        content = b"%d" % number
        Path(staged_name(f"{tmp_path}/a.sqlite", number, content)).write_bytes(content)
    stage(tmp_path, b"torn", 12)
    promote(tmp_path)
    assert contents(tmp_path) == {"a.sqlite": b"11"}


def test_a_log_of_a_file_that_is_gone_is_not_taken_for_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite-wal").write_bytes(b"of another life")
    stage(tmp_path)
    promote(tmp_path)
    assert contents(tmp_path) == {"a.sqlite": CONTENT}


def test_files_of_other_processes_and_of_other_kinds_stay(tmp_path: Path) -> None:
    staged = stage(tmp_path, object_id="other")
    for name in ("a.sqlite", "a.sqlite-wal", "a.sqlite.new-7", "metadata.sqlite"):
        (tmp_path / name).write_bytes(b"")
    before = contents(tmp_path)
    promote(tmp_path, lambda object_id: object_id != "other")
    assert contents(tmp_path) == before
    assert staged.exists()


def test_recovery_looks_for_them_after_a_process_that_had_a_journal(tmp_path: Path) -> None:
    (tmp_path / UNIQUE_KEY).mkdir()
    stage(tmp_path / UNIQUE_KEY)
    recover(tmp_path)
    assert [*contents(tmp_path / UNIQUE_KEY)] != ["a.sqlite"], "nothing tells that there are any"
    (tmp_path / ".journal-0-0").touch()
    recover(tmp_path)
    assert [*contents(tmp_path / UNIQUE_KEY)] == ["a.sqlite"]
    assert not (tmp_path / ".journal-0-0").exists()


async def test_an_object_whose_name_is_lost_is_there_as_it_was(tmp_path: Path) -> None:
    shard = Shard(tmp_path, journal="0")
    shard.owner().store.put("a", b"1")
    await shard.storage.aclose()
    file = tmp_path / UNIQUE_KEY / f"{object_id()}.sqlite"
    file.rename(staged_name(str(file), 1, file.read_bytes()))
    (tmp_path / ".journal-0-1").touch()
    after = Shard(tmp_path, journal="0")
    assert after.owner().store.list() == [("a", b"1")]
    await after.storage.aclose()
