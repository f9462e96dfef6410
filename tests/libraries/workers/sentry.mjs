import assert from "node:assert/strict";
import * as Sentry from "@sentry/cloudflare";

const sent = [];
const transport = () => ({
  send: async (envelope) => sent.push(envelope) && {},
  flush: async () => true,
});

export default Sentry.withSentry(
  () => ({ dsn: "https://key@o1.ingest.sentry.io/1", tracesSampleRate: 1, transport }),
  {
    async fetch() {
      const seen = await Sentry.startSpan({ name: "outer" }, async (outer) => {
        await null;
        return Sentry.startSpan({ name: "inner" }, async () => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          return [
            Sentry.getActiveSpan() !== outer,
            Sentry.getRootSpan(Sentry.getActiveSpan()) === Sentry.getRootSpan(outer),
          ];
        });
      });
      assert.deepEqual(seen, [true, true]);
      Sentry.captureException(new Error("told"));
      await Sentry.flush(100);
      assert.ok(sent.some((envelope) => JSON.stringify(envelope).includes("told")));
      return new Response("ok");
    },
  },
);
