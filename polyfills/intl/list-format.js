// Intl.ListFormat: https://tc39.es/ecma402/#listformat-objects

import { intl_list, intl_list_parts } from "holdfast:ops";
import { finish, localeFor, matcherOf, optionOf, optionsObject } from "./locales.js";

const OWNER = "Intl.ListFormat";

class ListFormat {
  #locale;
  #data;
  #type;
  #style;

  constructor(locales = undefined, options = undefined) {
    const given = optionsObject(options);
    matcherOf(given, OWNER);
    const { locale, dataLocale } = localeFor(locales, "ListFormat");
    this.#locale = locale;
    this.#data = dataLocale;
    const types = ["conjunction", "disjunction", "unit"];
    this.#type = optionOf(given, "type", types, "conjunction", OWNER);
    this.#style = optionOf(given, "style", ["long", "short", "narrow"], "long", OWNER);
  }

  format(list) {
    return intl_list(this.#data, this.#type, this.#style, textsOf(list));
  }

  formatToParts(list) {
    return intl_list_parts(this.#data, this.#type, this.#style, textsOf(list));
  }

  resolvedOptions() {
    return { locale: this.#locale, type: this.#type, style: this.#style };
  }
}

/** The texts of an iterable, as JSON. */
function textsOf(list) {
  const texts = [];
  for (const item of list === undefined ? [] : list) {
    if (typeof item !== "string")
      throw new TypeError(`Iterable yielded ${String(item)} which is not a string`);
    texts.push(item);
  }
  return JSON.stringify(texts);
}

finish(ListFormat, ListFormat);
export { ListFormat };
