// Service bindings: https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/

import { service_fetch } from "holdfast:ops";
import { abortReason, isAborted } from "../events/abort.js";
import { defineFetcher, Request, requestRecord } from "../fetch/request.js";
import { wrongField } from "../kernel/arguments.js";
import { Either } from "../kernel/either.js";
import { lazily } from "../kernel/lazy.js";
import { requireContext } from "../kernel/pending.js";
import { isObject } from "../kernel/webidl.js";
import {
  addEntry,
  defineReferences,
  defineToken,
  packKept,
  registerEntry,
  TAGS,
  takeEntry,
} from "../rpc/message.js";
import { sendThroughHost } from "../rpc/references.js";
import { defineSource, propertyOf, wildcard } from "../rpc/stub.js";
import { dataCloneError, notSerializable } from "../serialize/errors.js";
import { encodeProps } from "./props.js";
import { propsAmong } from "./specializing.js";
import { tellHostOfClient } from "./client.js";
import {
  redirectable,
  repeatOf,
  requestThroughHost,
  responseFromAnswer,
  unlessAborted,
  urlToSend,
} from "./crossing.js";

const connections = lazily("sockets/worker-connection.js");

const FROM_HOST = {};
const NOT_HERE = "ServiceStub cannot be serialized in this context.";
const OF_FACET = "Stubs pointing to Durable Object facets are not serializable.";
/** Why nobody else may have a stub of a Worker that is loaded at runtime. */
export const NOT_TRANSFERABLE =
  "Entrypoints to dynamically-loaded workers cannot be transferred to other Workers, because the system " +
  "does not know how to reload this Worker from scratch. Instead, have the parent Worker expose an " +
  "entrypoint which constructs the dynamic worker and forwards to it.";
let ownNumbers = null; // of the script's own services, where they are not to leave it
let targetOf;

/** Another Worker, reached without the network. */
export class ServiceStub extends Either {
  // The host's number of the service, then ";" and props where there are; or what another stub
  // leads to: a facet (objects/facets.js), or a Worker that is loaded (loader.js). That may have
  // `refusal`, why it cannot be sent.
  #target;

  constructor(key, target, object) {
    if (key !== FROM_HOST) throw new TypeError("Illegal constructor");
    super(object);
    this.#target = target;
  }

