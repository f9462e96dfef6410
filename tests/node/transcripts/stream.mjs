import { EventEmitter } from "node:events";
import stream, { addAbortSignal, Duplex, finished, PassThrough, pipeline, Readable, Transform, Writable } from "node:stream";
import promises from "node:stream/promises";
import consumers from "node:stream/consumers";
import timers from "node:timers/promises";
import { inspect } from "node:util";
import { attempt, told } from "./shared/attempt.mjs";

const ticks = async (n = 8) => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
};
/** Logs what a stream emits, in order. */
function watch(s, name, log, events = ["data", "end", "finish", "close", "error", "drain", "pipe", "unpipe", "pause", "resume", "prefinish"]) {
  for (const event of events) s.on(event, (value) => log(name, event, value instanceof Error ? told(value) : Buffer.isBuffer(value) ? value.toString() : typeof value === "object" ? "" : value));
  return s;
}
const quiet = ["end", "finish", "close", "error", "drain", "pipe", "unpipe", "prefinish"];

export default async function run(log) {
  // Reading
  const flowing = watch(Readable.from(["a", "b", "c"]), "flowing", log);
  await ticks();
  const paused = new Readable({ read() {} });
  paused.push("abc");
  paused.push(Buffer.from("def"));
  log(paused.read(2)?.toString(), paused.readableLength, paused.read()?.toString(), paused.read(), paused.readableFlowing, paused.isPaused());
  paused.unshift("xyz");
  log(paused.read(1).toString(), paused.push(null), attempt(() => paused.push("late")));
  paused.on("error", (error) => log("paused", told(error)));
  await ticks();
  const encoded = new Readable({ encoding: "utf8", read() {} });
  for (const byte of Buffer.from("é€")) encoded.push(Buffer.from([byte]));
  encoded.push(null);
  log(encoded.read(), encoded.readableEncoding);
  const lines = new Readable({ read() {} });
  watch(lines, "readable", log, ["end", "close"]);
  lines.on("readable", () => {
    let chunk;
    while ((chunk = lines.read(3)) !== null) log("chunk", chunk.toString());
  });
  lines.push("abcd");
  await ticks();
  lines.push("efgh");
  lines.push(null);
  await ticks();
  let pulled = 0;
  const pulling = new Readable({ objectMode: true, highWaterMark: 2, read() { this.push(pulled < 5 ? pulled++ : null); } });
  await ticks(1);
  log("before", pulled, pulling.readableObjectMode, pulling.readableHighWaterMark);
  const seen = [];
  for await (const n of pulling) seen.push(n);
  log(inspect(seen), pulling.destroyed, pulling.readableEnded);
  const early = Readable.from([1, 2, 3]);
  for await (const n of early) {
    log(n);
    break;
  }
  await ticks();
  log(early.destroyed, early.readableEnded, early.readableAborted);
  const failing = new Readable({ read() { this.destroy(new Error("source")); } });
  log(await (async () => { for await (const _ of failing); })().catch(told));
  log(await (async () => { for await (const _ of Readable.from((async function* () { yield 1; throw new Error("generator"); })())); })().catch(told));
  for (const bad of [5, null, undefined, {}]) log(attempt(() => Readable.from(bad)));
  log(attempt(() => new Readable({ highWaterMark: -1 })));
  const toggled = watch(new Readable({ read() {} }), "toggled", log);
  toggled.push("1");
  await ticks();
  toggled.pause();
  toggled.push("2");
  await ticks();
  toggled.resume();
  toggled.push(null);
  await ticks();

  // Writing
  const written = [];
  const slow = watch(new Writable({ highWaterMark: 4, write(chunk, encoding, callback) { written.push(`${chunk} ${encoding}`); setImmediate(callback); } }), "slow", log, quiet);
  log(slow.write("ab"), slow.write("cd", "latin1"), slow.writableLength, slow.writableNeedDrain, slow.write("ef", () => log("written")), slow.writableLength);
  slow.end("gh", () => log("ended"));
  log(slow.writable, slow.writableEnded, slow.writableFinished);
  await ticks(12);
  log(inspect(written), slow.writableFinished, slow.destroyed);
  log(attempt(() => slow.write("late")));
  await ticks();
  const batch = new Writable({ writev(chunks, callback) { log("writev", chunks.map(({ chunk }) => chunk.toString()).join()); callback(); } });
  batch.cork();
  batch.write("a");
  batch.write("b");
  log(batch.writableCorked, batch.writableLength);
  batch.uncork();
  await ticks();
  batch.cork();
  batch.write("c");
  batch.end("d");
  await ticks();
  const objects = new Writable({ objectMode: true, decodeStrings: false, write(chunk, encoding, callback) { log(inspect(chunk)); callback(); } });
  for (const value of [1, "s", { a: 1 }, undefined]) log(attempt(() => objects.write(value)));
  log(attempt(() => objects.write(null)), attempt(() => new Writable({ write() {} }).write(5)), attempt(() => new Writable({ write() {} }).write("x", "nope")));
  const broken = watch(new Writable({ write(chunk, encoding, callback) { callback(new Error("disk")); } }), "broken", log, quiet);
  broken.write("a", (error) => log("callback", told(error)));
  broken.write("b", (error) => log("callback", told(error)));
  await ticks();
  log(broken.destroyed, broken.errored?.message, broken.writable);
  const final = watch(new Writable({ write(c, e, cb) { cb(); }, final(cb) { log("final"); setImmediate(cb); }, destroy(error, cb) { log("destroy", told(error)); cb(error); } }), "final", log, quiet);
  final.end("x");
  await ticks();
  const ended = new Writable({ write(c, e, cb) { cb(); } });
  ended.on("error", (error) => log("ended", told(error)));
  ended.end();
  ended.end((error) => log("again", told(error)));
  await ticks();
  const constructed = new Writable({ construct(cb) { log("construct"); setImmediate(cb); }, write(c, e, cb) { log("write", c.toString()); cb(); } });
  constructed.write("early");
  constructed.end();
  await ticks();
  const never = watch(new Writable({ write() {} }), "never", log, quiet);
  never.write("x", (error) => log("callback", told(error)));
  never.destroy(new Error("given up"));
  never.destroy(new Error("twice"));
  await ticks();

  // Both
  const upper = new Transform({ transform(chunk, encoding, callback) { callback(null, chunk.toString().toUpperCase()); }, flush(callback) { callback(null, "!"); } });
  watch(upper, "upper", log, ["data", ...quiet]);
  upper.write("ab");
  upper.end("cd");
  await ticks();
  const split = new Transform({ readableObjectMode: true, transform(chunk, encoding, callback) { for (const word of chunk.toString().split(" ")) this.push({ word }); callback(); } });
  split.end("a b c");
  log(inspect(await split.toArray()));
  const bad = watch(new Transform({ transform(chunk, encoding, callback) { callback(new Error("transform")); } }), "bad", log, quiet);
  bad.write("x");
  await ticks();
  const half = watch(new Duplex({ allowHalfOpen: false, read() { this.push(null); }, write(c, e, cb) { cb(); } }), "half", log, quiet);
  half.resume();
  await ticks();
  const through = watch(new PassThrough(), "through", log, quiet);
  Readable.from(["x", "y"]).pipe(through);
  log((await consumers.text(through)));
  await ticks();
  log(new Duplex() instanceof Writable, new Duplex() instanceof Readable, new PassThrough() instanceof Transform, {} instanceof Writable, stream.Stream === stream, stream.Readable === Readable);

  // Piping
  const sink = watch(new Writable({ highWaterMark: 2, write(chunk, e, cb) { setImmediate(cb); } }), "sink", log, quiet);
  const source = new Readable({ read() {} });
  log(source.pipe(sink) === sink);
  source.push("abcd");
  await ticks();
  source.unpipe(sink);
  source.push("not piped");
  await ticks();
  source.pipe(sink, { end: false });
  source.push(null);
  await ticks();
  log(sink.writableEnded);
  for (const steps of [
    () => [Readable.from(["a", "b"]), new PassThrough(), async function* (source) { let all = ""; for await (const chunk of source) all += chunk; yield `${all}${all}`; }, new Writable({ write(chunk, e, cb) { log("piped", chunk.toString()); cb(); } })],
    () => [Readable.from(["a"]), new Transform({ transform(c, e, cb) { cb(new Error("middle")); } }), new PassThrough()],
    () => [new Readable({ read() { this.destroy(new Error("first")); } }), new PassThrough()],
    () => [Readable.from(["a"]), new Writable({ write(c, e, cb) { cb(new Error("last")); } })],
    () => [["x", "y"], async (source) => { let text = ""; for await (const chunk of source) text += chunk; return text; }],
    () => [Readable.from(["a"]), async function () { throw new Error("consumer"); }],
  ]) {
    const result = await new Promise((resolve) => pipeline(...steps(), (error, value) => resolve([told(error), value])));
    log("pipeline", inspect(result), await promises.pipeline(...steps()).then(inspect, told));
  }
  const controller = new AbortController();
  const aborted = promises.pipeline(new Readable({ read() {} }), new PassThrough(), { signal: controller.signal }).catch(told);
  controller.abort();
  log(await aborted);
  log(attempt(() => pipeline(Readable.from([]))), attempt(() => pipeline(Readable.from([]), () => {})));

  for (const make of [
    () => { const s = Readable.from(["a"]); s.resume(); return s; },
    () => { const s = new PassThrough(); s.end(); s.resume(); return s; },
    () => { const s = new Writable({ write(c, e, cb) { cb(); } }); s.end("x"); return s; },
    () => { const s = new Readable({ read() {} }); setImmediate(() => s.destroy()); return s; },
    () => { const s = new Readable({ read() {} }); setImmediate(() => s.destroy(new Error("x"))); return s; },
    () => { const s = new Readable({ read() {} }); s.destroy(); return s; },
  ]) {
    log("finished", await new Promise((resolve) => finished(make(), (error) => resolve(told(error)))), await promises.finished(make()).then(() => "ok", told));
  }
  const signaled = addAbortSignal(AbortSignal.abort(), new Readable({ read() {} }));
  signaled.on("error", (error) => log(told(error)));
  await ticks();

  // Lists and the web
  const list = () => Readable.from([1, 2, 3, 4]);
  log(inspect(await list().map((n) => n * 2).filter(async (n) => n > 2).toArray()), await list().reduce((a, b) => a + b), await list().some((n) => n > 3), await list().every((n) => n > 3), await list().find((n) => n > 2), inspect(await list().drop(1).take(2).toArray()), inspect(await list().flatMap((n) => [n, n]).toArray()));
  await list().forEach((n) => log("each", n));
  const web = Readable.toWeb(Readable.from(["w1", "w2"]));
  const chunks = [];
  for await (const chunk of web) chunks.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
  log(inspect(chunks));
  log(await consumers.text(Readable.fromWeb(new Response("from web").body)));
  const { readable, writable } = Duplex.toWeb(new PassThrough());
  const writer = writable.getWriter();
  writer.write(new Uint8Array([104, 105]));
  writer.close();
  log(await new Response(readable).text());
  const nodeWriter = Writable.fromWeb(new WritableStream({ write(chunk) { log("web write", Buffer.from(chunk).toString()); }, close() { log("web close"); } }));
  nodeWriter.end("z");
  await promises.finished(nodeWriter);
  log(inspect(await consumers.json(Readable.from(['{"a":', "1}"]))), (await consumers.buffer(Readable.from([Buffer.from("b")]))).toString(), (await consumers.arrayBuffer(Readable.from([Buffer.from("abc")]))).byteLength);
  log(stream.getDefaultHighWaterMark(true), stream.isReadable(list()), stream.isErrored(list()), inspect(Object.keys(new Readable().listeners("x"))));
  const fails = async (run) => { try { return await run(); } catch ({ code, message }) { return `${code} ${message}`; } };
  for (const op of ["some", "every", "find", "forEach"])
    for (const options of [{ concurrency: "Foo" }, 1, { concurrency: 0 }, { concurrency: 2 }]) log(op, await fails(() => list()[op]((x) => x, options)));
  const idle = () => new Readable({ read() {} });
  for (const args of [["foo"], ["foo", () => {}], [{}, "foo"], [null, () => {}]]) log(await fails(() => typeof finished(idle(), ...args)));
  const empty = new Readable();
  const closing = new Promise((resolve) => finished(empty, (error) => resolve(error?.code)));
  empty.push(null);
  empty.emit("close");
  log(await closing);
  for (const delay of ["", false, undefined]) log(await fails(() => timers.setTimeout(delay, "done")));
  const held = new Writable({ write() {} });
  held.cork();
  held.write("a");
  log(held._writableState.bufferedRequestCount);
  await ends(log);
}

