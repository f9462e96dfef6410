"""Ops of Intl: the order of texts, and what they are divided into.

What they call is imported when a script first asks for it. Collators are named by a `spec`, see
engine/icu/collation.py; divided texts by a number, see engine/icu/segments.py.
"""

from typing import TYPE_CHECKING

from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Host


@op
def intl_collation(_host: "Host", spec: str) -> str:
    """Sensitivity, whether punctuation is ignored, whether figures count, which case is first."""
    from holdfast.engine.icu.collation import collation_of

    return ",".join(str(value).lower() for value in collation_of(spec))


@op
def intl_compare(_host: "Host", spec: str, left: str, right: str) -> int:
    """-1, 0 or 1: how two texts stand to each other."""
    from holdfast.engine.icu.collation import compare

    return compare(spec, left, right)


@op
def intl_sort_key(_host: "Host", spec: str, text: str) -> str:
    """What texts are compared by, character by character."""
    from holdfast.engine.icu.collation import sort_key

    return sort_key(spec, text)


@op
def intl_divide(_host: "Host", locale: str, granularity: str, text: str) -> int:
    """Divide a text; the number by which its segments are asked for."""
    from holdfast.engine.icu.segments import divide

    return divide(locale, granularity, text)


@op
def intl_segment_ends(_host: "Host", number: int, start: int) -> bytes | None:
    """See `ends_after` of engine/icu/segments.py."""
    from holdfast.engine.icu.segments import ends_after

    return ends_after(number, start)


@op
def intl_segment_at(_host: "Host", number: int, index: int) -> bytes | None:
    """See `segment_at` of engine/icu/segments.py."""
    from holdfast.engine.icu.segments import segment_at

    return segment_at(number, index)
