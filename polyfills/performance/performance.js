// The global object's `performance`: https://w3c.github.io/hr-time/#sec-performance
// and its timeline of marks and measures: https://w3c.github.io/user-timing/

import { DOMException } from "../language/dom-exception.js";
import { EventTarget } from "../events/event-target.js";
import {
  defineInterface,
  illegalConstructor,
  illegalInvocation,
  isObject,
  requireArguments,
  toDOMString,
  toDouble,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { sinceOrigin, timeOrigin } from "./clock.js";
import { createMeasure, PerformanceMark } from "./entry.js";
import { announceEntry, provideTimeline, selectEntries } from "./observer.js";

const CONSTRUCTING = {};

/** The isolate's clock and the timeline that its scripts keep. */
export class Performance extends EventTarget {
  #entries = [];

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
    super();
  }

  now() {
    if (!(#entries in this)) throw illegalInvocation();
    return sinceOrigin();
  }

  get timeOrigin() {
    if (!(#entries in this)) throw illegalInvocation();
    return timeOrigin;
  }

  toJSON() {
    if (!(#entries in this)) throw illegalInvocation();
    return { timeOrigin };
  }

  /** https://w3c.github.io/user-timing/#mark-method */
  mark(markName, markOptions = undefined) {
    requireArguments(arguments.length, 1, "'mark' on 'Performance'");
    return add(this.#entries, new PerformanceMark(markName, markOptions));
  }

  clearMarks(markName = undefined) {
    this.#entries = without(this.#entries, "mark", markName);
  }

  /** https://w3c.github.io/user-timing/#measure-method */
  measure(measureName, startOrMeasureOptions = undefined, endMark = undefined) {
    requireArguments(arguments.length, 1, "'measure' on 'Performance'");
    const entries = this.#entries;
    const name = toDOMString(measureName);
    const asked = toMeasureOptions(startOrMeasureOptions);
    const end = endMark === undefined ? undefined : toDOMString(endMark);
    if (asked.isDictionary) checkMeasureOptions(asked, end);
    const endTime = measureEnd(entries, asked, end);
    const startTime = measureStart(entries, asked);
    return add(entries, createMeasure(name, startTime, endTime - startTime, asked.detail));
  }

  clearMeasures(measureName = undefined) {
    this.#entries = without(this.#entries, "measure", measureName);
  }

  getEntries() {
    return this.#entries.slice();
  }

  getEntriesByType(type) {
    const entries = this.#entries;
    requireArguments(arguments.length, 1, "'getEntriesByType' on 'Performance'");
    return selectEntries(entries, undefined, toDOMString(type));
  }

  getEntriesByName(name, type = undefined) {
    const entries = this.#entries;
    requireArguments(arguments.length, 1, "'getEntriesByName' on 'Performance'");
    const wanted = toDOMString(name);
    return selectEntries(entries, wanted, type === undefined ? undefined : toDOMString(type));
  }
}

defineInterface(Performance);
refuseToClone(Performance);

/** The one of this isolate. */
export const performance = new Performance(CONSTRUCTING);

provideTimeline(() => performance.getEntries());

/** Put an entry where its start belongs; most come in order, so look from the end. */
function add(entries, entry) {
  const { startTime } = entry;
  let index = entries.length;
  while (index > 0 && entries[index - 1].startTime > startTime) index--;
  entries.splice(index, 0, entry);
  announceEntry(entry);
  return entry;
}

function without(entries, type, name) {
  const unwanted = name === undefined ? undefined : toDOMString(name);
  return entries.filter(
    (entry) => entry.entryType !== type || (unwanted !== undefined && entry.name !== unwanted),
  );
}

// ---- Measures -----------------------------------------------------------------------

/** (DOMString or PerformanceMeasureOptions); members are read in their order. */
function toMeasureOptions(value) {
  if (!isObject(value) && value !== undefined && value !== null) {
    return { isDictionary: false, start: toDOMString(value) };
  }
  const given = value ?? {};
  const { detail } = given;
  const duration = given.duration === undefined ? undefined : toDouble(given.duration);
  const end = toMoment(given.end);
  const start = toMoment(given.start);
  return { isDictionary: true, detail, duration, end, start };
}

/** (DOMString or DOMHighResTimeStamp) */
function toMoment(value) {
  if (value === undefined) return undefined;
  return typeof value === "number" ? toDouble(value, "The time") : toDOMString(value);
}

function checkMeasureOptions({ detail, duration, end, start }, endMark) {
  if ([detail, duration, end, start].every((member) => member === undefined)) return;
  const both = start === undefined && end === undefined;
  const all = start !== undefined && duration !== undefined && end !== undefined;
  if (endMark === undefined && !both && !all) return;
  throw new TypeError(
    "Failed to execute 'measure' on 'Performance': options need 'start' or 'end', not both " +
      "with 'duration', and no third argument.",
  );
}

function measureEnd(entries, asked, endMark) {
  if (endMark !== undefined) return timeOf(entries, endMark);
  if (asked.end !== undefined) return timeOf(entries, asked.end);
  if (asked.start !== undefined && asked.duration !== undefined) {
    return timeOf(entries, asked.start) + asked.duration;
  }
  return sinceOrigin();
}

function measureStart(entries, asked) {
  if (asked.start !== undefined) return timeOf(entries, asked.start);
  if (asked.duration !== undefined && asked.end !== undefined) {
    return timeOf(entries, asked.end) - asked.duration;
  }
  return 0;
}

/** https://w3c.github.io/user-timing/#convert-a-mark-to-a-timestamp */
function timeOf(entries, moment) {
  if (typeof moment === "string") {
    const mark = entries.findLast((entry) => entry.entryType === "mark" && entry.name === moment);
    if (mark !== undefined) return mark.startTime;
    throw new DOMException(`The mark '${moment}' does not exist.`, "SyntaxError");
  }
  if (moment >= 0) return moment;
  throw new TypeError("Failed to execute 'measure' on 'Performance': a time is negative.");
}
