// DurableObjectStub: https://developers.cloudflare.com/durable-objects/api/stub/
//
// A call to an object of this very isolate is queued as a turn of the instance;
// other calls go through the host. Either way the caller's own output gate comes
// first, the request's body is handed over without being shared, and the answer
// settles in a turn of the caller.

import { object_fetch, object_locate } from "holdfast:ops";
import { abortReason, isAborted } from "../events/abort.js";
import { createRequestRecord } from "../fetch/request.js";
import { recordBodyForHost } from "../fetch/transfer.js";
import { requireContext } from "../kernel/pending.js";
import { requireArguments } from "../kernel/webidl.js";
import {
  crossedRequest,
  responseFromAnswer,
  unlessAborted,
  urlToSend,
} from "../workers/crossing.js";
import { admitObject, callInstance, residentInstance } from "./residents.js";

const RELATIVE_BASE = "https://fake-host/";

let make;

/** A client of one object; `fetch` has the global function's signature. */
export class DurableObjectStub {
  #namespace;
  #id;
  static #allowed = false;

  constructor() {
    if (!DurableObjectStub.#allowed) throw new TypeError("Illegal constructor");
    DurableObjectStub.#allowed = false;
  }

  static {
    make = (namespace, id) => {
      DurableObjectStub.#allowed = true;
      const stub = new DurableObjectStub();
      stub.#namespace = namespace;
      stub.#id = id;
      return stub;
    };
  }

  /** The object's id. */
  get id() {
    return this.#id;
  }

  /** The name that the id was made from; undefined for other ids. */
  get name() {
    return this.#id.name;
  }

  /** Send a request to the object, whatever its URL, and return its response. */
  fetch(input, init) {
    try {
      const caller = requireContext();
      requireArguments(arguments.length, 1, "'fetch' on 'DurableObject'");
      const request = recordOf(input, init);
      const { signal } = request;
      if (signal !== undefined && isAborted(signal)) throw abortReason(signal);
      const gate = caller.outputGate?.wait();
      const answer =
        gate === undefined
          ? send(this.#namespace, this.#id, caller, request)
          : gate.then(() => send(this.#namespace, this.#id, caller, request));
      return signal === undefined ? answer : unlessAborted(answer, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  get [Symbol.toStringTag]() {
    return "DurableObject";
  }
}

// The record of the request that nobody but the object will see.
function recordOf(input, init) {
  if (typeof input === "string" && input.startsWith("/")) input = RELATIVE_BASE + input.slice(1);
  return createRequestRecord(input, init);
}

function send(namespace, id, caller, request) {
  const hex = id.toString();
  let instance = residentInstance(hex);
  if (instance === undefined) {
    const slot = object_locate(namespace.number, hex, id.name);
    if (slot === 0) return sendThroughHost(namespace.number, id, request);
    instance = admitObject(slot, namespace.className, hex, id.name, namespace.usesSqlite);
  }
  return callInstance(instance, caller, crossedRequest(request));
}

async function sendThroughHost(namespace, id, request) {
  const url = urlToSend(request.url);
  const answer = await object_fetch(
    namespace,
    id.toString(),
    id.name,
    request.method,
    url,
    request.raw,
    recordBodyForHost(request),
  );
  return responseFromAnswer(answer, url);
}

/** The stub of an object; `namespace` is the binding's description from the host. */
export function createStub(namespace, id) {
  return make(namespace, id);
}
