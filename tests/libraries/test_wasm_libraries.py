"""Libraries from npm that are WebAssembly, in Workers that use them as they do on Cloudflare.

A Worker in `wasm/` checks for itself and answers "ok", each time.
"""

from pathlib import Path

import pytest

from holdfast.engine import Limits
from tests.inprocess import Server
from tests.libraries.installed import HERE, bundled_with_wasm

pytestmark = pytest.mark.slow

WORKERS = sorted(path.stem for path in (HERE / "wasm").glob("*.mjs"))


@pytest.mark.parametrize("name", WORKERS)
async def test_a_library_does_its_work(tmp_path: Path, name: str) -> None:
    source, modules = bundled_with_wasm(name, tmp_path / "bundle")
    async with Server(tmp_path / "data", limits=Limits(turn_cpu_ms=10_000)) as server:
        server.add("main", source, modules=modules)
        assert [await server.text() for _ in range(3)] == ["ok", "ok", "ok"]
