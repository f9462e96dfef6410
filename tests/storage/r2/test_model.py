"""Ranges, conditions and listings against models that say the same in other words."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.storage.r2.conditions import Condition, Etag
from holdfast.storage.r2.errors import InvalidRange
from holdfast.storage.r2.listing import Page
from holdfast.storage.r2.ranges import wanted_bytes
from tests.storage.r2.conftest import NOW, Hands

COUNTS = st.integers(0, 12)


@given(size=COUNTS, offset=st.none() | COUNTS, length=st.none() | COUNTS)
def test_offset_and_length_are_a_slice(size, offset, length):
    told = {
        name: value for name, value in (("offset", offset), ("length", length)) if value is not None
    }
    content = bytes(range(size))
    start = offset or 0
    expected = content[start:] if length is None else content[start : start + length]
    try:
        wanted = wanted_bytes(told, size)
    except InvalidRange:
        assert expected == b""
    else:
        assert content[wanted.start : wanted.stop] == expected != b""


@given(size=COUNTS, suffix=COUNTS)
def test_a_suffix_is_the_end(size, suffix):
    content = bytes(range(size))
    expected = content[-suffix:] if suffix else b""
    try:
        wanted = wanted_bytes({"suffix": suffix}, size)
    except InvalidRange:
        assert expected == b""
    else:
        assert content[wanted.start : wanted.stop] == expected


@given(
    size=COUNTS, first=st.none() | COUNTS, last=st.none() | COUNTS, space=st.sampled_from(["", " "])
)
def test_a_range_header_is_a_slice_or_nothing(size, first, last, space):
    def text(number):
        return "" if number is None else str(number)

    content = bytes(range(size))
    wanted = wanted_bytes(f"bytes={space}{text(first)}{space}-{text(last)}{space}", size)
    if first is not None:
        part = content[first:] if last is None else content[first : last + 1]
    else:
        part = content[-last:] if last else b""
    assert content[wanted.start : wanted.stop] == (part or content)


@given(st.text(alphabet="bytes=0123456789-, xW", max_size=14), COUNTS)
def test_any_header_leads_to_bytes_that_are_there(header, size):
    wanted = wanted_bytes(header, size)
    assert 0 <= wanted.start <= wanted.stop <= size and wanted.step == 1
    assert len(wanted) or not size


TAGS = st.lists(st.builds(Etag, st.sampled_from([None, "a", "b"]), st.booleans()), min_size=1)
TIMES = st.sampled_from([0, 400, 999, 1000, 1001, 1500, 2000, 2999, 3000])


@given(
    st.none() | TAGS,
    st.none() | TAGS,
    st.none() | TIMES,
    st.none() | TIMES,
    st.booleans(),
    st.sampled_from(["a", "b", "c"]),
    TIMES,
)
def test_a_condition_is_what_http_says(matches, differs, before, after, by_seconds, etag, uploaded):
    condition = Condition(matches, differs, before, after, by_seconds)

    def rounded(time):
        return time - time % 1000 if by_seconds else time

    # https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2: etags go before times.
    strong = [tag.value for tag in matches or () if tag.value is None or not tag.is_weak]
    weak = [tag.value for tag in differs or ()]
    if matches is not None:
        first = None in strong or etag in strong
    else:
        first = before is None or rounded(uploaded) < rounded(before)
    if differs is not None:
        second = None not in weak and etag not in weak
    else:
        second = after is None or rounded(uploaded) > rounded(after)
    assert condition.holds(etag, uploaded) is (first and second)
    assert condition.holds_without() is (matches is None and after is None)


KEYS = st.sets(st.text(alphabet="ab/é\U0001f600", max_size=5), max_size=12)
TEXTS = st.text(alphabet="ab/", max_size=3)


@given(KEYS, TEXTS, st.sampled_from(["", "/", "a", "//"]), TEXTS, st.integers(1, 5))
def test_pages_are_what_sorting_and_grouping_gives(
    tmp_path_factory, keys, prefix, delimiter, after, limit
):
    hands = Hands(tmp_path_factory.mktemp("r2"))
    hands.buckets.create("bucket", NOW)
    for key in keys:
        hands.put(key)
    expected = []
    for key in sorted(keys, key=str.encode):
        if not key.startswith(prefix) or (after and key.encode() <= after.encode()):
            continue
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        found = (key, False) if end < 0 else (key[: end + len(delimiter)], True)
        if found not in expected:
            expected.append(found)
    found, cursor, pages = [], "", 0
    while not pages or cursor:
        page = Page(prefix, delimiter, cursor, after, limit)
        listing = hands.use(lambda bucket, page=page: bucket.list(page))
        entries = [(one.key, False) for one in listing.objects]
        entries += [(one, True) for one in listing.prefixes]
        assert len(entries) <= limit
        found += sorted(entries, key=lambda entry: entry[0].encode())
        cursor, pages = listing.cursor, pages + 1
    assert found == expected
    assert pages == max(-(-len(expected) // limit), 1)
    hands.buckets.close()


def test_a_range_of_any_length_is_read_at_once():
    assert wanted_bytes(f"bytes={' ' * 100_000}x", 9) == range(9)
    assert wanted_bytes(f"bytes=5-{'9' * 10_000}", 9) == range(5, 9)
    assert wanted_bytes(f"bytes={'0' * 10_000}5-6", 9) == range(5, 7)
    assert wanted_bytes(f"bytes={'9' * 10_000}-", 9) == range(9)
