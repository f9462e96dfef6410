// Hono beside a `queue` handler, as an app with background jobs has them.
import { Hono } from "hono";

const app = new Hono();
const done = [];
app.post("/jobs/:name", async (c) => {
  const { metadata } = await c.env.JOBS.send({ name: c.req.param("name"), ...(await c.req.json()) });
  return c.json({ waiting: metadata.metrics.backlogCount }, 202);
});
app.post("/jobs", async (c) => {
  const bodies = await c.req.json();
  await c.env.JOBS.sendBatch(bodies.map((body) => ({ body, contentType: "json" })));
  return c.body(null, 202);
});
app.get("/done", (c) => c.json(done));
app.onError(async (error, c) => {
  await c.env.JOBS.send({ name: "error", message: error.message });
  return c.text(error.message, 500);
});
app.get("/fail", () => {
  throw new Error("as asked");
});

export default {
  fetch: app.fetch,
  async queue(batch) {
    for (const message of batch.messages) {
      done.push(message.body);
      message.ack();
    }
  },
};
