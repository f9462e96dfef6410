// A script in this isolate and the events that the host gives it.

import { loop_serves } from "holdfast:ops";
import { cfFromHost } from "../fetch/cf.js";
import { requestFromHost } from "../fetch/request.js";
import { beginCall, failCall, runCall } from "../kernel/calls.js";
import { takeDepth } from "../kernel/depth.js";
import { lazily } from "../kernel/lazy.js";
import { beginScript } from "../kernel/pending.js";
import { enterTurn } from "../kernel/turns.js";
import { useClasses } from "../objects/residents.js";
import { OF_CLASSES, RpcCall } from "../rpc/call.js";
import { messageFromHost, readRoute } from "../rpc/message.js";
import { RESERVED_BY_ENTRYPOINTS } from "../rpc/receive.js";
import { clientOf } from "./client.js";
import { addBindings } from "./env.js";
import { WorkerEvent } from "./event.js";
import { ExecutionContext } from "./execution-context.js";
import {
  addClass,
  addEntrypoints,
  addNamespace,
  isObjectClass,
  prototypeOf,
  workflowsAmong,
} from "./exports.js";
import { RpcEvent } from "./rpc-event.js";
import { dispatchToListeners, hasListener, listenerFor, RUNTIME_EVENTS } from "./service-worker.js";

const env = {};
let exported = {};

/** Entry point: build `env` from the host's JSON, before the script runs. */
export function prepareEnvironment(bindingsJson, asGlobals) {
  addBindings(env, JSON.parse(bindingsJson));
  if (asGlobals) addBindings(globalThis, JSON.parse(bindingsJson));
  beginScript();
}

/**
 * Entry point: add bindings to `env`, after the script has run, and tell of the namespaces of
 * the script's own classes.
 */
export function extendEnvironment(bindingsJson, namespacesJson) {
  addBindings(env, JSON.parse(bindingsJson));
  for (const namespace of JSON.parse(namespacesJson)) addNamespace(namespace);
}

/** What the main module exports; null for a service worker. */
export function exportedByScript() {
  return exported;
}

/** The environment that `cloudflare:workers` exports. */
export function environment() {
  return env;
}

/**
 * Entry point: the main module has run; `namespace` holds its exports. Returns JSON
 * that tells the host the handlers, the exported classes of Durable Objects and of
 * Workflows, and the entrypoints: the exports that others can call by RPC.
 */
export function useExports(namespace) {
  exported = namespace;
  const classes = { __proto__: null };
  for (const name of Object.keys(namespace)) {
    if (name !== "default" && isObjectClass(namespace[name])) classes[name] = namespace[name];
  }
  useClasses(classes, env, namespace.default);
  const entrypoints = addEntrypoints(namespace);
  for (const name of Object.keys(classes)) addClass(name);
  return JSON.stringify({
    handlers: handlersOf(namespace.default),
    classes: Object.keys(classes),
    entrypoints,
    workflows: workflowsAmong(namespace),
  });
}

/** Entry point: the classic script has run. Returns JSON as `useExports` does. */
export function useListeners() {
  exported = null;
  return JSON.stringify({ handlers: RUNTIME_EVENTS.filter(hasListener), classes: [], entrypoints: [], workflows: [] });
}

function handlersOf(entrypoint) {
  if (entrypoint === undefined || entrypoint === null) return [];
  const target = typeof entrypoint === "function" ? prototypeOf(entrypoint) : entrypoint;
  return RUNTIME_EVENTS.filter((name) => typeof target?.[name] === "function");
}

/**
 * Entry point: a request for the Worker; `entrypoint` names an export, where it is not the default
 * one. The headers of a request that `isNested` tell how deep it is.
 */
export function dispatchFetch(number, url, method, headers, body, entrypoint, isNested, props, cf) {
  const event = new WorkerEvent(number);
  if (props !== undefined) event.props = props;
  // What comes from a script may have any URL.
  if (isNested) [headers, event.depth] = takeDepth(headers);
  else noteHost(url);
  event.request = requestFromHost(method, url, headers, body, undefined, cfFromHost(cf));
  if (entrypoint) event.entrypoint = entrypoint;
  const client = clientOf(event.request, event);
  if (client !== null) event.client = client.known("event", number);
  enterTurn(event, handleFetch, event);
}

