// Consoles that write into streams.

import console, { Console } from "node:console";
import { PassThrough } from "node:stream";
import { attempt } from "./shared/attempt.mjs";

function recorded(options = {}) {
  const told = [];
  const stream = (mark) => ({
    write: (text) => told.push(`${mark}${JSON.stringify(text)}`),
    listenerCount: () => 0,
    on() {},
    once() {},
    removeListener() {},
  });
  return { told, made: new Console({ stdout: stream("1"), stderr: stream("2"), ...options }) };
}

export default async function (log) {
  const { told, made } = recorded();
  made.log("a %s", "b", { c: 1 });
  made.error(new Map([[1, 2]]));
  made.info();
  made.debug("debug");
  made.warn("warn");
  made.group("outer");
  made.log("one\ntwo");
  made.group();
  made.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 });
  made.groupEnd();
  made.groupEnd();
  made.groupEnd();
  made.table([{ a: 1 }, { a: 2, b: 3 }]);
  made.table([[1, 2]], ["0"]);
  made.table("none");
  made.count();
  made.count();
  made.count("x");
  made.countReset("x");
  made.count("x");
  made.assert(true, "no");
  made.assert(false);
  made.assert(false, "yes %d", 1);
  made.dirxml(1, 2);
  const { log: alone } = made;
  alone("alone");
  for (const line of told) log(line);

  const wide = recorded({ groupIndentation: 4, colorMode: true, inspectOptions: { depth: 0 } });
  wide.made.group();
  wide.made.log({ a: { b: 1 } }, 1);
  for (const line of wide.told) log(line);

  const stream = new PassThrough();
  const called = Console(stream);
  called.log("through");
  called.error("both");
  log(JSON.stringify(`${stream.read()}`));
  log(called instanceof Console, console instanceof Console, {} instanceof Console);
  log(console === globalThis.console, console.Console === Console, Console.name);
  log(Object.keys(made).includes("log"), typeof made.timeEnd);
  log("no stream", attempt(() => new Console()));
  log("no stream of errors", attempt(() => new Console({ stdout: stream, stderr: {} })));
  log("indentation", attempt(() => new Console({ stdout: stream, groupIndentation: -1 })));
  const throwing = {
    listenerCount: () => 0,
    on() {},
    once() {},
    removeListener() {},
    write() {
      throw new Error("full");
    },
  };
  log("ignored", attempt(() => new Console(throwing).log("x")));
  log("told", attempt(() => new Console(throwing, throwing, false).log("x")));
}
