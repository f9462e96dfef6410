// Intl.PluralRules: https://tc39.es/ecma402/#pluralrules-objects

import { digitsOf, roundedParts } from "./decimal.js";
import { finish, optionOf, optionsFrom } from "./locales.js";
import { digitRules } from "./number-format.js";
import { pluralLocale, pluralRulesOf, supportedLocalesOf } from "./plural-locales.js";

class PluralRules {
  #locale;
  #type;
  #rules;

  constructor(locales = undefined, options = undefined) {
    this.#locale = pluralLocale(locales);
    const given = optionsFrom(options);
    this.#type = optionOf(given, "type", ["cardinal", "ordinal"], "cardinal", "Intl.PluralRules");
    this.#rules = digitRules(given, 0, 3, "standard");
  }

  select(value) {
    const number = Number(value);
    if (!Number.isFinite(number)) return "other";
    const { whole, fraction } = roundedParts(digitsOf(number), this.#rules);
    const [select] = pluralRulesOf(this.#locale, this.#type);
    return select({
      n: Number(`${whole}.${fraction}`),
      i: Number(whole),
      v: fraction.length,
      f: Number(fraction),
      t: Number(fraction.replace(/0+$/, "")),
    });
  }

  selectRange(_start, end) {
    return this.select(end) === "one" && this.#type === "cardinal" ? "other" : this.select(end);
  }

  resolvedOptions() {
    return {
      locale: this.#locale,
      type: this.#type,
      notation: "standard",
      ...this.#rules,
      pluralCategories: [...pluralRulesOf(this.#locale, this.#type)[1]],
      roundingIncrement: 1,
      roundingMode: "halfExpand",
      roundingPriority: "auto",
      trailingZeroDisplay: "auto",
    };
  }
}

finish(PluralRules, PluralRules, supportedLocalesOf);
export { PluralRules };
