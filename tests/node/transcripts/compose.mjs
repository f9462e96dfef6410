// Streams made of others.

import https from "node:https";
import stream, { compose, PassThrough, Readable, Transform, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { attempt, told } from "./shared/attempt.mjs";

const mark = (text) =>
  new Transform({
    transform(chunk, _, callback) {
      callback(null, `${chunk}${text}`);
    },
  });
async function* upper(source) {
  for await (const chunk of source) yield `${chunk}`.toUpperCase();
}
async function textOf(source) {
  const chunks = [];
  try {
    for await (const chunk of source) chunks.push(`${chunk}`);
  } catch (error) {
    chunks.push(told(error));
  }
  return chunks.join();
}
const failing = (message) =>
  new Transform({
    transform(_chunk, _, callback) {
      callback(new Error(message));
    },
  });

export default async function (log) {
  log(stream.compose === compose, typeof Readable.prototype.compose);

  const two = compose(mark("!"), mark("?"));
  two.write("a");
  two.end("b");
  log("two", await textOf(two), two.readable, two.writable, two.writableFinished);

  const functions = compose(upper, mark("."), upper);
  functions.end("abc");
  log("functions", await textOf(functions));

  log("of a readable", await textOf(Readable.from(["a", "b"]).compose(upper)));
  log("of a readable", await textOf(Readable.from(["a"]).compose(mark("-")).compose(mark("+"))));
  log("a readable first", await textOf(compose(Readable.from(["x", "y"]), upper)));

  const written = [];
  const sink = compose(
    mark("1"),
    new Writable({
      write(chunk, _, callback) {
        written.push(`${chunk}`);
        callback();
      },
    }),
  );
  log("a sink", sink.readable, sink.writable);
  sink.end("w");
  await finished(sink);
  log("a sink", written.join());

  const one = compose(upper);
  one.end("one");
  log("one", await textOf(one));

  for (const [name, steps] of [
    ["first", [failing("first"), mark("!")]],
    ["middle", [mark("1"), failing("middle"), mark("2")]],
    ["last", [mark("1"), failing("last")]],
  ]) {
    const broken = compose(...steps);
    broken.end("x");
    log(name, await textOf(broken), broken.destroyed, steps.every((step) => step.destroyed));
  }

  const steps = [new PassThrough(), new PassThrough()];
  const destroyed = compose(...steps);
  destroyed.on("error", (error) => log("error", told(error)));
  destroyed.destroy(new Error("away"));
  await new Promise((resolve) => destroyed.on("close", resolve));
  await new Promise((resolve) => setTimeout(resolve));
  log("destroyed", steps.map((step) => step.destroyed).join());

  const controller = new AbortController();
  const aborted = new PassThrough().compose(upper, { signal: controller.signal });
  controller.abort();
  log("aborted", await textOf(aborted));

  log(attempt(() => compose()));
  log(attempt(() => compose(new Writable(), mark("!"))).slice(0, 72));
  log(attempt(() => compose(mark("!"), Readable.from([]))).slice(0, 72));

  for (const made of [new PassThrough(), new Writable(), Readable.from(["a"])]) {
    await made[Symbol.asyncDispose]();
    log("disposed of", made.destroyed, made.errored?.name);
  }
  const ended = Readable.from(["a"]);
  await textOf(ended);
  await ended[Symbol.asyncDispose]();
  log("disposed of", ended.errored?.name);

  const agent = new https.Agent();
  for (const options of [
    {},
    { host: "h", port: 1, servername: "s" },
    { host: "h", servername: "h", rejectUnauthorized: false, ca: "CA", family: 4 },
    { host: "h", honorCipherOrder: true, minVersion: "TLSv1.2", sigalgs: "x" },
  ])
    log(agent.getName(options));
}
