// Intl.PluralRules: https://tc39.es/ecma402/#pluralrules-objects

import { intl_plural, intl_plural_categories, intl_plural_range } from "holdfast:ops";
import { DigitOptions } from "./digits.js";
import { finish, localeFor, matcherOf, optionOf, optionsFrom } from "./locales.js";
import { numeric } from "./numeric.js";

const OWNER = "Intl.PluralRules";

class PluralRules {
  #locale;
  #type;
  #notation;
  #compactDisplay;
  #digits;
  #data;
  #skeleton;

  constructor(locales = undefined, options = undefined) {
    const given = optionsFrom(options, OWNER);
    matcherOf(given, OWNER);
    const { locale, dataLocale } = localeFor(locales, "PluralRules");
    this.#locale = locale;
    this.#data = dataLocale;
    this.#type = optionOf(given, "type", ["cardinal", "ordinal"], "cardinal", OWNER);
    const notations = ["standard", "compact", "scientific", "engineering"];
    this.#notation = optionOf(given, "notation", notations, "standard", OWNER);
    const compactDisplay = optionOf(given, "compactDisplay", ["short", "long"], "short", OWNER);
    if (this.#notation === "compact") this.#compactDisplay = compactDisplay;
    this.#digits = new DigitOptions(given, 0, 3, this.#notation, OWNER);
    const stems = this.#digits.skeleton();
    if (this.#notation === "compact") stems.push(`compact-${compactDisplay}`);
    else if (this.#notation !== "standard") stems.push(this.#notation);
    this.#skeleton = stems.join(" ");
  }

  select(value) {
    return intl_plural(this.#data, this.#type, this.#skeleton, numeric(Number(value)));
  }

  selectRange(start, end) {
    const type = this.#type;
    if (start === undefined) throw new TypeError(`Invalid startRange : ${start}`);
    if (end === undefined) throw new TypeError(`Invalid endRange : ${end}`);
    const [first, last] = [Number(start), Number(end)];
    if (first !== first) throw new RangeError(`Invalid startRange : ${start}`);
    if (last !== last) throw new RangeError(`Invalid endRange : ${end}`);
    return intl_plural_range(this.#data, type, this.#skeleton, `${first}`, `${last}`);
  }

  resolvedOptions() {
    const [digits, rounding] = this.#digits.resolved();
    return {
      locale: this.#locale,
      type: this.#type,
      notation: this.#notation,
      ...(this.#compactDisplay !== undefined && { compactDisplay: this.#compactDisplay }),
      ...digits,
      pluralCategories: pluralCategories(this.#data, this.#type),
      ...rounding,
    };
  }
}

const CATEGORIES = ["zero", "one", "two", "few", "many", "other"];

function pluralCategories(locale, type) {
  const known = intl_plural_categories(locale, type).split(",");
  return CATEGORIES.filter((category) => known.includes(category));
}

finish(PluralRules, PluralRules);
export { PluralRules };
