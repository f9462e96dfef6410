import assert from "node:assert/strict";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";

export default {
  async fetch(_request, env) {
    const options = {
      baseURL: "http://auth.test",
      secret: "a secret that has more than thirty-two letters",
      database: env.DB,
      emailAndPassword: { enabled: true, password: { hash: async (text) => `<${text}>`, verify: async ({ hash, password }) => hash === `<${password}>` } },
    };
    const { runMigrations } = await getMigrations(options);
    await runMigrations();
    const auth = betterAuth(options);
    const post = (path, body) =>
      auth.handler(new Request(`http://auth.test/api/auth${path}`, { method: "POST", headers: { "content-type": "application/json", origin: "http://auth.test" }, body: JSON.stringify(body) }));
    const user = { email: "ada@example.com", password: "correct horse", name: "Ada" };
    assert.equal((await post("/sign-up/email", user)).status, 200);
    assert.equal((await post("/sign-up/email", user)).status, 422);
    assert.equal((await post("/sign-in/email", { ...user, password: "wrong" })).status, 401);
    const signedIn = await post("/sign-in/email", user);
    const cookie = signedIn.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
    const session = await auth.api.getSession({ headers: new Headers({ cookie }) });
    assert.equal(session.user.email, "ada@example.com");
    const { results } = await env.DB.prepare("SELECT name, emailVerified FROM user").all();
    assert.deepEqual(results, [{ name: "Ada", emailVerified: 0 }]);
    return new Response("ok");
  },
};
