// What a script asks of a date's text, as the letters of a skeleton for ICU, and what comes of
// that, from the letters of ICU's pattern.
// https://unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table

import { digitOption, optionOf } from "./locales.js";

const OWNER = "Intl.DateTimeFormat";
const STYLES = ["full", "long", "medium", "short"];
const DATE_FIELDS = ["weekday", "year", "month", "day"];
const TIME_FIELDS = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"];
const HOURS = { h11: "K", h12: "h", h23: "H", h24: "k" };

// The letters of each field and what they mean, longer ones before those that are within them; of
// those for one value, those that ask for it come first.
const FIELDS = {
  weekday: { EEEEE: "narrow", EEEE: "long", EEE: "short", ccccc: "narrow", cccc: "long", ccc: "short" },
  era: { GGGGG: "narrow", GGGG: "long", GGG: "short" },
  year: { yy: "2-digit", y: "numeric" },
  month: {
    ...{ MMMMM: "narrow", MMMM: "long", MMM: "short", MM: "2-digit", M: "numeric" },
    ...{ LLLLL: "narrow", LLLL: "long", LLL: "short", LL: "2-digit", L: "numeric" },
  },
  day: { dd: "2-digit", d: "numeric" },
  dayPeriod: { BBBBB: "narrow", bbbbb: "narrow", BBBB: "long", bbbb: "long", B: "short", b: "short" },
  hour: {
    ...{ HH: "2-digit", H: "numeric", hh: "2-digit", h: "numeric" },
    ...{ kk: "2-digit", k: "numeric", KK: "2-digit", K: "numeric" },
  },
  minute: { mm: "2-digit", m: "numeric" },
  second: { ss: "2-digit", s: "numeric" },
  fractionalSecondDigits: { SSS: 3, SS: 2, S: 1 },
  timeZoneName: {
    ...{ zzzz: "long", z: "short", OOOO: "longOffset", O: "shortOffset" },
    ...{ vvvv: "longGeneric", v: "shortGeneric" },
  },
};
const LETTERS = {};
for (const name of Object.keys(FIELDS)) {
  const letters = (LETTERS[name] = new Map());
  for (const [text, value] of Object.entries(FIELDS[name]))
    if (!letters.has(value)) letters.set(value, text);
}

/** `{ fields, dateStyle, timeStyle }`, in the order in which the standard has the options read. */
export function readFields(options) {
  const fields = { __proto__: null }; // scripts may have changed the usual one
  for (const name of Object.keys(FIELDS)) {
    const value =
      name === "fractionalSecondDigits"
        ? digitOption(options[name], name, 1, 3, undefined)
        : optionOf(options, name, [...LETTERS[name].keys()], undefined, OWNER);
    if (value !== undefined) fields[name] = value;
  }
  optionOf(options, "formatMatcher", ["basic", "best fit"], "best fit", OWNER);
  const dateStyle = optionOf(options, "dateStyle", STYLES, undefined, OWNER);
  const timeStyle = optionOf(options, "timeStyle", STYLES, undefined, OWNER);
  return { fields, dateStyle, timeStyle };
}

/** Throws TypeError for a style beside fields, or for one that Date's method has no use for. */
export function checkStyles({ fields, dateStyle, timeStyle }, required) {
  const [explicit] = Object.keys(fields);
  if (explicit !== undefined)
    throw new TypeError(
      `Can't set option ${explicit} when ${dateStyle === undefined ? "timeStyle" : "dateStyle"} is used`,
    );
  if (required === "date" && timeStyle !== undefined) throw new TypeError("Invalid option : timeStyle");
  if (required === "time" && dateStyle !== undefined) throw new TypeError("Invalid option : dateStyle");
}

/** The skeleton of the fields; `defaults` ("date", "time", "all") are added where none are asked for. */
export function skeletonOf(fields, hourCycle, required, defaults) {
  let skeleton = "";
  for (const name of Object.keys(fields)) {
    const letters = LETTERS[name].get(fields[name]);
    skeleton += name === "hour" ? letters.replaceAll("H", HOURS[hourCycle]) : letters;
  }
  const wanted = [
    ...(required === "time" ? [] : DATE_FIELDS),
    ...(required === "date" ? [] : TIME_FIELDS),
  ];
  if (wanted.some((name) => name in fields)) return skeleton;
  if (defaults !== "time") skeleton += "yMd";
  if (defaults !== "date") skeleton += `${HOURS[hourCycle]}ms`;
  return skeleton;
}

/** The fields of a pattern. As in V8, what is quoted in it is taken for letters as well. */
export function fieldsOf(pattern) {
  const fields = { __proto__: null };
  for (const [name, meanings] of Object.entries(FIELDS)) {
    const letters = Object.keys(meanings).find((text) => pattern.includes(text));
    if (letters !== undefined) fields[name] = meanings[letters];
  }
  if (fields.fractionalSecondDigits !== undefined)
    fields.fractionalSecondDigits = Math.min(pattern.split("S").length - 1, 3);
  return fields;
}
