"""`kill -9` at any moment: what was answered is there after the restart, and nothing half."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.faults.counting import COUNTER, Load, Tally, check_all
from tests.faults.site import CONNECTION_ERRORS, DEADLINE_S, Site

pytestmark = pytest.mark.slow

# Two keys that every way of writing keeps equal.
PAIR = """
const FAR = 4e12;
const ways = {
  sql(storage, n) {
    storage.put("a", n);
    storage.transactionSync(() => {
      storage.sql.exec("CREATE TABLE IF NOT EXISTS pair(k PRIMARY KEY, n)");
      storage.sql.exec("INSERT OR REPLACE INTO pair VALUES ('b', ?)", n);
      storage.put("b", storage.sql.exec("SELECT n FROM pair WHERE k = 'b'").one().n);
    });
  },
  async alarm(storage, n) {
    storage.put("a", n);
    await storage.setAlarm(FAR + n);
    await storage.put("b", n);
  },
  // The two puts are one turn.
  turn(storage, n) { storage.put("a", n); storage.put("b", n); },
  many(storage, n) { return storage.put({ a: n, b: n }); },
  transaction(storage, n) {
    return storage.transaction(async (txn) => {
      await txn.put("a", n);
      await scheduler.wait(1);
      await txn.put("b", n);
    });
  },
};
export class Counted {
  constructor(state) { this.storage = state.storage; this.last = Promise.resolve(); }
  async fetch(request) {
    const way = new URL(request.url).pathname.split("/")[1];
    if (request.method !== "POST") return Response.json([await this.a(), await this.b()]);
    // One at a time: a transaction takes longer than a turn.
    const mine = this.last.then(async () => {
      const n = (await this.a()) + 1;
      await ways[way](this.storage, n);
      return n;
    });
    this.last = mine.catch(() => {});
    return new Response(await mine);
  }
  async a() { return (await this.storage.get("a")) ?? 0; }
  async b() {
    const b = (await this.storage.get("b")) ?? 0;
    const alarm = await this.storage.getAlarm();
    if (alarm !== null && alarm !== FAR + b) throw new Error(`${alarm} is not that of ${b}`);
    return b;
  }
  alarm() {}
}
export default {
  fetch(request, env) {
    const id = env.Counted.idFromName(new URL(request.url).pathname);
    return env.Counted.get(id).fetch(request);
  },
};
"""


@pytest.mark.parametrize("idle_seconds", ["10", "0.05"], ids=["resident", "evicted"])
async def test_increments_survive_several_crashes(tmp_path: Path, idle_seconds: str) -> None:
    # Every other request goes to the hot one.
    paths = [path for n in range(30) for path in (f"/{n}", "/hot")]
    tally = Tally()
    async with Site(tmp_path, "--idle-seconds", idle_seconds) as site:
        assert await site.deploy("counter", COUNTER, "Counted") == 200
        for answers in (150, 311, 77):
            load = Load(site, tally, paths)
            await load.until_answered(answers)
            site.crash()
            await load.stop()
            site.start()
            await check_all(site, tally, set(paths))
        assert not tally.refused


async def test_two_keys_that_are_written_together_stay_together(tmp_path: Path) -> None:
    ways = ("turn", "many", "transaction", "sql", "alarm")
    paths = [f"/{way}/{n}" for way in ways for n in range(4)]
    tally = Tally()
    async with Site(tmp_path) as site:
        metadata = {"migrations": {"new_sqlite_classes": ["Counted"]}}
        assert await site.deploy("counter", PAIR, "Counted", metadata=metadata) == 200
        for answers in (150, 97, 203):
            load = Load(site, tally, paths)
            await load.until_answered(answers)
            site.crash()
            await load.stop()
            site.start()
            for path in paths:
                async with site.request("counter", path) as response:
                    a, b = await response.json()
                assert a == b, f"{path} was written by half"
                tally.check(path, a)
        assert not tally.refused


# Every request is a job that the next alarm does.
JOBS = """
export class Jobs {
  constructor({ storage }) { this.storage = storage; }
  async fetch(request) {
    const { storage } = this;
    if (request.method !== "POST") {
      return Response.json([(await storage.get("asked")) ?? 0, (await storage.get("done")) ?? 0]);
    }
    const asked = ((await storage.get("asked")) ?? 0) + 1;
    storage.put("asked", asked);
    storage.setAlarm(Date.now());
    return new Response(asked);
  }
  async alarm() { await this.storage.put("done", await this.storage.get("asked")); }
}
export default {
  fetch(request, env) {
    return env.Jobs.get(env.Jobs.idFromName(new URL(request.url).pathname)).fetch(request);
  },
};
"""


async def test_every_job_that_was_accepted_is_done_after_crashes(tmp_path: Path) -> None:
    paths = [f"/{n}" for n in range(20)]
    tally = Tally()
    async with Site(tmp_path) as site:
        assert await site.deploy("jobs", JOBS, "Jobs") == 200
        for answers in (150, 97):
            load = Load(site, tally, paths, script="jobs")
            await load.until_answered(answers)
            site.crash()
            await load.stop()
            site.start()
        # Alarms are armed at start, before anybody asks.
        for path in paths:
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    async with site.request("jobs", path) as response:
                        asked, done = await response.json()
                    if asked == done:
                        break
                    await asyncio.sleep(0.02)
            tally.check(path, asked)
        assert not tally.refused


def version(number: int) -> tuple[str, dict[str, str]]:
    """A script that says its number twice, from two modules."""
    main = f"""
      import {{ number }} from "./other.mjs";
      export default {{ fetch() {{ return new Response(`{number} ${{number}}`); }} }};
    """
    return main, {"other.mjs": f"export const number = {number};"}


class Uploader:
    """Uploads one version after another, until the connection breaks."""

    def __init__(self, site: Site, name: str, first: int) -> None:
        self.sent = self.acknowledged = first - 1
        self.begun = asyncio.Condition()
        self._site, self._name = site, name

    async def run(self) -> None:
        while True:
            async with self.begun:
                self.sent += 1
                self.begun.notify_all()
            main, modules = version(self.sent)
            try:
                status = await self._site.deploy(self._name, main, modules=modules)
            except CONNECTION_ERRORS:
                return
            assert status == 200
            self.acknowledged = self.sent

    async def until_begun(self, number: int) -> None:
        async with asyncio.timeout(DEADLINE_S), self.begun:
            await self.begun.wait_for(lambda: self.sent >= number)


async def test_uploads_survive_crashes_whole_or_not_at_all(tmp_path: Path) -> None:
    chance = random.Random(0)
    live = 0
    async with Site(tmp_path) as site:
        assert await site.deploy("other", COUNTER, "Counted") == 200
        for _ in range(4):
            uploader = Uploader(site, "main", live + 1)
            uploading = asyncio.create_task(uploader.run())
            await uploader.until_begun(live + chance.randint(2, 6))
            # An upload is under way: each answer of another script is a moment later.
            for _ in range(chance.randint(0, 12)):
                await site.get("other")
            site.crash()
            await uploading
            site.start()
            first, second = (await site.get("main")).split()
            assert first == second, "half of a version is live"
            live = int(first)
            assert uploader.acknowledged <= live <= uploader.sent


async def test_a_first_upload_is_there_or_is_not(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        assert await site.deploy("other", COUNTER, "Counted") == 200
        for moments in (0, 3, 9):
            name = f"new-{moments}"
            main, modules = version(7)
            uploading = asyncio.create_task(site.deploy(name, main, modules=modules))
            for _ in range(moments):
                await site.get("other")
            site.crash()
            acknowledged = not isinstance(
                (await asyncio.gather(uploading, return_exceptions=True))[0], BaseException
            )
            site.start()
            answer = await site.fetch(name)
            assert answer == (200, "7 7") or (answer[0] == 404 and not acknowledged)
