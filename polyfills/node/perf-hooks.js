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
export const constants = {
  NODE_PERFORMANCE_GC_MAJOR: 4,
  NODE_PERFORMANCE_GC_MINOR: 1,
  NODE_PERFORMANCE_GC_INCREMENTAL: 8,
  NODE_PERFORMANCE_GC_WEAKCB: 16,
  NODE_PERFORMANCE_GC_FLAGS_NO: 0,
  NODE_PERFORMANCE_GC_FLAGS_CONSTRUCT_RETAINED: 2,
  NODE_PERFORMANCE_GC_FLAGS_FORCED: 4,
  NODE_PERFORMANCE_GC_FLAGS_SYNCHRONOUS_PHANTOM_PROCESSING: 8,
  NODE_PERFORMANCE_GC_FLAGS_ALL_AVAILABLE_GARBAGE: 16,
  NODE_PERFORMANCE_GC_FLAGS_ALL_EXTERNAL_MEMORY: 32,
  NODE_PERFORMANCE_GC_FLAGS_SCHEDULE_IDLE: 64,
};

/** The same as methods of the global object's, since that is what most call them on. */
function extendGlobal() {
  const methods = {
    clearResourceTimings() {},
    eventLoopUtilization,
    setResourceTimingBufferSize() {},
    timerify,
  };
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(Performance.prototype, name, { value, writable: true, configurable: true });
  const nodeTiming = { name: "node", entryType: "node", startTime: 0, duration: 0 };
  Object.defineProperty(Performance.prototype, "nodeTiming", { get: () => nodeTiming, configurable: true });
}

export const eventLoopUtilization = () => ({ idle: 0, active: 0, utilization: 0 });

/** The function itself: nobody keeps what its calls took. */
export const timerify = (fn) => fn;

extendGlobal();

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
