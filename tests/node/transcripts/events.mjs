import EventEmitter, { errorMonitor, getEventListeners, listenerCount, on, once } from "node:events";
import { inspect, inherits } from "node:util";
import { attempt } from "./shared/attempt.mjs";

export default async function run(log) {
  const e = new EventEmitter();
  const heard = [];
  e.on("newListener", (name, listener) => heard.push(`new ${String(name)} ${typeof listener}`));
  e.on("removeListener", (name, listener) => heard.push(`gone ${String(name)} ${typeof listener}`));
  const a = (...args) => heard.push(`a ${args}`);
  const b = function (...args) {
    heard.push(`b ${args} ${this === e}`);
  };
  log(attempt(() => e.on("x", a) === e), e.listenerCount("x"), e.emit("x", 1, 2), e.emit("nobody"));
  e.prependListener("x", b);
  e.once("x", a);
  e.prependOnceListener("x", b);
  log(inspect(e.listeners("x").map((f) => f === a)), e.rawListeners("x").map((f) => typeof f.listener).join(), inspect(e.eventNames()));
  e.emit("x", "first");
  e.emit("x", "second");
  e.off("x", a);
  e.off("x", () => {});
  log(e.listenerCount("x"), heard.join("; "));
  heard.length = 0;
  e.once(Symbol.for("s"), a);
  log(inspect(e.eventNames()), e.emit(Symbol.for("s"), 7), e.listenerCount(Symbol.for("s")), heard.join("; "));
  e.removeAllListeners("x");
  e.removeAllListeners();
  log(inspect(e.eventNames()), heard.join("; "));

  log(attempt(() => new EventEmitter().emit("error", new Error("boom"))), attempt(() => new EventEmitter().emit("error", "text")), attempt(() => new EventEmitter().emit("error")), attempt(() => new EventEmitter().emit("error", { a: 1 })));
  const m = new EventEmitter();
  m.on(errorMonitor, (error) => log("monitor", error.message));
  m.on("error", (error) => log("error", error.message));
  m.emit("error", new Error("seen"));
  for (const bad of [undefined, null, 5, "x", {}]) log(attempt(() => e.on("x", bad)), attempt(() => e.once("x", bad)), attempt(() => e.off("x", bad)), attempt(() => e.setMaxListeners(bad) === e));
  log(e.getMaxListeners(), e.setMaxListeners(3).getMaxListeners(), EventEmitter.defaultMaxListeners, attempt(() => e.setMaxListeners(-1)), attempt(() => (EventEmitter.defaultMaxListeners = -1)));

  function Old() {
    EventEmitter.call(this);
  }
  inherits(Old, EventEmitter);
  const old = new Old();
  old.on("x", (v) => log("old", v));
  log(old.emit("x", 5), old instanceof EventEmitter, Old.super_ === EventEmitter);
  class New extends EventEmitter {}
  log(new New().on("q", () => {}).listenerCount("q"), listenerCount(old, "x"), getEventListeners(old, "x").length, EventEmitter.EventEmitter === EventEmitter, EventEmitter.once === once);

  const order = new EventEmitter();
  order.on("x", () => {
    order.on("x", () => log("added"));
    log("adds");
  });
  order.emit("x");
  const removing = new EventEmitter();
  const second = () => log("second runs although it was removed");
  removing.on("x", () => removing.off("x", second));
  removing.on("x", second);
  removing.emit("x");
  removing.emit("x");

  setTimeout(() => e.emit("later", 1, 2), 1);
  log(inspect(await once(e, "later")), e.listenerCount("later"), e.listenerCount("error"));
  setTimeout(() => e.emit("error", new Error("rejected")), 1);
  await once(e, "never").catch((error) => log(error.message));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  await once(e, "never", { signal: controller.signal }).catch((error) => log(error.name, error.code, error.message));
  await once(e, "never", { signal: AbortSignal.abort() }).catch((error) => log(error.name, error.code, error.message));
  const target = new EventTarget();
  setTimeout(() => target.dispatchEvent(new Event("t")), 1);
  log((await once(target, "t")).length);
  setTimeout(() => {
    e.emit("many", 1);
    e.emit("many", 2);
    e.emit("end");
  }, 1);
  for await (const values of on(e, "many", { close: ["end"] })) log("many", inspect(values));
  const iterator = on(e, "some");
  e.emit("some", "queued");
  log(inspect(await iterator.next()), inspect(await iterator.return()), inspect(await iterator.next()), e.listenerCount("some"));
  const failing = on(e, "some");
  setTimeout(() => e.emit("error", new Error("ends it")), 1);
  await failing.next().catch((error) => log(error.message));

  const capturing = new EventEmitter({ captureRejections: true });
  capturing.on("x", async () => {
    throw new Error("captured");
  });
  capturing.on("error", (error) => log("capture", error.message));
  capturing.emit("x");
  await new Promise((resolve) => setTimeout(resolve, 2));
  log(inspect(Object.keys(new EventEmitter())), typeof EventEmitter.prototype.addListener);
  for (const args of [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]) {
    const each = new EventEmitter();
    each.on("x", (...given) => log(given.length));
    log(each.emit("x", ...args));
  }
}
