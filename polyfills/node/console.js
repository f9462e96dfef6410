// node:console: the global console. https://nodejs.org/docs/latest-v20.x/api/console.html

import { console } from "../console/console.js";
import { Console } from "./console-class.js";
import { absentFrom } from "./errors.js";

export { Console };

export const {
  assert,
  clear,
  count,
  countReset,
  debug,
  dir,
  dirxml,
  error,
  group,
  groupCollapsed,
  groupEnd,
  info,
  log,
  table,
  time,
  timeEnd,
  timeLog,
  trace,
  warn,
} = console;
export const { profile, profileEnd, timeStamp } = console;
export const { context, createTask } = absentFrom("console");
Object.defineProperty(console, "Console", {
  value: Console,
  writable: true,
  enumerable: true,
  configurable: true,
});

export default console;
