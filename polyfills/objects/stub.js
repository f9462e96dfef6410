// DurableObjectStub: https://developers.cloudflare.com/durable-objects/api/stub/
//
// A call to an object of this very isolate is queued as a turn of the instance;
// other calls go through the host. Either way the caller's own output gate comes
// first, the request's body is handed over without being shared, and the answer
// settles in a turn of the caller.

import { object_address, object_fetch, object_forget_addresses, object_locate } from "holdfast:ops";
import { abortReason, isAborted } from "../events/abort.js";
import { createRequestRecord } from "../fetch/request.js";
import { lazily } from "../kernel/lazy.js";
import { requireContext } from "../kernel/pending.js";
import { requireArguments } from "../kernel/webidl.js";
import { addEntry, BY_TOKEN, defineToken, registerEntry, TAGS, takeEntry } from "../rpc/message.js";
import { sendThroughHost } from "../rpc/references.js";
import { defineSource, propertyOf, wildcard } from "../rpc/stub.js";
import { tellHostOfClient } from "../workers/client.js";
import { ServiceStub } from "../workers/fetcher.js";
import {
  crossedRequest,
  redirectable,
  repeatOf,
  requestThroughHost,
  responseFromAnswer,
  unlessAborted,
  urlToSend,
} from "../workers/crossing.js";
import { keepShapes } from "../kernel/shapes.js";
import { idFromHost } from "./id.js";
import { bytesOf } from "./overload.js";
import { admitObject, callInstance, callMethod, residentInstance, throughHost } from "./residents.js";

const connections = lazily("sockets/worker-connection.js");

const MAX_ADDRESSES = 2_048;
const RELATIVE_BASE = "https://fake-host/";

const FROM_NAMESPACE = {};
let partsOf;

/**
 * A client of one object; `fetch` has the global function's signature. It has itself the object's
 * `id`, and the `name` that the id was made from, which is undefined for other ids.
 */
class DurableObjectStub {
  #namespace;
  #id;
  name;
  id;

  constructor(key = undefined, namespace = undefined, id = undefined) {
    if (key !== FROM_NAMESPACE) throw new TypeError("Illegal constructor");
    this.#namespace = namespace;
    this.#id = id;
    this.name = id.name;
    this.id = id;
  }

  static {
    partsOf = (value) =>
      #id in value ? { namespace: value.#namespace, id: value.#id } : undefined;
  }

