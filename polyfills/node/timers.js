// node:timers: https://nodejs.org/docs/latest-v20.x/api/timers.html

import { absent } from "./errors.js";
import {
  clearImmediate,
  clearInterval,
  clearTimeout,
  setImmediate,
  setInterval,
  setTimeout,
  Timeout,
} from "./timeout.js";
import promises from "./timers-promises.js";

export { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout, Timeout };
export const { active, enroll, unenroll } = absent("timers", ["active", "enroll", "unenroll"]);
export { promises };
export default {
  active,
  enroll,
  unenroll,
  clearImmediate,
  clearInterval,
  clearTimeout,
  promises,
  setImmediate,
  setInterval,
  setTimeout,
  Timeout,
};
