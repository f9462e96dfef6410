// Service bindings: https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/

import { service_fetch } from "holdfast:ops";
import { abortReason, isAborted } from "../events/abort.js";
import { cfForHost } from "../fetch/cf.js";
import { Request, requestRecord } from "../fetch/request.js";
import { bodyForHost, rawHeaders } from "../fetch/transfer.js";
import { withDepth } from "../kernel/depth.js";
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
import { serialize } from "../serialize/index.js";
import { responseFromAnswer, unlessAborted, urlToSend } from "./crossing.js";

const FROM_HOST = {};
let targetOf;

/** Makes the object that it is given, where it is given one, an instance of its subclasses. */
class Either {
  constructor(object) {
    if (object !== undefined) return object;
  }
}

/** Another Worker, reached without the network. */
export class Fetcher extends Either {
  #target; // the host's number of the service, then ";" and props where there are

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

  get [Symbol.toStringTag]() {
    return "Fetcher";
  }
}

async function send(target, request) {
  const url = urlToSend(request.url);
  const context = requireContext();
  await context.outputGate?.wait();
  const answer = await service_fetch(
    target,
    request.method,
    url,
    withDepth(rawHeaders(request), context),
    bodyForHost(request),
    cfForHost(requestRecord(request)),
  );
  return responseFromAnswer(answer, url);
}

/** The service with the host's number; `props` is JSON, or undefined. */
export function serviceFromHost({ number, props }) {
  return new Fetcher(FROM_HOST, targetWith(number, props ? JSON.parse(props) : undefined));
}

/** The target of a service that is to see `props`. */
function targetWith(number, props) {
  return props === undefined ? `${number}` : `${number};${serialize(props).toBase64()}`;
}

const NOT_OPTIONS =
  "Failed to execute '(called as function)' on 'LoopbackServiceStub': parameter 1 is not of type 'Options'.";
const NOT_PROPS =
  "Incorrect type for the 'props' field on 'Options': the provided value is not of type 'Object'.";

/** A service of the script's own; `ctx.exports.Name({ props })` is the same with props. */
class LoopbackServiceStub extends Fetcher {
  get [Symbol.toStringTag]() {
    return "LoopbackServiceStub";
  }
}

/** The loopback of the service with the host's number. */
export function loopback(number) {
  const object = (options) => {
    if (!isObject(options)) throw new TypeError(NOT_OPTIONS);
    const { props } = options;
    if (props !== undefined && !isObject(props)) throw new TypeError(NOT_PROPS);
    return new Fetcher(FROM_HOST, targetWith(number, props));
  };
  delete object.name;
  delete object.length;
  Object.setPrototypeOf(object, LoopbackServiceStub.prototype);
  return new LoopbackServiceStub(FROM_HOST, `${number}`, object);
}

// ---- RPC ----------------------------------------------------------------------------------

function sourceOf(fetcher) {
  const target = isObject(fetcher) ? targetOf(fetcher) : undefined;
  if (target === undefined) return undefined;
  const service = {
    open: () => service,
    send: (caller, path, message) => sendThroughHost(`s${target}`, caller, path, message),
  };
  return service;
}

defineSource(sourceOf);

Object.setPrototypeOf(
  Fetcher.prototype,
  wildcard((fetcher, name) => propertyOf(sourceOf(fetcher), name)),
);

/** A service on its way to another context. */
class ServiceEntry {
  constructor(target) {
    this.target = target;
  }

  token() {
    return `s${this.target}`;
  }

  drop() {}
}

// Those of `ctx.exports` are functions.
defineReferences((value) => {
  const target = targetOf(value);
  return target && { tag: TAGS.SERVICE, entry: new ServiceEntry(target) };
});

defineToken("s", (target) => new ServiceEntry(target));

registerEntry(Fetcher, {
  tag: TAGS.SERVICE,
  write: (fetcher, sink) => sink.uint32(addEntry(new ServiceEntry(targetOf(fetcher)))),
  read: (source) => new Fetcher(FROM_HOST, takeEntry(source.uint32()).target),
});
