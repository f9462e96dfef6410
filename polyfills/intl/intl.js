// Intl: options, objects and errors are ECMA-402's; what is formatted is ICU's (engine/icu/).
// It is held to workerd by tests/differential. https://tc39.es/ecma402/

import { intl_supported_values } from "holdfast:ops";
import { Collator } from "./collator.js";
import { DateTimeFormat, formatFor } from "./date-time-format.js";
import { DisplayNames } from "./display-names.js";
import { DurationFormat } from "./duration-format.js";
import { ListFormat } from "./list-format.js";
import { Locale } from "./locale.js";
import { getCanonicalLocales } from "./locales.js";
import { NumberFormat } from "./number-format.js";
import { PluralRules } from "./plural-rules.js";
import { RelativeTimeFormat } from "./relative-time-format.js";
import { Segmenter } from "./segmenter.js";
import { UNITS } from "./units.js";

export { Collator, formatFor, NumberFormat };

const KEYS = ["calendar", "collation", "currency", "numberingSystem", "timeZone"];

export const Intl = Object.defineProperty({}, Symbol.toStringTag, {
  value: "Intl",
  configurable: true,
});
const members = {
  getCanonicalLocales(locales) {
    return getCanonicalLocales(locales);
  },
  supportedValuesOf(key) {
    const name = `${key}`;
    if (name === "unit") return [...UNITS];
    if (!KEYS.includes(name)) throw new RangeError(`Invalid key : ${name}`);
    return intl_supported_values(name).split(",");
  },
  DateTimeFormat,
  NumberFormat,
  Collator,
  PluralRules,
  RelativeTimeFormat,
  ListFormat,
  Locale,
  DisplayNames,
  Segmenter,
  DurationFormat,
};
for (const name of Object.keys(members)) {
  Object.defineProperty(Intl, name, { value: members[name], writable: true, configurable: true });
}
