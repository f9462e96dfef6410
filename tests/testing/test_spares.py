"""Isolates that are made ahead."""

import threading

import pytest

from holdfast.engine import Limits
from holdfast.testing import Harness
from holdfast.testing.spares import THREAD_NAME, SparePlatform, platform


@pytest.fixture
def spares():
    return SparePlatform()


def test_the_second_of_a_kind_has_the_third_made_ahead(spares):
    limits = Limits()
    made = [spares.prepare(limits, with_node=True)[0]]
    assert spares.spare is None
    made.append(spares.prepare(limits, with_node=True)[0])
    ahead = spares.spare
    assert ahead is not None
    made.append(spares.prepare(limits, with_node=True)[0])
    assert made[-1] is ahead.take()[0]
    other = spares.prepare(limits, with_node=False)[0]
    assert spares.spare is None, "the spare was of another kind, and is let go of"
    for isolate in [*made, other]:
        isolate.close()
        assert isolate.closed


def test_a_spare_that_fails_fails_whoever_takes_it(spares, monkeypatch):
    limits = Limits()
    for _ in range(2):
        spares.prepare(limits, with_node=True)[0].close()
    spares.spare.take()[0].close()
    spares.spare.made, spares.spare.error = None, MemoryError("no room")
    with pytest.raises(MemoryError):
        spares.prepare(limits, with_node=True)


def test_scripts_do_not_see_who_had_the_thread():
    source = """export default { async fetch() {
      const deep = (n) => (n === 0 ? 0 : 1 + deep(n - 1));
      await scheduler.wait(1);
      try { deep(1e9); } catch (error) { return Response.json([deep(500), error.name]); }
    } };"""
    for _ in range(4):
        with Harness() as harness:
            assert harness.worker(source).fetch().json() == [500, "RangeError"]
    assert platform().spare is not None
    assert THREAD_NAME in {thread.name for thread in threading.enumerate()}
