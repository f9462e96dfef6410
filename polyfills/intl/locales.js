// Locales. There is one, en-US, but for dates (date-locales.js) and numbers (number-locales.js); others are accepted and
// resolve to it, and `supportedLocalesOf` says so. https://tc39.es/ecma402/#sec-intl.getcanonicallocales

import { refuseInstances } from "../serialize/kinds.js";

const DEFAULT = "en-US";
const TAG =
  /^(?<language>[a-z]{2,3}|[a-z]{5,8})(?:-(?<script>[a-z]{4}))?(?:-(?<region>[a-z]{2}|\d{3}))?(?<rest>(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?)$/i;

/** The parts of a language tag in their canonical case. Throws RangeError. */
export function parseTag(tag) {
  const match = TAG.exec(tag);
  if (match === null) throw new RangeError(`Invalid language tag: ${tag}`);
  const { language, script, region, rest } = match.groups;
  return {
    language: language.toLowerCase(),
    script: script && script[0].toUpperCase() + script.slice(1).toLowerCase(),
    region: region?.toUpperCase(),
    rest: rest.toLowerCase(),
  };
}

function canonicalTag(tag) {
  const { language, script, region, rest } = parseTag(tag);
  return [language, script, region].filter(Boolean).join("-") + rest;
}

/** The list of canonical tags that `locales` stands for. */
export function getCanonicalLocales(locales = undefined) {
  if (locales === undefined) return [];
  if (locales === null) throw new TypeError("Cannot convert undefined or null to object");
  const list =
    typeof locales === "string" || locales instanceof Locale
      ? [locales]
      : Array.from(Object(locales));
  const tags = [];
  for (const item of list) {
    if (typeof item !== "string" && (typeof item !== "object" || item === null)) {
      throw new TypeError("Language ID should be string or object.");
    }
    const tag = canonicalTag(`${item}`);
    if (!tags.includes(tag)) tags.push(tag);
  }
  return tags;
}

/** The tag without extensions. */
export const baseOf = (tag) => tag.replace(/-[a-z0-9]-.*$/, "");

const isSupported = (tag) =>
  tag === "en" || tag === "en-US" || tag.startsWith("en-US-") || tag.startsWith("en-u-");

/** The locale that serves the first of the tags that is supported. */
export function resolveLocale(locales) {
  const found = getCanonicalLocales(locales).find(isSupported);
  return found === undefined ? DEFAULT : found.replace(/-[ux]-.*$/, "");
}

/** The static method of the same name, for each class. */
export function supportedLocalesOf(locales, _options = undefined) {
  return getCanonicalLocales(locales).filter(isSupported);
}

/** One of the values that an option may have. */
export function optionOf(options, name, values, preset, owner) {
  const value = options[name];
  if (value === undefined) return preset;
  const text = `${value}`;
  if (!values.includes(text))
    throw new RangeError(`Value ${text} out of range for ${owner} options property ${name}`);
  return text;
}

/** The options as an object. */
export function optionsFrom(options) {
  if (options === undefined) return Object.create(null);
  if (options === null) throw new TypeError("Cannot convert undefined or null to object");
  return Object(options);
}

/** https://tc39.es/ecma402/#locale-objects */
export class Locale {
  #tag;
  #parts;
  #options;

  constructor(tag, options = undefined) {
    if (typeof tag !== "string" && (typeof tag !== "object" || tag === null))
      throw new TypeError("First argument to Intl.Locale constructor can't be empty or missing");
    const given = optionsFrom(options);
    const parts = parseTag(`${tag}`);
    for (const key of ["language", "script", "region"])
      if (given[key] !== undefined)
        parts[key] = parseTag(key === "language" ? `${given[key]}` : `en-${given[key]}`)[key];
    this.#parts = parts;
    this.#options = given;
    this.#tag = [parts.language, parts.script, parts.region].filter(Boolean).join("-") + parts.rest;
  }

  get baseName() {
    return baseOf(this.#tag);
  }

  get language() {
    return this.#parts.language;
  }

  get script() {
    return this.#parts.script;
  }

  get region() {
    return this.#parts.region;
  }

  get calendar() {
    return this.#keyword("calendar", "ca");
  }

  get numberingSystem() {
    return this.#keyword("numberingSystem", "nu");
  }

  get hourCycle() {
    return this.#keyword("hourCycle", "hc");
  }

  get collation() {
    return this.#keyword("collation", "co");
  }

  #keyword(option, key) {
    if (this.#options[option] !== undefined) return `${this.#options[option]}`;
    return new RegExp(`-${key}-([a-z0-9]+)`).exec(this.#tag)?.[1];
  }

  maximize() {
    return this;
  }

  minimize() {
    return this;
  }

  toString() {
    return this.#tag;
  }

  get [Symbol.toStringTag]() {
    return "Intl.Locale";
  }
}

/** A class called as a function makes an instance, as those from before 2015 have to. */
export function callable(Class, supported = supportedLocalesOf) {
  function Constructor(locales = undefined, options = undefined) {
    return Reflect.construct(Class, [locales, options], new.target ?? Constructor);
  }
  return finish(Constructor, Class, supported);
}

/** Names the class as `Intl` does, and gives it what each has. */
export function finish(Constructor, Class, supported = supportedLocalesOf) {
  Object.defineProperty(Constructor, "name", { value: Class.name, configurable: true });
  Object.defineProperty(Constructor, "length", { value: 0, configurable: true });
  Object.defineProperty(Constructor, "prototype", { value: Class.prototype, writable: false });
  Object.defineProperty(Class.prototype, "constructor", {
    value: Constructor,
    writable: true,
    configurable: true,
  });
  Object.defineProperty(Class.prototype, Symbol.toStringTag, {
    value: `Intl.${Class.name}`,
    configurable: true,
  });
  Object.defineProperty(Constructor, "supportedLocalesOf", {
    value: supported,
    writable: true,
    configurable: true,
  });
  refuseInstances(Class);
  return Constructor;
}
