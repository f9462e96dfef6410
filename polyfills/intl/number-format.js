// Intl.NumberFormat: https://tc39.es/ecma402/#numberformat-objects

import {
  intl_currency_digits,
  intl_number,
  intl_number_parts,
  intl_number_range,
  intl_number_range_parts,
} from "holdfast:ops";
import { DigitOptions } from "./digits.js";
import {
  anonymous,
  callable,
  localeFor,
  matcherOf,
  optionOf,
  optionsFrom,
  typeOption,
} from "./locales.js";
import { digitsOf, numeric } from "./numeric.js";
import { isUnit } from "./units.js";

const OWNER = "Intl.NumberFormat";
const WIDTHS = {
  code: "iso-code",
  symbol: "short",
  narrowSymbol: "narrow",
  name: "full-name",
  short: "short",
  narrow: "narrow",
  long: "full-name",
};
const SIGNS = {
  auto: "auto",
  never: "never",
  always: "always",
  exceptZero: "except-zero",
  negative: "negative",
};
const GROUPS = { auto: "auto", min2: "min2", always: "on-aligned", false: "off" };
const UNITLESS = "Invalid unit argument for Intl.NumberFormat()";

/** What a number stands for, and how that is told. */
class Quantity {
  style;
  currency;
  currencyDisplay;
  currencySign;
  unit;
  unitDisplay;

  constructor(options) {
    const styles = ["decimal", "percent", "currency", "unit"];
    this.style = optionOf(options, "style", styles, "decimal", OWNER);
    const currency = options.currency === undefined ? undefined : `${options.currency}`;
    if (currency === undefined) {
      if (this.style === "currency")
        throw new TypeError("Currency code is required with currency style.");
    } else if (!/^[a-z]{3}$/i.test(currency)) {
      throw new RangeError(`Invalid currency code : ${currency}`);
    }
    const displays = ["code", "symbol", "narrowSymbol", "name"];
    const display = optionOf(options, "currencyDisplay", displays, "symbol", OWNER);
    const sign = optionOf(options, "currencySign", ["standard", "accounting"], "standard", OWNER);
    const unit = options.unit === undefined ? undefined : `${options.unit}`;
    if (unit === undefined) {
      if (this.style === "unit") throw new TypeError(`${UNITLESS} ''`);
    } else if (!isUnit(unit)) {
      throw new RangeError(`${UNITLESS} '${unit}'`);
    }
    const lengths = ["short", "narrow", "long"];
    const unitDisplay = optionOf(options, "unitDisplay", lengths, "short", OWNER);
    if (this.style === "currency") {
      this.currency = currency.toUpperCase();
      this.currencyDisplay = display;
      this.currencySign = sign;
    } else if (this.style === "unit") {
      this.unit = unit;
      this.unitDisplay = unitDisplay;
    }
  }

  /** The digits of a fraction without any options: the least, and the most. */
  fractionDigits(notation) {
    if (this.style === "currency" && notation === "standard") {
      const cents = intl_currency_digits(this.currency);
      return [cents, cents];
    }
    return [0, this.style === "percent" ? 0 : 3];
  }

  skeleton() {
    switch (this.style) {
      case "percent":
        return ["percent", "scale/100"];
      case "currency":
        return [`currency/${this.currency}`, `unit-width-${WIDTHS[this.currencyDisplay]}`];
      case "unit":
        return [`unit/${this.unit}`, `unit-width-${WIDTHS[this.unitDisplay]}`];
      default:
        return [];
    }
  }

  resolved() {
    const { style, currency, currencyDisplay, currencySign, unit, unitDisplay } = this;
    if (style === "currency") return { style, currency, currencyDisplay, currencySign };
    return style === "unit" ? { style, unit, unitDisplay } : { style };
  }
}

class NumberFormat {
  #locale;
  #numberingSystem;
  #quantity;
  #digits;
  #notation;
  #compactDisplay;
  #useGrouping;
  #signDisplay;
  #data; // the locale whose data is used
  #skeleton;
  #bound;

