import { equal, ok, same } from "./assert.js";

const later = () => new Promise((resolve) => setTimeout(resolve, 0));

/** What the global object hears of both events while `run` runs, and a little longer. */
async function heardWhile(run, onUnhandled = () => {}) {
  const seen = [];
  const unhandled = (event) => {
    seen.push(["unhandled", event.reason]);
    ok(event instanceof PromiseRejectionEvent && event.cancelable && event.isTrusted);
    same(event.target, globalThis);
    event.preventDefault();
    onUnhandled(event);
  };
  const handled = (event) => {
    seen.push(["handled", event.reason]);
    same(event.cancelable, false);
  };
  addEventListener("unhandledrejection", unhandled);
  addEventListener("rejectionhandled", handled);
  try {
    await run();
    await later();
    await later();
  } finally {
    removeEventListener("unhandledrejection", unhandled);
    removeEventListener("rejectionhandled", handled);
  }
  return seen;
}

export async function a_rejection_that_nobody_hears_is_told_after_the_turn() {
  let told;
  const promise = Promise.reject("lost");
  const seen = await heardWhile(
    () => undefined,
    (event) => (told = event.promise),
  );
  equal(seen, [["unhandled", "lost"]]);
  same(told, promise);
}

export async function what_is_heard_within_the_turn_is_not_told() {
  equal(
    await heardWhile(async () => {
      const promise = Promise.reject(1);
      await null;
      promise.catch(() => {});
      await Promise.allSettled([Promise.reject(2)]);
    }),
    [],
  );
}

export async function a_listener_that_comes_later_is_told_of() {
  let promise;
  const seen = await heardWhile(async () => {
    promise = Promise.reject("late");
    await later();
    promise.catch(() => {});
  });
  equal(seen, [
    ["unhandled", "late"],
    ["handled", "late"],
  ]);
}

export async function a_rejection_heard_of_by_its_own_event_is_not_told_again() {
  const seen = await heardWhile(
    () => void Promise.reject("x"),
    ({ promise }) => promise.catch(() => {}),
  );
  equal(seen, [["unhandled", "x"]]);
}

export async function rejections_in_a_listener_come_as_further_events() {
  let left = 3;
  const seen = await heardWhile(
    () => void Promise.reject(0),
    () => left-- > 0 && void Promise.reject(left),
  );
  equal(seen.map(([, reason]) => reason), [0, 2, 1, 0]);
}
