"""`holdfast d1 time-travel …`: a D1 database as it was.

https://developers.cloudflare.com/d1/reference/time-travel/
"""

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from holdfast.cli.console import complain
from holdfast.cli.d1 import Target, with_target


def info(options: argparse.Namespace) -> int:
    """Print the bookmark of now, or of a time."""

    def do(target: Target, _: Any) -> str:
        bookmark = target.bookmark(_moment(options.timestamp))
        if options.json:
            return json.dumps({"bookmark": bookmark}, indent=2)
        if options.timestamp is None:
            told = f"The current bookmark is {bookmark}."
        else:
            told = f"The bookmark of {options.timestamp} is {bookmark}."
        where = " --remote" if options.remote else ""
        command = f"holdfast d1 time-travel restore {options.name}{where} --bookmark {bookmark}"
        return f"{told} To go back to it:\n{command}"

    return with_target(options, do)


def restore(options: argparse.Namespace) -> int:
    """Take a database back to a bookmark, or to a time."""
    if (options.bookmark is None) == (options.timestamp is None):
        return complain("say when to go back to: either by --bookmark or by --timestamp")

    def do(target: Target, _: Any) -> str:
        bookmark = options.bookmark
        if bookmark is None:
            bookmark = target.bookmark(_moment(options.timestamp))
        restored = target.restore(bookmark)
        if options.json:
            return json.dumps(restored, indent=2)
        return (
            f"{options.name} is as it was at {bookmark}. To undo that, go back to "
            f"{restored['previous_bookmark']}."
        )

    return with_target(options, do)


def _moment(timestamp: str | None) -> datetime | None:
    """The time that is meant by seconds or milliseconds since 1970, or by RFC 3339.

    Raises ValueError.
    """
    if timestamp is None:
        return None
    try:
        if timestamp.isdecimal():
            seconds = int(timestamp) if len(timestamp) <= 10 else int(timestamp) / 1000
            return datetime.fromtimestamp(seconds, UTC)
        moment = datetime.fromisoformat(timestamp)
        if moment.tzinfo is None:
            raise ValueError("it does not say of which time zone it is")
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(
            f"--timestamp {timestamp!r} is neither seconds since 1970 nor a time such as "
            f"2026-01-31T12:00:00Z: {error}"
        ) from error
    return moment
