"""A journal's format, and what replaying it does to logs."""

import os
import random
from pathlib import Path

import pytest

from holdfast.storage.journal import BLOCK_BYTES, FRAMES, Entry, packed, unpacked, write_to_logs
from holdfast.storage.recovery import recover

SALTS = b"saltsalt"


def entry(name: str = "key/a.sqlite-wal", offset: int = 40, content: bytes = b"content") -> Entry:
    return Entry(name.encode(), SALTS, FRAMES, offset, content)


def log_with(salts: bytes, path: Path, length: int = 40) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"-" * 16 + salts + b"-" * (length - 24))
    return path


def journal(root: Path, content: bytes, place: str = "0", number: int = 0) -> Path:
    path = root / f".journal-{place}-{number}"
    path.write_bytes(content)
    return path


def found(content: bytes) -> list[Entry]:
    return [each for _, each in unpacked(content)]


def test_batches_come_back_as_they_were() -> None:
    batches = [
        [entry(), entry("other/b.sqlite-wal", 1 << 40, os.urandom(5000))],
        [],
        [entry(content=b"")],
        [entry(content=bytes(BLOCK_BYTES * 3))],
    ]
    content = b"".join(packed(batch, number) for number, batch in enumerate(batches))
    assert len(content) % BLOCK_BYTES == 0
    expected = [(number, each) for number, batch in enumerate(batches) for each in batch]
    assert [*unpacked(content)] == expected


def test_a_batch_that_was_not_written_whole_hides_no_other() -> None:
    first, second, third = ([entry(content=bytes([n]) * 9000)] for n in range(3))
    torn = bytearray(packed(second, 2))
    torn[5000] ^= 1
    assert found(packed(first, 1) + torn + packed(third, 3)) == first + third
    assert found(packed(first, 1) + packed(second, 2)[:8000]) == first


def test_what_is_left_behind_newer_batches_is_found_or_passed_over() -> None:
    old = packed([entry(content=b"old" * 5000)], 1) + packed([entry(content=b"older")], 2)
    new = packed([entry(content=b"new")], 3)
    assert found(new + old[len(new) :]) == [entry(content=b"new"), entry(content=b"older")]


def test_nonsense_has_no_entries() -> None:
    chance = random.Random(1)
    for length in (0, 1, 15, 4096, 50_000):
        assert [*unpacked(chance.randbytes(length))] == []
        assert [*unpacked(packed([], 1)[:20] + chance.randbytes(length))] == []


def test_entries_go_to_the_log_that_has_their_salts(tmp_path: Path) -> None:
    same = log_with(SALTS, tmp_path / "key" / "a.sqlite-wal")
    begun_anew = log_with(b"otherone", tmp_path / "key" / "b.sqlite-wal")
    emptied = tmp_path / "key" / "c.sqlite-wal"
    emptied.touch()
    names = ("a", "b", "c", "missing")
    entries = [entry(f"key/{name}.sqlite-wal", 45) for name in names]
    assert write_to_logs(tmp_path, entries) == [same]
    assert same.read_bytes()[40:] == bytes(5) + b"content"
    assert (begun_anew.stat().st_size, emptied.stat().st_size) == (40, 0)
    assert not (tmp_path / "key" / "missing.sqlite-wal").exists()


@pytest.mark.parametrize("name", ["../a-wal", "a-wal", "key/../../a-wal", "/a-wal"])
def test_entries_reach_no_file_outside_of_namespaces(name: str, tmp_path: Path) -> None:
    (tmp_path / "root" / "key").mkdir(parents=True)
    places = (tmp_path / "a-wal", tmp_path / "root" / "a-wal")
    for place in places:
        log_with(SALTS, place)
    assert write_to_logs(tmp_path / "root", [entry(name)]) == []
    assert [place.stat().st_size for place in places] == [40, 40]


def test_recovery_brings_logs_to_where_they_were_and_removes_the_journals(tmp_path: Path) -> None:
    log = log_with(SALTS, tmp_path / "key" / "a.sqlite-wal")
    first = journal(tmp_path, packed([entry(content=b"one")], 1) + packed([entry(offset=43)], 2))
    second = journal(tmp_path, packed([entry(offset=50, content=b"two")], 3), number=1)
    others = journal(tmp_path, packed([entry(offset=53, content=b"three")], 1), place="1")
    recover(tmp_path, "0")
    assert log.read_bytes()[40:] == b"onecontenttwo"
    assert not first.exists()
    assert not second.exists()
    assert others.exists(), "it is another process's"
    recover(tmp_path)
    assert log.read_bytes()[40:] == b"onecontenttwothree"
    assert not others.exists()
    recover(tmp_path)
