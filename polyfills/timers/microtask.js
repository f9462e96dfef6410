// queueMicrotask:
// https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#microtask-queuing

import { reportUncaught } from "../events/event-target.js";
import { wrongArgument } from "../kernel/arguments.js";
import { currentFrame, enterFrame } from "../kernel/frames.js";

const queueNative = globalThis.queueMicrotask;

/** Run `callback()` after the running job; its exceptions are reported. */
export function queueMicrotask(callback) {
  if (typeof callback !== "function") throw wrongArgument("queueMicrotask", "ServiceWorkerGlobalScope", 1, "function");
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
