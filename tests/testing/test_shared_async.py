"""A harness of async tests that a fixture shares among them."""

import pytest
import pytest_asyncio

from holdfast.testing import AsyncHarness, Harness
from tests.testing.conftest import COUNTER

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared():
    async with AsyncHarness() as harness:
        yield harness


@pytest.fixture(scope="module")
def of_plain_code():
    with Harness() as harness:
        harness.worker(COUNTER, name="plain")
        yield harness


async def test_what_one_test_stores(shared):
    assert (await shared.worker(COUNTER, name="s").fetch("/")).text() == "GET  1"


async def test_the_next_one_finds(shared, of_plain_code):
    assert (await shared.workers["s"].fetch("/")).text() == "GET  2"
    assert of_plain_code.workers["plain"].logs == []
