// A script in this isolate and the events that the host gives it.

import { INCOMING } from "../fetch/cf.js";
import { requestFromHost } from "../fetch/request.js";
import { runTurn } from "../kernel/turns.js";
import { useClasses } from "../objects/residents.js";
import { addBindings } from "./env.js";
import { WorkerEvent } from "./event.js";
import { ExecutionContext } from "./execution-context.js";
import { dispatchToListeners, hasListener, RUNTIME_EVENTS } from "./service-worker.js";

const env = {};
let exported = {};

/** Entry point: build `env` from the host's JSON, before the script runs. */
export function prepareEnvironment(bindingsJson, asGlobals) {
  addBindings(env, JSON.parse(bindingsJson));
  if (asGlobals) addBindings(globalThis, JSON.parse(bindingsJson));
}

/** Entry point: add bindings to `env`, after the script has run. */
export function extendEnvironment(bindingsJson) {
  addBindings(env, JSON.parse(bindingsJson));
}

/** The environment that `cloudflare:workers` exports. */
export function environment() {
  return env;
}

/**
 * Entry point: the main module has run; `namespace` holds its exports. Returns JSON
 * that tells the host the handlers and the exported classes.
 */
export function useExports(namespace) {
  exported = namespace;
  const classes = { __proto__: null };
  for (const name of Object.keys(namespace)) {
    if (name !== "default" && typeof namespace[name] === "function") classes[name] = namespace[name];
  }
  useClasses(classes, env);
  return JSON.stringify({ handlers: handlersOf(namespace.default), classes: Object.keys(classes) });
}

/** Entry point: the classic script has run. Returns JSON as `useExports` does. */
export function useListeners() {
  exported = null;
  return JSON.stringify({ handlers: RUNTIME_EVENTS.filter(hasListener), classes: [] });
}

function handlersOf(entrypoint) {
  if (entrypoint === undefined || entrypoint === null) return [];
  const target = typeof entrypoint === "function" ? entrypoint.prototype : entrypoint;
  return RUNTIME_EVENTS.filter((name) => typeof target?.[name] === "function");
}

/** Entry point: a request for the Worker; `entrypoint` names an export, "" the default one. */
export function dispatchFetch(number, entrypoint, method, url, headers, body) {
  const event = new WorkerEvent(number);
  event.request = requestFromHost(method, url, headers, body, undefined, INCOMING);
  event.entrypoint = entrypoint;
  runTurn(event, handleFetch, event);
}

function handleFetch(event) {
  const { request, entrypoint } = event;
  if (exported === null) return dispatchToListeners(event, request);
  try {
    event.answerWith(callFetch(exported[entrypoint || "default"], request, event));
  } catch (error) {
    event.fail(error);
  }
  return undefined;
}

function callFetch(entrypoint, request, event) {
  const context = new ExecutionContext(event);
  const target = typeof entrypoint === "function" ? new entrypoint(context, env) : entrypoint;
  if (typeof target?.fetch !== "function") {
    throw new TypeError("Handler does not export a fetch() function.");
  }
  return target.fetch(request, env, context);
}
