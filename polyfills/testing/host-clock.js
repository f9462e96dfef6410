// Time as the host tells it, for isolates that are tested: it stands still unless a test moves it.

import { clock_monotonic_ms, clock_now_ms } from "holdfast:ops";
import { useClock } from "../performance/clock.js";

const NativeDate = Date;
const { construct } = Reflect;
const { floor } = Math;

const now = { now: () => floor(clock_now_ms()) }.now;

/** Have time follow the host's clock; the `Date` to be put in the place of the global one. */
export function followHost() {
  /** `Date`, whose present is the host's. */
  const HostDate = new Proxy(NativeDate, {
    apply: () => new HostDate().toString(),
    construct: (target, args, newTarget) =>
      construct(target, args.length === 0 ? [now()] : args, newTarget),
  });
  Object.defineProperty(NativeDate, "now", { value: now, configurable: true, writable: true });
  Object.defineProperty(NativeDate.prototype, "constructor", {
    value: HostDate,
    configurable: true,
    writable: true,
  });
  const started = clock_monotonic_ms();
  useClock(() => clock_monotonic_ms() - started, now());
  return HostDate;
}
