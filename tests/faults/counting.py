"""Increments under fire: who sends them, and what must hold of the counters afterwards."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from tests.faults.site import CONNECTION_ERRORS, DEADLINE_S, Site

COUNTER = """
export class Counted {
  constructor(state) { this.storage = state.storage; }
  async fetch(request) {
    const n = (await this.storage.get("n")) ?? 0;
    if (request.method !== "POST") return new Response(n);
    await this.storage.put("n", n + 1);
    return new Response(n + 1);
  }
}
export default {
  fetch(request, env) {
    const id = env.Counted.idFromName(new URL(request.url).pathname);
    return env.Counted.get(id).fetch(request);
  },
};
"""


class Tally:
    """What was sent to each counter and what it has answered."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.answered: defaultdict[str, list[int]] = defaultdict(list)
        self.refused: Counter[tuple[int, str]] = Counter()

    @property
    def answers(self) -> int:
        return sum(map(len, self.answered.values()))

    def check(self, path: str, value: int) -> None:
        """A counter's value fits what is known of it."""
        answered = self.answered[path]
        assert len(set(answered)) == len(answered), f"{path} gave one number out twice: {answered}"
        least = max(answered, default=0)
        assert least <= value <= self.sent[path], (
            f"{path} is {value}, after {self.sent[path]} increments of which "
            f"{len(answered)} were answered, the last with {least}"
        )


class Load:
    """Clients that increment counters, one request after another each, until told to stop.

    A client whose connection breaks ends, too.
    """

    def __init__(
        self,
        site: Site,
        tally: Tally,
        paths: Sequence[str],
        *,
        clients: int = 16,
        script: str = "counter",
    ) -> None:
        self._site, self._tally, self._paths, self._script = site, tally, paths, script
        self._stopping = False
        self._answered = asyncio.Event()
        self._tasks = [asyncio.create_task(self._client(seed)) for seed in range(clients)]

    async def _client(self, seed: int) -> None:
        choose, tally = random.Random(seed), self._tally
        while not self._stopping:
            path = choose.choice(self._paths)
            tally.sent[path] += 1
            try:
                status, text = await self._site.fetch(self._script, path, method="POST")
            except CONNECTION_ERRORS:
                return
            if status == 200:
                tally.answered[path].append(int(text))
            else:
                tally.refused[status, text] += 1
            self._answered.set()

    async def until_answered(self, count: int) -> None:
        """Return once there are so many answers more than now."""
        wanted = self._tally.answers + count
        async with asyncio.timeout(DEADLINE_S):
            while self._tally.answers < wanted:
                assert not all(task.done() for task in self._tasks), "every client has ended"
                self._answered.clear()
                await self._answered.wait()

    async def stop(self) -> None:
        """Send no more, and wait for the answers that are due."""
        self._stopping = True
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*self._tasks)


async def check_all(
    site: Site, tally: Tally, paths: Iterable[str], *, script: str = "counter"
) -> None:
    """Every counter has a value that fits."""
    for path in paths:
        tally.check(path, int(await site.get(script, path)))
