"""Scripts whose code an earlier start has kept: a reload, an eviction, another server."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.engine import KeptCode
from holdfast.engine.kept_files import KeptFiles
from holdfast.host.platform import Platform
from tests.inprocess import Server

MAIN = """
import { DurableObject } from "cloudflare:workers";
import { large } from "./large.js";
import greeting from "./greeting.txt";
export class Counter extends DurableObject {
  async add() {
    const count = ((await this.ctx.storage.get("count")) ?? 0) + 1;
    await this.ctx.storage.put("count", count);
    return count;
  }
}
export default {
  async fetch(request, env) {
    const { add } = await import("./later.js");
    return new Response(`${greeting} ${large()} ${await add(env)}`);
  },
};
"""
MODULES = {
    "large.js": "export const large = () => new Error().stack.split('\\n')[1].trim();",
    "greeting.txt": "hello",
    "later.js": "export const add = (env) => env.Counter.get(env.Counter.idFromName('a')).add();",
}
CLASSIC = """
addEventListener("fetch", (event) => event.respondWith(new Response("classic")));
"""


@pytest.fixture
def kept(tmp_path: Path) -> KeptCode:
    files = KeptFiles(tmp_path, "script", most_bytes=1 << 24)
    return KeptCode(files, least_bytes=0, delay_seconds=0)


@pytest.fixture
async def server(tmp_path: Path, kept: KeptCode) -> AsyncIterator[Server]:
    platform = Platform()
    platform.kept = kept
    async with Server(tmp_path / "data", platform=platform) as server:
        yield server


def age(folder: Path) -> list[Path]:
    """Make all that is kept look as though it had not been used for long; what there is."""
    paths = [*folder.glob("script-*.qjsc")]
    for path in paths:
        os.utime(path, (1, 1))
    return paths


def used(paths: list[Path]) -> int:
    """How many of them were read since."""
    return sum(path.stat().st_mtime > 1 for path in paths)


async def test_a_reloaded_script_reads_what_has_not_changed(
    server: Server, kept: KeptCode, tmp_path: Path
) -> None:
    server.add("main", MAIN, modules=MODULES)
    assert await server.text() == "hello at large (large.js:1:32) 1"
    kept.settle()
    aged = age(tmp_path)
    assert len(aged) == 3
    server.add("main", MAIN + "\n", modules=MODULES)
    assert await server.text() == "hello at large (large.js:1:32) 2"
    assert used(aged) == 2
    kept.settle()
    aged = age(tmp_path)
    server.add("main", MAIN, modules=MODULES)
    assert await server.text() == "hello at large (large.js:1:32) 3"
    assert used(aged) == 3


async def test_a_classic_script_is_read_too(server: Server, kept: KeptCode, tmp_path: Path) -> None:
    server.add("main", CLASSIC)
    assert await server.text() == "classic"
    kept.settle()
    aged = age(tmp_path)
    server.add("main", CLASSIC)
    assert await server.text() == "classic"
    assert used(aged) == 1
