// Intl.DateTimeFormat: options and locales are the standard's, texts are ICU's.
// https://tc39.es/ecma402/#datetimeformat-objects

import {
  intl_date_parts,
  intl_date_pattern,
  intl_date_range,
  intl_date_style_pattern,
  intl_date_text,
  intl_locale_info,
  intl_time_zone,
} from "holdfast:ops";
import { checkStyles, fieldsOf, readFields, skeletonOf } from "./date-fields.js";
import {
  anonymous,
  callable,
  getCanonicalLocales,
  localeFor,
  matcherOf,
  optionOf,
  optionsFrom,
  typeOption,
} from "./locales.js";

const OWNER = "Intl.DateTimeFormat";
const HOUR_CYCLES = ["h11", "h12", "h23", "h24"];

/** How hours are counted: as `hour12` says, or `asked`, or as where the locale is spoken. */
function hourCycleFor(icuLocale, dataLocale, hour12, asked) {
  if (hour12 === undefined && asked) return asked;
  const preset = intl_locale_info(icuLocale, "hourCycles");
  if (hour12 === undefined) return preset;
  const is12 = preset === "h11" || preset === "h12";
  if (is12 === hour12) return preset;
  if (!hour12) return "h23";
  return dataLocale.split("-").includes("JP") ? "h11" : "h12";
}

function timeOf(date) {
  const time = date === undefined ? Date.now() : Math.trunc(+date);
  if (!(Math.abs(time) <= 8.64e15)) throw new RangeError("Invalid time value");
  return time;
}

const textOf = (parts) => parts.map((part) => part.value).join("");

class DateTimeFormat {
  #locale;
  #calendar;
  #numberingSystem;
  #icuLocale;
  #zone;
  #hourCycle;
  #pattern;
  #styles;
  #bound;

  constructor(locales = undefined, options = undefined, required = "any", defaults = "date") {
    const tags = getCanonicalLocales(locales);
    const given = optionsFrom(options, OWNER);
    matcherOf(given, OWNER);
    const ca = typeOption(given, "calendar");
    const nu = typeOption(given, "numberingSystem");
    const wants12 = given.hour12;
    const hour12 = wants12 === undefined ? undefined : Boolean(wants12);
    const hc = optionOf(given, "hourCycle", HOUR_CYCLES, undefined, OWNER);
    const found = localeFor(tags, "DateTimeFormat", { ca, nu, hc: undefined });
    const { timeZone } = given;
    this.#zone = timeZone === undefined ? "UTC" : intl_time_zone(`${timeZone}`);
    this.#calendar = found.ca;
    this.#numberingSystem = found.nu;
    const hours = found.hc && `-hc-${found.hc}`;
    this.#icuLocale = `${found.dataLocale}-u-ca-${found.ca}${hours}-nu-${found.nu}`;
    const asked = readFields(given);
    const { fields, dateStyle, timeStyle } = asked;
    const hourCycle = hourCycleFor(this.#icuLocale, found.dataLocale, hour12, hc ?? found.hc);
    if (dateStyle === undefined && timeStyle === undefined) {
      if (fields.hour !== undefined) this.#hourCycle = hourCycle;
      const skeleton = skeletonOf(fields, hourCycle, required, defaults);
      this.#pattern = intl_date_pattern(this.#icuLocale, skeleton, this.#hourCycle ?? "");
    } else {
      checkStyles(asked, required);
      if (timeStyle !== undefined) this.#hourCycle = hourCycle;
      this.#styles = { dateStyle, timeStyle };
      const names = [dateStyle ?? "", timeStyle ?? "", this.#hourCycle ?? ""];
      this.#pattern = intl_date_style_pattern(this.#icuLocale, ...names);
    }
    const overrides = (hour12 ?? hc) !== undefined && found.hc !== this.#hourCycle;
    this.#locale = overrides ? found.locale.replace(/-hc-h\d\d/, "").replace(/-u$/, "") : found.locale;
  }

  get format() {
    const form = [this.#icuLocale, this.#pattern, this.#zone];
    return (this.#bound ??= anonymous((date) => intl_date_text(...form, timeOf(date))));
  }

  formatToParts(date) {
    return intl_date_parts(this.#icuLocale, this.#pattern, this.#zone, timeOf(date));
  }

  formatRange(startDate, endDate) {
    return textOf(this.#range(startDate, endDate));
  }

  formatRangeToParts(startDate, endDate) {
    return this.#range(startDate, endDate);
  }

  #range(startDate, endDate) {
    if (startDate === undefined || endDate === undefined) throw new TypeError("Invalid time value");
    const [start, end] = [+startDate, +endDate];
    const form = [this.#icuLocale, this.#pattern, this.#zone, this.#hourCycle ?? ""];
    return intl_date_range(...form, timeOf(start), timeOf(end));
  }

  resolvedOptions() {
    const hourCycle = this.#hourCycle;
    const { dateStyle, timeStyle } = this.#styles ?? {};
    return {
      locale: this.#locale,
      calendar: this.#calendar,
      numberingSystem: this.#numberingSystem,
      timeZone: this.#zone,
      ...(hourCycle && { hourCycle, hour12: hourCycle === "h11" || hourCycle === "h12" }),
      ...(!this.#styles && fieldsOf(this.#pattern)),
      ...(dateStyle && { dateStyle }),
      ...(timeStyle && { timeStyle }),
    };
  }
}

/** A format for one of Date's methods. */
export function formatFor(locales, options, required, defaults) {
  return new DateTimeFormat(locales, options, required, defaults);
}

const Constructor = callable(DateTimeFormat);
export { Constructor as DateTimeFormat };
