"""Files of bytecode: only what was written here is read, and nothing that goes wrong is an error."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.engine.cache import DRAFT_PREFIX, lasting_directory
from holdfast.engine.kept_files import DRAFT_SECONDS, KEY_FILE, KeptFiles

CONTENT = b"bytecode" * 100


@pytest.fixture
def files(tmp_path: Path) -> KeptFiles:
    files = KeptFiles(tmp_path, "script", most_bytes=4096)
    files.write("one", CONTENT)
    return files


def path_of(files: KeptFiles, name: str = "one") -> Path:
    return files.folder / f"script-{name}.qjsc"


def read(files: KeptFiles, name: str = "one") -> bytes | None:
    kept = files.read(name)
    return None if kept is None else bytes(kept)


def test_what_was_written_is_read_by_the_next_process_too(files: KeptFiles) -> None:
    assert read(files) == CONTENT
    assert read(KeptFiles(files.folder, "script", most_bytes=4096)) == CONTENT


def test_what_was_never_written_is_not_there(files: KeptFiles) -> None:
    assert read(files, "two") is None
    assert read(KeptFiles(files.folder, "other", most_bytes=4096)) is None


def test_nobody_else_may_read_or_write_a_file_or_the_key(files: KeptFiles) -> None:
    for path in (path_of(files), files.folder / KEY_FILE):
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("position", [0, 31, 32, 500, -1])
def test_a_file_with_a_changed_byte_is_not_read_and_can_be_written_anew(
    files: KeptFiles, position: int
) -> None:
    damaged = bytearray(path_of(files).read_bytes())
    damaged[position] ^= 1
    path_of(files).write_bytes(damaged)
    assert read(files) is None
    files.write("one", CONTENT)
    assert read(files) == CONTENT


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 831])
def test_a_file_that_was_cut_short_is_not_read(files: KeptFiles, length: int) -> None:
    path_of(files).write_bytes(path_of(files).read_bytes()[:length])
    assert read(files) is None


def test_a_file_to_which_something_was_added_is_not_read(files: KeptFiles) -> None:
    with path_of(files).open("ab") as file:
        file.write(b"\0")
    assert read(files) is None


def test_a_file_under_another_name_is_not_read(files: KeptFiles) -> None:
    path_of(files).rename(path_of(files, "two"))
    assert read(files, "two") is None


def test_a_file_of_another_folder_is_not_read(files: KeptFiles, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = KeptFiles(elsewhere, "script", most_bytes=4096)
    other.write("one", b"hostile")
    path_of(files).write_bytes(path_of(other).read_bytes())
    assert read(files) is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_read(files: KeptFiles, mode: int) -> None:
    path_of(files).chmod(mode)
    assert read(files) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_used_no_more(files: KeptFiles, mode: int) -> None:
    key = files.folder / KEY_FILE
    known = key.read_bytes()
    key.chmod(mode)
    assert read(files) is None
    files.write("one", CONTENT)
    assert read(files) == CONTENT
    assert key.read_bytes() != known


@pytest.mark.parametrize("key", [b"", b"short", bytes(33)])
def test_a_key_of_the_wrong_length_is_replaced(files: KeptFiles, key: bytes) -> None:
    (files.folder / KEY_FILE).write_bytes(key)
    assert read(files) is None
    files.write("one", CONTENT)
    assert read(files) == CONTENT


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away takes root")
def test_a_file_or_a_key_of_another_user_is_not_read(files: KeptFiles) -> None:
    for path in (path_of(files), files.folder / KEY_FILE):
        os.chown(path, 12345, 12345)
        assert read(files) is None
        os.chown(path, 0, 0)
        assert read(files) == CONTENT


def test_what_is_no_plain_file_is_neither_read_nor_waited_for(files: KeptFiles) -> None:
    moved = files.folder / "moved"
    path_of(files).rename(moved)
    path_of(files).symlink_to(moved)
    assert read(files) is None
    path_of(files).unlink()
    os.mkfifo(path_of(files))
    assert read(files) is None
    path_of(files).unlink()
    path_of(files).mkdir()
    assert read(files) is None
    files.write("one", CONTENT)  # a folder cannot be replaced by a file
    assert read(files) is None
    assert not [*files.folder.glob(f"{DRAFT_PREFIX}*")]


def test_a_folder_that_is_gone_or_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path / "gone", Path("/proc/self")):
        files = KeptFiles(folder, "script", most_bytes=4096)
        with files.alone():
            files.write("one", CONTENT)
        assert read(files) is None


def test_a_full_disk_keeps_nothing_and_leaves_nothing_behind(files: KeptFiles) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        files.write("two", bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert read(files, "two") is None
    assert read(files) == CONTENT
    assert not [*files.folder.glob(f"{DRAFT_PREFIX}*")]


def test_what_was_used_longest_ago_goes_first(files: KeptFiles) -> None:
    files.write("two", bytes(1000))
    files.write("three", bytes(1000))
    for name, used in (("one", 1), ("two", 2), ("three", 3)):
        os.utime(path_of(files, name), (used, used))
    assert read(files) == CONTENT  # which is a use
    files.write("four", bytes(2500))
    there = [name for name in ("one", "two", "three", "four") if read(files, name) is not None]
    assert there == ["one", "four"]


def test_what_is_larger_than_all_that_may_be_kept_throws_out_nothing(files: KeptFiles) -> None:
    files.write("two", bytes(4097))
    assert read(files, "two") is None
    assert read(files) == CONTENT


def test_drafts_of_processes_that_died_are_removed(files: KeptFiles) -> None:
    old, new = (files.folder / f"{DRAFT_PREFIX}{name}" for name in ("old", "new"))
    old.write_bytes(b"")
    new.write_bytes(b"")
    long_ago = new.stat().st_mtime - DRAFT_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    files.write("two", b"")
    assert not old.exists()
    assert new.exists()


WRITER = """
import sys
from pathlib import Path
from holdfast.engine.kept_files import KeptFiles
files = KeptFiles(Path(sys.argv[1]), "script", most_bytes=1 << 24)
for turn in range(100):
    for name in ("one", "two"):
        if (kept := files.read(name)) is not None:
            assert bytes(kept) == name.encode() * 50_000, "a piece of a file was read"
        files.write(name, name.encode() * 50_000)
