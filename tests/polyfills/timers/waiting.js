import { equal, rejects, same, throws } from "./assert.js";
import { AbortController, AbortSignal } from "holdfast:events/abort.js";
import { globalTarget } from "holdfast:events/event-target.js";
import { queueMicrotask } from "holdfast:timers/microtask.js";
import { Scheduler, scheduler } from "holdfast:timers/scheduler.js";

export async function wait_is_a_promise() {
  same(await scheduler.wait(1), undefined);
  await rejects(scheduler.wait(), "TypeError");
  await rejects(scheduler.wait(1, { signal: 1 }), "TypeError");
  await rejects(Scheduler.prototype.wait.call({}, 1), "TypeError");
  throws(() => new Scheduler(), "TypeError");
}

export async function waiting_ends_with_its_signal() {
  const controller = new AbortController();
  const waiting = scheduler.wait(1e6, { signal: controller.signal });
  controller.abort("enough");
  same(await waiting.catch((reason) => reason), "enough");
  await rejects(scheduler.wait(1, { signal: AbortSignal.abort() }), "AbortError");
  await scheduler.wait(1, { signal: new AbortController().signal });
}

export async function microtasks_run_after_the_job_and_report_what_they_throw() {
  const seen = [];
  const listener = (event) => {
    seen.push(event.error);
    event.preventDefault();
  };
  globalTarget.addEventListener("error", listener);
  queueMicrotask(() => seen.push("second"));
  queueMicrotask(() => { throw "third"; });
  seen.push("first");
  await Promise.resolve();
  await Promise.resolve();
  globalTarget.removeEventListener("error", listener);
  equal(seen, ["first", "second", "third"]);
  throws(() => queueMicrotask("text"), "TypeError");
}
