// The object instances that live in this isolate, and calls to them.

import {
  object_class,
  object_released,
  object_respond,
  object_upgrade,
  rpc_throw,
  storage_outstanding,
} from "holdfast:ops";
import { bufferOfArray, byteLengthOfArray } from "../kernel/buffers.js";
import { answerLater, failCall } from "../kernel/calls.js";
import { nextDepth, takeDepth } from "../kernel/depth.js";
import { clientOf, tellOfClient } from "../workers/client.js";
import {
  crossedResponse,
  dropBody,
  noteRedirects,
  redirectBy,
  respondThroughHost,
  sendableRecord,
  socketForHost,
} from "../workers/crossing.js";
import { cfFromHost } from "../fetch/cf.js";
import { rawHeadersOf } from "../fetch/record.js";
import { requestFromHost, requestRecord } from "../fetch/request.js";
import { lazily } from "../kernel/lazy.js";
import { keepShapes } from "../kernel/shapes.js";
import { enterTurn } from "../kernel/turns.js";
import { RpcCall } from "../rpc/call.js";
import { messageFromHost, readRoute } from "../rpc/message.js";
import { releaseHolds } from "../rpc/references.js";
import { answerLocally, HostReply, LocalReply } from "../rpc/reply.js";
import { whenBroken } from "./breaking.js";
import { AT_REST, HUNG, hungCalls } from "./hang.js";
import { idFromHost } from "./id.js";
import { ObjectInstance } from "./instance.js";
import { decodeProps } from "../workers/props.js";
import { bytesOf } from "./overload.js";
import { failureParts, remoteError } from "./remote-error.js";

const hibernation = lazily("objects/hibernation.js");

const alarms = lazily("objects/alarms.js");

const deadlock = lazily("objects/deadlock.js");

const opening = lazily("objects/opening.js");

const workflows = lazily("workflows/engine.js");

const { Float64Array } = globalThis;
const DOUBLE_BYTES = 8;

const byKey = new Map(); // in order of last use, so that a sweep stops early
const bySlot = new Map(); // keys by `keyOf`
const departed = new Map(); // the same of those that have ended with answers that wait for the disk
let classes; // of the script, by export name
let defaultClass; // or whatever the script's default export is
const engines = { __proto__: null }; // classes of instances of Workflows
let env;
let sweeps = 0;
/** Whether calls to instances of this isolate go through the host, too. */
export let throughHost = false;

/** Entry point: have each call to an object go through the host, which delays it; for tests. */
export function callThroughHost() {
  throughHost = true;
}

const NO_FETCH_HANDLER = "Handler does not export a fetch() function.";

// The engine hashes a number by the bits of its double, and in that of a small integer those that
// its maps look at are zero: a thousand slots would share one bucket. This spreads them.
const SPREAD = (Math.sqrt(5) - 1) / 2;
const keyOf = (slot) => slot * SPREAD;

/** Tell which classes, and the default export, and which environment instances are made with. */
export function useClasses(exported, environment, byDefault) {
  classes = exported;
  defaultClass = byDefault;
  env = environment;
}

/** The instance of this id, or the facet with this key, where it lives here. */
export function residentInstance(key) {
  return byKey.get(key);
}

/** The instance in this slot. */
export function residentInSlot(slot) {
  return bySlot.get(keyOf(slot));
}

/** All instances, those included that new code has superseded. */
export function allResidents() {
  return bySlot.values();
}

/** Entry point: take in the object that the host assigned to this isolate as `slot`. */
export function admitObject(slot, className, hex, name, usesSqlite, jurisdiction) {
  const id = idFromHost(hex, name, jurisdiction);
  const Class = classes[className] ?? otherClass(className, slot);
  return settleIn({ slot, id, key: hex, usesSqlite, Class, onGone: forget });
}

/** Take in a facet that the host assigned to this isolate; as `ObjectInstance` is made, without `env`. */
export function admitFacet({ className, onGone, ...options }) {
  const Class = classes[className] ?? otherClass(className);
  return settleIn({
    ...options,
    Class,
    onGone(instance) {
      forget(instance);
      onGone(instance.error);
    },
  });
}

