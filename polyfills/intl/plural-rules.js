// Intl.PluralRules for English: https://tc39.es/ecma402/#pluralrules-objects

import { digitsOf, roundedParts } from "./decimal.js";
import { finish, optionOf, optionsFrom, resolveLocale } from "./locales.js";
import { digitRules } from "./number-format.js";

class PluralRules {
  #locale;
  #type;
  #rules;

  constructor(locales = undefined, options = undefined) {
    this.#locale = resolveLocale(locales);
    const given = optionsFrom(options);
    this.#type = optionOf(given, "type", ["cardinal", "ordinal"], "cardinal", "Intl.PluralRules");
    this.#rules = digitRules(given, 0, 3, "standard");
  }

  select(value) {
    const number = Number(value);
    if (!Number.isFinite(number)) return "other";
    const { whole, fraction } = roundedParts(digitsOf(number), this.#rules);
    if (this.#type === "cardinal") return whole === "1" && fraction === "" ? "one" : "other";
    if (fraction !== "") return "other";
    const [tens, ones] = [whole.slice(-2), whole.slice(-1)];
    if (ones === "1" && tens !== "11") return "one";
    if (ones === "2" && tens !== "12") return "two";
    return ones === "3" && tens !== "13" ? "few" : "other";
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
      pluralCategories:
        this.#type === "cardinal" ? ["one", "other"] : ["few", "one", "two", "other"],
      roundingIncrement: 1,
      roundingMode: "halfExpand",
      roundingPriority: "auto",
      trailingZeroDisplay: "auto",
    };
  }
}

finish(PluralRules, PluralRules);
export { PluralRules };
