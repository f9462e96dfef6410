import { equal, ok, same, throws } from "./assert.js";
import { MAX_ACTIVE_TIMERS } from "holdfast:constants";
import { globalTarget } from "holdfast:events/event-target.js";
import { Context, currentContext, queueTurn } from "holdfast:kernel/turns.js";
import {
  cancelTimersOf, clearInterval, clearTimeout, setInterval, setTimeout,
} from "holdfast:timers/timers.js";

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Run in another context; resolves in the present one. */
function inContext(context, run) {
  const mine = currentContext();
  return new Promise((resolve) => {
    queueTurn(context, () => {
      const result = run();
      queueTurn(mine, resolve, result);
    });
  });
}

export async function a_timeout_passes_its_arguments_and_the_global_receiver() {
  const seen = await new Promise((resolve) => {
    setTimeout(function (...args) { resolve([this === globalThis, ...args]); }, 1, "a", 2);
  });
  equal(seen, [true, "a", 2]);
}

export async function timeouts_fire_in_order_of_their_time() {
  const seen = [];
  setTimeout(() => seen.push("late"), 6);
  setTimeout(() => seen.push("second"), 0);
  setTimeout(() => seen.push("third"), 0);
  Promise.resolve().then(() => seen.push("first"));
  await after(8);
  equal(seen, ["first", "second", "third", "late"]);
}

export async function strange_delays_are_zero() {
  const start = performance.now();
  for (const delay of [-5, NaN, undefined, null, "x", 2 ** 32, -(2 ** 31), {}]) {
    await new Promise((resolve) => setTimeout(resolve, delay));
  }
  await new Promise((resolve) => setTimeout(resolve));
  ok(performance.now() - start < 1000);
}

export async function a_timeout_is_never_early() {
  const start = performance.now();
  await after(5);
  ok(performance.now() - start >= 4.99);
}

export async function a_cleared_timeout_does_not_fire() {
  const seen = [];
  const id = setTimeout(() => seen.push("cleared"), 0);
  ok(Number.isInteger(id) && id > 0);
  clearTimeout(id);
  clearTimeout(id);
  clearInterval(setTimeout(() => seen.push("by the other name"), 0));
  let later = 0;
  setTimeout(() => clearTimeout(later), 2);
  later = setTimeout(() => seen.push("cleared by one that is due with it"), 2);
  clearTimeout();
  clearTimeout("no id");
  clearTimeout(-1);
  await after(5);
  equal(seen, []);
}

export async function an_interval_repeats_until_it_is_cleared() {
  let count = 0;
  await new Promise((resolve) => {
    const id = setInterval((step) => {
      count += step;
      if (count === 6) {
        clearInterval(id);
        resolve();
      }
    }, 0, 2);
  });
  await after(3);
  same(count, 6);
}

export async function an_exception_is_reported_and_the_interval_goes_on() {
  const reported = [];
  const listener = (event) => {
    reported.push(event.error);
    event.preventDefault();
  };
  globalTarget.addEventListener("error", listener);
  await new Promise((resolve) => {
    const id = setInterval(() => {
      if (reported.length < 2) throw "broken";
      clearInterval(id);
      resolve();
    }, 1);
  });
  globalTarget.removeEventListener("error", listener);
  equal(reported, ["broken", "broken"]);
}

export function a_handler_must_be_a_function() {
  const error = throws(() => setTimeout("alert(1)", 1), "TypeError");
  ok(error.message.includes("parameter 1 is not of type 'function'"));
  throws(() => setInterval(), "TypeError");
  equal([setTimeout.length, setInterval.length, clearTimeout.length], [1, 1, 0]);
}

export async function a_timer_fires_in_the_context_that_set_it() {
  const other = new Context();
  const seen = await inContext(other, () => {
    const fired = new Promise((resolve) => setTimeout(() => resolve(currentContext()), 1));
    return { fired };
  });
  const mine = currentContext();
  const context = await new Promise((resolve) => {
    seen.fired.then((value) => queueTurn(mine, resolve, value));
  });
  same(context, other);
}

export async function the_timers_of_a_context_end_with_it() {
  const other = new Context();
  let fired = 0;
  await inContext(other, () => {
    setTimeout(() => fired++, 1);
    setInterval(() => fired++, 1);
  });
  same(other.timers.size, 2);
  same(other.pendingOps, 2);
  cancelTimersOf(other);
  same(other.timers.size, 0);
  same(other.pendingOps, 0);
  await after(4);
  same(fired, 0);
}

export function no_more_timers_than_allowed_are_active() {
  const ids = [];
  while (ids.length < MAX_ACTIVE_TIMERS) ids.push(setTimeout(() => {}, 1e6));
  throws(() => setTimeout(() => {}, 1), "QuotaExceededError");
  for (const id of ids) clearTimeout(id);
  clearTimeout(setTimeout(() => {}, 1));
}