/**
 * Entry point: take in a facet, so deep, of an object that lives elsewhere. `told` is the id that it
 * sees, in JSON: that of an object, or a `text`; `props` are as workers/props.js has them.
 */
export function admitFarFacet(slot, className, told, key, usesSqlite, props, facetDepth) {
  const { hex, name, jurisdiction, text } = JSON.parse(told);
  const id = hex === undefined ? text : idFromHost(hex, name, jurisdiction);
  const Class = className === "default" ? defaultClass : classes[className];
  const given = props === undefined ? {} : decodeProps(props);
  settleIn({ slot, id, key, usesSqlite, Class, props: given, facetDepth, onGone: forget });
}

/** Entry point: the slots of such facets that the end of would cut something off, in JSON. */
export function busyFarFacets() {
  const busy = [];
  for (const instance of bySlot.values()) {
    const isFar = instance.facetDepth > 0 && instance.parent === null;
    if (isFar && (instance.isBusy || instance.outputGate.isLocked || instance.awake?.sockets.size > 0)) {
      busy.push(instance.slot);
    }
  }
  return JSON.stringify(busy);
}

const far = lazily("objects/far-facet.js");

/** Entry point: a facet has ended that lives elsewhere. */
export function farFacetGone(slot, reason) {
  far().farFacetGone(slot, reason);
}

function settleIn(options) {
  const instance = new ObjectInstance({ ...options, env });
  instance.lastUsed = sweeps;
  const before = storage_outstanding(instance.slot);
  if (before === undefined) opening().waitForFiles(instance);
  // What it reads may be younger than what is durable: the instance before may have written it.
  else instance.outputGate.follow(before);
  byKey.set(instance.key, instance);
  bySlot.set(keyOf(instance.slot), instance);
  return instance;
}

// One of Holdfast's own, or none. A Workflow's is as it is now: it may change while the script is loaded.
function otherClass(name, slot) {
  if (name.startsWith("workflow:")) {
    const now = object_class(slot);
    return (engines[now] ??= workflows().engineOf(now));
  }
  return function () {
    throw new Error(`The script exports no class "${name}" for this Durable Object.`);
  };
}

function forget(instance) {
  if (byKey.get(instance.key) === instance) byKey.delete(instance.key);
  bySlot.delete(keyOf(instance.slot));
  if (instance.outputGate.isWaiting) departed.set(keyOf(instance.slot), instance);
}

/** Note that an instance is in use. */
export function touch(instance) {
  if (instance.lastUsed === sweeps) return;
  instance.lastUsed = sweeps;
  byKey.delete(instance.key);
  byKey.set(instance.key, instance);
  if (instance.parent !== null) touch(instance.parent);
}

/** Give a request to the class's object. */
export function invokeFetch(object, request) {
  if (typeof object.fetch !== "function") throw new Error(NO_FETCH_HANDLER);
  return object.fetch(request);
}

// ---- calls from this isolate ---------------------------------------------------

// A response leaves as an event of its object arrives: when no critical section holds it back. What a
// method returns does not wait, as in workerd.
function isHeldBack(instance) {
  return instance.sections > 0 && instance.error === null;
}

class LocalCall {
  constructor(request, caller, resolve, reject, client, repeat) {
    this.request = request;
    if (client !== null) this.client = client;
    this.repeat = repeat;
    this.caller = caller;
    this.resolve = resolve;
    this.reject = reject;
  }

  invoke(object) {
    return invokeFetch(object, this.request);
  }

  succeed(response) {
    if (isHeldBack(this.life)) return answerLater(this, response);
    const record = sendableRecord(response);
    const asked = requestRecord(this.request);
    const follow = redirectBy(record, asked, this.repeat, this.caller);
    if (follow === undefined) {
      const crossed = crossedResponse(record, asked, this.client);
      answerLocally(this.caller, this.resolve, noteRedirects(crossed, asked.visited));
    } else {
      dropBody(record);
      answerLocally(this.caller, (next) => goOn(this, next), follow);
    }
  }

  fail(error) {
    answerLocally(this.caller, this.reject, remoteError(error));
  }
}

