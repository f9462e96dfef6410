import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { contextStorage, getContext } from "hono/context-storage";
import { cors } from "hono/cors";
import { getCookie, setCookie } from "hono/cookie";
import { etag } from "hono/etag";
import { html, raw } from "hono/html";
import { HTTPException } from "hono/http-exception";
import { jwt, sign } from "hono/jwt";
import { logger } from "hono/logger";
import { stream, streamText } from "hono/streaming";
import { validator } from "hono/validator";

const app = new Hono();
const lines = [];
app.use("*", contextStorage());
app.use(
  "*",
  logger((line) => lines.push(line)),
);
app.use("/api/*", cors({ origin: "https://a.example" }));
app.use("/etag/*", etag());
app.use("/auth/*", basicAuth({ username: "user", password: "secret" }));
app.use("/jwt/*", jwt({ secret: "s3cret", alg: "HS256" }));
app.use("*", async (c, next) => {
  c.set("who", c.req.query("who") ?? "world");
  await next();
  c.header("X-After", "yes");
});
const who = () => getContext().get("who");
app.get("/", (c) => c.text(`Hello ${who()}`));
app.get("/html", (c) => c.html(html`<p>${c.get("who")} ${raw("<b>&</b>")}</p>`));
app.get("/users/:id{[0-9]+}/posts/:post?", (c) => c.json(c.req.param()));
app.post("/form", async (c) => c.json(await c.req.parseBody()));
app.post(
  "/valid",
  validator("json", (value, c) => (typeof value.n === "number" ? value : c.text("bad", 400))),
  (c) => c.json({ twice: c.req.valid("json").n * 2 }),
);
app.get("/api/data", (c) => c.json({ data: [1, 2] }));
app.get("/etag/x", (c) => c.text("tagged"));
app.get("/auth/page", (c) => c.text("welcome"));
app.get("/token", async (c) => c.text(await sign({ sub: "1" }, "s3cret")));
app.get("/jwt/me", (c) => c.json(c.get("jwtPayload")));
app.get("/cookie", (c) => {
  setCookie(c, "seen", `${Number(getCookie(c, "seen") ?? 0) + 1}`, { path: "/", httpOnly: true });
  return c.body(null, 204);
});
app.get("/stream", (c) =>
  streamText(c, async (out) => {
    for (const word of ["one", "two"]) {
      await out.writeln(`${word} ${who()}`);
      await out.sleep(1);
    }
  }),
);
app.get("/bytes", (c) =>
  stream(c, async (out) => {
    await out.pipe(new Blob(["bytes"]).stream());
  }),
);
app.get("/redirect", (c) => c.redirect("/", 302));
app.get("/throws", () => {
  throw new HTTPException(418, { message: "teapot" });
});
app.get("/lines", (c) => c.json(lines.length > 3));
app.notFound((c) => c.text("nobody here", 404));
app.onError((error, c) =>
  error instanceof HTTPException ? error.getResponse() : c.text(`failed: ${error.message}`, 500),
);
app.route(
  "/nested",
  new Hono().basePath("/deep").get("/:x", (c) => c.text(c.req.param("x"))),
);

export default app;
