"""An event loop without time: it jumps to whatever is due next."""

import asyncio
import random
import selectors
from collections.abc import Callable

Work = Callable[[], None]
Done = Callable[[BaseException | None], None]


class NothingLeft(Exception):
    """The loop waits for something that nothing is going to bring about."""


class _Jump(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Waits for no file: time passes at once."""

    loop: "SimulatedLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeft("nothing is under way any more")
        self.loop.now_s += max(timeout, 0.0)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Runs what is ready in order, and skips the time in between."""

    def __init__(self) -> None:
        self.now_s = 0.0
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now_s


class SimulatedClock:
    """The loop's time as the runtime asks for it (host.context.Clock)."""

    ORIGIN_MS = 1_700_000_000_000.0

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def now_ms(self) -> float:
        return self.ORIGIN_MS + self.monotonic_ms()

    def monotonic_ms(self) -> float:
        return self._loop.now_s * 1000


class Threads:
    """Stands in for storage.workers.Workers: work begins and ends when the seed says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop, chance: random.Random) -> None:
        self._loop = loop
        self._chance = chance
        self._idle: asyncio.Future[None] | None = None
        self.outstanding = 0
        self.threads = 0

    def submit(self, work: Work, done: Done) -> None:
        self.outstanding += 1
        self._loop.call_later(self._latency_s(), self._run, work, done)

    def _latency_s(self) -> float:
        """Mostly a good disk; now and then one that is busy."""
        return self._chance.random() * (0.04 if self._chance.random() < 0.2 else 0.004)

    def _run(self, work: Work, done: Done) -> None:
        error: BaseException | None = None
        try:
            work()
        except Exception as raised:  # noqa: BLE001 - it is handed to whoever asked
            error = raised
        self._loop.call_later(self._latency_s(), self._finish, done, error)

    def _finish(self, done: Done, error: BaseException | None) -> None:
        self.outstanding -= 1
        done(error)
        if not self.outstanding and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    async def aclose(self) -> None:
        await self.idle()

    async def idle(self) -> None:
        while self.outstanding:
            self._idle = self._loop.create_future()
            await self._idle
