// High resolution time: https://w3c.github.io/hr-time/
//
// The machine's own clocks, as Date's is; both belong to the isolate, so a time read
// in one event can be compared with one read in the next.

const native = globalThis.performance;
let nativeNow = native.now.bind(native);
const { floor } = Math;

// 5 µs, the finest step that the standard grants.
const STEPS_PER_MS = 200;

/** Milliseconds since the Unix epoch at which this isolate's time begins, to a millisecond. */
export let timeOrigin = floor((Date.now() - nativeNow()) * STEPS_PER_MS) / STEPS_PER_MS;

/** Milliseconds since `timeOrigin`, in steps of 5 µs; never steps back. */
export function now() {
  return floor(nativeNow() * STEPS_PER_MS) / STEPS_PER_MS;
}

/** Take the time from `source`, which tells milliseconds since `origin`; for tests. */
export function useClock(source, origin) {
  nativeNow = source;
  timeOrigin = origin;
}
