"""A call that a critical section has held back for too long speaks for all that come later."""

from pathlib import Path

from holdfast.testing import Harness

SCRIPT = """
import { DurableObject } from "cloudflare:workers";
export class Slow extends DurableObject {
  async enter(seconds) {
    await this.ctx.blockConcurrencyWhile(() => scheduler.wait(seconds * 1000));
  }
  ping() {
    return "pong";
  }
}
export default {
  async fetch(request, env) {
    const wait = (seconds) => scheduler.wait(seconds * 1000);
    const slow = env.Slow.get(env.Slow.idFromName("slow"));
    // One section from 0 to 25 s, another until 50 s; what is held back between waits since 0.
    const held = [slow.enter(25), slow.enter(25), slow.ping()];
    await wait(20);
    held.push(slow.ping());
    await wait(20);
    const refused = await slow.ping().catch(({ message, overloaded }) => [message, overloaded]);
    await Promise.all(held);
    return Response.json([refused, await slow.ping()]);
  },
};
"""


def test_an_object_takes_no_call_while_one_has_waited_for_half_a_minute(tmp_path: Path) -> None:
    (tmp_path / "slow.mjs").write_text(SCRIPT)
    with Harness() as harness:
        answer = harness.worker(tmp_path / "slow.mjs").fetch("/")
        message = "Durable Object is overloaded. Requests queued for too long."
        assert answer.json() == [[message, True], "pong"]
