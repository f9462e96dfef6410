"""Who is let go where others leave too much untaken. By hand, with a clock that is set."""

from collections.abc import Callable

import pytest

from holdfast.host.holders import LOOK_SECONDS, STUCK_SECONDS, Holders


class Pile:
    """What somebody is to take."""

    def __init__(self, crowd: "Crowd", size: int, *, is_ours: bool = False) -> None:
        self._crowd = crowd
        self._is_ours = is_ours
        self.held_bytes = size
        crowd.holders.add(self)

    @property
    def taken(self) -> int | None:
        return None if self._is_ours else -self.held_bytes

    def abort(self) -> None:
        self._crowd.gone.append(self)


class Crowd:
    def __init__(self) -> None:
        self.now = 100.0
        self.cuts = 0
        self.gone: list[Pile] = []
        self.holders = Holders(1000, lambda: self.now, self._count)

    def _count(self) -> None:
        self.cuts += 1

    def is_too_much(self, after: float = LOOK_SECONDS) -> bool:
        self.now += after
        return self.holders.hold_too_much()


@pytest.fixture
def crowd() -> Crowd:
    return Crowd()


def test_within_the_bound_all_may_stay_for_ever(crowd: Crowd) -> None:
    assert not crowd.is_too_much()
    for _ in range(10):
        Pile(crowd, 100)
    assert not any(crowd.is_too_much(after) for after in (0, 1, 1000, 1000))
    assert not crowd.gone


def test_past_it_the_largest_go_that_nothing_is_taken_from(crowd: Crowd) -> None:
    small, large, moving = Pile(crowd, 300), Pile(crowd, 400), Pile(crowd, 900)
    assert crowd.is_too_much()
    assert crowd.is_too_much(STUCK_SECONDS / 2), "there is some time to take it"
    moving.held_bytes = 500
    assert not crowd.is_too_much(STUCK_SECONDS)
    assert (crowd.gone, crowd.cuts) == ([large], 1)
    assert not crowd.is_too_much(1000) and small not in crowd.gone


def test_who_goes_on_to_take_stays(crowd: Crowd) -> None:
    piles = [Pile(crowd, 600), Pile(crowd, 600)]
    while crowd.is_too_much(STUCK_SECONDS):
        piles[0].held_bytes -= 10
        piles[1].held_bytes -= 20
    assert not crowd.gone


def test_what_a_script_does_not_take_is_no_client_s_fault(crowd: Crowd) -> None:
    Pile(crowd, 1500, is_ours=True)
    assert all(crowd.is_too_much(STUCK_SECONDS) for _ in range(5))
    assert not crowd.gone


def test_past_twice_the_bound_the_largest_go_at_once(crowd: Crowd) -> None:
    piles = [Pile(crowd, size) for size in (900, 800, 700)]
    assert not crowd.is_too_much()
    assert crowd.gone == piles[:2]


def test_much_at_once_is_noticed_at_once(crowd: Crowd) -> None:
    assert not crowd.is_too_much()
    pile = Pile(crowd, 100)
    for _ in range(100):
        pile.held_bytes += 100
        crowd.holders.hold_too_much(100)
        if crowd.gone:
            break
    assert 2000 < pile.held_bytes <= 2200


@pytest.mark.parametrize("end", [Crowd.is_too_much, lambda _: None])
def test_who_has_left_is_forgotten(crowd: Crowd, end: Callable[[Crowd], object]) -> None:
    pile = Pile(crowd, 1500)
    assert crowd.is_too_much()
    crowd.holders.discard(pile)
    end(crowd)
    assert not crowd.is_too_much(STUCK_SECONDS)
    assert not crowd.gone