/** Events of streams as they are destroyed, in odd orders. */
async function ends(log) {
  const heard = (s) => {
    const events = [];
    for (const name of ["end", "data", "error", "close"]) s.on(name, (x) => events.push(`${name} ${x}`));
    return events;
  };
  const failing = new Readable({ read() {} });
  const told = heard(failing);
  failing.push("a");
  failing.push(null);
  failing.destroy(new Error("kaboom"));
  await ticks();
  log(told.join());
  for (const S of [Readable, Writable])
    for (const error of [undefined, new Error("why")]) {
      const s = new S({ read() {}, write() {} });
      stream.destroy(s, error);
      const events = heard(s);
      await ticks();
      log(events.join(), s.destroyed);
    }
  for (const [S, half] of [[Readable, "readable"], [Writable, "writable"]]) {
    const s = new S({ read() {}, write() {} });
    s[half] = false;
    s.destroy();
    log(await new Promise((resolve) => finished(s, (error) => resolve(error?.code))));
  }
  const halved = new Duplex({ read() {}, writable: false });
  halved.push(null);
  halved.resume();
  log(await new Promise((resolve) => finished(halved, (error) => resolve(error?.code))));
  for (const event of ["destroy", "close"]) {
    const old = new EventEmitter();
    old.answer = () => 42;
    const s = new Readable({ autoDestroy: false, destroy: () => log("destroyed by", event) }).wrap(old);
    log(s.answer());
    old.emit(event);
  }
  const encodings = [];
  const objects = new Writable({ objectMode: true, write(_, encoding, done) { encodings.push(String(encoding)); done(); } });
  for (const chunk of [new Uint8Array(1), "a", {}]) objects.write(chunk);
  objects.write("b", "latin1");
  await ticks();
  log(encodings.join());
  let ended = 0;
  const again = new Writable({ write() {}, final(done) { ended++; done(); } });
  again.end();
  await promises.finished(again);
  again._undestroy();
  again.end();
  await ticks();
  log(ended);
  const uncounted = new stream.Stream();
  uncounted.listenerCount = undefined;
  uncounted.on("error", ({ message }) => log("uncounted", message));
  uncounted.pipe(new PassThrough());
  uncounted.emit("error", new Error("e"));
  for (const highWaterMark of [0, 1, 2, 3])
    for (const write of [(c, e, done) => done(), (c, e, done) => queueMicrotask(done), (c, e, done) => done(new Error("no"))]) {
      const s = new Writable({ highWaterMark, write });
      s.on("error", () => {}).on("drain", () => log("drain"));
      log(s.write("ab"), s.writableNeedDrain, s.writableLength);
      await ticks();
    }
  const gone = new Readable({ read() {} });
  gone.destroy();
  log(gone.push("x"), gone.unshift("y"), gone.push(null));
  let left = 5;
  const source = new Readable({ read() { if (left--) this.push(Buffer.alloc(80_000)); } });
  const ending = new Transform({ transform(_chunk, _encoding, done) { this.push(null); done(); } });
  source.pipe(ending).on("data", () => {});
  await new Promise((resolve) => ending.on("end", () => resolve(log(left, source.isPaused()))));
}
