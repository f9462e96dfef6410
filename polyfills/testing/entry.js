// The entry points for tests; nothing of this is loaded elsewhere.

export { callThroughHost } from "../objects/residents.js";
export { callObject, evictObject, fetchObject, runInObject } from "./objects.js";
export { listTests, runTest } from "./tests.js";
