// Locales: lists of tags, which locale serves a request, options, and what all of Intl's classes
// have in common. Which locales there are is ICU's to say. https://tc39.es/ecma402/#sec-internal-slots

import { intl_best_available, intl_canonical_tag, intl_resolve_locale } from "holdfast:ops";
import { isObject } from "../kernel/webidl.js";
import { refuseInstances } from "../serialize/kinds.js";

const MAX_TYPE_CHARS = 64; // of a value of an extension's key; none is nearly as long
const TYPE = /^[a-z0-9]{3,8}(?:-[a-z0-9]{3,8})*$/i;

/** The tags of Intl.Locale's instances. */
export const localeTags = new WeakMap();

/** The list of canonical tags that `locales` stands for. */
export function getCanonicalLocales(locales) {
  if (locales === undefined) return [];
  if (locales === null) throw new TypeError("Cannot convert undefined or null to object");
  if (typeof locales === "string") return [intl_canonical_tag(locales)];
  if (localeTags.has(locales)) return [localeTags.get(locales)];
  const list = Object(locales);
  const length = Math.min(Math.max(Math.trunc(Number(list.length)) || 0, 0), 2 ** 53 - 1);
  const tags = new Set();
  for (let i = 0; i < length; i++) {
    if (!(i in list)) continue;
    const item = list[i];
    if (typeof item !== "string" && !isObject(item))
      throw new TypeError("Language ID should be string or object.");
    tags.add(localeTags.get(item) ?? intl_canonical_tag(`${item}`));
  }
  return [...tags];
}

/**
 * `{ locale, dataLocale, … }`: the locale of a class, named `service`, that serves the first of
 * the tags that can be served, with what matters of its extension, then with none, and a value for
 * each of `keys`, whose own values are what options say, or undefined.
 * https://tc39.es/ecma402/#sec-resolvelocale
 */
export function localeFor(locales, service, keys = {}) {
  const tag = getCanonicalLocales(locales).find((tag) => isServed(tag, service)) ?? "";
  const names = Object.keys(keys);
  const wanted = names.map((key) => {
    const option = keys[key];
    if (option === undefined) return key;
    return `${key}=${option.length > MAX_TYPE_CHARS ? "unknown" : option}`;
  });
  const resolved = intl_resolve_locale(tag, wanted.join(), service);
  const [locale, dataLocale, ...values] = resolved.split(",");
  return Object.fromEntries([
    ["locale", locale],
    ["dataLocale", dataLocale],
    ...names.map((key, i) => [key, values[i]]),
  ]);
}

const isServed = (tag, service) => intl_best_available(tag, service) !== undefined;

/** The static method `supportedLocalesOf` of the class that is called so. */
function supportedBy(name) {
  const owner = `Intl.${name}.supportedLocalesOf`;
  return {
    supportedLocalesOf(locales, options = undefined) {
      const tags = getCanonicalLocales(locales);
      if (options !== undefined) matcherOf(coerced(options, owner), owner);
      return tags.filter((tag) => isServed(tag, name));
    },
  }.supportedLocalesOf;
}

/** Both ways to find a locale are one here, as in V8. */
export function matcherOf(options, owner) {
  return optionOf(options, "localeMatcher", ["lookup", "best fit"], "best fit", owner);
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

/** An option that is a number, rounded down. https://tc39.es/ecma402/#sec-defaultnumberoption */
export function digitOption(value, name, least, most, preset) {
  if (value === undefined) return preset;
  const number = Number(value);
  if (!(number >= least && number <= most)) throw new RangeError(`${name} value is out of range.`);
  return Math.floor(number);
}

/** An option such as `numberingSystem`, whose value is known or not, but looks like one. */
export function typeOption(options, name) {
  const value = options[name];
  if (value === undefined) return undefined;
  const text = `${value}`;
  if (!TYPE.test(text)) throw new RangeError(`Invalid ${name} : ${text}`);
  return text.toLowerCase();
}

/** The options as an object; whatever is none becomes one. */
export function optionsFrom(options, owner = undefined) {
  if (options === undefined) return Object.create(null);
  return coerced(options, owner);
}

function coerced(options, owner = "Intl") {
  if (options === null) throw new TypeError(`${owner} called on null or undefined`);
  return Object(options);
}

/** The options of newer classes, which take nothing but objects. */
export function optionsObject(options) {
  if (options === undefined) return Object.create(null);
  if (!isObject(options)) throw new TypeError("invalid_argument"); // in so many words
  return options;
}

/** A function without a name, as bound methods of Intl are. */
export function anonymous(method) {
  return Object.defineProperty(method, "name", { value: "", configurable: true });
}

/** A class called as a function makes an instance, as those from before 2015 have to. */
export function callable(Class, supported = undefined) {
  function Constructor(locales = undefined, options = undefined) {
    return Reflect.construct(Class, [locales, options], new.target ?? Constructor);
  }
  return finish(Constructor, Class, supported);
}

/** Names the class as `Intl` does, and gives it what each has. */
export function finish(Constructor, Class, supported = supportedBy(Class.name)) {
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
  if (supported !== null) {
    Object.defineProperty(Constructor, "supportedLocalesOf", {
      value: supported,
      writable: true,
      configurable: true,
    });
  }
  refuseInstances(Class);
  return Constructor;
}
