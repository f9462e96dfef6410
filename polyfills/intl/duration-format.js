// Intl.DurationFormat: https://tc39.es/ecma402/#durationformat-objects

import { intl_time_separator } from "holdfast:ops";
import { durationFrom, signOf, UNITS, withFraction } from "./duration.js";
import { ListFormat } from "./list-format.js";
import {
  digitOption,
  finish,
  localeFor,
  matcherOf,
  optionOf,
  optionsObject,
  typeOption,
} from "./locales.js";
import { NumberFormat } from "./number-format.js";

const OWNER = "Intl.DurationFormat";
const WORDS = ["long", "short", "narrow"];
const CLOCK = ["hours", "minutes", "seconds"];
const SUBSECONDS = ["milliseconds", "microseconds", "nanoseconds"];
const isFigures = (style) => style === "numeric" || style === "2-digit";
const singular = (unit) => unit.slice(0, -1);
const nextOf = (unit) => UNITS[UNITS.indexOf(unit) + 1];

/** How a unit is written, and whether it is when it is zero. `earlier` is the style before it. */
function unitOptions(unit, options, base, earlier) {
  const styles = [
    ...WORDS,
    ...(CLOCK.includes(unit) ? ["numeric", "2-digit"] : []),
    ...(SUBSECONDS.includes(unit) ? ["numeric"] : []),
  ];
  let style = optionOf(options, unit, styles, undefined, OWNER);
  let preset = "always";
  if (style === undefined) {
    const followsFigures = earlier === "fractional" || isFigures(earlier);
    if (base === "digital") {
      style = styles.includes("numeric") ? "numeric" : "short";
      if (!CLOCK.includes(unit)) preset = "auto";
    } else if (followsFigures) {
      style = "numeric";
      if (unit !== "minutes" && unit !== "seconds") preset = "auto";
    } else {
      style = base;
      preset = "auto";
    }
  }
  if (style === "numeric" && SUBSECONDS.includes(unit)) {
    style = "fractional";
    preset = "auto";
  }
  const display = optionOf(options, `${unit}Display`, ["auto", "always"], preset, OWNER);
  const isMisplaced =
    (display === "always" && style === "fractional") ||
    (earlier === "fractional" && style !== "fractional") ||
    (isFigures(earlier) && style !== "fractional" && !isFigures(style));
  if (isMisplaced) throw new RangeError(`Invalid ${unit} : ${style}`);
  if ((unit === "minutes" || unit === "seconds") && isFigures(earlier)) style = "2-digit";
  return { style, display };
}

class DurationFormat {
  #locale;
  #data;
  #numberingSystem;
  #style;
  #units = {};
  #fractionalDigits;
  #list;
  #formats = new Map(); // of numbers, by what is asked of them

  constructor(locales = undefined, options = undefined) {
    const given = optionsObject(options);
    matcherOf(given, OWNER);
    const asked = typeOption(given, "numberingSystem");
    const { locale, dataLocale, nu } = localeFor(locales, "DurationFormat", { nu: asked });
    this.#locale = locale;
    this.#data = dataLocale;
    this.#numberingSystem = nu;
    this.#style = optionOf(given, "style", [...WORDS, "digital"], "short", OWNER);
    let earlier = "";
    for (const unit of UNITS) {
      this.#units[unit] = unitOptions(unit, given, this.#style, earlier);
      if (CLOCK.includes(unit) || SUBSECONDS.includes(unit)) earlier = this.#units[unit].style;
    }
    this.#fractionalDigits = digitOption(given.fractionalDigits, "fractionalDigits", 0, 9, undefined);
    const style = this.#style === "digital" ? "short" : this.#style;
    this.#list = new ListFormat(dataLocale, { type: "unit", style });
  }

