// PerformanceObserver:
// https://w3c.github.io/performance-timeline/#the-performanceobserver-interface

import { DOMException } from "../language/dom-exception.js";
import { reportUncaught } from "../events/event-target.js";
import { currentContext, queueTurn } from "../kernel/turns.js";
import {
  defineInterface,
  illegalConstructor,
  requireArguments,
  toDictionary,
  toDOMString,
  toFunction,
  toSequence,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";

const { apply } = Reflect;

const CONSTRUCTING = {};
const TYPES = Object.freeze(["mark", "measure"]);

const observers = new Set();
let deliveryQueued = false;
let offer, deliver;

/** Entries with a type, a name or both; as `Performance` and entry lists find them. */
export function selectEntries(entries, name, type) {
  return entries.filter(
    (entry) =>
      (name === undefined || entry.name === name) &&
      (type === undefined || entry.entryType === type),
  );
}

/** What an observer's callback is given. */
export class PerformanceObserverEntryList {
  #entries;

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
    this.#entries = [...arguments[1]].sort((a, b) => a.startTime - b.startTime);
  }

  getEntries() {
    return [...this.#entries];
  }

  getEntriesByType(type) {
    const entries = this.#entries;
    requireArguments(arguments.length, 1, "'getEntriesByType' on 'PerformanceObserverEntryList'");
    return selectEntries(entries, undefined, toDOMString(type));
  }

  getEntriesByName(name, type = undefined) {
    const entries = this.#entries;
    requireArguments(arguments.length, 1, "'getEntriesByName' on 'PerformanceObserverEntryList'");
    const wanted = toDOMString(name);
    return selectEntries(entries, wanted, type === undefined ? undefined : toDOMString(type));
  }
}

/** Told of new entries of the types that it asked for, in a later turn. */
export class PerformanceObserver {
  #callback;
  #buffer = [];
  #types = new Set();
  #kind = undefined; // "single" or "multiple": by which member the first observe() asked

  constructor(callback) {
    requireArguments(arguments.length, 1, "'constructor' on 'PerformanceObserver'");
    this.#callback = toFunction(callback, "PerformanceObserver: parameter 1");
  }

  static get supportedEntryTypes() {
    return TYPES;
  }

  /** https://w3c.github.io/performance-timeline/#observe-method */
  observe(options = undefined) {
    const { buffered, entryTypes, type } = toObserverInit(options);
    const both = entryTypes !== undefined && (type !== undefined || buffered !== undefined);
    if (both || (entryTypes === undefined && type === undefined)) {
      throw new TypeError("PerformanceObserver.observe: give either 'entryTypes' or 'type'.");
    }
    const kind = type === undefined ? "multiple" : "single";
    this.#kind ??= kind;
    if (this.#kind !== kind) {
      throw new DOMException(
        "PerformanceObserver.observe: 'entryTypes' and 'type' do not mix.",
        "InvalidModificationError",
      );
    }
    const wanted = (entryTypes ?? [type]).filter((name) => TYPES.includes(name));
    if (wanted.length === 0) return;
    if (kind === "multiple") this.#types = new Set(wanted);
    else this.#types.add(type);
    observers.add(this);
    const earlier = buffered ? selectEntries(timeline(), undefined, type) : [];
    for (const entry of earlier) offer(this, entry);
  }

  disconnect() {
    this.#buffer = [];
    this.#types.clear();
    observers.delete(this);
  }

  takeRecords() {
    const records = this.#buffer;
    this.#buffer = [];
    return records;
  }

  static {
    offer = (observer, entry) => {
      if (!observer.#types.has(entry.entryType)) return;
      observer.#buffer.push(entry);
      queueDelivery();
    };
    deliver = (observer) => {
      const entries = observer.#buffer;
      observer.#buffer = [];
      if (entries.length === 0) return;
      const list = new PerformanceObserverEntryList(CONSTRUCTING, entries);
      try {
        apply(observer.#callback, observer, [list, observer, { droppedEntriesCount: 0 }]);
      } catch (error) {
        reportUncaught(error);
      }
    };
  }
}

defineInterface(PerformanceObserverEntryList);
defineInterface(PerformanceObserver);
refuseToClone(PerformanceObserverEntryList, PerformanceObserver);

let timeline = () => [];

/** Called once by performance.js: `entries()` are those on the timeline. */
export function provideTimeline(entries) {
  timeline = entries;
}

/** Tell the observers of a new entry. */
export function announceEntry(entry) {
  for (const observer of observers) offer(observer, entry);
}

/** Observers hear of entries made in global scope when an event brings a turn. */
function queueDelivery() {
  const context = currentContext();
  if (deliveryQueued || context === null) return;
  deliveryQueued = true;
  queueTurn(context, deliverAll, undefined);
}

function deliverAll() {
  deliveryQueued = false;
  for (const observer of [...observers]) deliver(observer);
}

/** PerformanceObserverInit */
function toObserverInit(options) {
  const given = toDictionary(options, "PerformanceObserverInit");
  const buffered = given.buffered === undefined ? undefined : !!given.buffered;
  const { entryTypes } = given;
  const types =
    entryTypes === undefined ? undefined : toSequence(entryTypes, toDOMString, "entryTypes");
  const { type } = given;
  return { buffered, entryTypes: types, type: type === undefined ? undefined : toDOMString(type) };
}
