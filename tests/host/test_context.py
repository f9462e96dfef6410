"""What enters an isolate keeps its order."""

import asyncio

import pytest

from holdfast.engine import Limits
from holdfast.host import context
from holdfast.host.context import Capabilities, Host
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock


async def test_an_answer_does_not_overtake_those_that_were_too_many_for_one_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host = Host(asyncio.get_running_loop(), SystemClock(), Capabilities())
    Platform().create_isolate(host, limits=Limits())
    note = host.isolate.expression("note", "(number) => { (globalThis.seen ??= []).push(number); }")
    seen = host.isolate.expression("seen", "() => seen.join()")
    monkeypatch.setattr(context, "TURNS_PER_ENTRY", 1)
    host._running = True  # as in a turn, whose ops have these answers
    for number in (1, 2, 3):
        host.enter_soon(note, number)
    host._running = False
    host.enter(note, 0)
    host.enter_soon(note, 4)
    for _ in range(5):
        await asyncio.sleep(0)
    assert host.enter(seen) == "0,1,2,3,4"
    host.close()
    host.isolate.close()
