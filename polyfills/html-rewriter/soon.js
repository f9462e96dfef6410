// Work that is done at once as long as nothing has to be waited for: handlers seldom wait, and
// a promise for each token would cost more than the token.

import { release } from "./tokens.js";

/** `next()` after what `done` stands for: undefined, or a promise. Returns undefined or a promise. */
export function after(done, next) {
  return done === undefined ? next() : done.then(next);
}

function isThenable(value) {
  return value !== null && typeof value === "object" && typeof value.then === "function";
}

/**
 * Run handlers one after the other, each on a token of its own; undefined where all are done,
 * else a promise of that.
 */
export function runHandlers(handlers, makeToken, from = 0) {
  for (let index = from; index < handlers.length; index++) {
    const [handler, receiver] = handlers[index];
    const token = makeToken();
    let waits = false;
    try {
      const result = Reflect.apply(handler, receiver, [token]);
      waits = isThenable(result);
      if (waits) return finishLater(result, token, () => runHandlers(handlers, makeToken, index + 1));
    } finally {
      if (!waits) release(token);
    }
  }
  return undefined;
}

async function finishLater(result, token, next) {
  try {
    await result;
  } finally {
    release(token);
  }
  await next();
}
