"""A worker process: runs one test after the other, as the lines of its standard input say.

A line in is `{"file", "variant", "scripts", "seconds"}`, a line out the Outcome as JSON. What
a test does to this process, by a crash or a hang, the parent sees.
"""

import asyncio
import dataclasses
import json
import logging
import sys
from pathlib import Path
from urllib.parse import unquote

from holdfast.host.platform import Platform
from tests.wpt.isolate import Outcome, run_test
from tests.wpt.server import REWRITES, Address

HARNESS = "resources/testharness.js"


async def serve(checkout: Path, address: Address) -> None:
    """Answer each line of standard input; end with it."""
    platform = Platform()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(line)
        outcome = await _run(platform, checkout, address, told)
        sys.stdout.write(json.dumps(dataclasses.asdict(outcome)) + "\n")
        sys.stdout.flush()


async def _run(
    platform: Platform, checkout: Path, address: Address, told: dict[str, object]
) -> Outcome:
    file, variant, seconds = str(told["file"]), str(told["variant"]), float(str(told["seconds"]))
    names = [HARNESS, *(resolved(file, str(name)) for name in told["scripts"]), file]  # type: ignore[attr-defined]
    try:
        scripts = [(address.url(name), content_of(checkout / name, address)) for name in names]
    except OSError as error:
        return Outcome("ERROR", f"a script is missing: {error}")
    return await run_test(platform, address.url(file + variant), scripts, seconds)


def resolved(file: str, script: str) -> str:
    """A META script's path in the checkout."""
    script = unquote(script.partition("?")[0])
    path = Path(script[1:]) if script.startswith("/") else Path(file).parent / script
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    name = "/".join(parts)
    return REWRITES.get(name, name)


def content_of(path: Path, address: Address) -> bytes:
    content = path.read_bytes()
    return address.substitute(content) if ".sub." in path.name else content


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    first, second, sockets = map(int, sys.argv[2:])
    asyncio.run(serve(Path(sys.argv[1]), Address((first, second, sockets))))
