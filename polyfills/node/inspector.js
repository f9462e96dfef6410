// node:inspector; there is no debugger to talk to: https://nodejs.org/docs/latest-v20.x/api/inspector.html

import { absentFrom } from "./errors.js";

export const console = globalThis.console;
export const Network = {};
export const url = () => undefined;
const missing = absentFrom("inspector");
export const { Session, close, open, waitForDebugger } = missing;

export default { ...missing, Network, console, url };
