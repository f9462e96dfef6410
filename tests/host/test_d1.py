"""The requests of D1 bindings, as the host reads them."""

import asyncio
import json
import threading
from typing import cast

import pytest

from holdfast.host import d1
from holdfast.host.d1 import D1Bindings


async def test_a_large_request_is_read_on_a_thread_and_those_behind_it_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(d1, "AT_ONCE_CHARACTERS", 100)
    read_by: list[tuple[str, threading.Thread]] = []
    may_go_on = threading.Event()
    real = d1._queries

    def queries(request: str) -> object:
        found = real(request)
        if len(request) > 100:
            assert may_go_on.wait(30)
        read_by.append((found[0].sql[:5], threading.current_thread()))
        return found

    monkeypatch.setattr(d1, "_queries", queries)
    bindings = D1Bindings(lambda: pytest.fail("nothing is asked"))
    ended: list[str] = []

    async def ask(sql: str) -> None:
        await bindings.read(json.dumps([{"sql": sql}]))
        ended.append(sql[:5])

    asks = [asyncio.create_task(ask(sql)) for sql in ("first", "large" * 50, "later")]
    while not ended:
        await asyncio.sleep(0)
    assert ended == ["first"] and read_by == [("first", threading.current_thread())]
    may_go_on.set()
    await asyncio.gather(*asks)
    assert ended == ["first", "large", "later"]
    assert cast("threading.Thread", read_by[1][1]) is not threading.current_thread()
    await ask("after")
    assert read_by[-1] == ("after", threading.current_thread())
