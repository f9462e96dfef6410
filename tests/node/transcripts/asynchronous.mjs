import stream, { Readable, Writable, Duplex, Transform, PassThrough, pipeline, finished, addAbortSignal } from "node:stream";
import sp from "node:stream/promises";
import { inspect, promisify, callbackify } from "node:util";
import EventEmitter, { once, on } from "node:events";
import dc from "node:diagnostics_channel";
import { StringDecoder } from "node:string_decoder";
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import timers from "node:timers/promises";
import process from "node:process";
import { attempt, told } from "./shared/attempt.mjs";
import { rest } from "./shared/rest.mjs";
const later = (p) => p.then((v) => inspect(v), told);

export default async function run(log) {
  const t = (...calls) => calls.forEach((call) => log(attempt(call)));
  // operators
  const R = (...a) => Readable.from(a.length ? a : [1, 2, 3, 4]);
  log(await later(R().map((x) => x * 2).toArray()), await later(R().filter((x) => x % 2).toArray()), await later(R().flatMap((x) => [x, x]).toArray()), await later(R().drop(1).take(2).toArray()), await later(R().reduce((a, b) => a + b)), await later(R().reduce((a, b) => a + b, 10)), await later(R().some((x) => x > 3)), await later(R().every((x) => x > 0)), await later(R().find((x) => x > 2)), await later(R().find((x) => x > 9)), await later(R().forEach(() => {})), await later(R().asIndexedPairs().toArray()));
  log(await later(R(null).toArray()), await later(R(undefined, 1).toArray()), await later(Readable.from([Promise.resolve(1)]).toArray()), await later(Readable.from("abc").toArray()), await later(Readable.from(Buffer.from("ab")).toArray()), await later(Readable.from(new Set([1])).toArray()), await later(Readable.from((async function* () { yield 1; throw new Error("x"); })()).toArray()));
  t(() => Readable.from(5), () => Readable.from(null), () => R().map(5), () => R().map((x) => x, { concurrency: 0 }), () => R().map((x) => x, 5), () => R().take(-1), () => R().drop("x") instanceof Readable, () => R().map((x) => x, { signal: 5 }));
  log(await later(R().reduce(5)), await later(Readable.from([]).reduce((a, b) => a)), await later(R().some(5)), await later(R().find()), await later(R().forEach()), await later(R().toArray({ signal: AbortSignal.abort() })), await later(R().toArray(5)), await later(R().map(async (x) => { await timers.setTimeout(5 - x); return x; }, { concurrency: 4 }).toArray()), await later(R().map((x) => { throw new Error("m"); }).toArray()));
  // compose, duplexPair
  log(typeof stream.compose, typeof stream.duplexPair);
  // pipeline with generators
  log(await later(sp.pipeline(R("a", "b"), async function* (s) { for await (const c of s) yield c.toUpperCase(); }, async (s) => { let x = ""; for await (const c of s) x += c; return x; })), await later(sp.pipeline(R("a"), new Writable({ write(c, e, cb) { cb(new Error("w")); } }))), await later(sp.pipeline(R("a"), new PassThrough(), { end: false })), await later(sp.pipeline(R("a"), async (s, { signal }) => signal instanceof AbortSignal)), await later(sp.pipeline(["x"], new PassThrough({ objectMode: true }).resume())));
  log(await later(sp.pipeline(new Readable({ read() {} }), new PassThrough(), { signal: AbortSignal.abort() })), await later(sp.finished(R().resume())), await later(sp.finished(new Readable({ read() { this.destroy(new Error("d")); } }).resume())));
  const ev = (s, ...names) => { const got = []; for (const n of names) s.on(n, (x) => got.push(n + (x instanceof Error ? ":" + x.message : x instanceof Uint8Array || typeof x === "string" ? ":" + x : ""))); return got; };
  { const s = new PassThrough(), g = ev(s, "readable", "data", "end", "finish", "close", "error", "pause", "resume", "prefinish", "drain"); s.write("a"); s.end("b"); await rest(); log(g.join()); }
  { const s = new Writable({ write(c, e, cb) { setImmediate(cb); }, highWaterMark: 2 }), g = ev(s, "drain", "finish", "close", "error", "pipe", "unpipe"); log(s.write("ab"), s.write("c"), s.writableLength, s.writableNeedDrain); s.end(); await rest(); log(g.join(), attempt(() => s.write("x"))); await rest(); log(g.join()); }
  { const s = new Readable({ read() {} }), g = ev(s, "end", "close", "error"); s.push("a"); s.destroy(); s.push("b"); await rest(); log(g.join(), s.readableAborted, s.readableDidRead, s.errored, s.closed, attempt(() => s.read())); }
  { const s = new Duplex({ read() { this.push(null); }, write(c, e, cb) { cb(); }, allowHalfOpen: false }), g = ev(s, "end", "finish", "close"); s.resume(); await rest(); log(g.join()); }
  { const s = new Transform({ transform(c, e, cb) { cb(null, c + "!"); }, flush(cb) { cb(null, "end"); } }), g = ev(s, "data", "end"); s.setEncoding("utf8"); s.end("x"); await rest(); log(g.join()); }
  { const s = new Readable({ read() {}, encoding: "utf8" }); s.push(Buffer.from([0xe2, 0x82])); s.push(Buffer.from([0xac])); s.push(null); log(await later((async () => { let x = ""; for await (const c of s) x += c; return x; })())); }
  { const s = new Readable({ read() {}, highWaterMark: 4 }); log(s.push("abcd"), s.push("e"), s.readableLength, String(s.read(2)), String(s.read(1)), s.unshift("Z"), String(s.read()), String(s.read())); }
  { const s = R(1, 2, 3); const it = s[Symbol.asyncIterator](); log(inspect(await it.next()), inspect(await it.return()), s.destroyed); }
  { const s = R(1, 2, 3); for await (const x of s.iterator({ destroyOnReturn: false })) break; log(s.destroyed); }
  t(() => new Writable({ highWaterMark: -1 }), () => new Writable().write(null), () => new Writable().write(5), () => new Writable({ write() {} }).write("x", "nope"), () => new Writable().setDefaultEncoding("x"), () => new Readable({ encoding: "x" }), () => Readable({}).readable, () => Writable() instanceof Writable, () => new Duplex({ readableHighWaterMark: "x" }), () => stream.getDefaultHighWaterMark(true), () => stream.setDefaultHighWaterMark(false, "x"), () => addAbortSignal(5, 5), () => addAbortSignal(AbortSignal.abort(), {}), () => pipeline(5), () => pipeline(() => {}), () => pipeline(R(), () => {}), () => finished(5, () => {}), () => finished(R()), () => stream.isReadable(R()), () => stream.isErrored(R()), () => stream.isDisturbed(R()), () => stream.isDestroyed(5), () => stream.isWritable(new Writable()), () => Duplex.from(5), () => stream.Stream === stream, () => stream.promises === sp);
  log(await later(Duplex.from((async () => "v")()).toArray()), await later(Duplex.from([1, 2]).toArray()), await later(Duplex.from(R(5)).toArray()));
  // Duplex.from
  const sink = () => { const got = []; return Object.assign(new Writable({ objectMode: true, write(c, e, cb) { got.push(String(c)); cb(); } }), { got }); };
  const d = Duplex.from(async function* (s) { for await (const c of s) yield `${c}!`; }); d.write("a"); d.end("b"); log(await later(d.toArray()));
  log(await later(sp.pipeline(["x", "y"], Duplex.from(async function* (s) { for await (const c of s) yield c + c; }), async (s) => { let t = ""; for await (const c of s) t += c; return t; })));
  const seen = []; log(await later(sp.pipeline(["p", "q"], Duplex.from(async (s) => { for await (const c of s) seen.push(c); }))), seen.join());
  log(await later(sp.pipeline(["p"], Duplex.from(async (s) => { for await (const c of s) throw new Error("inner"); }))));
  log(await later(sp.pipeline(["p"], Duplex.from(async function* (s) { for await (const c of s) throw new Error("gen"); }), new PassThrough())));
  const w = sink(), pair = Duplex.from({ readable: Readable.from(["r1", "r2"]), writable: w }); pair.write("w1"); pair.end("w2"); log(await later(pair.toArray()), w.got.join());
  log(await later(Duplex.from(Readable.from([1, 2])).toArray()), await later(Duplex.from([1, 2]).toArray()), await later(Duplex.from("abc").toArray()), await later(Duplex.from(Promise.resolve("v")).toArray()), await later(Duplex.from(Promise.reject(new Error("no"))).toArray()), await later(Duplex.from(new Blob(["blob"])).toArray().then((x) => x.map((y) => Buffer.from(y).toString()))), await later(Duplex.from(new ReadableStream({ start(c) { c.enqueue("s"); c.close(); } })).toArray().then(String)));
  const w2 = sink(), only = Duplex.from(w2); only.end("z"); await new Promise((r) => only.on("finish", r)); log(w2.got.join(), only.readable, only.writable);
  const pt = new PassThrough(); log(Duplex.from(pt) === pt, attempt(() => Duplex.from(5)), attempt(() => Duplex.from(() => 5)), attempt(() => Duplex.from(null)), Duplex.from(Readable.from([])).writable, Duplex.from(sink()).readable);
  const dd = Duplex.from({ readable: new Readable({ read() {} }) }); dd.on("error", () => {}); dd.destroy(new Error("x")); log(dd.destroyed);
  { const [one, two] = stream.duplexPair({ encoding: "utf8" }); one.write("to two"); two.end("to one"); one.end("!"); log(await later(two.toArray()), await later(one.toArray()), one.destroyed, two.destroyed); }
  // events
  const e = new EventEmitter({ captureRejections: true }); e.on("x", async () => { throw new Error("rej"); }); const [err] = await (setTimeout(() => e.emit("x")), once(e, "error")).catch((x) => [x]); log(err.message);
  t(() => new EventEmitter({ captureRejections: 5 }), () => e.setMaxListeners(-1), () => e.on("x"), () => e.emit("error"), () => new EventEmitter().emit("error", 5), () => new EventEmitter().emit("error", new Error("boom")), () => EventEmitter.defaultMaxListeners, () => (EventEmitter.defaultMaxListeners = -1), () => EventEmitter.listenerCount(e, "x"), () => e.listenerCount("x", () => {}), () => EventEmitter.getEventListeners(e, "x").length, () => EventEmitter.getEventListeners(5), () => e.rawListeners("x").length, () => EventEmitter.setMaxListeners(5, 5), () => EventEmitter.addAbortListener(5, () => {}), () => on(5, "x"), () => typeof on(e, "x", 5).next, () => on(e, "x", { signal: 5 }), () => on(e, "x", { signal: AbortSignal.abort() }));
  log(await later(once(5, "x")), await later(once(e, "y", { signal: AbortSignal.abort() })), await later((async () => { const et = new EventTarget(); setTimeout(() => et.dispatchEvent(new Event("q"))); return (await once(et, "q"))[0].type; })()));
  { const e2 = new EventEmitter(), it = on(e2, "a", { close: ["z"] }); e2.emit("a", 1); e2.emit("a", 2); e2.emit("z"); const got = []; for await (const x of it) got.push(x); log(inspect(got)); }
  { const e2 = new EventEmitter(), it = on(e2, "a"); e2.emit("a", 1); e2.emit("error", new Error("E")); log(await later(it.next()), await later(it.next()), await later(it.next()), attempt(() => it.throw(5))); }
  { const e2 = new EventEmitter(); const order = []; e2.once("a", () => order.push(1)); e2.prependListener("a", () => order.push(0)); e2.prependOnceListener("a", () => order.push(-1)); e2.emit("a"); e2.emit("a"); log(order.join(), inspect(e2.eventNames()), e2.listeners("a").length); const f = () => {}; e2.on("b", f); e2.on("b", f); e2.off("b", f); log(e2.listenerCount("b")); e2.removeAllListeners("a"); log(inspect(e2.eventNames())); }
  // diagnostics
  { const c = dc.channel("a"), got = []; const s = (m, n) => got.push([m, n]); c.subscribe(s); c.publish(1); log(c.hasSubscribers, c.unsubscribe(s), c.unsubscribe(s), c.hasSubscribers, inspect(got), dc.hasSubscribers("a"), dc.channel("a") === c, attempt(() => dc.channel(5)), attempt(() => c.subscribe(5)), attempt(() => new dc.Channel("x").name));
    const tc = dc.tracingChannel("t"), seen = []; for (const n of ["start", "end", "asyncStart", "asyncEnd", "error"]) tc[n].subscribe((m) => seen.push(n + Object.keys(m)));
    log(attempt(() => tc.traceSync((x) => x + 1, {}, null, 1)), attempt(() => tc.traceSync(() => { throw new Error("s"); })), await later(tc.tracePromise(async () => 5, {})), await later(tc.tracePromise(async () => { throw new Error("p"); }, {})), await new Promise((r) => tc.traceCallback((a, cb) => setImmediate(cb, null, 1, 2, 3), -1, {}, null, "q", (...x) => r(inspect(x)))), attempt(() => tc.traceCallback(() => {}, 0, {}, null, 5)), seen.join()); log(attempt(() => dc.tracingChannel(5))); }
  // als
  { const als = new AsyncLocalStorage(); log(als.getStore(), als.run(1, () => als.getStore()), als.run(1, () => als.exit(() => als.getStore())), await als.run(2, async () => { await timers.setTimeout(1); return als.getStore(); }), als.run(3, () => AsyncLocalStorage.snapshot())(() => als.getStore()), als.run(4, () => AsyncLocalStorage.bind(() => als.getStore()))(), als.run(5, () => new AsyncResource("x")).runInAsyncScope((a) => [als.getStore(), a], null, 7).join()); t(() => AsyncLocalStorage.bind(5), () => new AsyncResource()); }
  // timers
  log(await later(timers.setTimeout(1, "v")), await later(timers.setTimeout(1, "v", { signal: AbortSignal.abort() })), await later(timers.setImmediate("i")), await later(timers.setTimeout(1, "v", 5)), await later(timers.setTimeout(1, 1, { signal: 5 })), await later(timers.setTimeout(1, 1, { ref: 5 })), await later(timers.scheduler.wait(1)), await later(timers.scheduler.yield()), await later((async () => { let n = 0; for await (const x of timers.setInterval(1, "k")) if (++n === 3) return x; })()), await later(promisify(setTimeout)(1, "p")), await later(promisify(setImmediate)("pi")));
  const controller = new AbortController();
  let ticks = 0;
  const ended = (async () => {
    for await (const tick of timers.setInterval(1, "k", { signal: controller.signal })) {
      if (++ticks > 1) continue;
      await timers.setTimeout(50);
      controller.abort();
      log(tick);
    }
  })();
  log(await later(ended), ticks > 2);
  t(() => setTimeout(5), () => setImmediate(), () => typeof setTimeout(() => {}, 1)[Symbol.toPrimitive](), () => setTimeout(() => {}, 1).hasRef(), () => setTimeout(() => {}, 1).unref().hasRef(), () => clearTimeout(null), () => clearTimeout("x"), () => setInterval("x"));
  // process
  t(() => process.nextTick(5), () => process.hrtime(5), () => process.hrtime([1]), () => process.hrtime([1, 2]).length, () => typeof process.hrtime.bigint(), () => process.emitWarning(5), () => process.cwd().startsWith("/"), () => process.env.NOPE, () => { process.env.X1 = 5; return process.env.X1; }, () => delete process.env.X1, () => "X1" in process.env, () => { process.env[Symbol("x")] = 1; }, () => { process.env.u = undefined; return process.env.u; }, () => process.getBuiltinModule("fs") !== undefined, () => process.getBuiltinModule("nope"), () => process.getBuiltinModule(5), () => typeof process.memoryUsage().rss, () => process.uptime() > -1, () => process.exitCode, () => process.argv.length > 0, () => process.umask() >= 0, () => process.title.length > 0, () => process.listenerCount("x"), () => Object.prototype.toString.call(process), () => process.stdout.writable, () => process.stdout.fd, () => process.platform);
  { const order = []; process.nextTick((a) => order.push("tick" + a), 1); Promise.resolve().then(() => order.push("micro")); queueMicrotask(() => order.push("q")); setImmediate(() => order.push("imm")); await rest(); log(order.sort().join()); }
  log(await later(promisify(callbackify(async (x) => x + 1))(1)), await later(promisify(callbackify(async () => { throw null; }))()));
  t(() => { const d = new StringDecoder("utf8"); return [d.write(Buffer.from([0xe2])), d.lastNeed, d.lastTotal, d.end(), d.write(Buffer.from([0xff, 0x41])), d.end(Buffer.from([0xf0, 0x9f]))]; }, () => new StringDecoder("x"), () => new StringDecoder().write(5), () => { const d = new StringDecoder("base64"); return [d.write(Buffer.from("a")), d.write(Buffer.from("bcd")), d.end()]; });
}
