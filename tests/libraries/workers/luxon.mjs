import assert from "node:assert/strict";
import { DateTime, Duration, Interval } from "luxon";

export default {
  fetch() {
    const time = DateTime.fromISO("2024-02-29T12:34:56.789Z", { zone: "utc" });
    assert.equal(time.plus({ years: 1 }).toISODate(), "2025-02-28");
    assert.equal(
      time.toFormat("yyyy LLL dd, HH:mm:ss ZZZZ cccc"),
      "2024 Feb 29, 12:34:56 UTC Thursday",
    );
    assert.equal(time.toLocaleString(DateTime.DATE_FULL, { locale: "en-US" }), "February 29, 2024");
    assert.equal(
      Duration.fromObject({ hours: 1, minutes: 75 }).normalize().toFormat("hh:mm"),
      "02:15",
    );
    assert.equal(Interval.fromDateTimes(time, time.plus({ days: 3 })).count("days"), 4);
    assert.equal(time.toRelative({ base: time.plus({ days: 2 }) }), "2 days ago");
    assert.equal(time.weekNumber, 9);
    return new Response("ok");
  },
};
