// node:inspector; there is no debugger to talk to: https://nodejs.org/docs/latest-v20.x/api/inspector.html

import { absentFrom } from "./errors.js";

export const console = globalThis.console;
export const Network = {};
export const url = () => undefined;
export const {
  Session,
  close,
  open,
  waitForDebugger,
} = absentFrom("inspector");

export default {
  Network,
  Session,
  close,
  console,
  open,
  url,
  waitForDebugger,
};
