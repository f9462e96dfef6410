"""Compatibility dates, as they are written.

https://developers.cloudflare.com/workers/configuration/compatibility-dates/
"""

import re
from datetime import date

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_compatibility_date(text: str) -> bool:
    """Whether this is a day of the calendar, such as 2026-01-31."""
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False
