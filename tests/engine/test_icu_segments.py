"""Texts that are divided for an isolate, and how many are kept."""

from array import array

from holdfast.engine.icu import segments
from holdfast.engine.icu.segments import DividedTexts


def ends(texts, number, start=0):
    told = texts.ends_after(number, start)
    return None if told is None else array("i", told).tolist()


def test_ends_are_told_bit_by_bit(monkeypatch):
    monkeypatch.setattr(segments, "SEGMENTS_AT_ONCE", 3)
    texts = DividedTexts()
    number = texts.divide("en", "word", "Hi, you 😀")
    assert ends(texts, number) == [-2, 3, 4]
    assert ends(texts, number, 4) == [-7, 8, 10]
    assert ends(texts, number, 10) == []


def test_texts_make_room_for_newer_ones_and_are_dropped():
    texts = DividedTexts()
    numbers = [texts.divide("en", "grapheme", "ab") for _ in range(segments.MAX_KEPT_TEXTS + 1)]
    assert ends(texts, numbers[0]) is None
    assert ends(texts, numbers[1]) == [1, 2]
    texts.drop(numbers[1])
    texts.drop(numbers[1])
    assert texts.segment_at(numbers[1], 0) is None


def test_a_text_larger_than_all_that_is_kept_is_kept_alone(monkeypatch):
    monkeypatch.setattr(segments, "MAX_KEPT_UNITS", 4)
    texts = DividedTexts()
    small, large = (texts.divide("en", "grapheme", "x" * length) for length in (3, 5))
    assert ends(texts, small) is None
    assert ends(texts, large) == [1, 2, 3, 4, 5]
