// queueMicrotask:
// https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#microtask-queuing

import { reportUncaught } from "../events/event-target.js";
import { currentFrame, enterFrame } from "../kernel/frames.js";
import { toFunction } from "../kernel/webidl.js";

const queueNative = globalThis.queueMicrotask;

/** Run `callback()` after the running job; its exceptions are reported. */
export function queueMicrotask(callback) {
  toFunction(callback, "Failed to execute 'queueMicrotask': parameter 1");
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
