// Worker Loaders: bindings that load Workers whose code comes at runtime.
// https://developers.cloudflare.com/dynamic-workers/api-reference/
//
// The host keeps what is loaded, and calls wait there until the code has come. A WorkerStub holds its
// Worker by a Holder, as do the entrypoints that it gives; it is let go of by the garbage collector.

import {
  loader_fail,
  loader_fetch,
  loader_get,
  loader_release,
  loader_start,
} from "holdfast:ops";
import { wrongArgument } from "../kernel/arguments.js";
import { lazily } from "../kernel/lazy.js";
import { requireContext } from "../kernel/pending.js";
import { queueTurn } from "../kernel/turns.js";
import { isObject } from "../kernel/webidl.js";
import { asEnd, failureParts } from "../objects/remote-error.js";
import { sendThroughHost } from "../rpc/references.js";
import { refuseToClone } from "../serialize/index.js";
import { encodeServiceProps, NOT_TRANSFERABLE, stubOf } from "./fetcher.js";
import { fetchThroughHost } from "./through-host.js";
import { giveModules, readCode, readEntrypoint } from "./worker-code.js";

const FROM_HOST = {};
const classes = lazily("objects/class.js");
const dropped = new FinalizationRegistry((number) => loader_release(number));

/** Whoever has one holds the Worker of its number. */
class Holder {
  constructor(number) {
    this.number = number;
    dropped.register(this, number);
  }
}

/** How the host knows what a Worker exports under this name, with these props. */
function targetOf(holder, name, props = "") {
  return `${holder.number}/${encodeURIComponent(name)}/${props}`;
}

/** An entrypoint of a Worker that is loaded: what a service's stub leads to. A source of calls. */
class LoadedEntrypoint {
  refusal = NOT_TRANSFERABLE;
  #holder;
  #target;

  constructor(holder, name, props) {
    this.#holder = holder;
    this.#target = targetOf(holder, name, props);
  }

  open() {
    return this;
  }

  /** See rpc/stub.js. */
  send(caller, path, message) {
    return sendThroughHost(`w${this.#target}`, caller, path, message);
  }

  /** Send a request of this record; the response. */
  fetch(caller, record) {
    return fetchThroughHost(loader_fetch, this.#target, this, caller, record);
  }
}

/** A Worker that is loaded, or is about to be. */
class WorkerStub {
  #holder;

  constructor(key, holder) {
    if (key !== FROM_HOST) throw new TypeError("Illegal constructor");
    this.#holder = holder;
  }

  /** The stub of an entrypoint, the default one unless it is named, that sees `options.props`. */
  getEntrypoint(name, options) {
    const given = readEntrypoint("getEntrypoint", name, options);
    const props = given.props === undefined ? undefined : encodeServiceProps(given.props);
    return stubOf(new LoadedEntrypoint(this.#holder, given.name, props));
  }

  /** A class that it exports, for facets; they see `options.props`. */
  getDurableObjectClass(name, options) {
    const given = readEntrypoint("getDurableObjectClass", name, options);
    const props = given.props === undefined ? undefined : encodeServiceProps(given.props);
    const holder = this.#holder;
    const far = `w${targetOf(holder, given.name, props)}`;
    return classes().classFrom({ far, refusal: NOT_TRANSFERABLE, holder });
  }

  get [Symbol.toStringTag]() {
    return "WorkerStub";
  }
}

/** What a binding of the type `worker_loader` puts into `env`. */
class WorkerLoader {
  #name;

  constructor(key, name) {
    if (key !== FROM_HOST) throw new TypeError("Illegal constructor");
    this.#name = name;
  }

  /**
   * The Worker that has this id, or another one where it is null; `getCode()` tells, or promises, its
   * code where it is not loaded yet.
   */
  get(id, getCode) {
    if (arguments.length === 0) throw wrongArgument("get", "WorkerLoader", 1, "string");
    const name = id === null || id === undefined ? null : `${id}`.toWellFormed();
    if (typeof getCode !== "function") throw wrongArgument("get", "WorkerLoader", 2, "function");
    const context = requireContext();
    const number = loader_get(this.#name, name);
    if (number < 0) ask(getCode, -number, context);
    return new WorkerStub(FROM_HOST, new Holder(Math.abs(number)));
  }

  /** A Worker of this code. */
  load(code) {
    if (!isObject(code)) throw wrongArgument("load", "WorkerLoader", 1, "WorkerCode");
    requireContext();
    const read = readCode(code);
    const number = -loader_get(this.#name, null);
    const holder = new Holder(number);
    try {
      give(number, read);
    } catch (error) {
      loader_fail(number, "Error", "");
      throw error;
    }
    return new WorkerStub(FROM_HOST, holder);
  }

  get [Symbol.toStringTag]() {
    return "WorkerLoader";
  }
}

refuseToClone(WorkerLoader, WorkerStub);

// Whoever waits for the code waits for the event, which goes on until then.
function ask(getCode, number, context) {
  context.hold?.();
  queueTurn(context, async () => {
    try {
      give(number, readCode(await getCode.call(globalThis)));
    } catch (error) {
      const [name, message, , , data] = failureParts(asEnd(error));
      loader_fail(number, name, message, data);
    }
    context.release?.();
  });
}

function give(number, code) {
  giveModules(number, code.modules);
  const { env, tokens, ...told } = code.told;
  loader_start(number, JSON.stringify(told), env, tokens);
}

/** The loader that is bound under this name. */
export function loaderFromHost({ name }) {
  return new WorkerLoader(FROM_HOST, name);
}
