// node:inspector; there is no debugger to talk to: https://nodejs.org/docs/latest-v20.x/api/inspector.html

import { absentFrom } from "./errors.js";

export const console = globalThis.console;
export const Network = {};
export const url = () => undefined;
const missing = absentFrom("inspector");
export const { Session } = missing;
export const [close, waitForDebugger] = [() => {}, () => {}];
export const open = () => ({ [Symbol.dispose]: close });

export default { ...missing, Network, close, console, open, url, waitForDebugger };
