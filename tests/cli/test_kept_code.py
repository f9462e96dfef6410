"""Starts of a large script: what one keeps, the next reads, as its operator sees it."""

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from holdfast.engine.cache import cache_directory
from tests.cli.running import Running, environment, get
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.slow

# Larger than what is compiled at each start.
LARGE = "\n".join(f"export const f{n} = (a) => [a, 'function {n}'];" for n in range(4_000)) + (
    "export default { fetch: () => new Response(f7(new Error('x').stack.split('\\n')[1]).join()) };"
)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    script = tmp_path / "large.mjs"
    script.write_text(LARGE)
    # What is compiled of Holdfast itself is there already, where other tests have left it.
    cache = tmp_path / "cache"
    cache.mkdir(0o700)
    for pattern in ("bytecode.key", "holdfast_*.py", "polyfills-*"):
        for path in cache_directory().glob(pattern):
            with suppress(FileNotFoundError):  # others may just be tidying up
                shutil.copy2(path, cache)
    return script


def start(script: Path, *arguments: str) -> Running:
    cache = str(script.parent / "cache")
    options = ("--port", "0", "--data", "data", *arguments)
    env = environment(HOLDFAST_CACHE=cache)
    return Running("run", script, *options, folder=script.parent, env=env)


def kept_files(script: Path) -> list[Path]:
    return [*(script.parent / "cache").glob("script-*.qjsc")]


def await_kept(script: Path) -> Path:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := kept_files(script)):
        assert time.monotonic() < deadline, "the code was never kept"
        time.sleep(0.02)
    return found[0]


def read_since(path: Path) -> bool:
    return path.stat().st_mtime > 1


def test_the_next_start_reads_what_one_has_compiled(script: Path) -> None:
    with start(script) as first:
        answer = get(first.ready())
        path = await_kept(script)
        assert first.stop() == 0
    os.utime(path, (1, 1))
    with start(script) as second:
        assert get(second.ready()) == answer
        assert read_since(path)
        assert second.stop() == 0
    assert answer.text == "    at fetch (large.mjs:4000:100),function 7"


def test_a_shard_that_takes_anothers_place_reads_it(script: Path) -> None:
    with start(script, "--workers", "2") as server:
        url = server.ready()
        answer = get(url)
        path = await_kept(script)
        os.utime(path, (1, 1))
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        assert get(url) == answer
        assert read_since(path)
        assert server.stop() == 0


def test_a_process_ends_at_once_while_it_compiles_what_it_keeps(script: Path) -> None:
    script.write_text(LARGE + "\n".join(f"globalThis.g{n} = () => {n};" for n in range(100_000)))
    with start(script) as server:
        get(server.ready())
        lock = script.parent / "cache" / "script.lock"
        deadline = time.monotonic() + PATIENCE_S
        while not lock.exists():
            assert time.monotonic() < deadline, "it never began to compile"
            time.sleep(0.01)
        assert server.stop() == 0
    assert server.err == []
