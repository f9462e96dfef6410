// Intl.ListFormat: https://tc39.es/ecma402/#listformat-objects

import { listLocale } from "./list-locales.js";
import { finish, optionOf, optionsFrom } from "./locales.js";
import { supportedLocalesOf } from "./number-locales.js";

const OWNER = "Intl.ListFormat";

class ListFormat {
  #locale;
  #joiner;
  #type;
  #style;

  constructor(locales = undefined, options = undefined) {
    const { locale, joiner } = listLocale(locales);
    this.#locale = locale;
    this.#joiner = joiner;
    const given = optionsFrom(options);
    this.#type = optionOf(
      given,
      "type",
      ["conjunction", "disjunction", "unit"],
      "conjunction",
      OWNER,
    );
    this.#style = optionOf(given, "style", ["long", "short", "narrow"], "long", OWNER);
  }

  format(list) {
    return this.formatToParts(list)
      .map((part) => part.value)
      .join("");
  }

  formatToParts(list) {
    const items = list === undefined ? [] : Array.from(list);
    if (items.some((item) => typeof item !== "string"))
      throw new TypeError("Iterable yielded a non-String value");
    const before = this.#joiner(this.#type, this.#style, items.length);
    return items.flatMap((value, i) => {
      const element = { type: "element", value };
      return i === 0 ? [element] : [{ type: "literal", value: before(i, value) }, element];
    });
  }

  resolvedOptions() {
    return { locale: this.#locale, type: this.#type, style: this.#style };
  }
}

finish(ListFormat, ListFormat, supportedLocalesOf);
export { ListFormat };
