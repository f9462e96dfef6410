"""Where the shards' sockets lie, and what becomes of the folder."""

import os
import tempfile
from pathlib import Path

import pytest

from holdfast.server.shards.link_folder import PREFIX, link_folder, remove_abandoned


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_short_path_has_it_in_the_data_folder() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as data:
        (Path(data) / "shards").mkdir()
        (Path(data) / "shards" / "0.sock").touch()  # of a server that was killed
        with link_folder(Path(data)) as folder:
            assert folder == Path(data).absolute() / "shards" and [*folder.iterdir()] == []
        assert not folder.exists()


def test_what_a_killed_server_left_among_the_temporary_files_goes_with_the_next_start(
    place: Path,
) -> None:
    abandoned, others = place / f"{PREFIX}abandoned", place / "holdfast-other"
    for folder in (abandoned, others):
        folder.mkdir()
        (folder / "0.sock").touch()
    outside = place / "outside"
    outside.mkdir()
    (place / f"{PREFIX}link").symlink_to(outside)
    with link_folder(place / ("long" * 30)) as folder:
        assert folder.parent == place and folder.stat().st_mode & 0o777 == 0o700
        assert not abandoned.exists() and others.exists() and outside.exists()
        remove_abandoned(place)
        assert folder.exists(), "a server that runs has it"
    assert not folder.exists()


def test_the_folder_is_kept_as_long_as_any_process_of_the_server_lives(place: Path) -> None:
    with link_folder(place / ("long" * 30)) as folder:
        to_end, end = os.pipe()
        child = os.fork()
        if not child:
            os.close(end)
            os.read(to_end, 1)
            os._exit(0)
        os.close(to_end)
        folder.rename(place / f"{PREFIX}kept")  # so that the end of the context does not find it
    remove_abandoned(place)
    assert (place / f"{PREFIX}kept").exists()
    os.close(end)
    os.waitpid(child, 0)
    remove_abandoned(place)
    assert not (place / f"{PREFIX}kept").exists()
