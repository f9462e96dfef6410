"""Fixtures of other scopes."""

from holdfast.testing import holdfast_fixture
from tests.testing.conftest import COUNTER

of_module = holdfast_fixture("module")
of_session = holdfast_fixture("session")


def test_what_one_test_stores(of_module, of_session):
    for harness in (of_module, of_session):
        assert harness.worker(COUNTER, name="shared").fetch("/").text() == "GET  1"


def test_the_next_one_finds(of_module, of_session):
    for harness in (of_module, of_session):
        assert harness.workers["shared"].fetch("/").text() == "GET  2"