LocalCall.prototype.client = null;
keepShapes(new LocalCall(null, null, null, null, null), ["life", "bytes"]);

// Of the promise that was made last: cheaper than a closure for each.
let resolveLast, rejectLast;

function noteSettlers(resolve, reject) {
  resolveLast = resolve;
  rejectLast = reject;
}

function goOn({ resolve, reject }, next) {
  try {
    resolve(next());
  } catch (error) {
    reject(error);
  }
}

/**
 * Call an instance of this isolate with a request whose body has so many bytes at hand; the
 * promise settles in a turn of `caller`, whom `signal` may stop from waiting. `repeat` is of
 * crossing.js.
 */
export function callInstance(instance, caller, request, bytes, repeat, signal) {
  const depth = nextDepth(caller);
  touch(instance);
  caller.life.pendingOps++;
  const client = clientOf(request, instance.context);
  const answer = new Promise(noteSettlers);
  const call = new LocalCall(request, caller, resolveLast, rejectLast, client, repeat);
  resolveLast = rejectLast = undefined; // lest they keep the answer
  instance.take(call, bytes, depth);
  if (client !== null) tellOfClient(() => client.leave(), caller, signal, answer);
  return answer;
}

/** Call a method of an instance of this isolate; an RPC source's `send`. */
export function callMethod(instance, caller, path, message) {
  const depth = nextDepth(caller);
  touch(instance);
  caller.life.pendingOps++;
  return new Promise((resolve, reject) => {
    const reply = new LocalReply(caller, resolve, reject);
    const call = new RpcCall(instance.context, path, message, reply, instance.rules);
    instance.take(call, bytesOf(message?.data), depth);
  });
}

// ---- calls from the host -------------------------------------------------------

class HostCall {
  constructor(number, request, client) {
    this.hostNumber = number;
    this.request = request;
    if (client !== null) this.client = client;
  }

  invoke(object) {
    return invokeFetch(object, this.request);
  }

  succeed(response) {
    if (isHeldBack(this.life)) return answerLater(this, response);
    this.client?.answered();
    const record = sendableRecord(response);
    if (requestRecord(this.request).method === "HEAD") dropBody(record);
    if (record.webSocket === undefined) {
      respondThroughHost(object_respond, this.hostNumber, record, this.client);
    } else {
      const socket = socketForHost(record, this.request);
      object_upgrade(this.hostNumber, record.statusText, rawHeadersOf(record), socket);
    }
  }

  fail(error) {
    this.client?.answered();
    rpc_throw(this.hostNumber, ...failureParts(error));
  }
}

HostCall.prototype.client = null;
keepShapes(new HostCall(0, null, null), ["life", "bytes"]);

/** Entry point: a call that came to the host from elsewhere. */
export function deliverObjectFetch(number, slot, url, method, headers, cf, body) {
  const instance = bySlot.get(keyOf(slot));
  touch(instance);
  const { 0: raw, 1: depth } = takeDepth(headers); // cheaper than to iterate
  const request = requestFromHost(method, url, raw, body, undefined, cfFromHost(cf));
  const client = clientOf(request, instance.context)?.known("call", number) ?? null;
  instance.take(new HostCall(number, request, client), bytesOf(body), depth, enterTurn);
}

/** Entry point: a message of a socket that the object has accepted for hibernation. */
export function objectSocketMessage(slot, number, data) {
  const instance = bySlot.get(keyOf(slot));
  touch(instance);
  return hibernation().deliverMessage(instance, number, data);
}

/** Entry point: another event of such a socket. */
export function objectSocketEvent(slot, number, kind, a, b, c) {
  const instance = bySlot.get(keyOf(slot));
  touch(instance);
  hibernation().deliverEvent(instance, number, kind, a, b, c);
}

/** Entry point: a call of a method that came to the host from elsewhere. */
export function deliverObjectCall(number, slot, route, data, tokens) {
  const instance = bySlot.get(keyOf(slot));
  const [depth, path] = readRoute(route);
  touch(instance);
  const message = data === undefined ? null : messageFromHost(data, tokens);
  instance.take(
    new RpcCall(instance.context, path, message, new HostReply(number), instance.rules),
    bytesOf(data),
    depth,
    enterTurn,
  );
}

