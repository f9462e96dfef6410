// Mail as scripts see it: what is sent, what comes in, and what is said of that.
import { EmailMessage } from "cloudflare:email";
import { observe } from "./observe.mjs";

const lines = (headers, body = "text") =>
  [...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", body].join("\r\n");

const whole = { From: "Me <me@x.test>", To: "you@y.test", Subject: "s", "Message-ID": "<1@x.test>" };
const { From, ...withoutFrom } = whole;
const { "Message-ID": id, ...withoutId } = whole;

const sent = (promise) =>
  promise.then(({ messageId, ...rest }) => [typeof messageId, Object.keys(rest)], (error) => [error.name, error.message]);
const send = (headers, to = "you@y.test", from = "me@x.test") => (request, { ANY }) =>
  sent(ANY.send(new EmailMessage(from, to, lines(headers))));
const by = (binding, from, to) => (request, env) =>
  sent(env[binding].send(new EmailMessage(from, to, lines({ ...whole, From: from }))));
const build = (fields, binding = "ANY") => (request, env) =>
  sent(env[binding].send({ from: "me@x.test", to: "you@y.test", subject: "s", text: "t", ...fields }));

const observations = {
  "a message": send(whole),
  "a stream": (request, { ANY }) =>
    sent(ANY.send(new EmailMessage("me@x.test", "you@y.test", new Blob([lines(whole)]).stream()))),
  "no message id": send(withoutId),
  "no From": send({ ...withoutFrom, From: "" }),
  "another From": send(whole, "you@y.test", "other@x.test"),
  "received before": send({ ...whole, Received: "by x" }),
  "to the only address": by("ONLY", "me@x.test", "only@y.test"),
  "to another address": by("ONLY", "me@x.test", "you@y.test"),
  "to one of some": by("SOME", "a@x.test", "a@y.test"),
  "to none of some": by("SOME", "a@x.test", "c@y.test"),
  "from none of some": by("SOME", "b@x.test", "a@y.test"),
  "what is built": build({}),
  "what is built from a name": build({ from: { name: "Me", email: "me@x.test" }, to: ["a@y.test", "b@y.test"] }),
  "html and attachments": build({
    html: "<p>",
    attachments: [
      { disposition: "attachment", filename: "a.txt", type: "text/plain", content: "aGVsbG8=" },
      { disposition: "inline", filename: "b", type: "image/png", content: new Uint8Array(3), contentId: "c" },
    ],
  }),
  "what is built to none of some": build({ from: "a@x.test", to: "c@y.test" }, "SOME"),
  "what is built from none of some": build({ to: "a@y.test" }, "SOME"),
  "a message is": () => {
    const message = new EmailMessage("a", "b", "c");
    return [message.from, message.to, Object.prototype.toString.call(message)];
  },
};

// By the part of the address before the `@`.
const handlers = {
  async reads(message) {
    const text = await new Response(message.raw).text();
    const headers = Object.fromEntries([...message.headers].sort());
    await message.setReject(JSON.stringify([message.from, message.to, message.rawSize, text, headers]));
  },
  forwards: async (message) => await message.setReject(JSON.stringify(Object.keys(await message.forward("c@z.test", new Headers({ "x-a": "b" }))))),
  replies: (message) => answer(message, { "In-Reply-To": "<1@x.test>" }),
  "replies-whole": (message) => answer(message, { "In-Reply-To": "<1@x.test>", References: "<1@x.test>" }),
  "replies-to-all": (message) => answer(message, { "In-Reply-To": "<1@x.test>", References: "<0@x.test> <1@x.test>" }),
  "replies-to-nothing": (message) => answer(message, {}),
  "replies-to-another": (message) => answer(message, { "In-Reply-To": "<2@x.test>" }),
  "replies-otherwise": (message) => answer(message, { "In-Reply-To": "<1@x.test>", References: "<2@x.test>" }),
  "replies-as-another": (message) => answer(message, { "In-Reply-To": "<1@x.test>", From: "z@y.test" }),
  "replies-without-id": (message) => answer(message, { "In-Reply-To": "<1@x.test>", "Message-ID": "" }),
};

async function answer(message, headers) {
  const raw = lines({ From: message.to, To: message.from, "Message-ID": "<9@y.test>", ...headers });
  const told = await sent(message.reply(new EmailMessage(message.to, message.from, raw)));
  await message.setReject(JSON.stringify(told));
}

export default {
  fetch: observe(observations),
  async email(message) {
    await handlers[message.to.split("@")[0]]?.(message);
  },
};
