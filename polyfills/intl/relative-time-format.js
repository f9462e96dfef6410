// Intl.RelativeTimeFormat for English: https://tc39.es/ecma402/#relativetimeformat-objects

import { finish, optionOf, optionsFrom, resolveLocale } from "./locales.js";
import { NumberFormat } from "./number-format.js";

const UNITS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
const SHORT = {
  second: "sec.",
  minute: "min.",
  hour: "hr.",
  week: "wk.",
  month: "mo.",
  quarter: "qtr.",
  year: "yr.",
};
const NARROW = {
  second: "s",
  minute: "m",
  hour: "h",
  day: "d",
  week: "w",
  month: "mo",
  quarter: "q",
  year: "y",
};
const OWNER = "Intl.RelativeTimeFormat";

class RelativeTimeFormat {
  #locale;
  #style;
  #numeric;
  #numbers = new NumberFormat("en-US");

  constructor(locales = undefined, options = undefined) {
    this.#locale = resolveLocale(locales);
    const given = optionsFrom(options);
    this.#style = optionOf(given, "style", ["long", "short", "narrow"], "long", OWNER);
    this.#numeric = optionOf(given, "numeric", ["always", "auto"], "always", OWNER);
  }

  format(value, unit) {
    return this.#parts(value, unit, "format")
      .map((part) => part.value)
      .join("");
  }

  formatToParts(value, unit) {
    return this.#parts(value, unit, "formatToParts");
  }

  resolvedOptions() {
    return {
      locale: this.#locale,
      style: this.#style,
      numeric: this.#numeric,
      numberingSystem: "latn",
    };
  }

  #parts(value, unit, method) {
    const number = Number(value);
    const name = `${unit}`.replace(/s$/, "");
    if (!UNITS.includes(name))
      throw new RangeError(`Invalid unit argument for ${OWNER}.prototype.${method}() '${unit}'`);
    if (!Number.isFinite(number))
      throw new RangeError(`Invalid value argument for ${OWNER}.prototype.${method}()`);
    const word = this.#numeric === "auto" ? this.#wordFor(number, name) : undefined;
    if (word !== undefined) return [{ type: "literal", value: word }];
    const isPast = number < 0 || Object.is(number, -0);
    const parts = this.#numbers
      .formatToParts(Math.abs(number))
      .map((part) => ({ ...part, unit: name }));
    const label = this.#label(name, Math.abs(number) === 1);
    const gap = this.#style === "narrow" ? "" : " ";
    return isPast
      ? [...parts, { type: "literal", value: `${gap}${label} ago` }]
      : [{ type: "literal", value: "in " }, ...parts, { type: "literal", value: `${gap}${label}` }];
  }

  #label(name, isOne) {
    if (this.#style === "narrow") return NARROW[name];
    if (this.#style === "short" && name in SHORT)
      return name === "quarter" && !isOne ? "qtrs." : SHORT[name];
    return isOne ? name : `${name}s`;
  }

  #wordFor(number, name) {
    if (name === "second") return number === 0 ? "now" : undefined;
    if (name === "day")
      return number === 0
        ? "today"
        : number === 1
          ? "tomorrow"
          : number === -1
            ? "yesterday"
            : undefined;
    const label = this.#style === "long" || ["minute", "hour"].includes(name) ? name : SHORT[name];
    if (number === 0) return `this ${label}`;
    if (["minute", "hour"].includes(name)) return undefined;
    return number === 1 ? `next ${label}` : number === -1 ? `last ${label}` : undefined;
  }
}

finish(RelativeTimeFormat, RelativeTimeFormat);
export { RelativeTimeFormat };
