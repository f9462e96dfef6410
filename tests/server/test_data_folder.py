"""One process at a time writes below a data folder."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.server.check import check_folder
from holdfast.server.data_folder import LOCK_FILE, OBJECTS, DataFolder, FolderInUse


def test_the_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "a" / "b") as folder:
        assert folder.path.is_dir()


def test_a_second_claim_names_the_holder(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path),
        pytest.raises(FolderInUse, match=rf"another Holdfast uses it \(process {os.getpid()}\)"),
    ):
        DataFolder(tmp_path)


def test_a_closed_claim_is_free_again(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    first.close()
    first.close()
    DataFolder(tmp_path).close()


def test_a_file_that_a_crash_left_behind_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text("99999999\n")
    with DataFolder(tmp_path):
        assert (tmp_path / LOCK_FILE).read_text() == f"{os.getpid()}\n"


def test_damaged_lists_of_alarms_are_seen_to_before_anybody_reads_them(tmp_path: Path) -> None:
    namespace = tmp_path / OBJECTS / "key"
    namespace.mkdir(parents=True)
    (namespace / "metadata.sqlite").write_bytes(b"nonsense" * 1000)
    DataFolder(tmp_path).close()
    assert [path.name for path in namespace.iterdir()] == ["metadata.damaged"]


def test_files_that_something_has_emptied_are_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    object_id = "0" * 64
    emptied = ["kv.sqlite", "queues.sqlite", "r2/buckets.sqlite"]
    for name in [*emptied, f"{OBJECTS}/key/{object_id}.sqlite"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    DataFolder(tmp_path).close()
    assert [f"{tmp_path / name} is empty" in caplog.text for name in emptied] == [True] * 3
    found = {finding.file: str(finding.problems) for finding in check_folder(tmp_path)}
    assert len(found) == 4
    assert all("it is empty: what it held was lost" in problems for problems in found.values())


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP])
def test_a_file_system_without_locks_is_used_without_one(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(file: object, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    DataFolder(tmp_path).close()


def test_a_medium_that_nobody_can_write_needs_no_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, mode: str, **_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "open", refuse)
    DataFolder(tmp_path).close()


def test_a_disk_without_room_for_a_number_can_be_claimed(tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from holdfast.server.data_folder import DataFolder\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "with DataFolder(Path(sys.argv[1])): pass\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True)


def test_a_folder_that_is_a_file_is_an_os_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(OSError, match="file"):
        DataFolder(path)
