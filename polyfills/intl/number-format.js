// Intl.NumberFormat: https://tc39.es/ecma402/#numberformat-objects

import { digitsOf, magnitudeOf, roundedParts, ROUNDING_MODES, scaled } from "./decimal.js";
import { callable, optionOf, optionsFrom } from "./locales.js";
import { numberLocale, supportedLocalesOf } from "./number-locales.js";
import { unitPattern } from "./units.js";

const OWNER = "Intl.NumberFormat";
const NAMES = {
  __proto__: null,
  USD: ["US dollar", "US dollars"],
  EUR: ["euro", "euros"],
  GBP: ["British pound", "British pounds"],
  JPY: ["Japanese yen", "Japanese yen"],
  CAD: ["Canadian dollar", "Canadian dollars"],
  AUD: ["Australian dollar", "Australian dollars"],
  CHF: ["Swiss franc", "Swiss francs"],
  CNY: ["Chinese yuan", "Chinese yuan"],
  INR: ["Indian rupee", "Indian rupees"],
};
const NO_CENTS = new Set([
  "JPY",
  "KRW",
  "VND",
  "CLP",
  "ISK",
  "XAF",
  "XOF",
  "XPF",
  "UGX",
  "RWF",
  "PYG",
  "GNF",
  "KMF",
  "DJF",
  "BIF",
  "VUV",
]);
const THREE_DIGITS = new Set(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]);
const COMPACT = [
  ["", ""],
  ["K", "thousand"],
  ["M", "million"],
  ["B", "billion"],
  ["T", "trillion"],
];

function digitOption(options, name, least, most, preset) {
  const value = options[name];
  if (value === undefined) return preset;
  const number = Number(value);
  if (!(number >= least && number <= most)) throw new RangeError(`${name} value is out of range.`);
  return Math.floor(number);
}

/** How many digits; shared with PluralRules. https://tc39.es/ecma402/#sec-setnfdigitoptions */
export function digitRules(options, leastFraction, mostFraction, notation) {
  const rules = { minimumIntegerDigits: digitOption(options, "minimumIntegerDigits", 1, 21, 1) };
  if (
    options.minimumSignificantDigits !== undefined ||
    options.maximumSignificantDigits !== undefined
  ) {
    rules.minimumSignificantDigits = digitOption(options, "minimumSignificantDigits", 1, 21, 1);
    rules.maximumSignificantDigits = digitOption(
      options,
      "maximumSignificantDigits",
      rules.minimumSignificantDigits,
      21,
      21,
    );
    return rules;
  }
  let least = digitOption(options, "minimumFractionDigits", 0, 100, undefined);
  let most = digitOption(options, "maximumFractionDigits", 0, 100, undefined);
  if (least === undefined && most === undefined && notation === "compact")
    return { ...rules, isCompact: true, minimumFractionDigits: 0, maximumFractionDigits: 0 };
  if (least === undefined) least = Math.min(leastFraction, most ?? leastFraction);
  else if (most === undefined) most = Math.max(mostFraction, least);
  most ??= Math.max(mostFraction, least);
  if (least > most) throw new RangeError("maximumFractionDigits value is out of range.");
  return { ...rules, minimumFractionDigits: least, maximumFractionDigits: most };
}

class NumberFormat {
  #locale;
  #form;
  #settings;
  #rules;
  #bound;

