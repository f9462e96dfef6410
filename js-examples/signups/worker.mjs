// People sign up; what is slow is done later, for many of them at once.
//
//   POST /NAME   is answered as soon as the queue has the name on its disk
//   GET /        who has been welcomed, and how many could not be

export default {
  async fetch(request, env) {
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
    if (request.method === "POST") {
      await env.SIGNUPS.send({ name, at: Date.now() });
      return new Response("We have your name.\n", { status: 202 });
    }
    const { keys } = await env.PEOPLE.list();
    const { backlogCount } = await env.REFUSED.metrics();
    const welcomed = keys.map((key) => `${key.name}, in a batch of ${key.metadata.of}\n`);
    return new Response(`${welcomed.join("")}${backlogCount} refused\n`);
  },

  async queue(batch, env) {
    for (const message of batch.messages) {
      const { name, at } = message.body;
      if (name === "nobody") {
        // Perhaps it goes better later, a little more each time; after the third time it is a dead letter.
        message.retry({ delaySeconds: message.attempts });
        continue;
      }
      await env.PEOPLE.put(name, String(at), { metadata: { of: batch.messages.length } });
      message.ack(); // so that nobody is welcomed twice because of somebody else
    }
  },
};
