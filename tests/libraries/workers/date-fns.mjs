import assert from "node:assert/strict";
import {
  addMonths,
  differenceInBusinessDays,
  eachDayOfInterval,
  endOfMonth,
  format,
  formatDistance,
  formatISO,
  getISOWeek,
  intervalToDuration,
  isValid,
  parse,
  parseISO,
} from "date-fns";
import { de } from "date-fns/locale";

export default {
  fetch() {
    const date = new Date(2024, 0, 31, 13, 5, 9);
    assert.equal(
      format(date, "yyyy-MM-dd HH:mm:ss EEEE do MMMM"),
      "2024-01-31 13:05:09 Wednesday 31st January",
    );
    assert.equal(format(date, "PPPP", { locale: de }), "Mittwoch, 31. Januar 2024");
    assert.equal(formatISO(addMonths(date, 1), { representation: "date" }), "2024-02-29");
    assert.equal(formatDistance(date, addMonths(date, 5), { addSuffix: true }), "5 months ago");
    assert.equal(getISOWeek(parseISO("2021-01-03")), 53);
    assert.equal(parse("02/11/2014", "MM/dd/yyyy", new Date(0)).getDate(), 11);
    assert.equal(isValid(parseISO("nonsense")), false);
    assert.equal(
      eachDayOfInterval({ start: date, end: endOfMonth(addMonths(date, 1)) }).length,
      30,
    );
    assert.equal(differenceInBusinessDays(parseISO("2024-02-05"), parseISO("2024-01-29")), 5);
    assert.deepEqual(intervalToDuration({ start: 0, end: 3_661_000 }), {
      hours: 1,
      minutes: 1,
      seconds: 1,
    });
    return new Response("ok");
  },
};
