"""Machines sleep, and their clocks are set: what is due is due by the clock."""

import asyncio
from pathlib import Path

import pytest

from holdfast.host.system import SystemClock
from holdfast.server.clock_steps import ClockSteps
from holdfast.server.schedules import CronScheduler
from tests.inprocess import Server
from tests.patience import PATIENCE_S

HOUR_MS = 3_600_000

REMINDER = """
export class Reminder {
  constructor(state) { this.storage = state.storage; }
  async fetch() {
    await this.storage.setAlarm(Date.now());
    return new Response("set");
  }
  alarm() { console.log("rang"); }
}
export default { fetch: (request, env) => env.Reminder.get(env.Reminder.idFromName("a")).fetch(request) };
"""

CRON = "export default { scheduled(controller) { console.log(controller.scheduledTime); } };"


class SlowClock(SystemClock):
    """Scripts have the machine's own."""

    behind_ms = 2.0 * HOUR_MS

    def now_ms(self) -> float:
        return super().now_ms() - self.behind_ms


class Hand:
    now = monotonic = 0.0

    def now_ms(self) -> float:
        return self.now

    def monotonic_ms(self) -> float:
        return self.monotonic


async def test_an_alarm_rings_when_its_time_has_come_while_the_machine_slept(
    tmp_path: Path,
) -> None:
    clock = SlowClock()
    async with Server(tmp_path, clock=clock, idle_seconds=0.2) as server:
        server.add("main", REMINDER)
        assert await server.text() == "set"
        clock.behind_ms = 0.0
        async with asyncio.timeout(PATIENCE_S):
            while "main log: rang" not in server.lines:
                await asyncio.sleep(0.01)


def test_small_differences_add_up_to_a_step() -> None:
    clock = Hand()
    steps = ClockSteps(clock)
    for _ in range(3):
        clock.monotonic += 10_000
        clock.now += 10_400
        seen = steps.take()
    assert seen == 1_200
    assert steps.take() == 0
    clock.now -= HOUR_MS
    assert steps.take() == -HOUR_MS


@pytest.mark.parametrize(
    ("minutes", "ran_at"),
    [(30, [31]), (-30, [-29]), (0, [1])],
    ids=["ahead", "back", "as it was"],
)
async def test_triggers_go_on_from_the_time_that_it_is_now(
    server: Server, minutes: int, ran_at: list[int]
) -> None:
    server.add("main", CRON)
    clock = Hand()
    clock.now = 40 * HOUR_MS
    loop = asyncio.get_running_loop()
    crons = CronScheduler(server.runtime.worker, clock, loop.call_later, server.runtime.tell)
    crons.set([("main", "* * * * *")])
    clock.now += minutes * 60_000 + 10_000
    crons.clock_stepped(minutes * 60)
    server.lines.clear()
    clock.now += 60_000
    crons.run_due()
    crons.close()
    async with asyncio.timeout(PATIENCE_S):
        while not server.lines:
            await asyncio.sleep(0)
    assert server.lines == [f"main log: {40 * HOUR_MS + at * 60_000}" for at in ran_at]


async def test_a_trigger_runs_once_where_the_clock_is_put_back_a_little(server: Server) -> None:
    server.add("main", CRON)
    clock = Hand()
    loop = asyncio.get_running_loop()
    crons = CronScheduler(server.runtime.worker, clock, loop.call_later, server.runtime.tell)
    crons.set([("main", "* * * * *")])
    for now in (60_000.0, 58_000.0, 60_001.0, 120_000.0):
        step, clock.now = (now - clock.now) / 1000, now
        crons.clock_stepped(step) if step < 0 else crons.run_due()
    crons.close()
    async with asyncio.timeout(PATIENCE_S):
        while len(server.lines) < 2:
            await asyncio.sleep(0)
    assert server.lines == ["main log: 60000", "main log: 120000"]
