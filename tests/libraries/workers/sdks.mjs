import assert from "node:assert/strict";
import OpenAI from "openai";
import Stripe from "stripe";

const asked = [];
const answer = async (url, init) => {
  asked.push(`${init.method} ${url}`);
  if (String(url).includes("stripe")) return Response.json({ id: "cus_1", object: "customer" });
  if (init.body.includes('"stream":true')) {
    return new Response(
      'data: {"choices":[{"delta":{"content":"Hel"}}]}\n\ndata: {"choices":[{"delta":{"content":"lo"}}]}\n\ndata: [DONE]\n\n',
      { headers: { "content-type": "text/event-stream" } },
    );
  }
  return Response.json({ choices: [{ message: { content: "Hello" } }] });
};

export default {
  async fetch() {
    const openai = new OpenAI({ apiKey: "k", fetch: answer });
    const told = await openai.chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "hi" }],
    });
    assert.equal(told.choices[0].message.content, "Hello");
    let text = "";
    for await (const part of await openai.chat.completions.create({
      model: "m",
      messages: [],
      stream: true,
    }))
      text += part.choices[0].delta.content;
    assert.equal(text, "Hello");
    const stripe = new Stripe("sk_test_1", { httpClient: Stripe.createFetchHttpClient(answer) });
    assert.equal((await stripe.customers.create({ email: "a@b.c" })).id, "cus_1");
    const payload = JSON.stringify({ id: "evt_1", object: "event", type: "x" });
    const header = await stripe.webhooks.generateTestHeaderStringAsync({
      payload,
      secret: "whsec",
    });
    assert.equal((await stripe.webhooks.constructEventAsync(payload, header, "whsec")).id, "evt_1");
    await assert.rejects(stripe.webhooks.constructEventAsync(`${payload} `, header, "whsec"), {
      type: "StripeSignatureVerificationError",
    });
    assert.deepEqual(asked, [
      "POST https://api.openai.com/v1/chat/completions",
      "POST https://api.openai.com/v1/chat/completions",
      "POST https://api.stripe.com/v1/customers",
    ]);
    return new Response("ok");
  },
};