  static {
    targetOf = (value) => (#target in value ? value.#target : undefined);
  }

  /** Send a request to the Worker; signature and result as the global fetch's. */
  async fetch(input, init) {
    const request = new Request(input, init);
    const { signal } = requestRecord(request);
    if (signal === undefined) return send(this.#target, request);
    if (isAborted(signal)) throw abortReason(signal);
    return unlessAborted(send(this.#target, request), signal);
  }

  /** Connect to the Worker's handler of that name; signature and result as of `cloudflare:sockets`. */
  connect(address, options) {
    return connections().connectToWorker(sourceOf(this), address, options);
  }

  /** What JSON.stringify() has of it, which says where it stands; else a call of the Worker. */
  toJSON(...where) {
    if (where.length === 0) return propertyOf(sourceOf(this), "toJSON")();
    return typeof this === "function" ? undefined : {};
  }

  get [Symbol.toStringTag]() {
    return "Fetcher";
  }
}

async function send(target, request) {
  const context = requireContext();
  await context.outputGate?.wait();
  return await sendRecord(target, context, requestRecord(request));
}

async function sendRecord(target, context, record) {
  if (typeof target !== "string") return await target.fetch(context, record);
  const url = urlToSend(record.url);
  const repeat = repeatOf(record, sendAgain, target);
  const answering = requestThroughHost(service_fetch, target, url, record, context);
  tellHostOfClient(context, record.signal, answering);
  return await redirectable(responseFromAnswer(await answering, url), record, repeat, context);
}

const sendAgain = ({ target }, context, record) => sendRecord(target, context, record);

/** The service with the host's number; `props` is JSON, or undefined. */
export function serviceFromHost({ number, props }) {
  return new ServiceStub(FROM_HOST, targetWith(number, props ? JSON.parse(props) : undefined));
}

/** The stub of what is no service of the host's. */
export function stubOf(link) {
  return new ServiceStub(FROM_HOST, link);
}

/** The target of a service that is to see `props`. */
function targetWith(number, props) {
  return props === undefined ? `${number}` : `${number};${encodeProps(props, entryOfService)}`;
}

/** Why nothing of the script's own may be sent; undefined where it may. */
export function ownRefusal() {
  return ownNumbers === null ? undefined : NOT_TRANSFERABLE;
}

/** Have the script's own services stay here: it is a Worker that was loaded at runtime. */
export function keepOwnServices() {
  ownNumbers = new Set();
}

/** A service of the script's own; `ctx.exports.Name({ props })` is the same with props. */
class LoopbackServiceStub extends ServiceStub {
  get [Symbol.toStringTag]() {
    return "LoopbackServiceStub";
  }
}

/** The loopback of the service with the host's number. */
export function loopback(number) {
  ownNumbers?.add(`${number}`);
  const object = (...args) =>
    new ServiceStub(FROM_HOST, targetWith(number, propsAmong(args, LoopbackServiceStub.name)));
  delete object.name;
  delete object.length;
  Object.setPrototypeOf(object, LoopbackServiceStub.prototype);
  return new LoopbackServiceStub(FROM_HOST, `${number}`, object);
}

// ---- RPC ----------------------------------------------------------------------------------

function sourceOf(stub) {
  const target = isObject(stub) ? targetOf(stub) : undefined;
  if (typeof target !== "string") return target;
  const service = {
    open: () => service,
    send: (caller, path, message) => sendThroughHost(`s${target}`, caller, path, message),
  };
  return service;
}

defineSource(sourceOf);
defineFetcher(ServiceStub);

Object.setPrototypeOf(
  ServiceStub.prototype,
  wildcard((stub, name) => propertyOf(sourceOf(stub), name)),
);

/** A service on its way to another context. */
class ServiceEntry {
  constructor(target) {
    const refusal = refusalOf(target);
    if (refusal !== undefined) throw dataCloneError(refusal);
    this.target = target;
  }

  token() {
    return `s${this.target}`;
  }

  drop() {}

  stub() {
    return new ServiceStub(FROM_HOST, this.target);
  }
}

/** Why what has this target cannot be sent; undefined where it can. */
function refusalOf(target) {
  if (typeof target !== "string") return target.refusal ?? OF_FACET;
  return ownNumbers?.has(target.split(";", 1)[0]) ? NOT_TRANSFERABLE : undefined;
}

// Those of `ctx.exports` are functions.
function entryOfService(value) {
  const target = targetOf(value);
  return target && { tag: TAGS.SERVICE, entry: new ServiceEntry(target) };
}

defineReferences(entryOfService);

defineToken("s", (target) => new ServiceEntry(target));

registerEntry(ServiceStub, {
  tag: TAGS.SERVICE,
  refusal: (stub) => refusalOf(targetOf(stub)) ?? NOT_HERE,
  write: (stub, sink) => sink.uint32(addEntry(new ServiceEntry(targetOf(stub)))),
  read: (source) => new ServiceStub(FROM_HOST, takeEntry(source.uint32()).target),
  isKept: true,
});

/** As defineReferences() wants it, for what takes no service but one that was given props. */
export function refuseLoopbacks(value) {
  if (targetOf(value) !== undefined) throw notSerializable(LoopbackServiceStub.name);
  return undefined;
}

/** The token of a stub that is the value of a WorkerCode's field. Throws TypeError for anything else. */
export function tokenOf(stub, field) {
  if (!(stub instanceof ServiceStub)) throw wrongField(field, "WorkerCode", "Fetcher");
  const [entry] = packKept([stub], entryOfService, true).entries;
  if (entry === undefined) throw wrongField(field, "WorkerCode", "Fetcher");
  return entry.token();
}

/** The text of props that hold services. */
export function encodeServiceProps(props) {
  return encodeProps(props, refuseLoopbacks, true);
}
