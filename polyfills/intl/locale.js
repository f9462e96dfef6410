// Intl.Locale: https://tc39.es/ecma402/#locale-objects

import { intl_canonical_tag, intl_likely, intl_locale_info } from "holdfast:ops";
import { isObject } from "../kernel/webidl.js";
import { finish, localeTags, optionOf, optionsFrom } from "./locales.js";

const OWNER = "Intl.Locale";
const MISSING = "First argument to Intl.Locale constructor can't be empty or missing";
const INCORRECT = "Incorrect locale information provided";
const BASE = /^[a-z0-9]+(?:-[a-z0-9]{2,})*/i;
const LANGUAGE = /^(?:[a-z]{2,3}|[a-z]{5,8})$/i;
const SCRIPT = /^[a-z]{4}$/i;
const REGION = /^(?:[a-z]{2}|\d{3})$/i;
const VARIANTS = /^(?:[a-z0-9]{5,8}|\d[a-z0-9]{3})(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*$/i;
const TYPE = /^[a-z0-9]{3,8}(?:-[a-z0-9]{3,8})*$/i;
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** The language, script, region and variants of a tag, and its extensions as they are. */
function partsOf(tag) {
  const [base] = BASE.exec(tag);
  const [language, ...rest] = base.split("-");
  const script = SCRIPT.test(rest[0]) ? rest.shift() : undefined;
  const region = REGION.test(rest[0]) ? rest.shift() : undefined;
  const variants = rest.length === 0 ? undefined : rest.join("-");
  return { language, script, region, variants, extensions: tag.slice(base.length) };
}

/** The Unicode extension of a tag: its attributes and keywords, and all the others. */
function keywordsOf(extensions) {
  const [, before, own = "", after] =
    /^(.*?)(?:-u((?:-[a-z0-9]{2,8})+))?((?:-[a-z0-9](?:-[a-z0-9]{2,8})+)*(?:-x-.*)?)$/.exec(extensions);
  const attributes = [];
  const keywords = new Map();
  let key;
  for (const part of own.split("-").slice(1)) {
    if (part.length === 2) keywords.set((key = part), []);
    else (key === undefined ? attributes : keywords.get(key)).push(part);
  }
  return { before, attributes, keywords, after };
}

function shaped(options, name, pattern) {
  const value = options[name];
  if (value === undefined) return undefined;
  const text = `${value}`;
  if (!pattern.test(text)) throw new RangeError(INCORRECT);
  return text;
}

// In the order in which they are read.
function keywordOptions(options) {
  const calendar = shaped(options, "calendar", TYPE);
  const collation = shaped(options, "collation", TYPE);
  const hours = optionOf(options, "hourCycle", ["h11", "h12", "h23", "h24"], undefined, OWNER);
  const cases = optionOf(options, "caseFirst", ["upper", "lower", "false"], undefined, OWNER);
  const { numeric: given } = options;
  const numeric = given === undefined ? undefined : `${Boolean(given)}`;
  const numbers = shaped(options, "numberingSystem", TYPE);
  const { firstDayOfWeek } = options;
  const day = firstDayOfWeek === undefined ? undefined : `${firstDayOfWeek}`;
  const first = day !== undefined && /^[0-7]$/.test(day) ? DAYS[day] : day;
  if (first !== undefined && !TYPE.test(first)) throw new RangeError(INCORRECT);
  return { ca: calendar, co: collation, fw: first, hc: hours, kf: cases, kn: numeric, nu: numbers };
}

function withOptions(tag, options) {
  const parts = partsOf(tag);
  parts.language = shaped(options, "language", LANGUAGE) ?? parts.language;
  parts.script = shaped(options, "script", SCRIPT) ?? parts.script;
  parts.region = shaped(options, "region", REGION) ?? parts.region;
  parts.variants = shaped(options, "variants", VARIANTS) ?? parts.variants;
  const { language, script, region, variants, extensions } = parts;
  const base = [language, script, region, variants].filter((part) => part !== undefined).join("-");
  const given = keywordOptions(options);
  const keys = Object.keys(given).filter((key) => given[key] !== undefined);
  try {
    const changed = intl_canonical_tag(base + extensions);
    if (keys.length === 0) return changed;
    const rest = partsOf(changed).extensions;
    const { before, attributes, keywords, after } = keywordsOf(rest);
    for (const key of keys) keywords.set(key, given[key] === "true" ? [] : [given[key]]);
    const own = [...keywords].flatMap(([key, values]) => [key, ...values]);
    const extension = ["-u", ...attributes, ...own].join("-");
    return intl_canonical_tag(changed.slice(0, -rest.length || undefined) + before + extension + after);
  } catch {
    throw new RangeError(INCORRECT);
  }
}

export class Locale {
  #tag;

  constructor(tag, options = undefined) {
    if (typeof tag !== "string" && !isObject(tag)) throw new TypeError(MISSING);
    const text = localeTags.get(tag) ?? `${tag}`;
    if (text === "") throw new RangeError(MISSING);
    let canonical;
    try {
      canonical = intl_canonical_tag(text);
    } catch {
      throw new RangeError(INCORRECT);
    }
    this.#tag = options === undefined ? canonical : withOptions(canonical, optionsFrom(options, OWNER));
    localeTags.set(this, this.#tag);
  }

  toString() {
    return this.#tag;
  }

  maximize() {
    return new Locale(intl_likely(this.#tag, true));
  }

  minimize() {
    return new Locale(intl_likely(this.#tag, false));
  }

  get language() {
    return partsOf(this.#tag).language;
  }

  get script() {
    return partsOf(this.#tag).script;
  }

  get region() {
    return partsOf(this.#tag).region;
  }

  get variants() {
    return partsOf(this.#tag).variants;
  }

  get baseName() {
    return BASE.exec(this.#tag)[0];
  }

  get calendar() {
    return this.#keyword("ca");
  }

  get caseFirst() {
    return this.#keyword("kf");
  }

  get collation() {
    return this.#keyword("co");
  }

  get firstDayOfWeek() {
    return this.#keyword("fw");
  }

  get hourCycle() {
    return this.#keyword("hc");
  }

  get numeric() {
    const value = this.#keyword("kn");
    return value === "" || value === "true";
  }

  get numberingSystem() {
    return this.#keyword("nu");
  }

  getCalendars() {
    return this.#list("calendars");
  }

  getCollations() {
    return this.#list("collations");
  }

  getHourCycles() {
    return this.#list("hourCycles");
  }

  getNumberingSystems() {
    return this.#list("numberingSystems");
  }

  getTimeZones() {
    return partsOf(this.#tag).region === undefined ? undefined : this.#list("timeZones");
  }

  getTextInfo() {
    return { direction: intl_locale_info(this.#tag, "direction") };
  }

  getWeekInfo() {
    const [firstDay, ...weekend] = this.#list("week").map(Number);
    return { firstDay, weekend };
  }

  #keyword(key) {
    return keywordsOf(partsOf(this.#tag).extensions).keywords.get(key)?.join("-");
  }

  #list(what) {
    const text = intl_locale_info(this.#tag, what);
    return text === "" ? [] : text.split(",");
  }
}

finish(Locale, Locale, null);
Object.defineProperty(Locale, "length", { value: 1, configurable: true });
