// What the two ends of a range of dates have in common, which is told once, as in the United States:
// https://cldr.unicode.org/translation/date-time/date-time-patterns#interval-formats

const DATE = { year: "numeric", month: "numeric", day: "numeric" };
const WORDS = ["long", "short", "narrow"];
const AFTER_TIME = ["literal", "dayPeriod", "timeZoneName"];
const AFTER_DATE = ["literal", "year"];

const hasTime = ({ hour, minute, second }) => !!(hour ?? minute ?? second);
const hasDate = ({ weekday, year, month, day }) => !!(weekday ?? year ?? month ?? day);
const sameYear = (from, to) => from.getUTCFullYear() === to.getUTCFullYear();
const sameMonth = (from, to) => sameYear(from, to) && from.getUTCMonth() === to.getUTCMonth();
const sameDay = (from, to) => sameMonth(from, to) && from.getUTCDate() === to.getUTCDate();

/** The fields that both ends tell: also those that set them apart. */
export function fieldsOfRange(fields, from, to) {
  if (hasTime(fields) && !hasDate(fields)) return sameDay(from, to) ? fields : { ...fields, ...DATE };
  if (!fields.day || sameMonth(from, to)) return fields;
  return { ...(sameYear(from, to) ? {} : { year: "numeric" }), month: "numeric", ...fields };
}

/** Whether a range is one date, since both ends read the same. */
export function isOneDate(fields, from, to) {
  return !fields.weekday || sameDay(from, to);
}

/** How many parts at the beginning and at the end of both are told once. */
export function sharedEnds(a, b, fields, from, to) {
  if (hasTime(fields)) {
    if (fields.second || fields.fractionalSecondDigits || fields.dayPeriod || !sameDay(from, to)) {
      return [0, 0];
    }
    const before = a.findIndex(({ type }) => type === "hour" || type === "minute");
    return [before, sameAtEnd(a, b, AFTER_TIME)];
  }
  if (!WORDS.includes(fields.month) || !sameYear(from, to)) return [0, 0];
  const before = fields.weekday ? 0 : a.findIndex(({ value }, i) => value !== b[i].value);
  return [before, sameAtEnd(a, b, AFTER_DATE)];
}

function sameAtEnd(a, b, types) {
  let count = 0;
  for (;;) {
    const [one, other] = [a.at(-1 - count), b.at(-1 - count)];
    if (!types.includes(one.type) || one.value !== other.value) return count;
    count++;
  }
}
