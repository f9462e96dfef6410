// Intl: English as in the United States, and no other language. What it formats is held to
// workerd by tests/differential. https://tc39.es/ecma402/

import { Collator } from "./collator.js";
import { DateTimeFormat, formatFor } from "./date-time-format.js";
import { ListFormat } from "./list-format.js";
import {
  finish,
  getCanonicalLocales,
  Locale,
  optionOf,
  optionsFrom,
  resolveLocale,
} from "./locales.js";
import { NumberFormat } from "./number-format.js";
import { PluralRules } from "./plural-rules.js";
import { RelativeTimeFormat } from "./relative-time-format.js";
import { Segmenter } from "./segmenter.js";

export { Collator, formatFor, NumberFormat };

/** Names of regions, languages and currencies: their codes, as in a locale without such names. */
class DisplayNames {
  #locale;
  #settings;

  constructor(locales, options) {
    this.#locale = resolveLocale(locales);
    if (options === undefined) throw new TypeError("Required option 'type' must not be undefined");
    const given = optionsFrom(options);
    const type = optionOf(
      given,
      "type",
      ["language", "region", "script", "currency", "calendar", "dateTimeField"],
      undefined,
      "Intl.DisplayNames",
    );
    if (type === undefined) throw new TypeError("Required option 'type' must not be undefined");
    const fallback = optionOf(given, "fallback", ["code", "none"], "code", "Intl.DisplayNames");
    const style = optionOf(
      given,
      "style",
      ["narrow", "short", "long"],
      "long",
      "Intl.DisplayNames",
    );
    this.#settings = { style, type, fallback };
  }

  of(code) {
    return this.#settings.fallback === "code" ? `${code}` : undefined;
  }

  resolvedOptions() {
    return { locale: this.#locale, ...this.#settings };
  }
}
finish(DisplayNames, DisplayNames);

const VALUES = {
  __proto__: null,
  calendar: ["gregory"],
  collation: ["default"],
  currency: ["EUR", "GBP", "JPY", "USD"],
  numberingSystem: ["latn"],
  timeZone: ["UTC"],
  unit: [
    "byte",
    "day",
    "hour",
    "kilometer",
    "meter",
    "mile",
    "minute",
    "month",
    "second",
    "week",
    "year",
  ],
};

function supportedValuesOf(key) {
  const values = VALUES[`${key}`];
  if (values === undefined) throw new RangeError(`Invalid key : ${key}`);
  return [...values];
}

export const Intl = Object.defineProperty({}, Symbol.toStringTag, {
  value: "Intl",
  configurable: true,
});
const members = {
  getCanonicalLocales,
  supportedValuesOf,
  DateTimeFormat,
  NumberFormat,
  Collator,
  PluralRules,
  RelativeTimeFormat,
  ListFormat,
  Locale,
  DisplayNames,
  Segmenter,
};
for (const name of Object.keys(members)) {
  Object.defineProperty(Intl, name, { value: members[name], writable: true, configurable: true });
}
