// Durations as Workflows take them: milliseconds, or words such as "5 minutes".
// https://developers.cloudflare.com/workflows/build/sleeping-and-retrying/

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

const UNITS = {
  __proto__: null,
  m: 1,
  second: SECOND,
  minute: 60 * SECOND,
  hour: 3_600 * SECOND,
  day: DAY,
  week: 7 * DAY,
  month: 30 * DAY,
  year: 365.25 * DAY,
};

/** How long a step may sleep, or wait: a year, in whichever unit. */
export const MAX_WAIT_MS = UNITS.year;

/** How long that is in milliseconds; NaN where it is no duration. */
export function milliseconds(duration) {
  if (typeof duration === "number") return duration;
  if (typeof duration !== "string") return NaN;
  if (duration.trim() !== "" && !Number.isNaN(Number(duration))) return Number(duration);
  const [, count, unit] = /^(\S+) +(\w+?)s?$/.exec(duration) ?? [];
  return Number(count) * (UNITS[unit] ?? NaN);
}
