import pytest

from holdfast.storage.lru import LeastRecentlyUsed


def of(*entries: str) -> LeastRecentlyUsed[str]:
    lru: LeastRecentlyUsed[str] = LeastRecentlyUsed()
    for entry in entries:
        lru.add(entry)
    return lru


def test_the_oldest_is_what_was_not_used_for_longest() -> None:
    lru = of("a", "b", "c")
    lru.touch("a")
    assert list(lru) == ["b", "c", "a"]
    assert lru.oldest(lambda _: True, looks=1) == "b"


def test_a_refused_entry_becomes_the_newest() -> None:
    lru = of("a", "b", "c")
    assert lru.oldest(lambda entry: entry != "a", looks=2) == "b"
    assert list(lru) == ["b", "c", "a"]


def test_the_search_ends_after_the_given_number_of_looks() -> None:
    lru = of("a", "b", "c")
    assert lru.oldest(lambda entry: entry == "c", looks=2) is None
    assert lru.oldest(lambda _: False, looks=99) is None


def test_a_stranger_cannot_be_touched() -> None:
    lru = of("a")
    lru.discard("a")
    with pytest.raises(KeyError):
        lru.touch("a")


def test_adding_twice_and_discarding_a_stranger_are_harmless() -> None:
    lru = of("a", "b", "a")
    lru.discard("x")
    assert list(lru) == ["b", "a"]
    assert len(lru) == 2
    assert "a" in lru


def test_the_oldest_can_be_dropped() -> None:
    lru = of("a", "b")
    lru.touch("a")
    lru.drop_oldest()
    assert list(lru) == ["a"]
