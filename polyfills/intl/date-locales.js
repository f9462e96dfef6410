// How dates are written in the languages that have a form of their own here. Besides that of the
// United States they are those that scripts ask for because of their form: `en-CA` and `sv-SE`
// for 2024-02-29, `en-GB` for 29/02/2024. Their figures are en-US's, where nothing else is said.
// https://cldr.unicode.org/translation/date-time

import { getCanonicalLocales } from "./locales.js";

const unitedStates = {
  hourCycle: "h12",
  months: {
    long: [
      "January",
      "February",
      "March",
      "April",
      "May",
      "June",
      "July",
      "August",
      "September",
      "October",
      "November",
      "December",
    ],
    short: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
  },
  days: {
    long: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
    short: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
  },
  eras: { long: ["Before Christ", "Anno Domini"], short: ["BC", "AD"], narrow: ["B", "A"] },
  halves: ["AM", "PM"],
  isDayFirst: false, // where the month is a word
  // Where it is a number. `pads`: figures that may have one digit get two.
  numbers: { order: ["month", "day", "year"], separator: "/", pads: false },
  shortDate: { month: "numeric", day: "numeric", year: "2-digit" },
  beforeTime: ", ",
  beforeTimeOfLong: " at ",
  afterWeekday: () => ", ",
  decimal: ".",
  padsHours: true, // on a clock of 24 hours, where there are minutes and no seconds
};

const paddedShortDate = { month: "2-digit", day: "2-digit", year: "numeric" };

const canada = {
  ...unitedStates,
  halves: ["a.m.", "p.m."],
  numbers: { order: ["year", "month", "day"], separator: "-", pads: true },
  shortDate: paddedShortDate,
};

const unitedKingdom = {
  ...unitedStates,
  hourCycle: "h23",
  months: {
    ...unitedStates.months,
    short: unitedStates.months.short.map((name) => (name === "Sep" ? "Sept" : name)),
  },
  halves: ["am", "pm"],
  isDayFirst: true,
  numbers: { order: ["day", "month", "year"], separator: "/", pads: true },
  shortDate: paddedShortDate,
  afterWeekday: ({ isText, hasYear }) => (isText && !hasYear ? " " : ", "),
  padsHours: false,
};

const sweden = {
  ...unitedKingdom,
  months: {
    long: [
      "januari",
      "februari",
      "mars",
      "april",
      "maj",
      "juni",
      "juli",
      "augusti",
      "september",
      "oktober",
      "november",
      "december",
    ],
    short: [
      "jan.",
      "feb.",
      "mars",
      "apr.",
      "maj",
      "juni",
      "juli",
      "aug.",
      "sep.",
      "okt.",
      "nov.",
      "dec.",
    ],
  },
  days: {
    long: ["söndag", "måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag"],
    short: ["sön", "mån", "tis", "ons", "tors", "fre", "lör"],
  },
  eras: {
    long: ["före Kristus", "efter Kristus"],
    short: ["f.Kr.", "e.Kr."],
    narrow: ["f.Kr.", "e.Kr."],
  },
  halves: ["fm", "em"],
  numbers: { order: ["year", "month", "day"], separator: "-", pads: true },
  numbersWithoutYear: { order: ["day", "month"], separator: "/", pads: false },
  beforeTime: " ",
  beforeTimeOfLong: " kl. ",
  afterWeekday: ({ isText }) => (isText ? " " : ", "),
  decimal: ",",
};

const forms = {
  __proto__: null,
  en: unitedStates,
  "en-US": unitedStates,
  "en-CA": canada,
  "en-GB": unitedKingdom,
  sv: sweden,
  "sv-SE": sweden,
};
const baseOf = (tag) => tag.replace(/-[a-z0-9]-.*$/, "");
const isSupported = (tag) => baseOf(tag) in forms;

/** { locale, form, hourCycle } for the first of the locales that is there. */
export function dateLocale(locales) {
  const tag = getCanonicalLocales(locales).find(isSupported) ?? "en-US";
  const base = baseOf(tag);
  const [, hourCycle] = /-u-(?:.*-)?hc-(h11|h12|h23|h24)\b/.exec(tag) ?? [];
  const form = forms[base];
  return {
    locale: hourCycle === undefined ? base : `${base}-u-hc-${hourCycle}`,
    form,
    hourCycle: hourCycle ?? form.hourCycle,
  };
}

/** `DateTimeFormat.supportedLocalesOf`. */
export function supportedLocalesOf(locales, _options = undefined) {
  return getCanonicalLocales(locales).filter(isSupported);
}