  constructor(locales = undefined, options = undefined) {
    const given = optionsFrom(options, OWNER);
    matcherOf(given, OWNER);
    const asked = typeOption(given, "numberingSystem");
    const { locale, dataLocale, nu } = localeFor(locales, "NumberFormat", { nu: asked });
    this.#locale = locale;
    this.#numberingSystem = nu;
    this.#data = `${dataLocale}-u-nu-${nu}`;
    this.#quantity = new Quantity(given);
    const notations = ["standard", "scientific", "engineering", "compact"];
    this.#notation = optionOf(given, "notation", notations, "standard", OWNER);
    const [least, most] = this.#quantity.fractionDigits(this.#notation);
    this.#digits = new DigitOptions(given, least, most, this.#notation, OWNER);
    const compactDisplay = optionOf(given, "compactDisplay", ["short", "long"], "short", OWNER);
    if (this.#notation === "compact") this.#compactDisplay = compactDisplay;
    this.#useGrouping = groupingOf(given.useGrouping, this.#notation);
    this.#signDisplay = optionOf(given, "signDisplay", Object.keys(SIGNS), "auto", OWNER);
    this.#skeleton = this.#stems().join(" ");
  }

  #stems() {
    const isAccounting = this.#quantity.currencySign === "accounting";
    const sign = SIGNS[this.#signDisplay];
    const stems = [...this.#quantity.skeleton(), ...this.#digits.skeleton()];
    if (this.#notation === "compact") stems.push(`compact-${this.#compactDisplay}`);
    else if (this.#notation !== "standard") stems.push(this.#notation);
    stems.push(`group-${GROUPS[this.#useGrouping]}`);
    if (!isAccounting) stems.push(`sign-${sign}`);
    else if (sign === "auto") stems.push("sign-accounting");
    else stems.push(sign === "never" ? "sign-never" : `sign-accounting-${sign}`);
    return stems;
  }

  get format() {
    const [data, skeleton] = [this.#data, this.#skeleton];
    return (this.#bound ??= anonymous((value) => intl_number(data, skeleton, numeric(value))));
  }

  formatToParts(value) {
    return intl_number_parts(this.#data, this.#skeleton, numeric(value));
  }

  formatRange(start, end) {
    return intl_number_range(this.#data, this.#skeleton, ...ends(start, end));
  }

  formatRangeToParts(start, end) {
    return intl_number_range_parts(this.#data, this.#skeleton, ...ends(start, end));
  }

  resolvedOptions() {
    const [digits, rounding] = this.#digits.resolved();
    return {
      locale: this.#locale,
      numberingSystem: this.#numberingSystem,
      ...this.#quantity.resolved(),
      ...digits,
      useGrouping: this.#useGrouping,
      notation: this.#notation,
      ...(this.#compactDisplay !== undefined && { compactDisplay: this.#compactDisplay }),
      signDisplay: this.#signDisplay,
      ...rounding,
    };
  }
}

function ends(start, end) {
  if (start === undefined) throw new TypeError(`Invalid start : ${start}`);
  if (end === undefined) throw new TypeError(`Invalid end : ${end}`);
  const [first, last] = [digitsOf(start), digitsOf(end)];
  if (first === "NaN") throw new RangeError(`Invalid start : NaN`);
  if (last === "NaN") throw new RangeError(`Invalid end : NaN`);
  return [first, last];
}

// https://tc39.es/ecma402/#sec-getbooleanorstringnumberformatoption
function groupingOf(value, notation) {
  const preset = notation === "compact" ? "min2" : "auto";
  if (value === undefined) return preset;
  if (value === true) return "always";
  if (!value) return false;
  const text = `${value}`;
  if (text === "true" || text === "false") return preset;
  if (!["min2", "auto", "always"].includes(text))
    throw new RangeError(`Value ${text} out of range for ${OWNER} options property useGrouping`);
  return text;
}

const Callable = callable(NumberFormat);
export { Callable as NumberFormat };
