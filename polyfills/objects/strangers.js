// What belongs to an object is for its own code, as in workerd, although others may find it in a
// variable of a module: what they write would be behind the object's gates, and not behind theirs.
//
// It is refused where it is certain whose code runs: in a turn's own function, before it first
// waits. What goes on after that may be this object's code, in the turn of another that has settled
// a promise which both share, and is let pass.

import { currentContext, isStranger } from "../kernel/current.js";

/** What workerd calls the storage of an object. */
export const STORAGE = "ActorCacheInterface";

const OF_OBJECTS =
  "Cannot perform I/O on behalf of a different Durable Object. I/O objects (such as streams, " +
  "request/response bodies, and others) created in the context of one Durable Object cannot be " +
  "accessed from a different Durable Object in the same isolate.";
const OF_REQUESTS =
  "Cannot perform I/O on behalf of a different request. I/O objects (such as streams, " +
  "request/response bodies, and others) created in the context of one request handler cannot be " +
  "accessed from a different request's handler.";
const WHY =
  "This is a limitation of Cloudflare Workers which allows us to improve overall performance.";

export { isStranger };

/** Throw what a stranger gets that uses something of an object, called `type` in workerd. */
export function refuse(type) {
  const isObject = (currentContext().gate ?? null) !== null;
  throw new Error(`${isObject ? OF_OBJECTS : OF_REQUESTS} ${WHY} (I/O type: ${type})`);
}

/** The same as a promise. */
export async function refused(type) {
  refuse(type);
}
