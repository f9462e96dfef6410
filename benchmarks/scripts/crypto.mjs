// What Web Crypto costs a script, in milliseconds per call: the best of some runs.

import { Context, runTurn } from "holdfast:kernel/turns.js";

const REPEATS = 7;
const { subtle } = crypto;
const context = new Context();
const figures = {};
let done = "";

async function best(name, calls, run) {
  let least = Infinity;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) await run();
    least = Math.min(least, (performance.now() - start) / calls);
  }
  figures[name] = least;
}

async function measure() {
  const raw = new Uint8Array(32);
  const small = new Uint8Array(64);
  const large = new Uint8Array(10_000_000);
  const iv = new Uint8Array(12);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const mac = await subtle.importKey("raw", raw, hmac, false, ["sign"]);
  const aes = await subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
  await best("sha256 of 10 MB", 1, () => subtle.digest("SHA-256", large));
  await best("sha256 of 64 bytes", 200, () => subtle.digest("SHA-256", small));
  await best("hmac of 64 bytes", 200, () => subtle.sign("HMAC", mac, small));
  const seal = () => subtle.encrypt({ name: "AES-GCM", iv }, aes, large.subarray(0, 1_000_000));
  await best("aes-gcm of 1 MB", 5, seal);
}

/** Begin; `result` has the figures as JSON when they are there, or what went wrong. */
export function start() {
  runTurn(context, () => {
    measure().then(
      () => (done = JSON.stringify(figures)),
      (error) => (done = String(error)),
    );
  });
}

export const result = () => done;
