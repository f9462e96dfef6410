// Intl.DateTimeFormat: https://tc39.es/ecma402/#datetimeformat-objects

import { dateLocale, supportedLocalesOf } from "./date-locales.js";
import { layOut } from "./date-pattern.js";
import { fieldsOfRange, isOneDate, sharedEnds } from "./date-range.js";
import { callable, optionOf, optionsFrom } from "./locales.js";
import { TimeZone } from "./time-zone.js";

const OWNER = "Intl.DateTimeFormat";
const NUMERIC = ["2-digit", "numeric"];
const TEXT = ["narrow", "short", "long"];
const FIELDS = {
  weekday: TEXT,
  era: TEXT,
  year: NUMERIC,
  month: [...NUMERIC, ...TEXT],
  day: NUMERIC,
  dayPeriod: TEXT,
  hour: NUMERIC,
  minute: NUMERIC,
  second: NUMERIC,
};
const ZONE_NAMES = ["short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"];
const STYLES = ["full", "long", "medium", "short"];
const DATE_FIELDS = ["weekday", "year", "month", "day"];
const TIME_FIELDS = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"];
const DATE_STYLES = {
  full: { weekday: "long", month: "long", day: "numeric", year: "numeric" },
  long: { month: "long", day: "numeric", year: "numeric" },
};
const TIME_STYLES = {
  full: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "long" },
  long: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" },
  medium: { hour: "numeric", minute: "2-digit", second: "2-digit" },
  short: { hour: "numeric", minute: "2-digit" },
};
const DATES = { year: "numeric", month: "numeric", day: "numeric" };
const TIMES = { hour: "numeric", minute: "2-digit", second: "2-digit" };

/** The fields that the options ask for; `defaults` ("date", "time", "all") where there are none. */
function fieldsFrom(options, required, defaults, form) {
  const fields = {};
  for (const name of Object.keys(FIELDS)) {
    const value = optionOf(options, name, FIELDS[name], undefined, OWNER);
    if (value !== undefined) fields[name] = value;
  }
  const digits = options.fractionalSecondDigits;
  if (digits !== undefined) {
    if (!(digits >= 1 && digits <= 3))
      throw new RangeError("fractionalSecondDigits value is out of range.");
    fields.fractionalSecondDigits = Math.floor(digits);
  }
  const zone = optionOf(options, "timeZoneName", ZONE_NAMES, undefined, OWNER);
  if (zone !== undefined) fields.timeZoneName = zone;
  const dateStyle = optionOf(options, "dateStyle", STYLES, undefined, OWNER);
  const timeStyle = optionOf(options, "timeStyle", STYLES, undefined, OWNER);
  if (dateStyle === undefined && timeStyle === undefined) {
    const wanted = [
      ...(required === "time" ? [] : DATE_FIELDS),
      ...(required === "date" ? [] : TIME_FIELDS),
    ];
    if (!wanted.some((name) => name in fields)) {
      Object.assign(fields, defaults === "time" ? {} : DATES, defaults === "date" ? {} : TIMES);
    }
    return { fields };
  }
  const [explicit] = Object.keys(fields);
  if (explicit !== undefined)
    throw new TypeError(
      `Can't set option ${explicit} when ${dateStyle === undefined ? "timeStyle" : "dateStyle"} is used`,
    );
  if (
    (required === "date" && timeStyle !== undefined) ||
    (required === "time" && dateStyle !== undefined)
  ) {
    throw new TypeError(`Invalid option : ${required === "date" ? "timeStyle" : "dateStyle"}`);
  }
  const styles = { ...DATE_STYLES, medium: form.mediumDate, short: form.shortDate };
  return { fields: { ...styles[dateStyle], ...TIME_STYLES[timeStyle] }, dateStyle, timeStyle };
}

const textOf = (parts) => parts.map((part) => part.value).join("");

class DateTimeFormat {
  #locale;
  #form;
  #zone;
  #fields;
  #styles;
  #hourCycle;
  #bound;