  /** What JSON.stringify() has of it, which says where it stands; else a call of the object. */
  toJSON(...where) {
    if (where.length === 0) return propertyOf(sourceOf(this), "toJSON")();
    return { name: this.#id.name, id: this.#id };
  }

  /** Send a request to the object, whatever its URL, and return its response. */
  fetch(input, init) {
    try {
      const caller = requireContext();
      if (input === undefined) requireArguments(arguments.length, 1, "'fetch' on 'DurableObject'");
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

  /** Connect to the object's handler of that name; signature and result as of `cloudflare:sockets`. */
  connect(address, options) {
    return connections().connectToWorker(sourceOf(this), address, options);
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
  const instance = localInstance(namespace, id);
  if (instance === undefined) return sendRequestThroughHost(namespace, id, caller, request);
  const bytes = bytesOf(request.source);
  const { signal } = request;
  const repeat = repeatOf(request, sendAgain, namespace, id);
  return callInstance(instance, caller, crossedRequest(request), bytes, repeat, signal);
}

function sendAgain({ target: namespace, detail: id }, caller, request) {
  return send(namespace, id, caller, request);
}

// What the host calls objects that live elsewhere, by id: { namespace, name, number, isFar }. Those
// that are far are another shard's for good.
const addresses = new Map();

function makeRoom() {
  if (addresses.size < MAX_ADDRESSES) return;
  addresses.clear();
  object_forget_addresses();
}

/** The object's instance, brought up if need be; undefined where it lives elsewhere. */
function localInstance(namespace, id) {
  if (throughHost) return undefined;
  const hex = id.toString();
  const instance = residentInstance(hex);
  if (instance !== undefined) return instance;
  if (addresses.get(hex)?.isFar) return undefined;
  makeRoom();
  const { number, locationHint } = namespace;
  const slot = object_locate(number, hex, id.name, locationHint);
  if (slot < 0) addresses.set(hex, { namespace: number, name: id.name, number: -slot, isFar: true });
  if (slot <= 0) return undefined;
  return admitObject(slot, namespace.className, hex, id.name, namespace.usesSqlite, id.jurisdiction);
}

/** What the host calls an object that is called through it. */
function addressOf({ number: namespace }, id) {
  const hex = id.toString();
  const { name } = id;
  const known = addresses.get(hex);
  if (known !== undefined && known.namespace === namespace && known.name === name) return known.number;
  makeRoom();
  const number = object_address(namespace, hex, name);
  addresses.set(hex, { namespace, name, number, isFar: known?.isFar ?? false });
  return number;
}

async function sendRequestThroughHost(namespace, id, caller, request) {
  const url = urlToSend(request.url);
  const repeat = repeatOf(request, sendAgain, namespace, id);
  const address = addressOf(namespace, id);
  const answering = requestThroughHost(object_fetch, address, url, request, caller);
  tellHostOfClient(caller, request.signal, answering);
  return redirectable(responseFromAnswer(await answering, url), request, repeat, caller);
}

/**
 * The stub of an object; `namespace` is the binding's description from the host, and may say
 * with `locationHint` where its first caller wants the object to live.
 */
export function createStub(namespace, id) {
  return new DurableObjectStub(FROM_NAMESPACE, namespace, id);
}

// ---- RPC ----------------------------------------------------------------------------------

/** An object as it is told to the host and to other contexts. */
class ObjectEntry {
  constructor(namespace, id) {
    this.namespace = namespace;
    this.id = id;
  }

  token() {
    const { number, className, usesSqlite } = this.namespace;
    const fields = [number, className.toWellFormed(), usesSqlite ? 1 : 0, this.id];
    if (this.id.name !== undefined) fields.push(this.id.name.toWellFormed());
    return `o${fields.map(encodeURIComponent).join("/")}`;
  }

  drop() {}

  stub() {
    return createStub(this.namespace, this.id);
  }
}

defineToken("o", (text) => {
  const [number, className, usesSqlite, hex, name] = text.split("/").map(decodeURIComponent);
  const namespace = { number: +number, className, usesSqlite: usesSqlite === "1" };
  return new ObjectEntry(namespace, idFromHost(hex, name));
});

function sourceOf(stub) {
  const parts = typeof stub === "object" && stub !== null ? partsOf(stub) : undefined;
  if (parts === undefined) return undefined;
  const object = {
    open: () => object,
    send: (caller, path, message) => sendCall(parts, caller, path, message),
  };
  return object;
}

function sendCall({ namespace, id }, caller, path, message) {
  const instance = localInstance(namespace, id);
  if (instance === undefined) {
    return sendThroughHost(new ObjectEntry(namespace, id).token(), caller, path, message);
  }
  return callMethod(instance, caller, path, message);
}

keepShapes(createStub(undefined, {}));
defineSource(sourceOf);

Object.setPrototypeOf(
  DurableObjectStub.prototype,
  wildcard((stub, name) => propertyOf(sourceOf(stub), name), ServiceStub.prototype),
);

registerEntry(DurableObjectStub, {
  tag: TAGS.OBJECT,
  refusal: "ServiceStub cannot be serialized in this context.",
  write(stub, sink) {
    const { namespace, id } = partsOf(stub);
    sink.uint32(addEntry(new ObjectEntry(namespace, id)));
  },
  read(source) {
    const { namespace, id } = takeEntry(source.uint32());
    return createStub(namespace, id);
  },
  isKept: BY_TOKEN,
});
