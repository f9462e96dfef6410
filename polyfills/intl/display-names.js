// Intl.DisplayNames in English: https://tc39.es/ecma402/#intl-displaynames-objects

import { finish, optionOf, optionsFrom, parseTag, resolveLocale } from "./locales.js";
import { currencies, dialects, languages, regions, scripts } from "./names.js";

const INVALID = "invalid_argument"; // in so many words
const OWNER = "Intl.DisplayNames";
const TYPES = ["language", "region", "script", "currency", "calendar", "dateTimeField"];
const FIELDS = {
  __proto__: null,
  weekOfYear: "week",
  weekday: "day of the week",
  dayPeriod: "AM/PM",
  timeZoneName: "time zone",
};
const FIELD =
  /^(?:era|year|quarter|month|weekOfYear|weekday|day|dayPeriod|hour|minute|second|timeZoneName)$/;

// [what a code looks like, its canonical case, its name]
const KINDS = {
  __proto__: null,
  region: [/^(?:[a-z]{2}|\d{3})$/i, (code) => code.toUpperCase(), (code) => regions().get(code)],
  script: [/^[a-z]{4}$/i, titleCase, (code) => scripts().get(code)],
  currency: [/^[a-z]{3}$/i, (code) => code.toUpperCase(), (code) => currencies().get(code)],
  calendar: [
    /^[a-z0-9]{3,8}(?:-[a-z0-9]{3,8})*$/i,
    (code) => code.toLowerCase(),
    (code) => (code === "gregory" ? "Gregorian Calendar" : undefined),
  ],
  dateTimeField: [FIELD, (code) => code, (code) => FIELDS[code] ?? code],
};

/** Names of regions, languages, scripts and currencies. */
class DisplayNames {
  #locale;
  #settings;

  constructor(locales, options) {
    this.#locale = resolveLocale(locales);
    if (options === undefined) throw new TypeError(INVALID);
    const given = optionsFrom(options);
    const style = optionOf(given, "style", ["narrow", "short", "long"], "long", OWNER);
    const type = optionOf(given, "type", TYPES, undefined, OWNER);
    if (type === undefined) throw new TypeError(INVALID);
    const fallback = optionOf(given, "fallback", ["code", "none"], "code", OWNER);
    const displays = ["dialect", "standard"];
    const languageDisplay = optionOf(given, "languageDisplay", displays, "dialect", OWNER);
    this.#settings = { style, type, fallback, ...(type === "language" && { languageDisplay }) };
  }

  of(code) {
    const { type, fallback, languageDisplay } = this.#settings;
    const given = `${code}`;
    let name;
    let canonical;
    if (type === "language") {
      canonical = languageCode(given);
      name = languageName(canonical, languageDisplay === "dialect");
    } else {
      const [pattern, toCanonical, nameOf] = KINDS[type];
      if (!pattern.test(given)) throw invalid();
      canonical = toCanonical(given);
      name = nameOf(canonical);
    }
    return name ?? (fallback === "code" ? canonical : undefined);
  }

  resolvedOptions() {
    return { locale: this.#locale, ...this.#settings };
  }
}

function titleCase(text) {
  return text[0].toUpperCase() + text.slice(1).toLowerCase();
}

function invalid() {
  return new RangeError(INVALID);
}

function languageCode(text) {
  let parts;
  try {
    parts = parseTag(text);
  } catch {
    throw invalid();
  }
  const { language, script, region, rest } = parts;
  if (rest !== "" || language === "root") throw invalid();
  return [language, script, region].filter(Boolean).join("-");
}

function languageName(code, asDialect) {
  const dialect = asDialect ? dialects().get(code) : undefined;
  if (dialect !== undefined) return dialect;
  const { language, script, region } = parseTag(code);
  const name = languages().get(language);
  if (script === undefined && region === undefined) return name;
  const places = [
    script && (scripts().get(script) ?? script),
    region && (regions().get(region) ?? region),
  ];
  return `${name ?? language} (${places.filter(Boolean).join(", ")})`;
}

finish(DisplayNames, DisplayNames);
export { DisplayNames };
