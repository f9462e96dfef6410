// The entry points for tests; nothing of this is loaded elsewhere. It is loaded before there is a
// host, so its modules call no op at their top level.

export * as kernel from "../main.js";
export { followHost } from "./host-clock.js";
export { callThroughHost } from "../objects/residents.js";
export { callObject, evictObject, fetchObject, runInObject } from "./objects.js";
export { listTests, runTest } from "./tests.js";
export { runInWorker } from "./worker.js";
export { replaceStepForAll } from "./workflows.js";
