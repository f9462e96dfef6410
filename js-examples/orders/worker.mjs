// An order that waits for its approval, is shipped after a while, and goes on where it was whenever
// the process ends. https://developers.cloudflare.com/workflows/

import { WorkflowEntrypoint } from "cloudflare:workers";
import { NonRetryableError } from "cloudflare:workflows";

export class Order extends WorkflowEntrypoint {
  async run({ payload, instanceId }, step) {
    const total = await step.do("add up", async () =>
      payload.prices.reduce((sum, price) => sum + price, 0),
    );
    const { payload: approval } = await step.waitForEvent("approval", {
      type: "approved",
      timeout: "7 days",
    });
    await step.sleep("until it is packed", "2 seconds");
    const retries = { limit: 3, delay: "1 second", backoff: "exponential" };
    const shipped = await step.do("ship", { retries }, async ({ attempt }) => {
      if (total > 1_000) throw new NonRetryableError("too precious to be shipped");
      if (attempt === 1) throw new Error("the van has a flat tire");
      return { order: instanceId, attempt };
    });
    return { total, by: approval.by, shipped };
  }
}

export default {
  async fetch(request, env) {
    const [id, verb] = new URL(request.url).pathname.slice(1).split("/");
    if (request.method === "POST" && verb === undefined) {
      const order = await env.ORDERS.create({ id, params: await request.json() });
      return Response.json({ id: order.id }, { status: 201 });
    }
    const order = await env.ORDERS.get(id);
    if (verb === "approve") await order.sendEvent({ type: "approved", payload: await request.json() });
    return Response.json(await order.status());
  },
};
