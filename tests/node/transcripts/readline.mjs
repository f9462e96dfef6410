import readline from "node:readline";
import rlp from "node:readline/promises";
import { Readable, PassThrough, Writable } from "node:stream";
import { attempt } from "./shared/attempt.mjs";
import { rest } from "./shared/rest.mjs";
const collect = async (chunks, options) => { const out = []; for await (const l of readline.createInterface({ input: Readable.from(chunks, { objectMode: true }), ...options })) out.push(l); return JSON.stringify(out); };

export default async function run(log) {
  for (const chunks of [["a\nb\nc"], ["a\r\nb\r\n"], ["a\r", "\nb"], ["a\r", "b"], ["a\rb"], ["a\n\n\nb\n"], ["", "x"], ["\n"], ["a\u2028b\u2029c"], ["\r\r\n"], [], ["é".slice(0, 1), "\n"]]) log(JSON.stringify(chunks), await collect(chunks));
  const bytes = Buffer.from("hé\nllo€\n"); log(await collect([...bytes].map((b) => Buffer.from([b]))));
  const input = new PassThrough(), seen = [];
  const output = new Writable({ write(c, e, cb) { seen.push(`out ${c}`); cb(); } });
  const rl = readline.createInterface({ input, output, prompt: "$ " });
  for (const e of ["line", "close", "pause", "resume"]) rl.on(e, (x) => seen.push(`${e} ${x}`));
  rl.prompt(); rl.question("who? ", (a) => seen.push(`answer ${a}`));
  input.write("me\nmore\nrest"); await rest();
  log(rl.getPrompt(), rl.terminal, Boolean(rl.closed)); rl.setPrompt("# "); rl.prompt(); rl.pause(); rl.pause(); rl.resume(); rl.write("w\nx"); rl.close(); rl.close();
  log(JSON.stringify(seen), rl.closed, rl.line, attempt(() => rl.question("x", () => {})));
  const i2 = new PassThrough(), p = rlp.createInterface({ input: i2, output: new PassThrough() });
  const q = p.question("name? "); i2.write("bob\n"); log(await q);
  const ac = new AbortController(), q2 = p.question("x", { signal: ac.signal }); ac.abort(); log(await q2.catch((e) => e.name));
  p.close(); log(await p.question("x").catch((e) => e.code));
  const i3 = new PassThrough(); const lines = []; const r3 = readline.createInterface(i3); r3.on("line", (l) => lines.push(l)); i3.end("last"); await new Promise((r) => r3.on("close", r)); log(lines);
  const i4 = new PassThrough(); i4.write("a\nb\nc\nd\n"); const r4 = readline.createInterface({ input: i4 }); for await (const l of r4) { log(l); if (l === "b") break; } log(Boolean(r4.closed));
  const r5 = readline.createInterface({ input: new PassThrough(), output: new PassThrough(), prompt: "ask: " }); log(r5.getCursorPos().cols, r5.getCursorPos().rows); r5.close();
}
