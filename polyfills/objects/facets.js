// Facets: objects inside of an object, with classes, storage and lives of their own.
// https://developers.cloudflare.com/durable-objects/api/facets/
//
// What an object knows under a name is a `Facet`. It begins with the first call: the callback tells
// which class it is of, the host gives it a slot, and from then on it is an instance like any
// other, but that nobody reaches it except by its object's stubs. It ends with its instance, or
// when its object ends or says so; what comes under its name later is another one. A stub stays with
// the facet that its first call has found, and fails when that has ended.
//
// A facet does not go idle by itself, but together with its object.

import { facet_open } from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { wrongArgument, wrongField } from "../kernel/arguments.js";
import { lazily } from "../kernel/lazy.js";
import { requireContext } from "../kernel/pending.js";
import { queueTurn } from "../kernel/turns.js";
import { dropMessage } from "../rpc/message.js";
import { crossedRequest, repeatOf } from "../workers/crossing.js";
import { stubOf } from "../workers/fetcher.js";
import { partsOfClass } from "./class.js";
import { cloneFacet, eraseFacets } from "./erasing.js";
import { DurableObjectId } from "./id.js";
import { bytesOf } from "./overload.js";
import { asEnd } from "./remote-error.js";
import { admitFacet, callInstance, callMethod, evict } from "./residents.js";
import { isStranger, refuse } from "./strangers.js";

const MAX_NAME_BYTES = 256;
const MAX_DEPTH = 4;
const NAME_TOO_LONG = `Facet name is too long (max ${MAX_NAME_BYTES} characters).`;
const TOO_DEEP =
  `Facet nesting depth limit exceeded. The maximum depth including the root Durable Object is ` +
  `${MAX_DEPTH}.`;
const NO_OPTIONS = "A facet's callback must return an object with the class of the facet.";
const CLASSES = "DurableObjectClass or LoopbackDurableObjectNamespace or LoopbackColoLocalActorNamespace";
const EVICTED = "This Durable Object instance is no longer active: it has no facets.";

const farFacets = lazily("objects/far-facet.js");

class Facet {
  #parent;
  #name;
  #inside = null; // a NearFacet, or a FarFacet where its class lives elsewhere
  #starting = 0; // calls that wait for the instance
  #waiting = []; // { caller, resolve, reject } of those that wait for it to be made
  #error = null;

  constructor(parent, name) {
    this.#parent = parent;
    this.#name = name;
  }

  /** Ask `callback`, in a turn of this context, what the facet is to be, and make it. */
  start(callback, context) {
    queueTurn(context, async () => {
      try {
        const options = checkedOptions(await callback());
        if (this.#error !== null) return;
        if (options.far === undefined) this.#begin(this.#makeHere(options));
        else await this.#makeElsewhere(options);
      } catch (error) {
        this.#fail(asEnd(error));
      }
    });
  }

  #makeHere({ className, props, id }) {
    const parent = this.#parent;
    const [slot, key] = this.#open().split(" ");
    const instance = admitFacet({
      slot: +slot,
      id: id ?? parent.id,
      key,
      usesSqlite: parent.usesSqlite,
      className,
      props,
      parent,
      facetDepth: parent.facetDepth + 1,
      onGone: (error) => this.#forget(error),
    });
    return new NearFacet(instance);
  }

  // What fails by the disk may work the next time.
  #open() {
    try {
      return facet_open(this.#parent.slot, this.#name);
    } catch (error) {
      this.end(asEnd(error));
      throw error;
    }
  }

