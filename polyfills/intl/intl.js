// Intl: English as in the United States, with dates and numbers of some other languages
// (date-locales.js, number-locales.js). What it formats is held to workerd by tests/differential.
// https://tc39.es/ecma402/

import { Collator } from "./collator.js";
import { DateTimeFormat, formatFor } from "./date-time-format.js";
import { DisplayNames } from "./display-names.js";
import { ListFormat } from "./list-format.js";
import { getCanonicalLocales, Locale } from "./locales.js";
import { currencies } from "./names.js";
import { NumberFormat } from "./number-format.js";
import { PluralRules } from "./plural-rules.js";
import { RelativeTimeFormat } from "./relative-time-format.js";
import { Segmenter } from "./segmenter.js";
import { zoneNames } from "./time-zone.js";

export { Collator, formatFor, NumberFormat };

const VALUES = {
  __proto__: null,
  calendar: ["gregory"],
  collation: ["default"],
  numberingSystem: ["latn"],
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

function valuesOf(key) {
  if (key === "timeZone") return zoneNames();
  return key === "currency" ? currencies().keys() : VALUES[key];
}

function supportedValuesOf(key) {
  const values = valuesOf(`${key}`);
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
