"""What is done in one go, and when it is begun."""

import asyncio
from collections.abc import Callable

from holdfast.storage import gathering
from holdfast.storage.gathering import Gathering


class Goes(list[list[int]]):
    """What each go was for."""

    def __init__(self, *, last: bool = True, enough: int = 1) -> None:
        self._last = last
        loop = asyncio.get_running_loop()
        self.gathering: Gathering[int] = Gathering(loop, self._begin, enough=enough)

    def _begin(self, items: list[int]) -> bool:
        self.append(items)
        return self._last

    def add(self, *items: int) -> None:
        for item in items:
            self.gathering.add(item)


async def rounds(count: int, each: Callable[[int], None] = lambda _: None) -> None:
    """So many rounds of the loop, after `each`."""
    for number in range(count):
        each(number)
        await asyncio.sleep(0)


async def test_what_comes_alone_waits_for_nobody() -> None:
    goes = Goes()
    goes.add(1)
    assert not goes, "the others of this round of the loop come first"
    await rounds(1)
    assert goes == [[1]]


async def test_what_comes_in_one_round_goes_together() -> None:
    goes = Goes()
    goes.add(1, 2, 3)
    await rounds(1)
    assert goes == [[1, 2, 3]]


async def test_what_comes_in_the_rounds_that_follow_goes_along() -> None:
    goes = Goes(enough=20)
    await rounds(5, lambda number: goes.add(number, number))
    assert not goes
    await rounds(2)
    assert goes == [[0, 0, 1, 1, 2, 2, 3, 3, 4, 4]]


async def test_nobody_waits_for_more_than_enough() -> None:
    goes = Goes(enough=20)
    await rounds(4, lambda _: goes.add(*range(7)))
    assert [len(items) for items in goes] == [21]


async def test_little_waits_for_the_end_of_a_go() -> None:
    goes = Goes()
    goes.add(1)
    await rounds(1)
    goes.add(2, 3)
    await rounds(5)
    assert goes == [[1]]
    assert goes.gathering
    goes.gathering.ended()
    await rounds(2)
    assert goes == [[1], [2, 3]]
    goes.gathering.ended()
    assert not goes.gathering


async def test_so_much_goes_beside_another_one_and_no_more_than_a_few_at_once() -> None:
    goes = Goes()
    for number in range(gathering.MAX_AT_ONCE + 2):
        goes.add(*[number] * gathering.MIN_FURTHER)
        await rounds(3)
    assert [items[0] for items in goes] == list(range(gathering.MAX_AT_ONCE))
    goes.gathering.ended()
    await rounds(3)
    assert len(goes[-1]) == 2 * gathering.MIN_FURTHER, "those that waited go together"


async def test_goes_that_nobody_tells_the_end_of_hold_up_nothing() -> None:
    goes = Goes(last=False)
    goes.add(1)
    await rounds(1)
    goes.add(2)
    await rounds(1)
    assert goes == [[1], [2]]
    assert not goes.gathering
