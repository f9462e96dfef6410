// Intl.DisplayNames: https://tc39.es/ecma402/#intl-displaynames-objects

import { intl_canonical_tag, intl_name } from "holdfast:ops";
import { finish, getCanonicalLocales, localeFor, matcherOf, optionOf, optionsObject } from "./locales.js";

const INVALID = "invalid_argument"; // in so many words
const OWNER = "Intl.DisplayNames";
const LANGUAGE =
  /^(?:[a-z]{2,3}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*$/i;
const FIELD =
  /^(?:era|year|quarter|month|weekOfYear|weekday|day|dayPeriod|hour|minute|second|timeZoneName)$/;

// What a code looks like, and its canonical form.
const KINDS = {
  __proto__: null,
  language: [LANGUAGE, intl_canonical_tag],
  region: [/^(?:[a-z]{2}|\d{3})$/i, (code) => code.toUpperCase()],
  script: [/^[a-z]{4}$/i, (code) => code[0].toUpperCase() + code.slice(1).toLowerCase()],
  currency: [/^[a-z]{3}$/i, (code) => code.toUpperCase()],
  calendar: [/^[a-z0-9]{3,8}(?:-[a-z0-9]{3,8})*$/i, (code) => code.toLowerCase()],
  dateTimeField: [FIELD, (code) => code],
};

/** Names of languages, regions, scripts, currencies, calendars and fields of dates. */
class DisplayNames {
  #locale;
  #data;
  #settings;

  constructor(locales, options) {
    const requested = getCanonicalLocales(locales);
    if (options === undefined) throw new TypeError(INVALID);
    const given = optionsObject(options);
    matcherOf(given, OWNER);
    const { locale, dataLocale } = localeFor(requested, "DisplayNames");
    this.#locale = locale;
    this.#data = dataLocale;
    const style = optionOf(given, "style", ["narrow", "short", "long"], "long", OWNER);
    const type = optionOf(given, "type", Object.keys(KINDS), undefined, OWNER);
    if (type === undefined) throw new TypeError(INVALID);
    const fallback = optionOf(given, "fallback", ["code", "none"], "code", OWNER);
    const displays = ["dialect", "standard"];
    const languageDisplay = optionOf(given, "languageDisplay", displays, "dialect", OWNER);
    this.#settings = { style, type, fallback, ...(type === "language" && { languageDisplay }) };
  }

  of(code) {
    const { type, style, fallback, languageDisplay = "dialect" } = this.#settings;
    const [pattern, canonical] = KINDS[type];
    const given = `${code}`;
    if (!pattern.test(given)) throw new RangeError(INVALID);
    const asked = `${type},${style},${languageDisplay},${fallback}`;
    const name = intl_name(this.#data, asked, canonical(given));
    return name ?? (fallback === "code" ? canonical(given) : undefined);
  }

  resolvedOptions() {
    return { locale: this.#locale, ...this.#settings };
  }
}

finish(DisplayNames, DisplayNames);
Object.defineProperty(DisplayNames, "length", { value: 2, configurable: true });
export { DisplayNames };
