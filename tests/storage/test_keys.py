from hypothesis import given
from hypothesis import strategies as st

from holdfast.storage.keys import after_prefix, decode_key, encode_key, key_range

# Hypothesis leaves surrogates out unless it is asked for them.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=6)


@given(ANY_TEXT)
def test_every_string_of_javascript_survives(key: str) -> None:
    assert decode_key(encode_key(key)) == key


@given(ANY_TEXT, ANY_TEXT)
def test_bytes_are_in_the_order_of_code_points(a: str, b: str) -> None:
    assert (encode_key(a) < encode_key(b)) == (a < b)


def test_bytes_that_no_key_has_are_shown_as_replacement_characters() -> None:
    assert decode_key(b"a\xffb") == "a\ufffdb"


@given(st.binary(max_size=4), st.binary(max_size=6))
def test_what_begins_with_a_prefix_lies_between_it_and_its_successor(
    prefix: bytes, other: bytes
) -> None:
    above = after_prefix(prefix)
    inside = other >= prefix and (above is None or other < above)
    assert inside == other.startswith(prefix)


def test_a_prefix_may_end_in_the_last_code_point() -> None:
    lower, upper = key_range(None, None, None, "a\U0010ffff")
    assert lower == b"a\xf4\x8f\xbf\xbf"
    assert upper == b"a\xf4\x8f\xbf\xc0"


def test_the_narrowest_bounds_win() -> None:
    assert key_range("b", None, "d", "a") == (b"b", b"b")
    assert key_range("a", "b", "z", "b") == (b"b\0", b"c")
    assert key_range(None, None, None, "") == (b"", None)
