"""What type checkers know of the API: a test file as its users write it, checked strictly."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

USERS = """
from typing import assert_type

from holdfast.testing import (
    AsyncHarness, AsyncObject, AsyncSocket, AsyncWorker, Harness, Object, Response, Socket, Stream,
    Worker,
)


def test_sync(holdfast: Harness) -> None:
    worker = holdfast.worker("counter.mjs", env={"LIMIT": 1})
    assert_type(worker, Worker)
    assert_type(worker.fetch("/", method="POST", json={}).text(), str)
    counter = worker.object("Counter", name="A")
    assert_type(counter, Object)
    assert_type(counter.worker, Worker)
    assert_type(counter.fetch("/"), Response)
    assert_type(counter.run_alarm(), bool)
    assert_type(counter.websocket("/"), Socket)
    assert_type(worker.stream("/"), Stream)
    assert_type(worker.stream("/").read(), bytes)
    assert_type(counter.websocket("/").receive(), str | bytes)
    assert_type(holdfast.gather([lambda: worker.fetch("/")]), list[Response])
    assert_type(holdfast.start(lambda: worker.fetch("/")).result(), Response)
    holdfast.clock.advance(1)
    holdfast.settle()
    counter.evict()
    counter.crash()
    assert counter.storage["value"] == 1
    worker.fetch("/", metod="POST")  # type: ignore[call-arg]
    counter.fetch(1)  # type: ignore[arg-type]
    counter.fetch("/").txt  # type: ignore[attr-defined]


async def test_async(aholdfast: AsyncHarness) -> None:
    worker = aholdfast.worker("counter.mjs")
    assert_type(worker, AsyncWorker)
    assert_type(await worker.fetch("/"), Response)
    assert_type(worker.object("Counter", unique=True), AsyncObject)
    assert_type(await worker.websocket("/"), AsyncSocket)
    assert_type(await aholdfast.gather([worker.fetch("/")]), list[Response])
    await aholdfast.clock.advance(1)
    await aholdfast.crash()
    worker.fetch("/").text()  # type: ignore[attr-defined]
"""


@pytest.mark.slow
def test_a_users_file_is_checked_strictly(tmp_path: Path) -> None:
    assert shutil.which("mypy", path=str(Path(sys.executable).parent)), "make install has it"
    (tmp_path / "test_users.py").write_text(USERS)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "test_users.py"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert checked.returncode == 0, checked.stdout
