// What tests do to an object from outside: call it without a Worker, look inside, evict it.
//
// Each is an event of the Worker in whose isolate the object lives, and a call to its instance.

import { invokeFetch, evict, residentInSlot, touch } from "../objects/residents.js";
import { DurableObjectState } from "../objects/state.js";
import { requestFromHost } from "../fetch/request.js";
import { INCOMING } from "../fetch/cf.js";
import { OF_CLASSES, packResult, RpcCall } from "../rpc/call.js";
import { messageFromHost } from "../rpc/message.js";
import { deserialize } from "../serialize/index.js";
import { WorkerEvent } from "../workers/event.js";
import { RpcEvent } from "../workers/rpc-event.js";

const BUSY = "the object has calls, alarms or other work under way, so it is not evicted";

class FetchCall {
  constructor(event, request) {
    this.event = event;
    event.request = request;
  }

  invoke(object) {
    return invokeFetch(object, this.event.request);
  }

  succeed(response) {
    this.event.respond(response);
  }

  fail(error) {
    this.event.fail(error);
  }
}

/** Entry point: a request for the object in this slot. */
export function fetchObject(number, slot, method, url, headers, body) {
  const request = requestFromHost(method, url, headers, body, undefined, INCOMING);
  const event = new WorkerEvent(number);
  begin(slot, event, new FetchCall(event, request));
}

/** Entry point: a call of a method of the object in this slot; `path` is JSON. */
export function callObject(number, slot, path, data) {
  const { context } = residentInSlot(slot);
  const message = messageFromHost(data, "");
  const event = new RpcEvent(number);
  begin(slot, event, new RpcCall(context, JSON.parse(path), message, event, OF_CLASSES));
}

class RunCall {
  constructor(event, run, args) {
    this.event = event;
    this.run = run;
    this.args = args;
  }

  invoke(object) {
    return this.run(object, new DurableObjectState(this.life), ...this.args);
  }

  succeed(value) {
    this.event.succeed(packResult(value, this.life.context));
  }

  fail(error) {
    this.event.fail(error);
  }
}

/** Entry point: call `run(instance, state, ...args)` as the object's own code. */
export function runInObject(number, slot, run, data) {
  if (typeof run !== "function") throw new TypeError("run() takes the text of a function");
  const event = new RpcEvent(number);
  begin(slot, event, new RunCall(event, run, deserialize(data)));
}

// The event has nothing under way itself; it waits for the object, however long that takes.
function begin(slot, event, call) {
  event.pendingOps++;
  const instance = residentInSlot(slot);
  touch(instance);
  instance.begin(call);
}

/** Entry point: evict the object in this slot; why that is not possible, or "". */
export function evictObject(slot) {
  const instance = residentInSlot(slot);
  if (instance.isBusy || instance.outputGate.isLocked) return BUSY;
  evict(instance);
  return "";
}
