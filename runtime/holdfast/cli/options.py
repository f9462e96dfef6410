"""Values of options that several commands take."""

import argparse
from pathlib import Path

from holdfast.catalog.errors import UploadRejected
from holdfast.catalog.flags import mistake_in
from holdfast.catalog.script import MAX_SCRIPT_NAME_LENGTH, check_script_name


def named_values(
    entries: list[str], option: str, form: str = "NAME=VALUE"
) -> list[tuple[str, str]]:
    """The pairs of NAME=VALUE options. Raises ValueError for one without a name or an `=`."""
    pairs = []
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not name or not equals:
            raise ValueError(f"{option} takes {form}, not {entry!r}")
        pairs.append((name, value))
    return pairs


def compatibility_flags(options: argparse.Namespace) -> tuple[str, ...]:
    """The flags of --compatibility-flag. Raises ValueError for one that is none."""
    flags = tuple(options.compatibility_flag)
    if mistake := mistake_in(flags):
        raise ValueError(f"--compatibility-flag: {mistake}")
    return flags


def script_name(path: Path, given: str | None) -> str:
    """The name that was given, or the file's made fit to be a host name's label.

    Raises ValueError for a given name that is none.
    """
    if given is not None:
        try:
            check_script_name(given)
        except UploadRejected as error:
            raise ValueError(f"--name: {error}") from error
        return given
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in path.stem)
    return stem.lower().strip("-")[:MAX_SCRIPT_NAME_LENGTH] or "worker"
