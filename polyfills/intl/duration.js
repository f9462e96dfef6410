// Durations as Intl.DurationFormat takes them: objects, and texts such as "P1DT2H".
// https://tc39.es/ecma402/#sec-todurationrecord

import { isObject } from "../kernel/webidl.js";

export const UNITS = [
  "years",
  "months",
  "weeks",
  "days",
  "hours",
  "minutes",
  "seconds",
  "milliseconds",
  "microseconds",
  "nanoseconds",
];
const READ = [...UNITS].sort(); // in the order of their names
const MAX_CALENDAR = 2 ** 32; // of years, months and weeks
const MAX_SECONDS = 2n ** 53n;
// Of the units from days on, in nanoseconds.
const NANOSECONDS = {
  days: 86_400_000_000_000n,
  hours: 3_600_000_000_000n,
  minutes: 60_000_000_000n,
  seconds: 1_000_000_000n,
  milliseconds: 1_000_000n,
  microseconds: 1_000n,
  nanoseconds: 1n,
};
const NUMBER = "(\\d+)";
const FRACTION = "(\\d+)(?:[.,](\\d{1,9}))?";
const ISO = new RegExp(
  `^([+-]?)P(?=.)(?:${NUMBER}Y)?(?:${NUMBER}M)?(?:${NUMBER}W)?(?:${NUMBER}D)?` +
    `(?:T(?=\\d)(?:${FRACTION}H)?(?:${FRACTION}M)?(?:${FRACTION}S)?)?$`,
  "i",
);

/** The duration with a number for each unit. Throws TypeError and RangeError. */
export function durationFrom(value) {
  if (typeof value === "string") return checked(parsed(value));
  if (!isObject(value))
    throw new TypeError("Temporal error: Duration argument must be Duration or string.");
  const duration = Object.fromEntries(UNITS.map((unit) => [unit, 0]));
  let isEmpty = true;
  for (const unit of READ) {
    const given = value[unit];
    if (given === undefined) continue;
    isEmpty = false;
    const number = Number(given);
    if (!Number.isInteger(number))
      throw new RangeError("Temporal error: Expected finite integer.");
    duration[unit] = number + 0; // no negative zero
  }
  if (isEmpty) throw new TypeError("Temporal error: Did not provide any valid Duration fields.");
  return checked(duration);
}

/** -1, 0 or 1. */
export function signOf(duration) {
  for (const unit of UNITS) if (duration[unit] !== 0) return Math.sign(duration[unit]);
  return 0;
}

/** A unit with all that are smaller, as digits: seconds with what follows the point, say. */
export function withFraction(duration, unit) {
  const smaller = UNITS.slice(UNITS.indexOf(unit));
  const total = smaller.reduce((sum, each) => sum + BigInt(duration[each]) * NANOSECONDS[each], 0n);
  const size = NANOSECONDS[unit];
  const positive = total < 0n ? -total : total;
  const fraction = `${positive % size}`.padStart(`${size}`.length - 1, "0");
  return `${total < 0n ? "-" : ""}${positive / size}${size === 1n ? "" : `.${fraction}`}`;
}

function checked(duration) {
  const signs = new Set(UNITS.map((unit) => Math.sign(duration[unit])).filter((sign) => sign !== 0));
  const isTooLong =
    ["years", "months", "weeks"].some((unit) => Math.abs(duration[unit]) >= MAX_CALENDAR) ||
    UNITS.some((unit) => !Number.isFinite(duration[unit])) ||
    Object.keys(NANOSECONDS)
      .reduce((sum, unit) => sum + BigInt(Math.abs(duration[unit])) * NANOSECONDS[unit], 0n) >=
      MAX_SECONDS * NANOSECONDS.seconds;
  if (signs.size > 1 || isTooLong) throw new RangeError("Temporal error: Duration was not valid.");
  return duration;
}

function parsed(text) {
  const match = ISO.exec(text);
  if (match === null) throw invalid(text);
  const [, sign, years, months, weeks, days, ...times] = match;
  const [hours, hourFraction, minutes, minuteFraction, seconds, secondFraction] = times;
  // A fraction stands in the smallest unit only.
  if (hourFraction !== undefined && (minutes ?? seconds) !== undefined) throw invalid(text);
  if (minuteFraction !== undefined && seconds !== undefined) throw invalid(text);
  const part = (digits, unit) => BigInt((digits ?? "").padEnd(9, "0")) * (NANOSECONDS[unit] / 10n ** 9n);
  let rest =
    part(hourFraction, "hours") + part(minuteFraction, "minutes") + part(secondFraction, "seconds");
  const duration = { years, months, weeks, days, hours, minutes, seconds };
  for (const unit of Object.keys(duration)) duration[unit] = Number(duration[unit] ?? 0);
  for (const unit of ["minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"]) {
    duration[unit] = (duration[unit] ?? 0) + Number(rest / NANOSECONDS[unit]);
    rest %= NANOSECONDS[unit];
  }
  if (sign === "-") for (const unit of UNITS) duration[unit] = 0 - duration[unit];
  return duration;
}

function invalid(text) {
  return new RangeError(`Temporal error: Invalid duration: ${text}`);
}
