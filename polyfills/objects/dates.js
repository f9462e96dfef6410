// Points in time as arguments: a Date or milliseconds since the epoch.

import { MAX_DATE_MS } from "holdfast:constants";

const NOT_A_DATE = "The value cannot be converted because it is not a valid Date.";
const TOO_LATE = "This API doesn't support dates after 2189.";

/** The milliseconds in `time`, the first argument of `what`; throws TypeError where it is none. */
export function milliseconds(time, what) {
  if (typeof time !== "number" && !(time instanceof Date)) {
    throw new TypeError(`Failed to execute ${what}: parameter 1 is not of type 'date'.`);
  }
  const ms = Number(time);
  if (!Number.isFinite(ms)) throw new TypeError(NOT_A_DATE);
  if (ms >= MAX_DATE_MS) throw new TypeError(TOO_LATE);
  return ms;
}
