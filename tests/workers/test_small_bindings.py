"""Rate limits and datasets of Analytics Engine as scripts see them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.catalog.bindings import Analytics, RateLimit
from holdfast.host.rate_limits import MAX_KEYS, RateLimits
from tests.inprocess import Server

SCRIPT = """
export default {
  async fetch(request, env) {
    const [binding, method, ...args] = await request.json();
    try {
      return Response.json(await env[binding][method](...args) ?? null);
    } catch (error) {
      return Response.json(`${error.name}: ${error.message}`);
    }
  },
};
"""


class StillClock:
    """Shows the same time until it is moved."""

    ms = 1_000_000_000.0

    def now_ms(self) -> float:
        return self.ms

    def monotonic_ms(self) -> float:
        return self.ms


class Bound:
    def __init__(self, server: Server, clock: StillClock) -> None:
        self.server, self.clock = server, clock

    async def call(self, binding: str, method: str, *arguments: Any) -> Any:
        data = json.dumps([binding, method, *arguments])
        return json.loads(await self.server.text("/", method="POST", data=data))

    async def limit(self, binding: str, **options: Any) -> bool:
        success: bool = (await self.call(binding, "limit", options))["success"]
        return success


@pytest.fixture
async def bound(tmp_path: Path) -> AsyncIterator[Bound]:
    clock = StillClock()
    bindings = (
        RateLimit("TWO", "1", 2, 10),
        RateLimit("SAME", "1", 2, 10),
        RateLimit("OTHER", "2", 1, 60),
        Analytics("DATA", "data"),
    )
    async with Server(tmp_path, clock=clock) as server:
        server.add("main", SCRIPT, bindings=bindings)
        yield Bound(server, clock)


async def test_a_key_is_limited_until_the_next_period_begins(bound: Bound) -> None:
    assert [await bound.limit("TWO", key="a") for _ in range(4)] == [True, True, False, False]
    assert await bound.limit("TWO", key="b")
    bound.clock.ms += 9_999
    assert not await bound.limit("TWO", key="a")
    bound.clock.ms += 1
    assert [await bound.limit("TWO", key="a") for _ in range(3)] == [True, True, False]


async def test_bindings_of_one_namespace_count_together(bound: Bound) -> None:
    assert [await bound.limit(name, key="a") for name in ("TWO", "SAME")] == [True, True]
    assert not await bound.limit("TWO", key="a")
    assert await bound.limit("OTHER", key="a")
    assert not await bound.limit("OTHER", key="a")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (None, "invalid rate limit options"),
        ({"key": 1}, "invalid key: 1"),
        ({"key": "a", "of": 1, "at": 2}, "bad rate limit options: [of,at]"),
        ({"limit": "1"}, "limit must be a number: 1"),
        ({"period": "10"}, "period must be a number: 10"),
        ({"period": 11}, "unsupported period: 11"),
    ],
)
async def test_wrong_options_of_a_limit_are_named(bound: Bound, options: Any, told: str) -> None:
    assert await bound.call("TWO", "limit", options) == f"Error: {told}"


def test_keys_without_end_take_no_memory_without_end() -> None:
    limits = RateLimits(StillClock().now_ms)
    assert all(limits.take("1", str(number), 1, 60) for number in range(MAX_KEYS + 1))
    assert limits.take("1", "0", 1, 60), "the first one is forgotten"
    assert not limits.take("1", str(MAX_KEYS), 1, 60)


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ({"indexes": ["a"], "blobs": ["b", None], "doubles": [1.5]}, None),
        ({}, None),
        ({"indexes": ["a", "b"]}, "Maximum of 1 indexes supported."),
        ({"indexes": ["é" * 49]}, "Size of indexes[0] exceeds 96 bytes)."),
        ({"blobs": ["b"] * 21}, "Maximum of 20 blobs supported."),
        ({"blobs": ["b" * 8_001] * 2}, "Cumulative size of blobs exceeds 16000 bytes)."),
        ({"doubles": [0] * 21}, "Maximum of 20 doubles supported."),
    ],
)
async def test_data_points_are_checked(bound: Bound, point: Any, told: str | None) -> None:
    error = told and f"TypeError: writeDataPoint(): {told}"
    assert await bound.call("DATA", "writeDataPoint", point) == error