let lastServed = "http://?/"; // the beginning of the last URL, up to its path

/** Tell the host which hosts are served, so that it knows a fetch that comes back. */
function noteHost(url) {
  if (url.startsWith(lastServed)) return;
  const [begin, authority] = /^\w+:\/\/([^/?#]*)\/?/.exec(url) ?? [lastServed];
  lastServed = begin;
  if (authority !== undefined) loop_serves(authority);
}

function handleFetch(event) {
  const { request, entrypoint } = event;
  if (exported === null) return dispatchToListeners(event, request);
  try {
    event.answerWith(callFetch(exported[entrypoint], request, event));
  } catch (error) {
    event.threw(error);
  }
  return undefined;
}

function callFetch(entrypoint, request, event) {
  const context = new ExecutionContext(event);
  const target = typeof entrypoint === "function" ? new entrypoint(context, env) : entrypoint;
  if (typeof target?.fetch !== "function") {
    throw new Error("Handler does not export a fetch() function.");
  }
  return typeof entrypoint === "function"
    ? target.fetch(request)
    : target.fetch(request, env, context);
}

// ---- Cron triggers --------------------------------------------------------------------------

const loadScheduled = lazily("workers/scheduled.js");

/** Entry point: a cron trigger is due. */
export function dispatchScheduled(number, cron, scheduledTime) {
  const { TriggerEvent } = loadScheduled();
  const event = new TriggerEvent(number);
  enterTurn(event, handleScheduled, { event, cron, scheduledTime });
}

function handleScheduled({ event, cron, scheduledTime }) {
  const { createController, createScheduledEvent } = loadScheduled();
  handleTrigger(event, "scheduled", () =>
    exported === null
      ? createScheduledEvent(event, cron, scheduledTime)
      : createController(cron, scheduledTime),
  );
}

// Call the handler, or the listeners, of a name with what `tell` makes for them.
function handleTrigger(event, name, tell) {
  try {
    event.settle(exported === null ? callListeners(name, tell) : callHandler(event, name, tell));
  } catch (error) {
    event.fail(error);
  }
}

function callListeners(name, tell) {
  const listeners = listenerFor(name);
  if (listeners.length === 0) throw noHandler(name);
  const told = tell();
  for (const listener of listeners) {
    if (typeof listener === "function") listener.call(globalThis, told);
    else listener.handleEvent(told);
  }
}

function callHandler(event, name, tell) {
  const entrypoint = exported[event.entrypoint];
  const context = new ExecutionContext(event);
  const isClass = typeof entrypoint === "function";
  const target = isClass ? new entrypoint(context, env) : entrypoint;
  if (typeof target?.[name] !== "function") throw noHandler(name);
  return isClass ? target[name](tell()) : target[name](tell(), env, context);
}

function noHandler(name) {
  return new Error(`Handler does not export a ${name}() function.`);
}

// ---- Queues -------------------------------------------------------------------------------

const loadConsumer = lazily("queues/consumer.js");

/** Entry point: messages of a queue are to be consumed; see readBatch. */
export function dispatchQueue(number, queue, told, bodies) {
  const { BatchEvent } = loadConsumer();
  const event = new BatchEvent(number);
  enterTurn(event, handleBatch, { event, queue, told, bodies });
}

function handleBatch({ event, queue, told, bodies }) {
  const { createBatch, createQueueEvent, readBatch } = loadConsumer();
  handleTrigger(event, "queue", () => {
    const batch = readBatch(event, queue, told, bodies);
    return exported === null ? createQueueEvent(event, batch) : createBatch(event, batch);
  });
}

// ---- Events of other Workers -----------------------------------------------------------------

const loadTraces = lazily("workers/traces.js");

/** Entry point: what is told an entrypoint of others' events, as deep as `depth`; see traces.js. */
export function dispatchTail(number, tracesJson, depth, entrypoint, props) {
  const { TriggerEvent } = loadScheduled();
  const event = new TriggerEvent(number);
  event.depth = depth;
  event.props = props;
  if (entrypoint) event.entrypoint = entrypoint;
  enterTurn(event, handleTail, { event, tracesJson });
}

// `trace` is what the handler was called at first.
function handleTail({ event, tracesJson }) {
  const has = exported === null ? hasListener : (name) => handlersOf(exported[event.entrypoint]).includes(name);
  const name = !has("tail") && has("trace") ? "trace" : "tail";
  handleTrigger(event, name, () => {
    const { createTailEvent, readTraces } = loadTraces();
    const traces = readTraces(tracesJson);
    return exported === null ? createTailEvent(event, name, traces) : traces;
  });
}

// ---- Email ------------------------------------------------------------------------------------

const loadEmail = lazily("email/incoming.js");

/** Entry point: a mail has come; see createMessage. */
export function dispatchEmail(number, from, to, headers, bytes) {
  const { MailEvent } = loadEmail();
  const event = new MailEvent(number);
  enterTurn(event, handleEmail, { event, mail: [from, to, headers, bytes] });
}

function handleEmail({ event, mail }) {
  const { createEmailEvent, createMessage } = loadEmail();
  handleTrigger(event, "email", () => {
    const message = createMessage(event, ...mail);
    return exported === null ? createEmailEvent(event, message) : message;
  });
}

// ---- Workflows ------------------------------------------------------------------------------

const loadCommands = lazily("workflows/commands.js");

/** Entry point: see workflows/commands.js. */
export function commandWorkflow(number, bindingJson, commandJson) {
  loadCommands().commandWorkflow(number, bindingJson, commandJson);
}

// ---- RPC ----------------------------------------------------------------------------------

const MAX_FUNCTION_LENGTH = 255;

/**
 * Entry point: a call of an entrypoint's method, or a look at a property where `data` is
 * undefined; `route` is its depth and path (rpc/message.js).
 */
export function dispatchCall(number, entrypoint, props, route, data, tokens) {
  const event = new RpcEvent(number);
  const [depth, path] = readRoute(route);
  event.depth = depth;
  event.props = props;
  const message = data === undefined ? null : messageFromHost(data, tokens);
  const target = exported?.[entrypoint || "default"];
  const context = new ExecutionContext(event);
  const rules = typeof target === "function" ? OF_CLASSES : rulesOfHandlers(context);
  const call = new RpcCall(event, path, message, event, rules);
  beginCall(call, event, () => startCall(call, target, context), enterTurn);
}

function startCall(call, target, context) {
  let object;
  try {
    if (target === undefined) throw new TypeError("The receiver is not an RPC object");
    object = typeof target === "function" ? new target(context, env) : target;
  } catch (error) {
    failCall(call, error);
    return;
  }
  runCall(call, object);
}

// Of a plain object, a method gets one argument from the caller, and `env` and `ctx`.
function rulesOfHandlers(context) {
  return {
    allowsOwn: true,
    reserved: RESERVED_BY_ENTRYPOINTS,
    argumentsFor(method, path, given) {
      const name = path.join(".");
      const length = Math.max(Number(method.length), 3);
      if (!(length <= MAX_FUNCTION_LENGTH)) {
        throw new TypeError(`RPC function has unreasonable length attribute: ${method.length}`);
      }
      if (length !== 3) throw new TypeError(wrongLength(name));
      if (given.length !== 1) throw new TypeError(wrongCount(name));
      return [given[0], env, context];
    },
  };
}

const wrongLength = (name) =>
  `Cannot call handler function "${name}" over RPC because it has the wrong number of arguments. ` +
  "A simple function handler can only be called over RPC if it has exactly the arguments (arg, " +
  "env, ctx), where only the first argument comes from the client. To support multi-argument RPC " +
  "functions, use class-based syntax (extending WorkerEntrypoint) instead.";

const wrongCount = (name) =>
  `Attempted to call RPC function "${name}" with the wrong number of arguments. When calling a ` +
  "top-level handler function that is not declared as part of a class, you must always send " +
  "exactly one argument. In order to support variable numbers of arguments, the server must use " +
  "class-based syntax (extending WorkerEntrypoint) instead.";
