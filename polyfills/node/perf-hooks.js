// node:perf_hooks: https://nodejs.org/docs/latest-v20.x/api/perf_hooks.html

import { absent } from "./errors.js";

export const {
  performance,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceObserver,
  PerformanceObserverEntryList,
} = globalThis;
export const { createHistogram, monitorEventLoopDelay, PerformanceResourceTiming } = absent(
  "perf_hooks",
  ["createHistogram", "monitorEventLoopDelay", "PerformanceResourceTiming"],
);
export const constants = {};

export const eventLoopUtilization = () => ({ idle: 0, active: 0, utilization: 0 });

/** The function itself: nobody keeps what its calls took. */
export const timerify = (fn) => fn;

export default {
  PerformanceResourceTiming,
  constants,
  createHistogram,
  eventLoopUtilization,
  monitorEventLoopDelay,
  performance,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceObserver,
  PerformanceObserverEntryList,
  timerify,
};