  constructor(locales = undefined, options = undefined, required = "any", defaults = "date") {
    const preset = dateLocale(locales);
    this.#locale = preset.locale;
    this.#form = preset.form;
    const given = optionsFrom(options);
    const { hour12 } = given;
    const hourCycle = optionOf(given, "hourCycle", ["h11", "h12", "h23", "h24"], undefined, OWNER);
    this.#zone = new TimeZone(given.timeZone === undefined ? "UTC" : `${given.timeZone}`);
    const { fields, ...styles } = fieldsFrom(given, required, defaults, this.#form);
    this.#fields = fields;
    this.#styles = styles;
    this.#hourCycle = hour12 === undefined ? (hourCycle ?? preset.hourCycle) : hour12 ? "h12" : "h23";
  }

  get format() {
    return (this.#bound ??= (date) => textOf(this.#parts(date)));
  }

  formatToParts(date = undefined) {
    return this.#parts(date);
  }

  formatRange(start, end) {
    return textOf(this.formatRangeToParts(start, end));
  }

  formatRangeToParts(start, end) {
    const isAmerican = this.#locale === "en" || this.#locale === "en-US";
    const ends = [this.#local(start), this.#local(end)];
    const fields = isAmerican ? fieldsOfRange(this.#fields, ...ends) : this.#fields;
    const [a, b] = [this.#parts(start, fields), this.#parts(end, fields)];
    const from = (source) => (part) => ({ ...part, source });
    if (textOf(a) === textOf(b) && isOneDate(fields, ...ends)) {
      return this.#parts(start).map(from("shared"));
    }
    const [before, after] = isAmerican ? sharedEnds(a, b, fields, ...ends) : [0, 0];
    const first = a.slice(0, before).map(from("shared"));
    if (before > 0 && fields.hour) first[before - 1].value = ", ";
    return [
      ...first,
      ...a.slice(before, a.length - after).map(from("startRange")),
      { type: "literal", value: " – ", source: "shared" },
      ...b.slice(before, b.length - after).map(from("endRange")),
      ...b.slice(b.length - after).map(from("shared")),
    ];
  }

  resolvedOptions() {
    const { dateStyle, timeStyle } = this.#styles;
    const hasHour = this.#fields.hour !== undefined;
    const styled = dateStyle !== undefined || timeStyle !== undefined;
    return {
      locale: this.#locale,
      calendar: "gregory",
      numberingSystem: "latn",
      timeZone: this.#zone.name,
      ...(hasHour && {
        hourCycle: this.#hourCycle,
        hour12: this.#hourCycle === "h12" || this.#hourCycle === "h11",
      }),
      ...(styled
        ? { ...(dateStyle && { dateStyle }), ...(timeStyle && { timeStyle }) }
        : this.#fields),
    };
  }

  /** The date in UTC fields. */
  #local(date) {
    const time = date === undefined ? Date.now() : Number(date);
    if (!(Math.abs(time) <= 8.64e15)) throw new RangeError("Invalid time value");
    return new Date(Math.trunc(time) + this.#zone.at(time).seconds * 1000);
  }

  #parts(date, fields = this.#fields) {
    const time = date === undefined ? Date.now() : Number(date);
    const local = this.#local(time);
    const zoneName = fields.timeZoneName && this.#zone.label(fields.timeZoneName, time);
    const { dateStyle, timeStyle } = this.#styles;
    return layOut(local, fields, this.#form, {
      hourCycle: this.#hourCycle,
      zoneName,
      dateStyle,
      isStyled: timeStyle !== undefined,
    });
  }
}

/** A format for one of Date's methods. */
export function formatFor(locales, options, required, defaults) {
  return new DateTimeFormat(locales, options, required, defaults);
}

const Constructor = callable(DateTimeFormat, supportedLocalesOf);
export { Constructor as DateTimeFormat };
