"""A journal's format, and what replaying it does to logs."""

import os
import random
from pathlib import Path

import pytest

from holdfast.storage.journal import BLOCK_BYTES, Entry, packed, unpacked, write_to_logs
from holdfast.storage.recovery import recover

SALTS = b"saltsalt"


def entry(name: str = "key/a.sqlite-wal", offset: int = 40, content: bytes = b"content") -> Entry:
    return Entry(name.encode(), SALTS, offset, content)


def log_with(salts: bytes, path: Path, length: int = 40) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"-" * 16 + salts + b"-" * (length - 24))
    return path


def journal(root: Path, content: bytes, place: str = "0", number: int = 0) -> Path:
    path = root / f".journal-{place}-{number}"
    path.write_bytes(content)
    return path


def test_batches_come_back_as_they_were() -> None:
    batches = [
        [entry(), entry("other/b.sqlite-wal", 1 << 40, os.urandom(5000))],
        [],
        [entry(content=b"")],
        [entry(content=bytes(BLOCK_BYTES * 3))],
    ]
    content = b"".join(packed(batch) for batch in batches)
    assert len(content) % BLOCK_BYTES == 0
    assert [*unpacked(content)] == [each for batch in batches for each in batch]


def test_a_batch_that_was_not_written_whole_hides_no_other() -> None:
    first, second, third = ([entry(content=bytes([n]) * 9000)] for n in range(3))
    torn = bytearray(packed(second))
    torn[5000] ^= 1
    assert [*unpacked(packed(first) + torn + packed(third))] == first + third
    assert [*unpacked(packed(first) + packed(second)[:8000])] == first


def test_what_is_left_behind_newer_batches_is_found_or_passed_over() -> None:
    old = packed([entry(content=b"old" * 5000)]) + packed([entry(content=b"older")])
    new = packed([entry(content=b"new")])
    assert [*unpacked(new + old[len(new) :])] == [entry(content=b"new"), entry(content=b"older")]


def test_nonsense_has_no_entries() -> None:
    chance = random.Random(1)
    for length in (0, 1, 15, 4096, 50_000):
        assert [*unpacked(chance.randbytes(length))] == []
        assert [*unpacked(packed([])[:16] + chance.randbytes(length))] == []


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
    first = journal(tmp_path, packed([entry(content=b"one")]) + packed([entry(offset=43)]))
    second = journal(tmp_path, packed([entry(offset=50, content=b"two")]), number=1)
    others = journal(tmp_path, packed([entry(offset=53, content=b"three")]), place="1")
    recover(tmp_path, "0")
    assert log.read_bytes()[40:] == b"onecontenttwo"
    assert not first.exists()
    assert not second.exists()
    assert others.exists(), "it is another process's"
    recover(tmp_path)
    assert log.read_bytes()[40:] == b"onecontenttwothree"
    assert not others.exists()
    recover(tmp_path)
