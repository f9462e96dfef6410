"""Ops of Intl: the order of texts, and what they are divided into.

What they call is imported when a script first asks for it. Collators are named by a `spec`, see
engine/icu/collation.py; divided texts by a number, see engine/icu/segments.py.
"""

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.engine.icu.segments import DividedTexts
    from holdfast.host.context import Host

_divided: "WeakKeyDictionary[Host, DividedTexts]" = WeakKeyDictionary()


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
def intl_divide(host: "Host", locale: str, granularity: str, text: str) -> int:
    """Divide a text; the number by which its segments are asked for."""
    return _texts(host).divide(locale, granularity, text)


@op
def intl_divided_drop(host: "Host", number: int) -> None:
    """Forget a text that nobody asks for any more."""
    _texts(host).drop(number)


@op
def intl_segment_ends(host: "Host", number: int, start: int) -> bytes | None:
    """See `ends_after` of engine/icu/segments.py."""
    return _texts(host).ends_after(number, start)


@op
def intl_segment_at(host: "Host", number: int, index: int) -> bytes | None:
    """See `segment_at` of engine/icu/segments.py."""
    return _texts(host).segment_at(number, index)


def _texts(host: "Host") -> "DividedTexts":
    texts = _divided.get(host)
    if texts is None:
        from holdfast.engine.icu.segments import DividedTexts

        texts = _divided[host] = DividedTexts()
    return texts
