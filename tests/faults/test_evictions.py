"""Objects that leave memory under load and come back: no increment is lost or made twice."""

from pathlib import Path

import pytest

from tests.faults.counting import COUNTER, Load, Tally
from tests.faults.site import Site

pytestmark = pytest.mark.slow


async def test_counts_are_exact_while_objects_come_and_go(tmp_path: Path) -> None:
    paths = [f"/{n}" for n in range(150)]
    tally = Tally()
    async with Site(tmp_path, "--idle-seconds", "0.05") as site:
        assert await site.deploy("counter", COUNTER, "Counted") == 200
        for _ in range(3):
            load = Load(site, tally, paths)
            await load.until_answered(1200)
            await load.stop()
            await site.until_evicted()
        assert not tally.refused
        for path in paths:
            value = int(await site.get("counter", path))
            assert value == tally.sent[path] == len(tally.answered[path])
            assert sorted(tally.answered[path]) == [*range(1, value + 1)]
        assert "rror" not in site.log
