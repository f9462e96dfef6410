// node:perf_hooks: https://nodejs.org/docs/latest-v20.x/api/perf_hooks.html

import { absentFrom } from "./errors.js";

export const {
  performance,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceObserver,
  PerformanceObserverEntryList,
} = globalThis;
const missing = absentFrom("perf_hooks");
export const { createHistogram, monitorEventLoopDelay, PerformanceResourceTiming } = missing;
export const constants = {};

export const eventLoopUtilization = () => ({ idle: 0, active: 0, utilization: 0 });

/** The function itself: nobody keeps what its calls took. */
export const timerify = (fn) => fn;

export default {
  ...missing,
  constants,
  eventLoopUtilization,
  performance,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceObserver,
  PerformanceObserverEntryList,
  timerify,
};
