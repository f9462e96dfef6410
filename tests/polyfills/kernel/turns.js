import { same } from "./assert.js";
import { Context, currentContext, queueTurn } from "holdfast:kernel/turns.js";

export async function a_queued_turn_runs_in_its_own_context() {
  const mine = currentContext();
  const other = new Context();
  const seen = await new Promise((resolve) => {
    queueTurn(other, () => {
      const inside = currentContext();
      queueTurn(mine, () => resolve(inside));
    });
  });
  same(seen, other);
  same(currentContext(), mine);
}
