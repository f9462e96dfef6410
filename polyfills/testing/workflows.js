// What tests say of all instances of a Workflow.

import { deserialize } from "../serialize/index.js";
import { replaceForAll } from "../workflows/replaced.js";

/** Entry point: have a step of each instance come to what `data` says; see WorkflowEngine.replaceStep. */
export function replaceStepForAll(className, data) {
  replaceForAll(className, deserialize(data));
}
