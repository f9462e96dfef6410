"""ICU: how the languages of the world write numbers, dates and names, and order and divide text.

The library is that of the package `icu4py`, called through its C API. Nothing of this folder is
imported before a script asks for `Intl` (host/intl.py and its like have the ops).

- library.py finds ICU, opens it and calls it: `icu`, `IcuError`, texts in UTF-16.
- declarations.py: the functions that are called, area by area.
- formatted.py: what a formatter gives: a text, and the parts that it consists of.
- tags.py and locales.py: language tags, and which locale serves them.
- numbers.py, phrases.py (plurals, lists, relative times), names.py; dates.py, date_patterns.py,
  time_zones.py; collation.py and segments.py: what Intl's classes are given.

A formatter is kept by its process for all that it was made of, such as its locale and a skeleton,
in an `lru_cache` of some dozens: an op names those with each call, so JavaScript holds nothing that
has to be closed. What ICU opens is closed when the cache lets go of it. All isolates of a process
run on its loop's thread, and so does this.
"""
