// The entries of the performance timeline:
// https://w3c.github.io/performance-timeline/#the-performanceentry-interface
// https://w3c.github.io/user-timing/

import {
  defineInterface,
  illegalConstructor,
  requireArguments,
  toDictionary,
  toDOMString,
  toDouble,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { deserialize, serialize } from "../serialize/index.js";
import { sinceOrigin } from "./clock.js";

const CONSTRUCTING = {};

/** One thing that took place at a time: a mark or a measure. */
export class PerformanceEntry {
  #name;
  #entryType;
  #startTime;
  #duration;

  constructor() {
    const [token, name, entryType, startTime, duration] = arguments;
    if (token !== CONSTRUCTING) throw illegalConstructor();
    this.#name = name;
    this.#entryType = entryType;
    this.#startTime = startTime;
    this.#duration = duration;
  }

  get name() {
    return this.#name;
  }

  get entryType() {
    return this.#entryType;
  }

  get startTime() {
    return this.#startTime;
  }

  get duration() {
    return this.#duration;
  }

  toJSON() {
    return {
      name: this.#name,
      entryType: this.#entryType,
      startTime: this.#startTime,
      duration: this.#duration,
    };
  }
}

// As workerd has it: a detail that was not given is left out.
const withDetail = (told, detail) => (detail === null ? told : { ...told, detail });

/** A named moment; `new` makes one that is on no timeline. */
export class PerformanceMark extends PerformanceEntry {
  #detail;

  /** https://w3c.github.io/user-timing/#the-performancemark-constructor */
  constructor(markName, markOptions = undefined) {
    requireArguments(arguments.length, 1, "'constructor' on 'PerformanceMark'");
    const name = toDOMString(markName);
    const options = toDictionary(markOptions, "PerformanceMarkOptions");
    const { detail = null } = options;
    const { startTime } = options;
    super(CONSTRUCTING, name, "mark", startTime === undefined ? sinceOrigin() : toStartTime(startTime), 0);
    this.#detail = cloneDetail(detail);
  }

  get detail() {
    return this.#detail;
  }

  toJSON() {
    return withDetail(super.toJSON(), this.#detail);
  }
}

/** The time between two moments. */
export class PerformanceMeasure extends PerformanceEntry {
  #detail;

  constructor() {
    const [token, name, startTime, duration, detail] = arguments;
    super(token, name, "measure", startTime, duration);
    this.#detail = detail;
  }

  get detail() {
    return this.#detail;
  }

  toJSON() {
    return withDetail(super.toJSON(), this.#detail);
  }
}

for (const Class of [PerformanceEntry, PerformanceMark, PerformanceMeasure]) {
  defineInterface(Class);
  refuseToClone(Class);
}

/** A measure for the timeline. */
export function createMeasure(name, startTime, duration, detail) {
  return new PerformanceMeasure(CONSTRUCTING, name, startTime, duration, cloneDetail(detail));
}

function toStartTime(value) {
  const time = toDouble(value, "PerformanceMark: startTime");
  if (time < 0) throw new TypeError("PerformanceMark: startTime is negative.");
  return time;
}

function cloneDetail(detail) {
  return detail === null || detail === undefined ? null : deserialize(serialize(detail));
}
