"""The load: wrk, on one thread, keeping a fixed number of connections busy."""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.base import Unavailable
from benchmarks.rows import Row

# A busy disk makes some requests slow; slow is a figure, not a failure.
TIMEOUT_S = 60

JSON_ITEM = (
    '{"id": %d, "name": "somebody", "email": "somebody@example.com", "active": true, '
    '"score": 12.5, "tags": ["one", "two"], "address": {"city": "Berlin", "zip": "10115"}}'
)

_LUA = Path(__file__).parent / "scripts" / "load.lua"


class LoadFailed(Exception):
    """Requests were refused, failed or timed out: the figures would mean nothing."""


@dataclass(frozen=True)
class Run:
    """What one run of the load saw."""

    requests: int
    requests_per_s: float
    p50_ms: float
    p99_ms: float


def wrk() -> str:
    """The path of wrk. Raises Unavailable."""
    found = shutil.which("wrk")
    if not found:
        raise Unavailable(
            "wrk makes the load and is missing. On Debian or Ubuntu: apt-get install wrk"
        )
    return found


def wrk_version() -> str:
    """Such as `4.1.0`."""
    # It prints its version beside its usage, with an exit code that says nothing.
    shown = subprocess.run([wrk(), "--version"], capture_output=True, text=True, check=False)
    return (shown.stdout + shown.stderr).split()[1].split("-")[0].removeprefix("debian/")


def run_load(origin: str, row: Row, *, seconds: int, connections: int) -> Run:
    """Ask for the row's path as fast as the server answers. Blocks for `seconds`.

    Raises Unavailable without wrk, and LoadFailed when any request did not succeed.
    """
    command = [wrk(), "--threads", "1", "--connections", str(row.connections or connections)]
    command += ["--duration", f"{seconds}s", "--timeout", f"{TIMEOUT_S}s"]
    with tempfile.NamedTemporaryFile(prefix="bench-body-") as body:
        body.write(request_body(row))
        body.flush()
        printed = subprocess.run(
            [*command, "--script", str(_LUA), origin + row.path],
            env=os.environ | {"OBJECTS": str(row.objects), "BODY": body.name},
            capture_output=True,
            text=True,
            check=False,
        )
    if printed.returncode:
        raise LoadFailed(f"wrk ended with code {printed.returncode}: {printed.stderr.strip()}")
    return parse_result(printed.stdout)


def request_body(row: Row) -> bytes:
    """What each request of a row carries, of exactly the row's size; empty for most."""
    size = row.megabytes * 1_000_000
    return json_body(size) if row.body == "json" else bytes(size)


def json_body(size: int) -> bytes:
    """A list of people in JSON, of exactly this size."""
    first = 1_000_000  # so that all are of one length
    count = (size - 1) // (len(JSON_ITEM % first) + 1)
    text = f"[{','.join(JSON_ITEM % number for number in range(first, first + count))}]"
    return text.encode().ljust(size)


def parse_result(printed: str) -> Run:
    """The run that `scripts/load.lua` tells of in wrk's last line. Raises LoadFailed."""
    told = json.loads(printed.splitlines()[-1])
    if told["errors"] or not told["requests"]:
        raise LoadFailed(f"{told['errors']} of {told['requests']} requests failed:\n{printed}")
    return Run(
        requests=told["requests"],
        requests_per_s=told["requests"] / (told["duration_us"] / 1e6),
        p50_ms=told["p50_us"] / 1000,
        p99_ms=told["p99_us"] / 1000,
    )
