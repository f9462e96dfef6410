"""When a shard hands connections to another, and how many."""

import pytest

from holdfast.server.shards.balance import LOOKS, NOBODY, Meter, is_level, receiver, share


@pytest.mark.parametrize(
    ("own", "others", "place"),
    [
        (0.99, {1: 0.35}, 1),
        (0.99, {0: 0.6, 2: 0.1, 3: 0.3}, 2),
        (0.7, {1: 0.0}, None),  # it is not busy
        (0.99, {1: 0.63}, None),  # nobody has much less to do
        (1.0, {1: NOBODY}, None),  # the other is not there
        (1.0, {0: NOBODY, 2: 0.25}, 2),
    ],
)
def test_a_busy_shard_hands_to_the_one_with_the_least_to_do(
    own: float, others: dict[int, float], place: int | None
) -> None:
    assert receiver(own, others) == place


@pytest.mark.parametrize(
    ("own", "others", "active", "count"),
    [
        (1.0, {1: 0.0}, 32, 16),
        (1.0, {1: 0.5}, 32, 8),
        (1.0, {1: 0.0}, 2, 1),
        (1.0, {1: 0.0}, 1, 0),  # it would be as busy there
        (0.9, {1: 0.1}, 1, 0),
        (1.0, {1: 0.0}, 0, 0),
        (1.0, {1: 0.0, 2: 0.9}, 30, 10),  # the other busy one gives it as many
        (1.0, {1: 0.0, 2: NOBODY}, 30, 15),
    ],
)
def test_so_many_are_handed_that_both_have_as_much_to_do(
    own: float, others: dict[int, float], active: int, count: int
) -> None:
    assert share(own, others, 1, active) == count


def test_loads_that_connections_make_come_together_and_stay() -> None:
    """Each connection is an equal part of the load that its shard has."""
    counts = [40, 0, 0, 0]
    rounds = 0
    while True:
        loads = [count / 40 for count in counts]
        moved = False
        for place, own in enumerate(loads):
            others = {other: load for other, load in enumerate(loads) if other != place}
            to = receiver(own, others)
            if to is not None and (number := share(own, others, to, counts[place])):
                counts[place] -= number
                counts[to] += number
                moved = True
        if not moved:
            break
        rounds += 1
    assert counts == [20, 20, 0, 0]  # which nobody minds: none is busy
    assert rounds == 1


@pytest.mark.parametrize("ours", range(33))
def test_the_owner_of_an_object_that_all_call_hands_over_once(ours: int) -> None:
    """A request that crosses costs its owner less than a whole one, and the other as much."""
    counts, moves = {0: ours, 1: 32 - ours}, []
    while True:
        work = {0: 57 * counts[0] + 22 * counts[1], 1: 60 * counts[1]}
        loads = {place: work[place] / max(work.values()) for place in counts}
        place = next(place for place, load in loads.items() if load == 1.0)
        others = {1 - place: loads[1 - place]}
        if receiver(1.0, others) is None:
            break
        number = share(1.0, others, 1 - place, counts[place])
        counts[place] -= number
        counts[1 - place] += number
        moves.append(place)
    assert len(moves) <= 1
    assert min(loads.values()) > 0.6


def test_a_load_is_told_once_it_was_looked_at_for_long_enough() -> None:
    clock = iter([0.0, 0.1, 0.2, 0.4, 0.5, 1.0, 2.0, 3.0, 5.0])
    worked = iter([5.0, 5.1, 5.15, 5.2, 5.3, 6.0, 6.5, 6.5, 7.0])
    meter = Meter(lambda: next(clock), lambda: next(worked))
    assert [meter.look() for _ in range(LOOKS)] == [None] * 3
    assert meter.look() == pytest.approx(0.5)
    assert meter.look() == pytest.approx(0.5)
    meter.restart()
    assert [meter.look() for _ in range(LOOKS)] == [None] * 3
    assert meter.look() == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("loads", "is_ours"),
    [
        ([1.0, 1.0], True),
        ([0.2, 0.9], True),
        ([0.5, 0.4], True),
        ([0.5, 0.3], False),  # it has clients that others have not
        ([0.02, 0.0], False),
        ([1.0, 0.9, 1.0, 0.2], False),
        ([0.5, NOBODY, 0.5], True),
        ([NOBODY, 0.5], False),  # it has not been looked at yet
        ([0.5, NOBODY], False),
    ],
)
def test_what_a_shard_makes_is_its_own_while_it_has_no_more_to_do_than_others(
    loads: list[float], is_ours: bool
) -> None:
    assert is_level(loads, 0) == is_ours
