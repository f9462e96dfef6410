// node:timers: https://nodejs.org/docs/latest-v20.x/api/timers.html

import { absentFrom } from "./errors.js";
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
const missing = absentFrom("timers");
export const { active, enroll, unenroll } = missing;
export { promises };
export default {
  ...missing,
  clearImmediate,
  clearInterval,
  clearTimeout,
  promises,
  setImmediate,
  setInterval,
  setTimeout,
  Timeout,
};
