"""From options to settings."""

import argparse
from pathlib import Path

from holdfast.engine import Limits
from holdfast.engine.limits import MEBIBYTE
from holdfast.server.settings import Settings


def settings_from(options: argparse.Namespace) -> Settings:
    """The settings that the options of `dev`, `run` or `serve` give."""
    return Settings(
        data=options.data,
        limits=Limits(memory_bytes=options.memory_mb * MEBIBYTE, turn_cpu_ms=options.cpu_ms),
        idle_seconds=options.idle_seconds,
        hang_seconds=options.hang_seconds,
        allow_private_egress=options.allow_private_egress,
    )


def named_values(entries: list[str], option: str) -> list[tuple[str, str]]:
    """The pairs of NAME=VALUE options. Raises ValueError for one without a name or an `=`."""
    pairs = []
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not name or not equals:
            raise ValueError(f"{option} takes NAME=VALUE, not {entry!r}")
        pairs.append((name, value))
    return pairs


def script_name(path: Path, given: str | None) -> str:
    """The name that was given, or the file's made fit to be a host name's label."""
    if given:
        return given
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in path.stem)
    return stem.lower().strip("-") or "worker"
