"""What every test shares: the settings of Hypothesis and the check for leaked threads."""

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from tests.patience import PATIENCE_S

# Machines that run the tests are noisy: a slow example is no failure.
settings.register_profile("holdfast", deadline=None, print_blob=True)
settings.load_profile("holdfast")

BLOCKS = None
if STRESS := os.environ.get("HOLDFAST_STRESS"):
    from tests import stress

    BLOCKS = stress.install(STRESS)


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fails a test that leaves a thread behind; daemons are free to stay."""
    before = set(threading.enumerate())
    yield
    started = [t for t in threading.enumerate() if t not in before and not t.daemon]
    for thread in started:
        thread.join(PATIENCE_S)
    leaked = [thread.name for thread in started if thread.is_alive()]
    assert not leaked, f"threads left running by the test: {leaked}"


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory, where there is one: for many files that need not survive anything."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


if BLOCKS:

    @pytest.fixture(autouse=True)
    def no_leaked_blocks(no_leaked_threads: None) -> Iterator[None]:
        """Fails a test whose isolates kept memory when they were freed."""
        yield
        gc.collect()
        leaked = BLOCKS.take_leaks()
        assert not leaked, f"blocks that runtimes did not give back: {leaked}"
