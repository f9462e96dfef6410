// What a test finds in its isolate besides the platform, and how its results get out.
//
// The scope is that of a dedicated worker as far as tests can tell, except that there is
// nobody to post messages to: testharness.js, which would, takes it for a shell.

import { console_write } from "holdfast:ops";
import { setBaseURL } from "holdfast:fetch/base-url.js";
import { lazily } from "holdfast:kernel/lazy.js";
import { Context, runTurn } from "holdfast:kernel/turns.js";

const { stringify } = JSON;
const { defineProperty } = Object;
const { Error, URL, reportError } = globalThis;
const context = new Context();
const modules = lazily("wasm/module.js");
const LOCATION = [
  "href", "origin", "protocol", "host", "hostname", "port", "pathname", "search", "hash",
];
const write = (kind, value) => console_write(`wpt ${kind}`, stringify(value), 0);

function define(name, value) {
  defineProperty(globalThis, name, { value, configurable: true, enumerable: false, writable: true });
}

/** Entry point: before testharness.js. `address` is the test's own. */
export function prepare(address) {
  runTurn(context, () => {
    setBaseURL(address);
    const location = {};
    for (const name of LOCATION) location[name] = new URL(address)[name];
    location.toString = () => address;
    define("location", location);
    if (location.pathname.startsWith("/wasm/")) modules().permitCompiling();
    define("origin", location.origin);
    define("isSecureContext", true);
    define("GLOBAL", {
      isWindow: () => false,
      isWorker: () => true,
      isShadowRealm: () => false,
    });
  });
}

/** Entry point: after testharness.js, before the test. */
export function listen() {
  runTurn(context, () => {
    // idlharness.js asks for the kind of the global object, testharness.js has done so already.
    for (const name of ["WorkerGlobalScope", "DedicatedWorkerGlobalScope"]) {
      define(name, scopeClass(name));
    }
    globalThis.setup({ explicit_done: true });
    globalThis.add_result_callback(({ name, status, message }) => {
      write("result", { name, status, message });
    });
    globalThis.add_completion_callback((_tests, { status, message, stack }) => {
      write("complete", { status, message, stack });
    });
  });
}

function scopeClass(name) {
  const scope = { [name]: class extends globalThis.EventTarget {} }[name];
  defineProperty(scope, Symbol.hasInstance, { value: (object) => object === globalThis });
  return scope;
}

/** Entry point: after the last script. */
export function finish() {
  runTurn(context, () => globalThis.done());
}

/** Entry point: a script threw. */
export function fail(message) {
  runTurn(context, () => reportError(new Error(message)));
}

/** Entry point: the time is over, or nothing is left that could happen. */
export function timeOut() {
  runTurn(context, () => globalThis.timeout());
}
