import { equal, ok, same, throws } from "./assert.js";
import { PerformanceObserver, PerformanceObserverEntryList } from "holdfast:performance/observer.js";
import { performance } from "holdfast:performance/performance.js";

/** The arguments of the observer's first call. */
function observed(options, run) {
  return new Promise((resolve) => {
    const observer = new PerformanceObserver((...args) => {
      observer.disconnect();
      resolve(args);
    });
    observer.observe(options);
    run();
  });
}

export async function an_observer_hears_of_its_types_in_a_later_turn() {
  const [list, observer, { droppedEntriesCount }] = await observed({ entryTypes: ["mark"] }, () => {
    performance.mark("late", { startTime: 2 });
    performance.measure("not asked for");
    performance.mark("early", { startTime: 1 });
  });
  ok(list instanceof PerformanceObserverEntryList && observer instanceof PerformanceObserver);
  same(droppedEntriesCount, 0);
  equal(list.getEntries().map((entry) => entry.name), ["early", "late"]);
  equal(list.getEntriesByName("late", "mark").length, 1);
  equal(list.getEntriesByType("measure"), []);
}

export async function buffered_entries_come_too() {
  performance.clearMarks();
  performance.mark("before");
  const [list] = await observed({ type: "mark", buffered: true }, () => performance.mark("after"));
  equal(list.getEntries().map((entry) => entry.name), ["before", "after"]);
}

export function records_can_be_taken_at_once() {
  const observer = new PerformanceObserver(() => {});
  observer.observe({ type: "mark" });
  performance.mark("taken");
  equal(observer.takeRecords().map((entry) => entry.name), ["taken"]);
  equal(observer.takeRecords(), []);
  observer.disconnect();
  performance.mark("not heard");
  equal(observer.takeRecords(), []);
}

export function options_must_make_sense() {
  const observer = new PerformanceObserver(() => {});
  throws(() => observer.observe(), "TypeError");
  throws(() => observer.observe({ entryTypes: ["mark"], type: "mark" }), "TypeError");
  throws(() => observer.observe({ entryTypes: "mark" }), "TypeError");
  observer.observe({ type: "unknown" });
  throws(() => observer.observe({ entryTypes: ["mark"] }), "InvalidModificationError");
  throws(() => new PerformanceObserver(), "TypeError");
  throws(() => new PerformanceObserverEntryList(), "TypeError");
  equal(PerformanceObserver.supportedEntryTypes, ["mark", "measure"]);
  same(PerformanceObserver.supportedEntryTypes, PerformanceObserver.supportedEntryTypes);
}
