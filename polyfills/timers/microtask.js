// queueMicrotask:
// https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#microtask-queuing

import { reportUncaught } from "../events/event-target.js";
import { currentFrame, enterFrame } from "../kernel/frames.js";

const queueNative = globalThis.queueMicrotask;
const NO_FUNCTION =
  "Failed to execute 'queueMicrotask' on 'ServiceWorkerGlobalScope': parameter 1 is not of type " +
  "'function'.";

/** Run `callback()` after the running job; its exceptions are reported. */
export function queueMicrotask(callback) {
  if (typeof callback !== "function") throw new TypeError(NO_FUNCTION);
  const frame = currentFrame();
  queueNative(() => {
    enterFrame(frame);
    try {
      callback();
    } catch (error) {
      reportUncaught(error);
    }
  });
}
