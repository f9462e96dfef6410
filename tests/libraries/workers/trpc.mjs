import { zValidator } from "@hono/zod-validator";
import { initTRPC, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { Hono } from "hono";
import { z } from "zod";

const t = initTRPC.context().create();
const router = t.router({
  greet: t.procedure
    .input(z.object({ name: z.string() }))
    .query(({ input }) => `hello ${input.name}`),
  add: t.procedure
    .input(z.array(z.number()))
    .mutation(({ input }) => input.reduce((a, b) => a + b, 0)),
  fails: t.procedure.query(() => {
    throw new TRPCError({ code: "NOT_FOUND", message: "no such thing" });
  }),
});
const app = new Hono();
app.all("/trpc/*", (c) =>
  fetchRequestHandler({
    endpoint: "/trpc",
    req: c.req.raw,
    router,
    createContext: () => ({}),
    onError() {},
  }),
);
app.post("/valid", zValidator("json", z.object({ n: z.number() })), (c) =>
  c.json({ twice: c.req.valid("json").n * 2 }),
);
app.get("/", (c) => c.text("ok"));

export default app;
