// `ctx.exports`: the script's own entrypoints and Durable Object classes, as bindings that
// nobody had to configure.
// https://developers.cloudflare.com/workers/runtime-apis/context/#exports

import { service_own } from "holdfast:ops";
import { WorkerEntrypoint, WorkflowEntrypoint } from "./entrypoints.js";
import { loopback } from "./fetcher.js";
import { lazily } from "../kernel/lazy.js";

const own = {};
const classes = lazily("objects/class.js");

/** The object behind `ctx.exports`, and the `exports` of `cloudflare:workers`. */
export function ownExports() {
  return own;
}

/** Whether an export is a class whose instances are Durable Objects, as far as one can tell. */
export function isObjectClass(target) {
  return typeof target === "function" && !extendsClass(target, WorkerEntrypoint) && !isWorkflow(target);
}

/** The prototype of a class; undefined of a proxy that tells a false one. */
export function prototypeOf(Class) {
  try {
    return Class.prototype;
  } catch {
    return undefined;
  }
}

/** Whether a class extends `Base`. Libraries for tracing wrap classes into proxies of few traps. */
function extendsClass(Class, Base) {
  for (let each = Class; each !== null; each = Object.getPrototypeOf(each))
    if (each === Base) return true;
  return prototypeOf(Class) instanceof Base;
}

/**
 * Tell what the main module exports; the names of those that are entrypoints. Objects'
 * classes come with `addNamespace`. A Workflow's class is an entrypoint for who names it.
 */
export function addEntrypoints(namespace) {
  const names = Object.keys(namespace).filter((name) => isEntrypoint(name, namespace[name]));
  for (const name of names)
    if (!isWorkflow(namespace[name])) add(name, () => loopback(service_own(name === "default" ? "" : name)));
  return names;
}

/** Whether an export is a Workflow's class. */
export function isWorkflow(target) {
  return typeof target === "function" && extendsClass(target, WorkflowEntrypoint);
}

/** The names of the exports that are Workflows. */
export function workflowsAmong(namespace) {
  return Object.keys(namespace).filter((name) => isWorkflow(namespace[name]));
}

function isEntrypoint(name, target) {
  if (typeof target === "function")
    return name === "default" || extendsClass(target, WorkerEntrypoint) || isWorkflow(target);
  return typeof target === "object" && target !== null;
}

/** Tell of a class of the script's own that has no namespace, unless one is told of later. */
export function addClass(className) {
  add(className, () => classes().loopbackClass(className));
}

/** Tell of a namespace of the script's own. */
export function addNamespace(namespace) {
  add(namespace.className, () => classes().loopbackNamespace(namespace));
}

// Most scripts never look.
function add(name, make) {
  Object.defineProperty(own, name, {
    get() {
      const value = make();
      Object.defineProperty(own, name, { value, configurable: true, enumerable: true });
      return value;
    },
    configurable: true,
    enumerable: true,
  });
}