  async #makeElsewhere({ far, id }) {
    const parent = this.#parent;
    const forget = (error) => this.#forget(error);
    const facet = await farFacets().openFarFacet(parent, this.#name, far, id ?? parent.id, forget);
    if (this.#error === null) this.#begin(facet);
    else facet.end(this.#error);
  }

  #begin(inside) {
    this.#inside = inside;
    for (const { caller, resolve } of this.#takeWaiting()) {
      queueTurn(caller, () => this.#letIn(caller, resolve));
    }
  }

  // Those that called before come first, and only then may others call at once.
  #letIn(caller, resolve) {
    caller.life.pendingOps--;
    this.#starting--;
    resolve();
  }

  // What fails before there is an instance stays under its name until that is aborted or deleted.
  #fail(error) {
    if (this.#error !== null) return;
    this.#error = error;
    for (const { caller, reject } of this.#takeWaiting()) {
      caller.life.pendingOps--;
      this.#starting--;
      queueTurn(caller, reject, asEnd(error));
    }
  }

  #takeWaiting() {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  #forget(error) {
    this.#error = error;
    const { facets } = this.#parent;
    if (facets.get(this.#name) === this) facets.delete(this.#name);
  }

  /** Have the facet fail with this error, whatever it does. */
  end(error) {
    if (this.#inside === null) {
      this.#fail(error);
      this.#forget(error);
    } else {
      this.#inside.end(error);
    }
  }

  /** Let go of the facet with its object, of which nothing is under way. */
  evict() {
    this.#error ??= new Error(EVICTED);
    if (this.#inside !== null && this.#inside.error === null) this.#inside.evict();
  }

  /** True while evicting it would cut something off, such as WebSockets: it could not be woken. */
  get isBusy() {
    return this.#inside === null ? this.#starting > 0 : this.#inside.isBusy;
  }

  /** Throws where the facet has ended. */
  check() {
    if (this.#error !== null) throw asEnd(this.#error);
  }

  /** What `call(inside)` promises, with a NearFacet or a FarFacet, as soon as there is one. */
  reach(caller, call) {
    if (this.#error !== null) return Promise.reject(asEnd(this.#error));
    if (this.#inside !== null && this.#starting === 0) return call(this.#inside);
    this.#starting++;
    caller.life.pendingOps++;
    return new Promise((resolve, reject) => {
      if (this.#inside === null) this.#waiting.push({ caller, resolve, reject });
      else queueTurn(caller, () => this.#letIn(caller, resolve));
    }).then(() => {
      if (this.#error !== null) throw asEnd(this.#error);
      return call(this.#inside);
    });
  }
}

/** What a facet is whose instance lives here. */
class NearFacet {
  #instance;

  constructor(instance) {
    this.#instance = instance;
  }

  get error() {
    return this.#instance.error;
  }

  get isBusy() {
    const instance = this.#instance;
    return instance.isBusy || instance.outputGate.isLocked || instance.awake?.sockets.size > 0;
  }

  send(caller, path, message) {
    return callMethod(this.#instance, caller, path, message);
  }

  /** Send a request of this record; the response. */
  fetch(caller, record) {
    const bytes = bytesOf(record.source);
    const { signal } = record;
    const repeat = repeatOf(record, fetchAgain, this);
    return callInstance(this.#instance, caller, crossedRequest(record), bytes, repeat, signal);
  }

  end(error) {
    this.#instance.end(error);
  }

  evict() {
    evict(this.#instance);
  }
}

const fetchAgain = ({ target: facet }, caller, record) => facet.fetch(caller, record);

function checkedOptions(options) {
  if (options === undefined || options === null) throw new TypeError(NO_OPTIONS);
  const parts = partsOfClass(options.class);
  if (parts === undefined) throw wrongField("class", "StartupOptions", CLASSES);
  const { id } = options;
  return { ...parts, id: id === undefined || id instanceof DurableObjectId ? id : `${id}` };
}

/** What a stub leads to: a facet that is found, or begun, by its first call. A source of calls. */
class FacetLink {
  #parent;
  #name;
  #callback;
  #facet = null;

  constructor(parent, name, callback) {
    this.#parent = parent;
    this.#name = name;
    this.#callback = callback;
  }

  #find(caller) {
    if (this.#facet !== null) return this.#facet;
    const parent = this.#parent;
    if (parent.error !== null) throw parent.error;
    const facets = (parent.facets ??= new Map());
    let facet = facets.get(this.#name);
    if (facet === undefined) {
      facet = new Facet(parent, this.#name);
      facets.set(this.#name, facet);
      facet.start(this.#callback, caller.life === parent ? caller : parent.context);
    }
    this.#callback = null;
    this.#facet = facet;
    return facet;
  }

  // A call goes to the facet of now, whatever it waits for before it leaves.
  open() {
    this.#find(requireContext()).check();
    return this;
  }

  /** See rpc/stub.js. */
  async send(caller, path, message) {
    let isTaken = message === null;
    try {
      return await this.#find(caller).reach(caller, (inside) => {
        isTaken = true;
        return inside.send(caller, path, message);
      });
    } finally {
      if (!isTaken) dropMessage(message);
    }
  }

  /** Send a request of this record; the response. */
  fetch(caller, record) {
    return this.#find(caller).reach(caller, (inside) => inside.fetch(caller, record));
  }
}

// ---- ctx.facets -----------------------------------------------------------------------

const FROM_INSTANCE = {};

/** The facets of an object, by name. */
class DurableObjectFacets {
  #instance;

  constructor(key, instance) {
    if (key !== FROM_INSTANCE) throw new TypeError("Illegal constructor");
    this.#instance = instance;
  }

  /**
   * The stub of a facet. Where it does not run, its first call has `callback()` tell its `class`, one
   * of `ctx.exports`, and perhaps an `id`, or promise to.
   */
  get(name, callback) {
    this.#refuseStrangers();
    requireStrings("get", arguments.length, 1);
    name = `${name}`.toWellFormed();
    if (typeof callback !== "function") throw wrongArgument("get", "DurableObjectFacets", 2, "function");
    checkName(name);
    if (this.#instance.facetDepth + 1 >= MAX_DEPTH) throw new Error(TOO_DEEP);
    return stubOf(new FacetLink(this.#instance, name, callback));
  }

  /** Have a facet that runs fail with `reason`, all that it has under way included. */
  abort(name, reason) {
    this.#refuseStrangers();
    requireStrings("abort", arguments.length, 1);
    name = checkName(`${name}`.toWellFormed());
    if (arguments.length < 2) throw wrongArgument("abort", "DurableObjectFacets", 2, "Value");
    this.#instance.facets?.get(name)?.end(asEnd(reason));
  }

  /** End a facet, and remove all that it holds, and all that those inside of it do. */
  delete(name) {
    this.#refuseStrangers();
    requireStrings("delete", arguments.length, 1);
    eraseFacets(this.#instance, checkName(`${name}`.toWellFormed()));
  }

  /** Have a facet hold what another one does, and those inside of them, too. */
  clone(source, target) {
    this.#refuseStrangers();
    requireStrings("clone", arguments.length, 2);
    source = checkName(`${source}`.toWellFormed());
    cloneFacet(this.#instance, source, checkName(`${target}`.toWellFormed()));
  }

  #refuseStrangers() {
    if (isStranger(this.#instance)) refuse("FacetManager");
  }

  get [Symbol.toStringTag]() {
    return "DurableObjectFacets";
  }
}

/** The object behind `ctx.facets`. */
export function facetsOf(instance) {
  return new DurableObjectFacets(FROM_INSTANCE, instance);
}

function requireStrings(method, given, wanted) {
  if (given < wanted) throw wrongArgument(method, "DurableObjectFacets", given + 1, "string");
}


function checkName(name) {
  if (encodeUtf8(name).length > MAX_NAME_BYTES) throw new TypeError(NAME_TOO_LONG);
  return name;
}