/** Entry point: the object's alarm is due; the host knows this run of it by `number`. */
export function deliverObjectAlarm(number, slot, retryCount) {
  const instance = bySlot.get(keyOf(slot));
  touch(instance);
  alarms().beginAlarm(instance, number, retryCount);
}

// ---- the host's news -----------------------------------------------------------

/**
 * Entry point: of some objects, the writes of a round, and all before it, are durable. `rounds` are
 * the bytes of doubles, each one's slot and round.
 */
export function objectsDurable(rounds) {
  const numbers = new Float64Array(bufferOfArray(rounds));
  const count = byteLengthOfArray(rounds) / DOUBLE_BYTES;
  for (let i = 0; i < count; i += 2) {
    const instance = bySlot.get(keyOf(numbers[i]));
    if (instance === undefined) lastAnswersDurable(keyOf(numbers[i]), numbers[i + 1]);
    else instance.outputGate.durable(numbers[i + 1]);
  }
}

function lastAnswersDurable(key, round) {
  const instance = departed.get(key);
  if (instance === undefined) return;
  instance.outputGate.durable(round);
  if (!instance.outputGate.isWaiting) departed.delete(key);
}

whenBroken(objectBroken);

/** Entry point: the object lost its storage or its place. */
export function objectBroken(slot, message, flags) {
  const instance = bySlot.get(keyOf(slot)) ?? departed.get(keyOf(slot));
  if (instance === undefined) return;
  const error = new Error(message);
  for (const flag of flags ? flags.split(",") : []) error[flag] = true;
  instance.wasBroken = true;
  instance.reset(error);
  if (departed.delete(keyOf(slot))) instance.outputGate.break(error);
}

/**
 * Entry point: new code took over. Instances finish what they have begun, but no new
 * call finds them, and the host lets them touch storage no more: who tries to is reset.
 */
export function supersedeObjects() {
  byKey.clear();
}

/**
 * Entry point, at even intervals: the clock by which idleness is measured. Ends calls
 * that hang for `hungSweeps` intervals.
 */
export function sweepObjects(hungSweeps) {
  sweeps++;
  const quiet = [];
  for (const instance of byKey.values()) {
    if (!isQuiet(instance, hungSweeps)) break;
    if (instance.hasCalls && !instance.isAtRest()) quiet.push(instance);
  }
  if (quiet.length === 0) return;
  for (const call of hungCalls(quiet)) failCall(call, new Error(HUNG));
  deadlock().suspectQuiet(quiet, hungSweeps);
}

/**
 * Entry point: evict what was idle for `idleSweeps` intervals, `limit` instances at most.
 * Returns whether there may be more.
 */
export function evictIdle(idleSweeps, limit) {
  for (const instance of byKey.values()) {
    if (sweeps - instance.lastUsed <= idleSweeps) return false;
    if (instance.isBusy || instance.outputGate.isLocked || instance.facetDepth > 0) continue;
    if (limit-- === 0) return true;
    evict(instance);
  }
  return false;
}

/** True for an object that nobody has called for so many sweeps. */
export function isQuiet(instance, hungSweeps) {
  return sweeps - instance.lastUsed > hungSweeps;
}

/** Entry point: see deadlock.js. */
export function waitsOf(kind, number, hungSweeps) {
  return deadlock().waitsOf(kind, number, hungSweeps);
}

/** Entry point: see deadlock.js. */
export function failDeadlocked(slot, keysJson, onlyHeld) {
  deadlock().failDeadlocked(slot, keysJson, onlyHeld);
}

/** Let go of an instance that has nothing under way, and of its facets. One that is at rest may have calls. */
export function evict(instance) {
  if (instance.hasCalls) {
    instance.end(new Error(AT_REST));
    return;
  }
  if (instance.facets !== null) for (const facet of instance.facets.values()) facet.evict();
  forget(instance);
  releaseHolds(instance);
  object_released(instance.slot, "");
  instance.letGo();
}

