// High resolution time: https://w3c.github.io/hr-time/
//
// The machine's own clocks, as Date's is; both belong to the isolate, so a time read
// in one event can be compared with one read in the next.

const native = globalThis.performance;
let nativeNow = native.now.bind(native);
const { floor } = Math;

// The standard grants steps of 5 µs. These are the next larger ones of which a double holds each
// multiple exactly, also in times since the epoch, so that no difference of two times is smaller.
const STEPS_PER_MS = 128;

let begin = floor((Date.now() - nativeNow()) * STEPS_PER_MS) / STEPS_PER_MS; // since the epoch

/** Milliseconds since this isolate's time begins, in steps of 8 µs; never steps back. */
export function now() {
  return floor(nativeNow() * STEPS_PER_MS) / STEPS_PER_MS;
}

/**
 * Where scripts' time begins: at the Unix epoch, so that times can be kept and compared with
 * those of other isolates.
 * https://developers.cloudflare.com/workers/runtime-apis/web-standards/#performancetimeorigin-and-performancenow
 */
export const timeOrigin = 0;

/** Milliseconds since `timeOrigin`, otherwise like `now()`. */
export function sinceOrigin() {
  return floor((begin + nativeNow()) * STEPS_PER_MS) / STEPS_PER_MS;
}

/** Take the time from `source`, which tells milliseconds since `origin`; for tests. */
export function useClock(source, origin) {
  nativeNow = source;
  begin = origin;
}
