// Intl.ListFormat for English: https://tc39.es/ecma402/#listformat-objects

import { finish, optionOf, optionsFrom, resolveLocale } from "./locales.js";

const OWNER = "Intl.ListFormat";
const WORDS = {
  conjunction: { long: "and", short: "&", narrow: "" },
  disjunction: { long: "or", short: "or", narrow: "or" },
  unit: { long: "", short: "", narrow: "" },
};

class ListFormat {
  #locale;
  #type;
  #style;

  constructor(locales = undefined, options = undefined) {
    this.#locale = resolveLocale(locales);
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
    const isBare = this.#type === "unit" && this.#style === "narrow";
    const word = WORDS[this.#type][this.#style];
    const between = isBare ? " " : ", ";
    const last = word === "" ? between : items.length === 2 ? ` ${word} ` : `, ${word} `;
    return items.flatMap((value, i) => {
      const element = { type: "element", value };
      if (i === 0) return [element];
      return [{ type: "literal", value: i === items.length - 1 ? last : between }, element];
    });
  }

  resolvedOptions() {
    return { locale: this.#locale, type: this.#type, style: this.#style };
  }
}

finish(ListFormat, ListFormat);
export { ListFormat };
