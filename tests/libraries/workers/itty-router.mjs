import { AutoRouter, cors, error, json, withParams } from "itty-router";

const { preflight, corsify } = cors({ origin: "https://a.example" });
const router = AutoRouter({ before: [preflight, withParams], finally: [corsify] });
router
  .get("/", () => "hello")
  .get("/todos/:id", ({ id, query }) => ({ id, query }))
  .post("/todos", async (request) => json(await request.json(), { status: 201 }))
  .get("/broken", () => error(400, "broken"))
  .get("/throws", () => {
    throw new Error("inner");
  })
  .get("/files/:path+", ({ path }) => path);

export default { ...router };