"""


@pytest.mark.slow
def test_processes_that_write_the_same_at_once_leave_it_whole(tmp_path: Path) -> None:
    command = (sys.executable, "-c", WRITER, tmp_path)
    writers = [subprocess.Popen(command) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    files = KeptFiles(tmp_path, "script", most_bytes=1 << 24)
    assert read(files, "one") == b"one" * 50_000
    assert read(files, "two") == b"two" * 50_000
    assert not [*tmp_path.glob(f"{DRAFT_PREFIX}*")]


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_cache_directory_that_others_may_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path))
    assert lasting_directory.__wrapped__() == tmp_path
    tmp_path.chmod(mode)
    assert lasting_directory.__wrapped__() is None


def test_there_is_no_lasting_directory_where_none_can_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOLDFAST_CACHE", "/proc/holdfast")
    assert lasting_directory.__wrapped__() is None


def test_a_file_can_be_read_later_whatever_becomes_of_it(files: KeptFiles) -> None:
    read_later = files.read_later("one")
    assert read_later is not None
    path_of(files).unlink()
    assert bytes(read_later() or b"") == CONTENT
    assert files.read_later("one") is None


def test_a_file_takes_one_descriptor_however_often_it_is_to_be_read(files: KeptFiles) -> None:
    laters = [files.read_later("one")]
    descriptors = len([*Path("/dev/fd").iterdir()])
    laters += [files.read_later("one") for _ in range(10)]
    assert len([*Path("/dev/fd").iterdir()]) == descriptors
    assert {bytes(later() or b"") for later in laters if later} == {CONTENT}


def test_a_file_that_is_read_later_has_to_be_what_was_written(files: KeptFiles) -> None:
    damaged = bytearray(path_of(files).read_bytes())
    damaged[-1] ^= 1
    path_of(files).write_bytes(damaged)
    read_later = files.read_later("one")
    assert read_later is not None and read_later() is None
    path_of(files).write_bytes(b"")
    assert files.read_later("one") is None
