"""Cron expressions in Cloudflare's dialect, on UTC.

https://developers.cloudflare.com/workers/configuration/cron-triggers/#supported-cron-expressions

Five fields. Days of the week go from 1, Sunday, to 7. `L` is the last day, `5L` the month's last
day of that kind, `6#2` its second; `15W` is the weekday nearest to the 15th, `LW` the last one.
The cronsim package knows all of it but the numbers of weekdays and `15W`.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from cronsim import CronSim, CronSimError

from holdfast.catalog.errors import ErrorCode, UploadRejected

_FIELDS = 5
_NUMBER = re.compile(r"\d+")
_NEAREST = re.compile(r"(\d{1,2})W")
_NEAREST_REACH = 2  # days that a weekday can be away
# As many runs as cronsim gives are looked at for one on a weekday that is wanted.
_MAX_CANDIDATES = 10_000


class InvalidCron(ValueError):
    """The text is no cron expression; the message says why."""


class Cron:
    """A cron expression. Raises InvalidCron."""

    def __init__(self, text: str) -> None:
        self.text = text
        fields = text.upper().split()
        if len(fields) != _FIELDS:
            raise self._invalid("it must have five fields")
        self._nearest: frozenset[int] = frozenset()  # days with W
        self._days: frozenset[str] = frozenset(fields[2].split(","))
        fields[2] = self._without_nearest(fields[2])
        fields[4] = ",".join(map(self._weekday, fields[4].split(",")))
        self._expression = " ".join(fields)
        try:
            first = next(self._candidates(datetime(2024, 1, 1, tzinfo=UTC)), None)
        except CronSimError as error:
            raise self._invalid(str(error).lower()) from error
        if first is None:
            raise self._invalid("it never comes")

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after `moment`; None where there is none in the next decades."""
        return next(self._candidates(moment.astimezone(UTC)), None)

    def _candidates(self, moment: datetime) -> Iterator[datetime]:
        for found in islice(CronSim(self._expression, moment), _MAX_CANDIDATES):
            if not self._nearest or self._is_wanted(found.date()):
                yield found

    def _without_nearest(self, field: str) -> str:
        """The days of the month, with all that `15W` may mean in its place."""
        days: list[str] = []
        nearest: set[int] = set()
        for term in field.split(","):
            if (match := _NEAREST.fullmatch(term)) is None:
                days.append(term)
                continue
            day = int(match[1])
            if not 1 <= day <= 31:
                raise self._invalid("bad day-of-month")
            nearest.add(day)
            reach = range(max(day - _NEAREST_REACH, 1), min(day + _NEAREST_REACH, 31) + 1)
            days += map(str, reach)
        self._nearest = frozenset(nearest)
        if nearest and not all(term.isdigit() or _NEAREST.fullmatch(term) for term in self._days):
            raise self._invalid("days with W can be listed with single days only")
        return ",".join(days)

    def _is_wanted(self, day: date) -> bool:
        if str(day.day) in self._days:
            return True
        return any(_nearest_weekday(day, wanted) == day for wanted in self._nearest)

    def _weekday(self, term: str) -> str:
        """A term of the days of the week in cronsim's numbers, 0 to 6."""
        days, separator, rest = _split(term)
        return _NUMBER.sub(lambda match: self._shifted(match[0]), days) + separator + rest

    def _shifted(self, number: str) -> str:
        if not 1 <= int(number) <= 7:
            raise self._invalid("days of the week go from 1, Sunday, to 7")
        return str(int(number) - 1)

    def _invalid(self, why: str) -> InvalidCron:
        return InvalidCron(f'"{self.text}" is no cron expression: {why}.')


def _split(term: str) -> tuple[str, str, str]:
    """A term's days, and what follows them: `/` and a step, or `#` and a count."""
    for separator in "/#":
        if separator in term:
            return term.partition(separator)
    return term, "", ""


def _nearest_weekday(day: date, wanted: int) -> date | None:
    """The weekday nearest to the wanted day of this day's month, within the month."""
    try:
        exact = day.replace(day=wanted)
    except ValueError:
        return None
    saturday, sunday = exact.weekday() == 5, exact.weekday() == 6
    if not (saturday or sunday):
        return exact
    moved = exact + timedelta(days=-1 if saturday else 1)
    if moved.month == exact.month:
        return moved
    return exact + timedelta(days=2 if saturday else -2)


def parse_crons(given: object) -> tuple[str, ...]:
    """Cron expressions, each once. Raises UploadRejected where one is none."""
    if not isinstance(given, list):
        raise UploadRejected(ErrorCode.INVALID_SCHEDULE, "schedules must be a list.")
    for cron in given:
        try:
            Cron(cron if isinstance(cron, str) else "")
        except InvalidCron as error:
            raise UploadRejected(ErrorCode.INVALID_SCHEDULE, str(error)) from None
    return tuple(dict.fromkeys(given))