  format(duration) {
    let text = "";
    for (const { value } of this.#parts(durationFrom(duration))) text += value;
    return text;
  }

  formatToParts(duration) {
    return this.#parts(durationFrom(duration));
  }

  resolvedOptions() {
    const resolved = {
      locale: this.#locale,
      numberingSystem: this.#numberingSystem,
      style: this.#style,
    };
    for (const unit of UNITS) {
      const { style, display } = this.#units[unit];
      resolved[unit] = style === "fractional" ? "numeric" : style;
      resolved[`${unit}Display`] = display;
    }
    if (this.#fractionalDigits !== undefined) resolved.fractionalDigits = this.#fractionalDigits;
    return resolved;
  }

  // https://tc39.es/ecma402/#sec-partitiondurationformatpattern
  #parts(duration) {
    const groups = [];
    const sign = { isDue: true, isNegative: signOf(duration) < 0 };
    for (const unit of UNITS) {
      const { style, display } = this.#units[unit];
      if (isFigures(style)) {
        const figures = this.#figures(duration, unit, sign);
        if (figures.length > 0) groups.push(figures);
        break;
      }
      const takesRest = this.#takesRest(unit);
      const value = takesRest ? withFraction(duration, unit) : `${duration[unit]}`;
      if (display === "always" || Number(value) !== 0) {
        const options = { style: "unit", unit: singular(unit), unitDisplay: style };
        if (takesRest) Object.assign(options, this.#fraction());
        groups.push(this.#number(value, unit, options, sign));
      }
      if (takesRest) break;
    }
    return this.#joined(groups);
  }

  /** Whether what is smaller than the unit is written as its fraction. */
  #takesRest(unit) {
    return unit !== "nanoseconds" && this.#units[nextOf(unit)].style === "fractional";
  }

  #fraction() {
    return {
      minimumFractionDigits: this.#fractionalDigits ?? 0,
      maximumFractionDigits: this.#fractionalDigits ?? 9,
      roundingMode: "trunc",
    };
  }

  // https://tc39.es/ecma402/#sec-formatnumericunits
  #figures(duration, first, sign) {
    const seconds = this.#takesRest("seconds")
      ? withFraction(duration, "seconds")
      : `${duration.seconds}`;
    const isShown = (unit, value) =>
      UNITS.indexOf(unit) >= UNITS.indexOf(first) &&
      (Number(value) !== 0 || this.#units[unit].display === "always");
    const hasHours = isShown("hours", duration.hours);
    const hasSeconds = isShown("seconds", seconds);
    const hasMinutes =
      first !== "seconds" && ((hasHours && hasSeconds) || isShown("minutes", duration.minutes));
    const parts = [];
    const add = (unit, value, options = {}) => {
      if (parts.length > 0)
        parts.push({
          type: "literal",
          value: intl_time_separator(this.#data, this.#numberingSystem),
        });
      const digits = this.#units[unit].style === "2-digit" ? 2 : 1;
      const asked = { minimumIntegerDigits: digits, useGrouping: false, ...options };
      parts.push(...this.#number(value, unit, asked, sign));
    };
    if (hasHours) add("hours", `${duration.hours}`);
    if (hasMinutes) add("minutes", `${duration.minutes}`);
    if (hasSeconds) add("seconds", seconds, this.#takesRest("seconds") ? this.#fraction() : {});
    return parts;
  }

  /** A number of a unit, with the duration's sign if none before it had that. */
  #number(value, unit, options, sign) {
    const hasSign = sign.isDue;
    sign.isDue = false;
    const signed = hasSign && sign.isNegative && Number(value) === 0 ? "-0" : value;
    const key = `${unit} ${hasSign}`;
    let format = this.#formats.get(key);
    if (format === undefined) {
      const signDisplay = hasSign ? "auto" : "never";
      const numberingSystem = this.#numberingSystem;
      format = new NumberFormat(this.#data, { ...options, numberingSystem, signDisplay });
      this.#formats.set(key, format);
    }
    return format.formatToParts(signed).map((part) => ({ ...part, unit: singular(unit) }));
  }

  #joined(groups) {
    const texts = groups.map((parts) => parts.map(({ value }) => value).join(""));
    const waiting = [...groups];
    return this.#list
      .formatToParts(texts)
      .flatMap((part) => (part.type === "element" ? waiting.shift() : [part]));
  }
}

finish(DurationFormat, DurationFormat);
export { DurationFormat };
