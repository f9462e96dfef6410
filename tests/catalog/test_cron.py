"""Cron expressions in Cloudflare's dialect."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from holdfast.catalog.cron import Cron, InvalidCron


def runs(text: str, start: str, count: int = 3) -> list[str]:
    """The first times after the start, as `YYYY-MM-DD HH:MM`."""
    cron, moment, found = Cron(text), datetime.fromisoformat(start).replace(tzinfo=UTC), []
    for _ in range(count):
        moment = cron.next_after(moment)
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/30 * * * *", ["2026-01-01 00:30", "2026-01-01 01:00", "2026-01-01 01:30"]),
        ("45 17 * * *", ["2026-01-01 17:45", "2026-01-02 17:45", "2026-01-03 17:45"]),
        # 2026-01-01 is a Thursday: the week's days go from 1, Sunday.
        ("0 17 * * 1", ["2026-01-04 17:00", "2026-01-11 17:00", "2026-01-18 17:00"]),
        ("0 17 * * sun", ["2026-01-04 17:00", "2026-01-11 17:00", "2026-01-18 17:00"]),
        ("0 7 * * 2-6", ["2026-01-01 07:00", "2026-01-02 07:00", "2026-01-05 07:00"]),
        ("0 15 1 * *", ["2026-01-01 15:00", "2026-02-01 15:00", "2026-03-01 15:00"]),
        ("59 23 LW * *", ["2026-01-30 23:59", "2026-02-27 23:59", "2026-03-31 23:59"]),
        ("0 18 * * 6L", ["2026-01-30 18:00", "2026-02-27 18:00", "2026-03-27 18:00"]),
        ("0 0 * * 2#1", ["2026-01-05 00:00", "2026-02-02 00:00", "2026-03-02 00:00"]),
        ("0 0 15W * *", ["2026-01-15 00:00", "2026-02-16 00:00", "2026-03-16 00:00"]),
        ("0 0 1W 8 *", ["2026-08-03 00:00", "2027-08-02 00:00", "2028-08-01 00:00"]),
        ("0 0 1,15W 2 *", ["2026-02-01 00:00", "2026-02-16 00:00", "2027-02-01 00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
    ],
)
def test_an_expression_comes_when_the_documentation_says(text: str, expected: list[str]) -> None:
    assert runs(text, "2026-01-01 00:00") == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 32 * *", "* * * 13 *"),
        *("* * * * 0", "* * * * 8", "*/0 * * * *", "a * * * *", "0 0 30 2 *", "0 0 32W * *"),
        *("0 0 1-3,15W * *", "@daily", "5-1 * * * *"),
    ],
)
def test_what_is_no_expression_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidCron) as raised:
        Cron(text)
    assert str(raised.value).startswith(f'"{text}" is no cron expression: ')


def test_times_only_go_on() -> None:
    times = runs("7 3 * * *", "2026-01-01 03:07", 40)
    assert all(a < b for a, b in pairwise(times))
