// Service bindings: https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/

import { service_fetch } from "holdfast:ops";
import { abortReason, isAborted } from "../events/abort.js";
import { defineFetcher, Request, requestRecord } from "../fetch/request.js";
import { Either } from "../kernel/either.js";
import { requireContext } from "../kernel/pending.js";
import { isObject } from "../kernel/webidl.js";
import {
  addEntry,
  defineReferences,
  defineToken,
  registerEntry,
  TAGS,
  takeEntry,
} from "../rpc/message.js";
import { sendThroughHost } from "../rpc/references.js";
import { defineSource, propertyOf, wildcard } from "../rpc/stub.js";
import { dataCloneError } from "../serialize/errors.js";
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

const FROM_HOST = {};
const NOT_HERE = "ServiceStub cannot be serialized in this context.";
const OF_FACET = "Stubs pointing to Durable Object facets are not serializable.";
let targetOf;

/** Another Worker, reached without the network. */
export class ServiceStub extends Either {
  // The host's number of the service, then ";" and props where there are; or what a facet's stub
  // leads to (objects/facets.js).
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

/** The stub of a facet. */
export function stubOfFacet(link) {
  return new ServiceStub(FROM_HOST, link);
}

/** The target of a service that is to see `props`. */
function targetWith(number, props) {
  return props === undefined ? `${number}` : `${number};${encodeProps(props, entryOfService)}`;
}

/** A service of the script's own; `ctx.exports.Name({ props })` is the same with props. */
class LoopbackServiceStub extends ServiceStub {
  get [Symbol.toStringTag]() {
    return "LoopbackServiceStub";
  }
}

/** The loopback of the service with the host's number. */
export function loopback(number) {
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
    if (typeof target !== "string") throw dataCloneError(OF_FACET);
    this.target = target;
  }

  token() {
    return `s${this.target}`;
  }

  drop() {}
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
  refusal: (stub) => (typeof targetOf(stub) === "string" ? NOT_HERE : OF_FACET),
  write: (stub, sink) => sink.uint32(addEntry(new ServiceEntry(targetOf(stub)))),
  read: (source) => new ServiceStub(FROM_HOST, takeEntry(source.uint32()).target),
  isKept: true,
});
