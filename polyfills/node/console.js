// node:console: the global console. https://nodejs.org/docs/latest-v20.x/api/console.html

import { console } from "../console/console.js";
import { absentFrom } from "./errors.js";

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
export const { Console, context, createTask, profile, profileEnd, timeStamp } =
  absentFrom("console");

export default console;
