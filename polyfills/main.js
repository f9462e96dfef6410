// The kernel's entry points for the host, and the one place that writes to the global
// object: globals.js has the table.

import { loadModule } from "holdfast:ops";
import {
  interfaces,
  lazyInterfaces,
  lazyMembers,
  members,
  nodeGlobals,
  nodeTimers,
} from "./globals.js";
import { lazily } from "./kernel/lazy.js";
import { failureOf, takePending } from "./kernel/pending.js";
import { enterTurn, nextTurn } from "./kernel/turns.js";
import { errorFromHost } from "./objects/remote-error.js";
import "./language/date.js";
import { hideAccessor } from "./language/descriptors.js";
import "./language/error-stack.js";
import "./language/iterators.js";
import "./language/locale-methods.js";
import "./unclonable.js";

export {
  admitFarFacet,
  admitObject,
  busyFarFacets,
  deliverObjectAlarm,
  deliverObjectCall,
  deliverObjectFetch,
  evictIdle,
  failDeadlocked,
  farFacetGone,
  objectBroken,
  objectsDurable,
  objectSocketEvent,
  objectSocketMessage,
  supersedeObjects,
  sweepObjects,
  waitsOf,
} from "./objects/residents.js";
export { boundCalls } from "./objects/overload.js";
export { promiseRejected, rejectionHandled } from "./events/rejections.js";
export { socketClosed, socketLost, socketMessage } from "./sockets/links.js";
export { promiseEvent } from "./kernel/frames.js";
export { fireTimer } from "./timers/host-timer.js";
export { deliverExportCall, releaseExport } from "./rpc/references.js";
export {
  dispatchCall,
  dispatchEmail,
  dispatchFetch,
  dispatchQueue,
  dispatchScheduled,
  dispatchTail,
  commandWorkflow,
  extendEnvironment,
  prepareEnvironment,
  useExports,
  useListeners,
} from "./workers/dispatch.js";
export { clientLeft } from "./workers/client.js";
export { sweepEvents } from "./workers/event.js";
export { nextTurn };

const loadMatchStatics = lazily("language/regexp-statics.js");
const loadSetPatterns = lazily("language/regexp-sets.js");

/** The host's answer to an async op; several values come as an array. */
export function settleOp(number, ...values) {
  const record = takePending(number);
  enterTurn(record.context, record.resolve, values.length > 1 ? values : values[0]);
}

/** The host's refusal of an async op; `data` is a script's error, serialized. */
export function failOp(number, name, message, flags, data) {
  const record = takePending(number);
  const error = data === undefined ? failureOf(name, message, flags) : errorFromHost(data, flags);
  enterTurn(record.context, record.reject, error);
}

/**
 * Entry point: the script uses Node.js's modules; it gets the globals that come with them,
 * `withTimers` also timers that are objects.
 */
export function provideNode(withTimers) {
  define("global", globalThis, false);
  for (const name of Object.keys(nodeGlobals)) defineLazily(name, nodeGlobals[name], false);
  if (!withTimers) return;
  for (const name of Object.keys(nodeTimers)) defineLazily(name, nodeTimers[name], true);
}

/** Entry point: the script names what RegExp tells of the last match. */
export function provideMatchStatics() {
  loadMatchStatics().provideMatchStatics();
}

/** Entry point: the script may have patterns with the flag `v`. */
export function provideSetPatterns() {
  define("RegExp", loadSetPatterns().makeRegExp(), false);
}

/** Entry point: put what `make` makes in the place of a global; for tests. */
export function replaceGlobal(name, make) {
  define(name, make(), false);
}

/** Entry point: the script goes without the globals of these names, one a line. */
export function withhold(names) {
  for (const name of names.split("\n")) delete globalThis[name];
}

function define(name, value, enumerable) {
  Object.defineProperty(globalThis, name, {
    value,
    configurable: true,
    enumerable,
    writable: true,
  });
}

// Becomes an ordinary property with its first use, unless the script has frozen the globals.
function defineLazily(name, path, enumerable) {
  Object.defineProperty(globalThis, name, {
    get() {
      const value = loadModule(`holdfast:${path}`)[name];
      if (Object.isExtensible(globalThis)) define(name, value, enumerable);
      return value;
    },
    set(value) {
      define(name, value, enumerable);
    },
    configurable: true,
    enumerable,
  });
  hideAccessor(name);
}

for (const name of Object.keys(lazyInterfaces)) defineLazily(name, lazyInterfaces[name], false);
for (const name of Object.keys(lazyMembers)) defineLazily(name, lazyMembers[name], true);
for (const name of Object.keys(interfaces)) define(name, interfaces[name], false);
for (const name of Object.keys(members)) define(name, members[name], true);
define("self", globalThis, true);
define(Symbol.toStringTag, "ServiceWorkerGlobalScope", false);