  constructor(locales = undefined, options = undefined) {
    const { locale, form } = numberLocale(locales);
    this.#locale = locale;
    this.#form = form;
    const given = optionsFrom(options);
    const style = optionOf(
      given,
      "style",
      ["decimal", "percent", "currency", "unit"],
      "decimal",
      OWNER,
    );
    const currency = given.currency === undefined ? undefined : `${given.currency}`.toUpperCase();
    if (currency !== undefined && !/^[A-Z]{3}$/.test(currency))
      throw new RangeError(`Invalid currency code : ${given.currency}`);
    if (style === "currency" && currency === undefined)
      throw new TypeError("Currency code is required with currency style.");
    if (style === "unit" && given.unit === undefined)
      throw new TypeError("Unit is required with unit style.");
    const notation = optionOf(
      given,
      "notation",
      ["standard", "scientific", "engineering", "compact"],
      "standard",
      OWNER,
    );
    this.#settings = {
      style,
      notation,
      currency,
      unit: given.unit === undefined ? undefined : `${given.unit}`,
      currencyDisplay: optionOf(
        given,
        "currencyDisplay",
        ["code", "symbol", "narrowSymbol", "name"],
        "symbol",
        OWNER,
      ),
      currencySign: optionOf(given, "currencySign", ["standard", "accounting"], "standard", OWNER),
      unitDisplay: optionOf(given, "unitDisplay", ["short", "narrow", "long"], "short", OWNER),
      compactDisplay: optionOf(given, "compactDisplay", ["short", "long"], "short", OWNER),
      signDisplay: optionOf(
        given,
        "signDisplay",
        ["auto", "never", "always", "exceptZero", "negative"],
        "auto",
        OWNER,
      ),
      useGrouping: groupingOf(given.useGrouping, notation),
    };
    const cents = NO_CENTS.has(currency) ? 0 : THREE_DIGITS.has(currency) ? 3 : 2;
    const [least, most] =
      style === "currency" && notation === "standard"
        ? [cents, cents]
        : [0, style === "percent" ? 0 : 3];
    this.#rules = digitRules(given, least, most, notation);
    this.#round(given);
  }

  #round(given) {
    const increment = incrementOf(given.roundingIncrement);
    const mode = optionOf(given, "roundingMode", ROUNDING_MODES, "halfExpand", OWNER);
    const zeros = optionOf(given, "trailingZeroDisplay", ["auto", "stripIfInteger"], "auto", OWNER);
    const { minimumFractionDigits, maximumFractionDigits } = this.#rules;
    if (increment !== 1) {
      if (maximumFractionDigits === undefined)
        throw new TypeError("RoundingType is not fractionDigits");
      if (minimumFractionDigits !== maximumFractionDigits)
        throw new RangeError("maximumFractionDigits value is out of range.");
    }
    if (mode !== "halfExpand" || increment !== 1) this.#rules.rounding = { mode, increment };
    this.#rules.stripsZeros = zeros === "stripIfInteger";
  }

  get format() {
    return (this.#bound ??= (value) =>
      this.#parts(value)
        .map((part) => part.value)
        .join(""));
  }

  formatToParts(value = undefined) {
    return this.#parts(value);
  }

  formatRange(start, end) {
    const [a, b] = [this.format(start), this.format(end)];
    if (a === b) return `~${a}`;
    const { range } = this.#form;
    return this.#settings.style === "currency" ? `${a} ${range} ${b}` : `${a}${range}${b}`;
  }

  resolvedOptions() {
    const {
      style,
      currency,
      currencyDisplay,
      currencySign,
      unit,
      unitDisplay,
      useGrouping,
      notation,
      compactDisplay,
      signDisplay,
    } = this.#settings;
    const { isCompact, rounding, stripsZeros, ...digits } = this.#rules;
    return {
      locale: this.#locale,
      numberingSystem: "latn",
      style,
      ...(style === "currency" && { currency, currencyDisplay, currencySign }),
      ...(style === "unit" && { unit, unitDisplay }),
      ...digits,
      useGrouping,
      notation,
      ...(notation === "compact" && { compactDisplay }),
      signDisplay,
      roundingIncrement: rounding?.increment ?? 1,
      roundingMode: rounding?.mode ?? "halfExpand",
      roundingPriority: isCompact ? "morePrecision" : "auto",
      trailingZeroDisplay: stripsZeros ? "stripIfInteger" : "auto",
    };
  }

  #parts(value) {
    const number =
      typeof value === "bigint"
        ? value
        : typeof value === "string" && /^\s*-?\d{16,}\s*$/.test(value)
          ? BigInt(value)
          : Number(value);
    const isNegative =
      typeof number === "bigint" ? number < 0n : number < 0 || Object.is(number, -0);
    const body = this.#body(number);
    const sign = this.#sign(isNegative, body.isZero, Number.isNaN(Number(number)));
    return this.#wrap(body.parts, sign, body);
  }

  /** The digits, with their exponent or suffix, without sign and unit. */
  #body(number) {
    if (typeof number === "number" && !Number.isFinite(number)) {
      const isNaN = Number.isNaN(number);
      return {
        parts: [{ type: isNaN ? "nan" : "infinity", value: isNaN ? "NaN" : "∞" }],
        isZero: isNaN,
        isOne: false,
        isWord: true,
      };
    }
    let decimal = digitsOf(number);
    const { style, notation } = this.#settings;
    if (style === "percent") decimal = scaled(decimal, 2);
    if (notation === "compact") return this.#compact(decimal);
    if (notation !== "standard")
      return this.#exponential(decimal, notation === "engineering" ? 3 : 1);
    return this.#plain(decimal, this.#rules);
  }

  #plain(decimal, rules) {
    const { whole, fraction, isZero } = roundedParts(decimal, rules);
    const parts = [];
    const { useGrouping } = this.#settings;
    const { decimal: point, group: separator, groupsFrom, groupPattern } = this.#form;
    const least = useGrouping === "min2" ? 5 : useGrouping === "always" ? 4 : groupsFrom;
    const groups =
      useGrouping !== false && whole.length >= least ? whole.match(groupPattern) : [whole];
    for (const [i, group] of groups.entries()) {
      if (i > 0) parts.push({ type: "group", value: separator });
      parts.push({ type: "integer", value: group });
    }
    if (fraction !== "")
      parts.push({ type: "decimal", value: point }, { type: "fraction", value: fraction });
    return { parts, isZero, isOne: whole === "1" && fraction === "" };
  }

  #exponential(decimal, step) {
    const power = (magnitude) => Math.floor(magnitude / step) * step;
    let exponent = decimal.digits === "" ? 0 : power(decimal.exponent - 1);
    const rounded = magnitudeOf(scaled(decimal, -exponent), this.#rules);
    if (decimal.digits !== "" && rounded >= step) exponent += step;
    const body = this.#plain(scaled(decimal, -exponent), this.#rules);
    body.parts.push({ type: "exponentSeparator", value: "E" });
    if (exponent < 0) body.parts.push({ type: "exponentMinusSign", value: "-" });
    body.parts.push({ type: "exponentInteger", value: `${Math.abs(exponent)}` });
    return body;
  }

  #compact(decimal) {
    const rulesFor = (number) => {
      if (!this.#rules.isCompact) return this.#rules;
      // Two digits where there would be fewer than that before the point.
      const { rounding } = this.#rules;
      return number.exponent >= 2
        ? { maximumFractionDigits: 0, rounding }
        : { minimumSignificantDigits: 1, maximumSignificantDigits: 2, rounding };
    };
    const levelOf = (exponent) =>
      Math.min(Math.max(Math.floor((exponent - 1) / 3), 0), COMPACT.length - 1);
    let level = levelOf(decimal.exponent);
    let part = scaled(decimal, -3 * level);
    const grown = levelOf(magnitudeOf(part, rulesFor(part)) + 1 + 3 * level);
    if (grown > level && decimal.digits !== "") {
      level = grown;
      part = scaled(decimal, -3 * level);
    }
    const body = this.#plain(part, rulesFor(part));
    const [short, long] = COMPACT[level];
    if (short !== "") {
      if (this.#settings.compactDisplay === "long")
        body.parts.push({ type: "literal", value: " " }, { type: "compact", value: long });
      else body.parts.push({ type: "compact", value: short });
      body.isOne = false;
    }
    return body;
  }

  #sign(isNegative, isZero, isNaN) {
    switch (this.#settings.signDisplay) {
      case "never":
        return "";
      case "always":
        return isNegative && !isNaN ? "-" : "+";
      case "exceptZero":
        return isZero || isNaN ? "" : isNegative ? "-" : "+";
      case "negative":
        return isNegative && !isZero && !isNaN ? "-" : "";
      default:
        return isNegative && !isNaN ? "-" : "";
    }
  }

  #wrap(parts, sign, { isOne, isWord }) {
    const { style, currency, currencyDisplay, currencySign, unit, unitDisplay } = this.#settings;
    const form = this.#form;
    const literalOf = (value) => (value === "" ? [] : [{ type: "literal", value }]);
    const signPart =
      sign === ""
        ? []
        : sign === "-"
          ? [{ type: "minusSign", value: form.minus }]
          : [{ type: "plusSign", value: sign }];
    if (style === "percent")
      return [
        ...signPart,
        ...parts,
        ...literalOf(form.beforePercent),
        { type: "percentSign", value: "%" },
      ];
    if (style === "unit") {
      const [before, after, gap] = unitPattern(unit, unitDisplay, isOne);
      const literal = literalOf(gap);
      if (before !== "")
        return [...signPart, { type: "unit", value: before }, ...literal, ...parts];
      return [...signPart, ...parts, ...literal, { type: "unit", value: after }];
    }
    if (style !== "currency") return [...signPart, ...parts];
    if (currencyDisplay === "name") {
      const [one, other] = NAMES[currency] ?? [currency, currency];
      return [
        ...signPart,
        ...parts,
        { type: "literal", value: " " },
        { type: "currency", value: isOne ? one : other },
      ];
    }
    const known = currencyDisplay === "narrowSymbol" ? form.narrowSymbols : form.symbols;
    const symbol = (currencyDisplay === "code" ? undefined : known[currency]) ?? currency;
    const unitPart = { type: "currency", value: symbol };
    const isAccounted = currencySign === "accounting" && sign === "-" && form.hasParentheses;
    const ahead = isAccounted ? [] : signPart;
    let amount;
    if (form.isSymbolLast) {
      amount = [...ahead, ...parts, { type: "literal", value: "\u00a0" }, unitPart];
    } else {
      const afterWord = /\p{L}$/u.test(symbol) && !isWord ? "\u00a0" : "";
      const gap = literalOf(form.afterSymbol || afterWord);
      amount = form.isSignAfterSymbol
        ? [unitPart, ...gap, ...ahead, ...parts]
        : [...ahead, unitPart, ...gap, ...parts];
    }
    if (!isAccounted) return amount;
    return [{ type: "literal", value: "(" }, ...amount, { type: "literal", value: ")" }];
  }
}

// https://tc39.es/ecma402/#sec-setnfdigitoptions
const INCREMENTS = new Set([1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000]);

function incrementOf(value) {
  if (value === undefined) return 1;
  const number = Math.floor(Number(value));
  if (!INCREMENTS.has(number)) throw new RangeError("roundingIncrement value is out of range.");
  return number;
}

function groupingOf(value, notation) {
  const preset = notation === "compact" ? "min2" : "auto";
  if (value === undefined || value === "true" || value === "false") return preset;
  if (value === true || value === "always") return "always";
  if (!value) return false;
  if (value === "auto" || value === "min2") return value;
  throw new RangeError(`Value ${value} out of range for ${OWNER} options property useGrouping`);
}

const Constructor = callable(NumberFormat, supportedLocalesOf);
export { Constructor as NumberFormat };
