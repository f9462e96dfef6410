import { equal, ok, same, throws } from "./assert.js";
import { Event } from "holdfast:events/event.js";
import {
  PerformanceEntry, PerformanceMark, PerformanceMeasure,
} from "holdfast:performance/entry.js";
import { Performance, performance } from "holdfast:performance/performance.js";

export function time_goes_forward_from_the_epoch_on() {
  const first = performance.now();
  let later = first;
  while (later === first) later = performance.now();
  ok(later > first);
  same(performance.timeOrigin, 0);
  ok(Math.abs(later - Date.now()) < 1000);
  equal(performance.toJSON(), { timeOrigin: performance.timeOrigin });
  const event = new Event("x");
  ok(event.timeStamp >= later && event.timeStamp <= performance.now());
}

export function what_is_not_constructed_by_scripts_says_so() {
  for (const Class of [Performance, PerformanceEntry, PerformanceMeasure]) {
    throws(() => new Class(), "TypeError");
  }
  throws(() => Performance.prototype.now.call({}), "TypeError");
}

export function a_mark_is_an_entry_with_a_copy_of_its_detail() {
  const detail = { a: [1] };
  const mark = performance.mark("m", { startTime: 5, detail });
  equal([mark.name, mark.entryType, mark.startTime, mark.duration], ["m", "mark", 5, 0]);
  equal(mark.detail, detail);
  ok(mark.detail !== detail);
  const shown = { name: "m", entryType: "mark", startTime: 5, duration: 0 };
  equal(mark.toJSON(), { ...shown, detail });
  equal(new PerformanceMark("m", { startTime: 5 }).toJSON(), shown);
  same(new PerformanceMark("free").detail, null);
  same(performance.getEntriesByName("free").length, 0);
  throws(() => performance.mark("m", { startTime: -1 }), "TypeError");
  throws(() => performance.mark(), "TypeError");
}

export function entries_are_in_order_of_time_and_can_be_cleared() {
  performance.clearMarks();
  performance.clearMeasures();
  performance.mark("late", { startTime: 20 });
  performance.mark("early", { startTime: 10 });
  performance.measure("all", "early", "late");
  equal(performance.getEntries().map((e) => e.name), ["early", "all", "late"]);
  equal(performance.getEntriesByType("mark").map((e) => e.name), ["early", "late"]);
  equal(performance.getEntriesByName("early", "measure"), []);
  performance.clearMarks("early");
  equal(performance.getEntries().map((e) => e.name), ["all", "late"]);
  performance.clearMeasures();
  performance.clearMarks();
  equal(performance.getEntries(), []);
}

export function a_measure_takes_marks_times_or_options() {
  performance.clearMarks();
  performance.mark("a", { startTime: 10 });
  performance.mark("b", { startTime: 50 });
  const span = (...args) => {
    const { startTime, duration } = performance.measure("m", ...args);
    return [startTime, duration];
  };
  equal(span("a", "b"), [10, 40]);
  equal(span({ start: "a", end: 30 }), [10, 20]);
  equal(span({ start: 5, duration: 7 }), [5, 7]);
  equal(span({ duration: 20, end: "b" }), [30, 20]);
  equal(span(undefined, "b"), [0, 50]);
  equal(span({}, "b"), [0, 50]);
  performance.mark("now");
  ok(span("now")[1] >= 0);
  equal(performance.measure("d", { start: 0, end: 1, detail: 3 }).detail, 3);
}

export function a_measure_that_makes_no_sense_is_refused() {
  throws(() => performance.measure("m", "no such mark"), "SyntaxError");
  throws(() => performance.measure("m", { start: 1 }, "a"), "TypeError");
  throws(() => performance.measure("m", { detail: 1 }), "TypeError");
  throws(() => performance.measure("m", { start: 1, duration: 1, end: 2 }), "TypeError");
  throws(() => performance.measure("m", { start: -1 }), "TypeError");
  throws(() => performance.measure(), "TypeError");
}

export function toJSON_is_for_performance_only() {
  throws(() => performance.toJSON.call({}), TypeError);
  equal(performance.toJSON(), { timeOrigin: performance.timeOrigin });
}
