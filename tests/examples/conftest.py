"""Fixtures: a platform of one's own, or one script served from its file."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serving import HoldfastProcess, Platform, free_ports


@pytest.fixture(scope="session", autouse=True)
def needs_curl() -> None:
    assert shutil.which("curl"), "these tests speak to Holdfast with curl: apt-get install curl"


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform of the test's own, without scripts."""
    started = Platform(tmp_path)
    yield started
    started.process.kill()


@pytest.fixture
def run_script(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """Serves a script with `holdfast run`; returns the Worker's origin."""
    processes: list[HoldfastProcess] = []

    def run(script: Path) -> str:
        (port,) = free_ports(1)
        arguments = ["run", str(script), "--port", str(port), "--host", "127.0.0.1"]
        arguments += ["--data", str(tmp_path / "data")]
        processes.append(HoldfastProcess(arguments, [port], tmp_path))
        return f"http://127.0.0.1:{port}"

    yield run
    for process in processes:
        process.kill()
