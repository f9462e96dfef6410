"""What the supervisor does where shards end as they should not."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.server import supervised

pytestmark = pytest.mark.slow


class Supervised:
    """`supervised.py`, running; killed at the end of a `with` block if it still does."""

    def __init__(self, folder: Path, behaviour: Callable[..., int]) -> None:
        self.folder = folder
        (folder / "data").mkdir()
        self._log = folder / "log"
        with self._log.open("wb") as log:
            command = [sys.executable, supervised.__file__, behaviour.__name__]
            self.process = subprocess.Popen(command, cwd=folder, stderr=log)

    def __enter__(self) -> "Supervised":
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()

    def wait_for(self, has_happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not has_happened():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.005)

    def log(self) -> str:
        return self._log.read_text()

    def starts(self) -> int:
        starts = self.folder / "starts"
        return starts.stat().st_size if starts.exists() else 0

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def test_a_shard_may_end_without_hearing_that_it_is_to_end(tmp_path: Path) -> None:
    with Supervised(tmp_path, supervised.ends_unheard) as running:
        running.wait_for(lambda: (tmp_path / "data/shards/0.sock.lock").exists())
        assert running.stop() == 3, running.log()
        assert "Traceback" not in running.log()


def test_the_first_shard_is_started_again_that_is_killed_before_it_is_ready(tmp_path: Path) -> None:
    with Supervised(tmp_path, supervised.is_killed_once) as running:
        running.wait_for(lambda: running.starts() == 2)
        assert running.stop() == 0, running.log()
        assert "shard 0 ended by signal 9: it is started again in 0.1 s" in running.log()


def test_a_first_shard_that_never_comes_up_ends_the_server(tmp_path: Path) -> None:
    with Supervised(tmp_path, supervised.is_killed) as running:
        assert running.process.wait(PATIENCE_S) == os.EX_SOFTWARE
        assert running.starts() == 5
        assert "the first shard has ended by signal 9 5 times" in running.log()


def test_a_stuck_shard_is_told_of_once(tmp_path: Path) -> None:
    with Supervised(tmp_path, supervised.is_stuck_once) as running:
        running.wait_for(lambda: running.starts() == 2)
        running.wait_for(lambda: "started again" in running.log())
        assert running.log().count("is stuck") == 1


def test_a_shard_ends_when_its_supervisor_was_killed(tmp_path: Path) -> None:
    with Supervised(tmp_path, supervised.attends) as running:
        running.wait_for((tmp_path / "ready").exists)
        running.process.kill()
        running.wait_for(lambda: _is_free(tmp_path / "data/shards/0.sock.lock"))


def _is_free(place: Path) -> bool:
    with place.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
